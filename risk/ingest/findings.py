"""Findings of the cleaning: issues noted on a row, and reasons to refuse it."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from risk.contract.application import Reject, RejectCode, Stage
from risk.frame.frame import text_column


class Findings:
    """What is wrong with the rows of a batch; the first thing that refuses a row is its reason."""

    def __init__(self, count: int) -> None:
        self._issues = [""] * count
        self.rejects: dict[int, Reject] = {}

    def refuse(self, rows: NDArray[np.bool_], code: RejectCode, reason: str) -> None:
        """Refuse the rows that nothing has refused yet."""
        if rows.any():
            for row in np.flatnonzero(rows).tolist():
                self.rejects.setdefault(row, Reject(row, Stage.CONTRACT, code, reason))

    def note(self, rows: NDArray[np.bool_], issue: str) -> None:
        """Write the issue (`column:what`) on the rows, behind those they have."""
        if rows.any():
            for row in np.flatnonzero(rows).tolist():
                known = self._issues[row]
                self._issues[row] = f"{known}|{issue}" if known else issue

    def issues(self) -> NDArray[Any]:
        """Return each row's issues, joined by `|`."""
        return text_column(self._issues, len(self._issues))
