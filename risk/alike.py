"""Read the events of a batch that have the same keys in the same order, column by column.

One producer writes its events alike. Such events are laid end to end and read together: their keys
are found as columns and compared with the first one's, byte by byte, and the values of each of the
contract's fields are parsed as one array (`risk.alike_values`). What rides along in other fields
has to be JSON and is skipped, without being compared with every field of the contract.

An event is read here only if nothing can hide in it: it is one flat object, in ASCII and without
an escape, each of its keys ends right before its colon, no key occurs twice, and every value of the
contract's fields keeps within its bounds. All others are left to be read alone, which gives the
same values and says what is wrong (`risk.decode`).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, TypeAlias

import msgspec
import numpy as np
from numpy.typing import NDArray

from risk.alike_values import (
    FEWEST,
    HEAD,
    TAIL,
    Found,
    Laid,
    Places,
    Shape,
    read_values,
    shape_of,
)

__all__ = ["read_alike"]

_Flags: TypeAlias = NDArray[np.bool_]

_QUOTE, _COLON, _CLOSER = b'":}'
# `[` and `{` differ in one bit.
_OPENER, _BRACE_BIT = 0x7B, 0x20

# Keys are compared in pieces of so many bytes, from their closing quote backwards.
_PIECE = 16
# By how many of a piece's last bytes count: a mask.
_LAST = np.array(
    [[0xFF * (place >= _PIECE - count) for place in range(_PIECE)] for count in range(_PIECE + 1)],
    dtype=np.uint8,
).view(np.uint64)


class _Anything(msgspec.Struct, gc=False):
    """An object whose fields are skipped, but have to be JSON."""


_check_all = msgspec.json.Decoder(list[_Anything]).decode
_check = msgspec.json.Decoder(_Anything).decode


def read_alike(raws: Sequence[bytes | None], longest: int) -> tuple[list[int], list[list[Any]]]:
    """Read those of the events that are alike; the more there are, the less each costs.

    Parameters
    ----------
    raws
        Events: any bytes, or None.
    longest
        How many bytes an event may have, to be read here; memory grows by this an event.

    Returns
    -------
    tuple
        Which of the events were read, in order; and the values of each field of
        `risk.applications.FIELDS`, None where an event gives none. Without events, two empty lists.
    """
    if len(raws) >= FEWEST:
        texts = [raw for raw in raws if raw and len(raw) <= longest]
        if len(texts) == len(raws):
            laid = _lay_out(texts)
            if _is_plain(laid.joined):
                rows, values = _read(laid)
                return rows.tolist(), values
        plain = {
            row: raw
            for row, raw in enumerate(raws)
            if raw and len(raw) <= longest and _is_plain(raw)
        }
        if len(plain) >= FEWEST:
            rows, values = _read(_lay_out(list(plain.values())))
            named = list(plain)
            return [named[row] for row in rows.tolist()], values
    return [], []


def _is_plain(text: bytes) -> bool:
    return text.isascii() and b"\\" not in text


def _read(laid: Laid) -> tuple[Places, list[list[Any]]]:
    rows, closing = _find_keys(laid)
    if not closing.size:
        return rows[:0], []
    lengths = _key_lengths(laid, rows[0], closing[0])
    if lengths.min() <= 0:
        return rows[:0], []
    layout = _layout(lengths.tobytes())
    pieces = _pieces(laid, closing, layout)
    shape = _shape(pieces[0].tobytes(), lengths.tobytes())
    if shape is None:
        return rows[:0], []
    are_sound = (pieces == pieces[0]).all(axis=(1, 2)) & _are_flat(laid)[rows]
    if not (are_sound.all() and len(rows) == len(laid.starts) and _are_json(laid)):
        are_sound[are_sound] = [_is_json(laid, row) for row in rows[are_sound].tolist()]
        rows, closing = rows[are_sound], closing[are_sound]
    return read_values(Found(laid, rows, closing, lengths), shape)


def _lay_out(texts: Sequence[bytes]) -> Laid:
    # Joined at once: what is joined is large, and every copy of it costs.
    parts = [HEAD + texts[0], *texts[1:]]
    parts[-1] += TAIL
    joined = b",".join(parts)
    buffer = np.frombuffer(joined, dtype=np.uint8)
    sizes = np.fromiter(map(len, texts), dtype=np.int64, count=len(texts))
    ends = np.cumsum(sizes + 1) + (len(HEAD) - 1)
    return Laid(joined, buffer, ends - sizes, ends, np.empty(len(buffer) - 1, dtype=np.bool_))


def _find_keys(laid: Laid) -> tuple[Places, Places]:
    """Return the events that have as many keys as most, and where each of their keys closes.

    In JSON without escapes every quote bounds a string, and nothing but white space stands between
    a key's closing quote and its colon: an event that may have any there is left out.
    """
    # White space, control characters and `!` come before the quote.
    hits = np.less_equal(laid.buffer[:-1], _QUOTE, out=laid.scratch)
    hits &= np.equal(laid.buffer[1:], _COLON)
    closing = np.flatnonzero(hits)
    bounds = closing.searchsorted(np.append(laid.starts[0], laid.ends))
    counts = bounds[1:] - bounds[:-1]
    usual = int(np.bincount(counts).argmax())
    are_usual = counts == usual
    are_spaced = laid.buffer.take(closing) != _QUOTE
    if are_spaced.any():
        are_usual[laid.ends.searchsorted(closing[are_spaced], side="right")] = False
    if not are_usual.all():
        closing = closing[np.repeat(are_usual, counts)]
    return np.flatnonzero(are_usual), closing.reshape(-1, max(usual, 1))


def _key_lengths(laid: Laid, row: np.int64, closing: Places) -> Places:
    """Return how far behind its opening quote each of an event's keys closes."""
    start = laid.starts[row]
    quotes = np.flatnonzero(laid.buffer[start : laid.ends[row]] == _QUOTE) + start
    opening: Places = quotes[quotes.searchsorted(closing) - 1]
    return closing - opening


@dataclass(frozen=True, slots=True)
class _Layout:
    """How keys of some lengths are cut into pieces: whose each is, where it begins, what counts."""

    lengths: Places
    keys: Places
    back: Places
    masks: NDArray[np.uint64]


@lru_cache(maxsize=16)
def _layout(lengths: bytes) -> _Layout:
    of_keys = np.frombuffer(lengths, dtype=np.int64)
    pieces = [
        (key, behind + _PIECE - 1, min(length + 1 - behind, _PIECE))
        for key, length in enumerate(of_keys.tolist())
        for behind in range(0, length + 1, _PIECE)
    ]
    keys, back, count = np.array(pieces, dtype=np.int64).T
    return _Layout(of_keys, keys, back, _LAST[count])


def _pieces(laid: Laid, closing: Places, layout: _Layout) -> NDArray[np.uint64]:
    """Return each event's keys, opening quotes included: events by pieces by two words."""
    count = len(laid.joined) - _PIECE + 1
    from_each = np.ndarray(count, dtype=f"V{_PIECE}", buffer=laid.joined, strides=(1,))
    places = closing.take(layout.keys, axis=1)
    places -= layout.back
    words = from_each[places].view(np.uint64).reshape(len(closing), -1, 2)
    words &= layout.masks
    return words


@lru_cache(maxsize=16)
def _shape(pieces: bytes, lengths: bytes) -> Shape | None:
    """Return what events hold whose keys consist of these pieces."""
    layout = _layout(lengths)
    keys = [b""] * len(layout.lengths)
    for key, start in zip(layout.keys.tolist(), range(0, len(pieces), _PIECE), strict=True):
        keys[key] = pieces[start : start + _PIECE] + keys[key]
    of_keys = zip(keys, layout.lengths.tolist(), strict=True)
    return shape_of([key[-length:-1].decode() for key, length in of_keys])


def _are_flat(laid: Laid) -> _Flags:
    """Tell which events open nothing but themselves, and close last."""
    scratch = laid.scratch.view(np.uint8)
    np.bitwise_or(laid.buffer[:-1], _BRACE_BIT, out=scratch)
    openers = np.equal(scratch, _OPENER, out=laid.scratch)
    openers[: laid.starts[0]] = False
    are_flat: _Flags = openers[laid.starts]
    if np.count_nonzero(openers) != np.count_nonzero(are_flat):
        found = laid.ends.searchsorted(np.flatnonzero(openers), side="right")
        are_flat &= np.bincount(found, minlength=len(are_flat)) == 1
    are_flat &= laid.buffer[laid.ends - 1] == _CLOSER
    return are_flat


def _are_json(laid: Laid) -> bool:
    """Tell whether all events are JSON, if each opens nothing but itself.

    Then as many objects as there are events cannot be read unless each event is one of them.
    """
    return _is_read(_check_all, memoryview(laid.joined)[len(HEAD) - 1 : 1 - len(TAIL)])


def _is_json(laid: Laid, row: int) -> bool:
    return _is_read(_check, laid.joined[laid.starts[row] : laid.ends[row]])


def _is_read(parse: Callable[[bytes | memoryview], object], text: bytes | memoryview) -> bool:
    try:
        parse(text)
    except msgspec.DecodeError:
        return False
    return True
