"""A LendingClub file as loans with known outcomes, cleaned as the stream cleans applications."""

from __future__ import annotations

import hashlib
from collections import Counter
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

import msgspec
import numpy as np
from numpy.typing import NDArray

from dataflows.files import open_file
from dataflows.urls import FileSource
from lakehouse.errors import SettingsInvalid
from risk.contract import Limits
from risk.decode import decode
from risk.frame import Frame, concat, row_count, take
from risk.lending_club import clean

__all__ = ["OUTCOMES", "Loans", "read_loans"]

OUTCOMES: Final = {"Charged Off": True, "Fully Paid": False}
"""Whether a loan of this `loan_status` defaulted; any other status is not final, or not ours."""

_AT_ONCE: Final = 5_000
_BYTES_AT_ONCE: Final = 64 * 1024 * 1024


class _Outcome(msgspec.Struct):
    loan_status: str | None = None


@dataclass(frozen=True, slots=True)
class Loans:
    """Loans with an outcome, in the file's order.

    Attributes
    ----------
    frame
        Clean columns.
    defaulted
        Whether each loan was charged off.
    months
        Issue month of each.
    excluded
        How many rows of the file were left out, by reason.
    file_name, data_sha256
        The file's name and checksum.
    """

    frame: Frame
    defaulted: NDArray[np.bool_]
    months: NDArray[np.datetime64]
    excluded: dict[str, int]
    file_name: str
    data_sha256: str

    def chosen(self, rows: NDArray[np.bool_]) -> tuple[Frame, NDArray[np.bool_]]:
        """Return columns and outcomes of the rows of a mask."""
        return take(self.frame, rows), self.defaulted[rows]


def read_loans(path: Path, *, received_at: datetime) -> Loans:
    """Read the loans of a LoanStats file (CSV, JSONL or Parquet; plain or compressed).

    Raises
    ------
    SettingsInvalid
        The file cannot be read, or none of its rows has an outcome.
    """
    reader = open_file(FileSource(str(path)))
    excluded: Counter[str] = Counter()
    frames: list[Frame] = []
    defaulted: list[bool] = []
    for batch in reader.read(0, max_records=_AT_ONCE, max_bytes=_BYTES_AT_ONCE):
        decoded = decode(batch.values, limits=Limits())
        excluded["not readable as an application"] += len(decoded.rejects)
        cleaned = clean(decoded.applications, received_at=received_at)
        excluded["refused by the contract"] += len(cleaned.rejects)
        statuses = [
            msgspec.json.decode(batch.values[row], type=_Outcome).loan_status
            for row in decoded.rows[cleaned.kept].tolist()
        ]
        outcomes = [OUTCOMES.get(status or "") for status in statuses]
        has_outcome = np.array([outcome is not None for outcome in outcomes], dtype=np.bool_)
        excluded["neither Fully Paid nor Charged Off"] += int((~has_outcome).sum())
        frames.append(take(cleaned.frame, has_outcome))
        defaulted += [outcome for outcome in outcomes if outcome is not None]
    frame = concat(frames)
    if not row_count(frame):
        raise SettingsInvalid(
            f"{path}: expected loans with loan_status {' or '.join(OUTCOMES)}, found none"
        )
    with path.open("rb") as file:
        checksum = hashlib.file_digest(file, "sha256").hexdigest()
    return Loans(
        frame,
        np.array(defaulted, dtype=np.bool_),
        frame["applied_on"].astype("datetime64[M]"),
        {reason: count for reason, count in excluded.items() if count},
        path.name,
        checksum,
    )
