"""Frames: equal-length NumPy columns by name, and the few operations that rows need.

Missing values: NaN in floats, NaT in dates and instants, None in text. See `docs/adr/0001`.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from hashlib import blake2b
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from risk.contract.columns import APPLICATION_COLUMNS, Column, Kind
from risk.errors import ContractError
from risk.frame.memo import memo

Frame: TypeAlias = dict[str, NDArray[Any]]

DTYPES: Mapping[Kind, Any] = {
    "text": np.dtype(object),
    "float": np.dtype(np.float64),
    "int": np.dtype(np.int64),
    "bool": np.dtype(np.bool_),
    "date": np.dtype("datetime64[D]"),
    "instant": np.dtype("datetime64[us]"),
}

_MISSING: Mapping[Kind, Any] = {
    "text": None,
    "float": np.nan,
    "int": 0,
    "bool": False,
    "date": np.datetime64("NaT", "D"),
    "instant": np.datetime64("NaT", "us"),
}

# Who sent it, when, and what cleaning or derivation added, are not what was applied for.
_NOT_CONTENT = frozenset(
    {"event_id", "application_id", "event_at", "applied_on", "credit_age_years", "issues"}
)
_CONTENT: Mapping[Kind, list[str]] = {
    kind: [c.name for c in APPLICATION_COLUMNS if c.kind == kind and c.name not in _NOT_CONTENT]
    for kind in DTYPES
}

_ODD = np.uint64(0x9E3779B97F4A7C15)
_MIX_1 = np.uint64(0xBF58476D1CE4E5B9)
_MIX_2 = np.uint64(0x94D049BB133111EB)


def row_count(frame: Frame) -> int:
    """Return the number of rows; 0 for a frame without columns."""
    return len(next(iter(frame.values()))) if frame else 0


def take(frame: Frame, rows: NDArray[Any] | slice) -> Frame:
    """Return the rows chosen by a boolean mask, integer positions or a slice."""
    return {name: column[rows] for name, column in frame.items()}


def concat(frames: Sequence[Frame]) -> Frame:
    """Stack frames that have the same columns; no frames give a frame without columns."""
    if not frames:
        return {}
    first = frames[0]
    for frame in frames[1:]:
        if frame.keys() != first.keys():
            different = sorted(frame.keys() ^ first.keys())
            raise ContractError(
                f"frames to stack differ in columns {different}; give all the same columns"
            )
    return {name: np.concatenate([frame[name] for frame in frames]) for name in first}


def text_column(values: Iterable[str | None], length: int) -> NDArray[Any]:
    """Return an object array of the texts."""
    column = np.empty(length, dtype=object)
    column[:] = values if isinstance(values, list) else list(values)
    return column


def constant(value: str | None, length: int) -> NDArray[Any]:
    """Return an object array that is this value throughout, and holds it once (stride 0)."""
    return np.broadcast_to(np.array(value, dtype=object), length)


def map_text(column: NDArray[Any], function: Callable[[Any], Any]) -> NDArray[Any]:
    """Apply a cheap (cached) function to each text."""
    return text_column([function(value) for value in column.tolist()], len(column))


def complete(frame: Frame, columns: Iterable[Column] = APPLICATION_COLUMNS) -> Frame:
    """Return the frame in the contract's order with absent columns added as missing.

    Absent text columns that may not be null (`issues`) become empty, absent flags False.

    Raises
    ------
    ContractError
        A column has another type or length than the contract says.
    """
    length = row_count(frame)
    full: Frame = {}
    for column in columns:
        dtype = DTYPES[column.kind]
        if column.name in frame:
            values = frame[column.name]
            if values.dtype != dtype or values.shape != (length,):
                raise ContractError(
                    f"column {column.name}: expected {dtype} of shape ({length},), found "
                    f"{values.dtype} of shape {values.shape}; convert it before handing it over"
                )
            full[column.name] = values
        else:
            missing = "" if column.kind == "text" and not column.nullable else _MISSING[column.kind]
            full[column.name] = np.full(length, missing, dtype=dtype)
    return full


def content_hash(frame: Frame) -> NDArray[np.int64]:
    """Hash what was applied for, row by row, so that a resent application can be recognised.

    Ids, instants, the derived application date and credit age, and issues do not take part: the
    same application sent again a day later has the same hash. Stable over processes, platforms of
    either byte order aside, and over NaN payloads and signed zeros.
    """
    # Adding 0.0 turns -0.0 into 0.0; every NaN becomes the one NaN.
    floats = np.array([frame[name] for name in _CONTENT["float"]]) + 0.0
    floats[np.isnan(floats)] = np.nan
    codes = [floats.view(np.uint64)]
    codes += [_text_codes(frame[name])[None, :] for name in _CONTENT["text"]]
    codes += [
        frame[name].astype("datetime64[D]").view(np.uint64)[None, :] for name in _CONTENT["date"]
    ]
    codes += [frame[name].astype(np.uint64)[None, :] for name in _CONTENT["bool"]]
    words = np.concatenate(codes)
    words += np.arange(1, len(words) + 1, dtype=np.uint64)[:, None] * _ODD
    mixed = _mix(words)
    return _mix(mixed.sum(axis=0, dtype=np.uint64)).view(np.int64)


def _mix(words: NDArray[np.uint64]) -> NDArray[np.uint64]:
    # The finaliser of splitmix64 (Steele, Lea and Flood, 2014).
    words = (words ^ (words >> np.uint64(30))) * _MIX_1
    words = (words ^ (words >> np.uint64(27))) * _MIX_2
    return words ^ (words >> np.uint64(31))


@memo(16_384)
def _text_code(text: str | None) -> int:
    if text is None:
        return 0
    return int.from_bytes(blake2b(text.encode(), digest_size=8).digest(), "little")


def _text_codes(column: NDArray[Any]) -> NDArray[np.uint64]:
    return np.fromiter(
        map(_text_code.__getitem__, column.tolist()), dtype=np.uint64, count=len(column)
    )
