"""The structures that `flat.c` takes and returns, and the contract translated into them."""

from __future__ import annotations

import ctypes
from collections.abc import Sequence
from dataclasses import dataclass, replace
from hashlib import sha256
from importlib.resources import files
from typing import Any, Final, cast

import numpy as np
from msgspec import inspect
from numpy.typing import NDArray

from risk.contract.application import MAX_TEXT, LoanApplication
from risk.ingest.application_columns import NUMBERS, TEXTS, TIMES

A_NUMBER: Final = -2
"""The code of a value that is no text; -1 is that of null."""

_SOURCES: Final = ("flat.c", "flat_time.h")

# `enum kind`.
_PASSES_BY, _NUMBER, _TEXT, _TEXT_OR_NUMBER, _TEXT_OR_WHOLE, _TIME = range(6)
_KINDS: Final = {
    frozenset({inspect.FloatType}): _NUMBER,
    frozenset({inspect.StrType}): _TEXT,
    frozenset({inspect.FloatType, inspect.StrType}): _TEXT_OR_NUMBER,
    frozenset({inspect.IntType, inspect.StrType}): _TEXT_OR_WHOLE,
    frozenset({inspect.DateTimeType}): _TIME,
}


class Key(ctypes.Structure):
    """`struct key`."""

    _fields_ = (
        ("name", ctypes.c_char_p),
        ("size", ctypes.c_int32),
        ("kind", ctypes.c_int32),
        ("slot", ctypes.c_int32),
        ("is_above", ctypes.c_int32),
        ("least", ctypes.c_double),
        ("most", ctypes.c_double),
    )


class Outputs(ctypes.Structure):
    """`struct outputs`."""

    _fields_ = (
        *((name, ctypes.c_void_p) for name in ("numbers", "codes", "values")),
        *((name, ctypes.c_void_p) for name in ("texts", "text_ends", "times", "is_read")),
        *((name, ctypes.c_int32) for name in ("number_slots", "code_slots", "time_slots")),
        ("most_text", ctypes.c_int32),
    )


def _types(field: inspect.Field) -> dict[Any, Any]:
    """Return what a field may hold beside null, by its type."""
    union = cast("inspect.UnionType", field.type)
    return {type(each): each for each in union.types if not isinstance(each, inspect.NoneType)}


_CONTRACT: Final = cast("inspect.StructType", inspect.type_info(LoanApplication))
_FIELDS: Final = {field.name: _types(field) for field in _CONTRACT.fields}
_KIND_OF: Final = {field: _KINDS[frozenset(types)] for field, types in _FIELDS.items()}


WHOLE: Final = frozenset(field for field, kind in _KIND_OF.items() if kind == _TEXT_OR_WHOLE)
"""Those of `TEXTS` whose numbers are whole."""

_SLOT_OF: Final = {
    field: slot for fields in (NUMBERS, TEXTS, TIMES) for slot, field in enumerate(fields)
}


@dataclass(frozen=True, slots=True)
class Keys:
    """The keys of events of the same form, in their order."""

    array: ctypes.Array[Key]

    @classmethod
    def of(cls, keys: Sequence[str]) -> Keys:
        """Say of each key whether the contract has such a field, and what that may hold."""
        return cls((Key * len(keys))(*map(_key, keys)))


def _key(name: str) -> Key:
    written = f'"{name}":'.encode()
    if name not in _FIELDS:
        return Key(written, len(written), _PASSES_BY)
    number = _FIELDS[name].get(inspect.FloatType)
    least, most, is_above = -np.inf, np.inf, False
    if number is not None:
        is_above = number.gt is not None
        least, most = (number.gt if is_above else number.ge), number.le
    return Key(written, len(written), _KIND_OF[name], _SLOT_OF[name], is_above, least, most)


@dataclass(frozen=True, slots=True)
class FoundFields:
    """What was found in some events; rows of those that were not read mean nothing.

    Attributes
    ----------
    is_read
        Whether each event was.
    numbers
        By event and slot of `NUMBERS`, NaN for null.
    codes
        By event and slot of `TEXTS`: which distinct text, -1 for null, or `A_NUMBER`.
    values
        Bits of the numbers: int64 for the fields of `WHOLE`, float64 for the others.
    texts
        Bytes of the distinct texts, one behind the other, in ASCII.
    text_ends
        One more than there are distinct texts: where each begins, and where the last one ends.
    times
        By event and slot of `TIMES`, UTC; NaT for null.
    """

    is_read: NDArray[np.bool_]
    numbers: NDArray[np.float64]
    codes: NDArray[np.int32]
    values: NDArray[np.int64]
    texts: NDArray[np.uint8]
    text_ends: NDArray[np.int64]
    times: NDArray[np.datetime64]


class Library:
    """The compiled code."""

    def __init__(self, path: str) -> None:
        library = ctypes.CDLL(path)
        library.flat_source.restype = ctypes.c_char_p
        made_from, source = library.flat_source().decode(), source_sha256()
        if made_from != source:
            raise OSError(
                f"{path} was made from other sources: expected checksum {source}, found "
                f"{made_from or 'none'}; run ops/compile.sh"
            )
        self._read = library.read_flat

    def read(self, starts: NDArray[np.int64], sizes: NDArray[np.int64], keys: Keys) -> FoundFields:
        """Read what is plainly sound and has exactly these keys.

        Parameters
        ----------
        starts, sizes
            Where in memory each event begins, and how many bytes it has; neither is checked.
        """
        count = len(sizes)
        found = FoundFields(
            is_read=np.zeros(count, np.bool_),
            numbers=np.full((count, len(NUMBERS)), np.nan),
            codes=np.full((count, len(TEXTS)), -1, np.int32),
            values=np.empty((count, len(TEXTS)), np.int64),
            texts=np.empty(sizes.sum(), np.uint8),
            text_ends=np.empty(count * len(TEXTS) + 1, np.int64),
            times=np.full((count, len(TIMES)), np.datetime64("NaT", "us")),
        )
        outputs = Outputs(
            *(found.numbers.ctypes.data, found.codes.ctypes.data, found.values.ctypes.data),
            *(found.texts.ctypes.data, found.text_ends.ctypes.data),
            *(found.times.ctypes.data, found.is_read.ctypes.data),
            *(len(NUMBERS), len(TEXTS), len(TIMES)),
            MAX_TEXT,
        )
        events = (ctypes.c_void_p(starts.ctypes.data), ctypes.c_void_p(sizes.ctypes.data), count)
        distinct = self._read(*events, keys.array, len(keys.array), ctypes.byref(outputs))
        ends = found.text_ends[: distinct + 1]
        return replace(found, texts=found.texts[: ends[-1]], text_ends=ends)


def source_sha256() -> str:
    """Return the checksum of the sources beside this file, in hexadecimal."""
    folder = files(__package__)
    return sha256(b"".join((folder / name).read_bytes() for name in _SOURCES)).hexdigest()


def load() -> Library | None:
    """Return the compiled code beside this file; None if there is none that fits."""
    try:
        return Library(str(files(__package__) / "libflat.so"))
    except (OSError, AttributeError):  # there is none, or it lacks what is called
        return None
