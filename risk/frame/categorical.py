"""Columns with few distinct values: compute on each distinct value once, then look it up by row."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from risk.frame.frame import text_column
from risk.frame.memo import Memo

_FEW: Final = 256
"""To tell the values of fewer rows apart takes longer than to ask for each row."""


@dataclass(frozen=True, slots=True)
class Coded:
    """A column of any objects, each row holding the place of its value.

    Attributes
    ----------
    codes
        Places in `values` by row, as NumPy counts them: -1 is the last.
    values
        Objects, in any order, some perhaps twice, some perhaps of no row.
    """

    codes: NDArray[np.integer[Any]]
    values: NDArray[np.object_]

    @classmethod
    def of(cls, values: Coded | Sequence[Any]) -> Coded:
        """Return these values as a column; a coded column is returned unchanged."""
        if isinstance(values, Coded):
            return values
        return cls(np.arange(len(values)), text_column(values, len(values)))

    @classmethod
    def joined(cls, parts: Sequence[Coded]) -> Coded:
        """Return the rows of all parts, in order."""
        codes, behind = [], 0
        for part in parts:
            codes.append(np.where(part.codes < 0, len(part.values), 0) + part.codes + behind)
            behind += len(part.values)
        return cls(np.concatenate(codes), np.concatenate([part.values for part in parts]))

    def __len__(self) -> int:
        return len(self.codes)

    def take(self, rows: NDArray[np.int64]) -> Coded:
        """Return these rows, in that order."""
        return Coded(self.codes[rows], self.values)

    def tolist(self) -> list[Any]:
        """Return the values, row by row."""
        values: list[Any] = self.values[self.codes].tolist()
        return values

    def mapped(self, function: Callable[[Any], Any], dtype: Any = object) -> NDArray[Any]:
        """Return what the function gives for each row's value.

        The function is called once for each distinct value; it must depend on the value alone.
        """
        if isinstance(function, Memo):
            function = function.__getitem__
        if len(self) < _FEW:
            few = np.empty(len(self), dtype=dtype)
            few[:] = [*map(function, self.tolist())]
            return few
        is_used = np.zeros(len(self.values), dtype=np.bool_)
        is_used[self.codes] = True
        used = np.flatnonzero(is_used)
        results = np.empty(len(self.values), dtype=dtype)
        results[used] = [*map(function, self.values[used].tolist())]
        column: NDArray[Any] = results[self.codes]
        return column
