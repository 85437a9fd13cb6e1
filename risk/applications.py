"""Applications as columns, the form in which a batch of them is read and cleaned."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any, get_args, get_type_hints

import numpy as np
from msgspec.structs import astuple
from numpy.typing import NDArray

from risk.contract import LoanApplication
from risk.frame import text_column

__all__ = ["FIELDS", "HINTS", "NUMBERS", "Applications", "of_events", "stacked"]

FIELDS = LoanApplication.__struct_fields__
HINTS = get_type_hints(LoanApplication, include_extras=True)
"""Each field's type, with its bounds."""

_TYPES = get_type_hints(LoanApplication)
NUMBERS = tuple(field for field in FIELDS if set(get_args(_TYPES[field])) == {float, type(None)})
"""The fields that hold a number or nothing; the others may hold text, or a time."""

_NUMBERS = tuple(FIELDS.index(field) for field in NUMBERS)
_OTHERS = tuple((place, field) for place, field in enumerate(FIELDS) if field not in NUMBERS)


@dataclass(frozen=True, slots=True)
class Applications:
    """Applications of which each stands within the contract's bounds.

    Attributes
    ----------
    numbers
        The fields of `NUMBERS`, in that order, by application; NaN where there is none.
    others
        Each other field's values by application, None where there is none.
    """

    numbers: NDArray[np.float64]
    others: dict[str, list[Any]]

    def __len__(self) -> int:
        return int(self.numbers.shape[1])

    def take(self, places: NDArray[np.int64]) -> Applications:
        """Return those at these places, in that order."""
        count = len(self)
        return Applications(
            self.numbers[:, places],
            {
                field: text_column(values, count)[places].tolist()
                for field, values in self.others.items()
            },
        )


def of_events(events: Sequence[LoanApplication]) -> Applications:
    """Return what these hold as columns."""
    values = [*map(list, zip(*map(astuple, events), strict=True))] or [[] for _ in FIELDS]
    return Applications(
        np.array([values[place] for place in _NUMBERS], dtype=np.float64),
        {field: values[place] for place, field in _OTHERS},
    )


def stacked(parts: Sequence[Applications]) -> Applications:
    """Return the applications of all parts, in order."""
    if len(parts) == 1:
        return parts[0]
    if not parts:
        return of_events([])
    return Applications(
        np.concatenate([part.numbers for part in parts], axis=1),
        {
            field: list(chain.from_iterable(part.others[field] for part in parts))
            for _, field in _OTHERS
        },
    )
