"""Read the events of a batch that have the same keys, by a parser made for those keys.

One producer writes its events alike. A parser that is told every key of theirs, in order, finds
each where it expects it; the contract's own has to compare what rides along with all fields of the
contract. It refuses other keys and asks for all of its own, so that an event it reads can differ
from its neighbours in its values only, and in that it gives a key twice.

An event is read here only if nothing can hide in it: it is one flat object, in ASCII and without
an escape, no key occurs twice, and every value of the contract's fields keeps within its bounds.
All others are left to be read alone, which gives the same values and says what is wrong
(`risk.decode`).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import compress
from operator import attrgetter
from typing import Any

import msgspec
import numpy as np

from risk.applications import FIELDS, HINTS

__all__ = ["FEWEST", "read_alike"]

FEWEST = 8
"""Below so many events it is not worth the trouble."""

_SAMPLES = 5
_MOST_KEYS = 1_000

_QUOTE, _COLON = b'":'

# Text that is not UTF-8 and arrays too deep inside one another come as errors of their own.
_UNREADABLE = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)

_keys_of = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode


@dataclass(frozen=True, slots=True)
class _Shape:
    """What events with the same keys hold.

    Attributes
    ----------
    keys
        How many keys each of them has.
    parse
        Reads one that has these and no others, each with a value that its field may have.
    values_of
        Returns the values of `FIELDS`, None where the events have no such key.
    """

    keys: int
    parse: Callable[[bytes], object]
    values_of: Callable[[object], tuple[Any, ...]]


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
        Which of the events were read, in order; and the values of each field of `FIELDS`, None
        where an event gives none. Without events, two empty lists.
    """
    texts = {place: raw for place, raw in enumerate(raws) if raw and len(raw) <= longest}
    shape = _most_usual([*texts.values()])
    if shape is None:
        return [], []
    parse, values_of = shape.parse, shape.values_of
    places: list[int] = []
    found: list[tuple[Any, ...]] = []
    for place, text in texts.items():
        try:
            found.append(values_of(parse(text)))
        except _UNREADABLE:
            continue
        places.append(place)
    if not _hide_nothing([texts[place] for place in places], shape):
        are_sound = [_hide_nothing([texts[place]], shape) for place in places]
        places, found = [*compress(places, are_sound)], [*compress(found, are_sound)]
    if len(places) < FEWEST:
        return [], []
    return places, [*map(list, zip(*found, strict=True))]


def _most_usual(texts: Sequence[bytes]) -> _Shape | None:
    """Return the shape that two of some events have, if any two have the same keys."""
    if len(texts) < FEWEST:
        return None
    seen = set()
    for place in range(0, len(texts), len(texts) // _SAMPLES):
        keys = _keys(texts[place])
        if keys and keys in seen:
            return _shape_of(keys)
        seen.add(keys)
    return None


def _keys(text: bytes) -> tuple[str, ...]:
    try:
        return tuple(_keys_of(text))
    except _UNREADABLE:
        return ()


@lru_cache(maxsize=16)
def _shape_of(keys: tuple[str, ...]) -> _Shape | None:
    """Return what events with these keys hold; None if nothing, or too much."""
    if len(keys) > _MOST_KEYS or HINTS.keys().isdisjoint(keys):
        return None
    names = {key: f"key_{place}" for place, key in enumerate(keys)}
    try:
        alike = msgspec.defstruct(
            "Alike",
            # What rides along may be anything that cannot be nested.
            [(name, HINTS.get(key, str | float | bool | None)) for key, name in names.items()],
            rename={name: key for key, name in names.items()},
            namespace={"absent": None},
            forbid_unknown_fields=True,
            gc=False,
        )
    except ValueError:  # a quote or a backslash in a key
        return None
    return _Shape(
        keys=len(keys),
        parse=msgspec.json.Decoder(alike).decode,
        values_of=attrgetter(*(names.get(field, "absent") for field in FIELDS)),
    )


def _hide_nothing(texts: Sequence[bytes], shape: _Shape) -> bool:
    """Tell whether no event that was read by this shape's parser may hold what that did not see."""
    joined = b"".join(texts)
    return (
        joined.isascii() and b"\\" not in joined and _most_keys(joined) == shape.keys * len(texts)
    )


def _most_keys(joined: bytes) -> int:
    """Return how many keys there may be at most in objects that are laid end to end.

    A quote or white space stands before the colon of each key. Text may look like that as well, so
    that there may be fewer keys, but never more.
    """
    buffer = np.frombuffer(joined, dtype=np.uint8)
    # White space, control characters and `!` come before the quote.
    hits = np.less_equal(buffer[:-1], _QUOTE)
    hits &= np.equal(buffer[1:], _COLON)
    return int(np.count_nonzero(hits))
