"""Find the events of a batch that must be examined before they are parsed.

The parser keeps the last of two equal keys without an error. Examining every event would cost more
than all other steps together. So column operations search the whole batch first. An event that they
do not find has distinct keys, little nesting and no escape that could hide a key.
"""

import re
from collections.abc import Sequence

import msgspec
import numpy as np
from numpy.typing import NDArray

_QUOTE, _COLON, _SPACE = 0x22, 0x3A, 0x20
# `[` and `{` differ in one bit.
_OPENER, _BRACE_BIT = 0x7B, 0x20
_LONGEST_GAP = 16
# NUL, a surrogate (whole pairs too), or anything escaped inside a key.
_HIDING = re.compile(rb'\\u(?:0000|[dD][89a-fA-F])|\\[^"]*"[ \t\r\n]*:')

_ENDING = 16
# Goes before the first event, so that there too an ending and a quote can be read.
_MARGIN = bytes(_ENDING) + b'"_'
# By a key's length, its opening quote counted: a mask of it and its closing quote in sixteen bytes.
_IN_KEY = np.array(
    [[0xFF * (place + length + 1 >= _ENDING) for place in range(_ENDING)] for length in range(16)],
    dtype=np.uint8,
).view(np.uint64)
_ODD_1, _ODD_2 = np.uint64(0x9E3779B97F4A7C15), np.uint64(0xBF58476D1CE4E5B9)


FEW = 3
"""So many events are searched faster one by one (`is_doubtful`) than together (`doubtful`)."""

_members = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode
_SPACED = re.compile(rb'"[ \t\r\n]+:')


def is_doubtful(text: bytes, max_depth: int) -> bool:
    """Tell whether one event must be looked at closely; so is each that `doubtful` finds.

    Without escapes each `":` ends a key, so that as many of them as there are distinct keys leave
    no key that occurs twice.
    """
    (plain,), hiding = _without_escapes([text])
    if hiding or plain.count(b"{") + plain.count(b"[") > max_depth:
        return True
    try:
        keys = len(_members(text))
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return True
    return plain.count(b'":') != keys or _SPACED.search(plain) is not None


def doubtful(texts: Sequence[bytes], max_depth: int) -> NDArray[np.bool_]:
    """Tell which events must be looked at closely.

    An event is doubtful if two of its keys may be equal, if it may be nested too deep, or if an
    escape may hide NUL, half a surrogate pair or another spelling of a key. Few sound events are.

    Parameters
    ----------
    texts
        Events in UTF-8, JSON or not.
    max_depth
        Objects and arrays inside one another.
    """
    plain, hiding = _without_escapes(texts)
    sizes = np.fromiter(map(len, plain), dtype=np.int64, count=len(plain))
    ends = np.cumsum(sizes + 1) + len(_MARGIN)
    joined = b"".join((_MARGIN, b"\n".join(plain), b"\n_"))
    buffer = np.frombuffer(joined, dtype=np.uint8)

    hits = np.equal(buffer, _QUOTE)
    quotes = np.flatnonzero(hits)
    behind = buffer[1:][quotes]
    # In a sound event the quote before a key's closing one is its opening one.
    keys = np.flatnonzero(behind == _COLON)
    closing = quotes[keys]
    found = _repeating(joined, closing, closing - quotes[keys - 1], np.searchsorted(closing, ends))

    # In place: a fresh array of this size would cost more than the comparison.
    np.equal(np.bitwise_or(buffer, _BRACE_BIT, out=hits.view(np.uint8)), _OPENER, out=hits)
    if np.count_nonzero(hits) > max_depth:
        openers = np.searchsorted(ends, np.flatnonzero(hits), side="right")
        found |= np.bincount(openers, minlength=len(plain)) > max_depth
    spaced = _before_spaced_colons(buffer, quotes[behind <= _SPACE])
    found[np.searchsorted(ends, spaced, side="right")] = True
    if hiding:
        found[hiding] = True
    return found


def _without_escapes(texts: Sequence[bytes]) -> tuple[list[bytes], list[int]]:
    """Blank what is escaped, so that each quote bounds a string; tell where that may hide text."""
    plain = list(texts)
    hiding = []
    for row, text in enumerate(plain):
        if b"\\" in text:
            plain[row] = text.replace(b"\\\\", b"__").replace(b'\\"', b"__")
            if _HIDING.search(plain[row]):
                hiding.append(row)
    return plain, hiding


def _before_spaced_colons(
    buffer: NDArray[np.uint8], quotes: NDArray[np.int64]
) -> NDArray[np.int64]:
    """Return where white space ends in a colon, or goes on for long."""
    ended = [np.empty(0, dtype=np.int64)]
    places = quotes + 1
    for _ in range(_LONGEST_GAP):
        if not len(places):
            break
        there = buffer[places]
        ended.append(places[there == _COLON])
        places = places[there <= _SPACE] + 1
    return np.concatenate([*ended, places - 1])


def _repeating(
    joined: bytes,
    closing: NDArray[np.int64],
    lengths: NDArray[np.int64],
    until: NDArray[np.int64],
) -> NDArray[np.bool_]:
    """Tell which events have two keys of equal length and ending: equal keys are among them.

    Parameters
    ----------
    closing, lengths
        Position of each key's closing quote, and how far behind the opening one it is.
    until
        For each event, how many keys it and the events before it have.
    """
    endings = np.ndarray(len(joined) - _ENDING + 1, dtype="V16", buffer=joined, strides=(1,))
    halves = endings[closing - _ENDING + 1].view(np.uint64).reshape(-1, 2)
    halves &= _IN_KEY.take(lengths, axis=0, mode="clip")
    hashes = halves[:, 0] * _ODD_1 + halves[:, 1] * _ODD_2 + lengths.view(np.uint64)

    counts = until.copy()
    counts[1:] -= until[:-1]
    widest = counts.max(initial=0)
    if counts.min(initial=widest) == widest:
        table = hashes.reshape(len(counts), widest)
    else:
        # Small numbers, all different, stand for the keys that a shorter event does not have.
        table = np.tile(np.arange(widest, dtype=np.uint64), (len(counts), 1))
        table[np.arange(widest) < counts[:, None]] = hashes
    return _repeating_rows(table)


def _repeating_rows(table: NDArray[np.uint64]) -> NDArray[np.bool_]:
    """Tell which rows hold a number twice.

    One producer writes the same keys in the same order, so that most rows are the first one again,
    and what holds for that one holds for them: only the others are sorted.
    """
    own = (table != table[:1]).any(axis=1)
    own[:1] = True
    rows = table[own]
    rows.sort(axis=1)
    found: NDArray[np.bool_] = (rows[:, 1:] == rows[:, :-1]).any(axis=1)
    repeating = np.full(len(table), found[:1].any())
    repeating[own] = found
    return repeating
