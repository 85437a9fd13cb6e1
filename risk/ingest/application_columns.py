"""Applications as columns: the form in which a batch is read and cleaned."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import get_args, get_type_hints

import numpy as np
from msgspec.structs import astuple
from numpy.typing import NDArray

from risk.contract.application import LoanApplication
from risk.frame.categorical import Coded

FIELDS = LoanApplication.__struct_fields__
_TYPES = get_type_hints(LoanApplication)
_HELD = {field: {*get_args(_TYPES[field])} - {type(None)} for field in FIELDS}

NUMBERS = tuple(field for field in FIELDS if _HELD[field] == {float})
"""The fields that hold a number or nothing."""

TIMES = tuple(field for field in FIELDS if _HELD[field] == {datetime})
"""The fields that hold a time or nothing."""

TEXTS = tuple(field for field in FIELDS if str in _HELD[field])
"""The fields that may hold a text; some may hold a number instead."""

_PLACE = {field: place for place, field in enumerate(FIELDS)}
_EPOCH, _MICROSECOND = datetime(1970, 1, 1, tzinfo=UTC), timedelta(microseconds=1)
_NAT = int(np.datetime64("NaT", "us").astype(np.int64))


@dataclass(frozen=True, slots=True)
class Applications:
    """Applications that are all within the contract's bounds.

    Attributes
    ----------
    numbers
        The fields of `NUMBERS`, in that order, by application; NaN where there is none.
    times
        Likewise the fields of `TIMES`: datetime64[us], UTC; NaT where there is none.
    texts
        Values of each field of `TEXTS` by application, None where there is none.
    """

    numbers: NDArray[np.float64]
    times: NDArray[np.datetime64]
    texts: dict[str, Coded]

    def __len__(self) -> int:
        return int(self.numbers.shape[1])

    def take(self, places: NDArray[np.int64]) -> Applications:
        """Return those at these places, in that order."""
        return Applications(
            self.numbers[:, places],
            self.times[:, places],
            {field: values.take(places) for field, values in self.texts.items()},
        )


def of_events(events: Sequence[LoanApplication]) -> Applications:
    """Return what these hold as columns."""
    values = [*map(list, zip(*map(astuple, events), strict=True))] or [[] for _ in FIELDS]
    return Applications(
        np.array([values[_PLACE[field]] for field in NUMBERS], dtype=np.float64),
        np.array([_instants(values[_PLACE[field]]) for field in TIMES]),
        {field: Coded.of(values[_PLACE[field]]) for field in TEXTS},
    )


def _instants(times: Sequence[datetime | None]) -> NDArray[np.datetime64]:
    microseconds = [_NAT if time is None else (time - _EPOCH) // _MICROSECOND for time in times]
    return np.array(microseconds, dtype=np.int64).view("datetime64[us]")


def stacked(parts: Sequence[Applications]) -> Applications:
    """Return the applications of all parts, in order."""
    if len(parts) == 1:
        return parts[0]
    if not parts:
        return of_events([])
    return Applications(
        np.concatenate([part.numbers for part in parts], axis=1),
        np.concatenate([part.times for part in parts], axis=1),
        {field: Coded.joined([part.texts[field] for part in parts]) for field in TEXTS},
    )
