"""Parse the values of events that are alike: all values of a field as one JSON array.

Where the values stand is known from their keys. They are copied out as bytes, field by field, into
one text that the contract's parser reads: fewer calls, and no object an event.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from types import GenericAlias
from typing import Any, TypeAlias

import msgspec
import numpy as np
from numpy.typing import NDArray

from risk.applications import FIELDS, HINTS

__all__ = [
    "FEWEST",
    "HEAD",
    "TAIL",
    "Found",
    "Laid",
    "Places",
    "Shape",
    "read_values",
    "shape_of",
]

Places: TypeAlias = NDArray[np.int64]

FEWEST = 8
"""Below so many events it is not worth the trouble."""

# What ends the array of one field's values and begins the next one's.
_BETWEEN = b"null],["
_MARGIN = 16
HEAD = bytes(_MARGIN) + _BETWEEN + b"["
"""Stands before the events: room to look back from a key, text to copy, the array's beginning."""

TAIL = b"]_"
"""Stands behind the events: the array's end, and room to look ahead."""

_COMMA = 0x2C

# So many events may break the contract before all are left to be read alone.
_MOST_BREACHES = 4
_BREACH = re.compile(r" - at `\$\[\d+\]\[(\d+)\]")


@dataclass(frozen=True, slots=True)
class Laid:
    """Events end to end: event i is `joined[starts[i]:ends[i]]`, and a comma follows it.

    Attributes
    ----------
    buffer
        The same bytes as `joined`.
    scratch
        To compare all bytes but the last one.
    """

    joined: bytes
    buffer: NDArray[np.uint8]
    starts: Places
    ends: Places
    scratch: NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Found:
    """Where the keys are in those of the events that are alike.

    Attributes
    ----------
    rows
        Which events these are.
    closing
        Where each key's closing quote stands; a colon follows it. Events by keys.
    lengths
        How far behind its opening quote that is, by key.
    """

    laid: Laid
    rows: Places
    closing: Places
    lengths: Places


@dataclass(frozen=True, slots=True)
class Shape:
    """Which of the keys are fields of the contract, and the parser of these fields' columns."""

    keys: Places
    fields: tuple[str, ...]
    decode: Any


def shape_of(names: Sequence[str]) -> Shape | None:
    """Return what events with these keys hold; None if nothing, or a key occurs twice."""
    keys = [key for key, name in enumerate(names) if name in HINTS]
    if not keys or len(set(names)) < len(names):
        return None
    fields = tuple(names[key] for key in keys)
    columns = tuple(GenericAlias(list, (HINTS[field],)) for field in fields)
    decoder = msgspec.json.Decoder(GenericAlias(tuple, columns))
    return Shape(np.array(keys), fields, decoder.decode)


def read_values(found: Found, shape: Shape) -> tuple[Places, list[list[Any]]]:
    """Return the events whose values keep within the contract, and their values by field.

    Parameters
    ----------
    found
        Events that are JSON, with the keys of `shape` and no others.
    """
    rows = found.rows
    begins, ends = _segments(found, shape)
    for _ in range(_MOST_BREACHES):
        if len(rows) < FEWEST:
            break
        text = _as_arrays(found, shape, begins, ends)
        try:
            columns = dict(zip(shape.fields, shape.decode(text), strict=True))
        except msgspec.DecodeError as exc:
            breach = [int(event) for event in _BREACH.findall(str(exc))]
            rows = np.delete(rows, breach)
            begins, ends = np.delete(begins, breach, axis=1), np.delete(ends, breach, axis=1)
        else:
            for values in columns.values():
                values.pop()
            return rows, [columns.get(field) or [None] * len(rows) for field in FIELDS]
    return rows[:0], []


def _segments(found: Found, shape: Shape) -> tuple[Places, Places]:
    """Return where each value begins and ends, by field and event; the last text is `_BETWEEN`.

    A value reaches from behind its key's colon to the next key, or to the event's end.
    """
    count, keys = len(found.rows), shape.keys
    begins = np.empty((len(keys), count + 1), dtype=np.int64)
    ends = np.empty_like(begins)
    closing = found.closing.T
    np.add(closing[keys], len(b'":'), out=begins[:, :count])
    before_others = keys[keys < len(closing) - 1]
    following = closing[before_others + 1]
    following -= found.lengths[before_others + 1, None]
    ends[: len(following), :count] = following
    ends[len(following) :, :count] = found.laid.ends[found.rows]
    begins[:, count] = _MARGIN
    ends[:, count] = _MARGIN + len(_BETWEEN)
    return begins, ends


def _as_arrays(found: Found, shape: Shape, begins: Places, ends: Places) -> bytes:
    """Return an array of a field's values for each field, in an array."""
    sizes = (ends - begins).ravel()
    stops = np.cumsum(sizes)
    places = np.repeat(begins.ravel() - (stops - sizes), sizes)
    places += np.arange(len(places))
    text = found.laid.buffer.take(places)
    if shape.keys[-1] == len(found.lengths) - 1:
        # Behind an event's last value stands no comma, but the event's own end.
        text[stops[-begins.shape[1] : -1] - 1] = _COMMA
    return b"[[" + text[: -len(b",[")].tobytes() + b"]"
