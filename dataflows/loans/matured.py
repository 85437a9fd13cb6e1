"""Read loans with known outcomes, cleaned by the stream's own code.

A loan counts only when it has matured: its term and a grace period for collection ended before the
month in which the books were read. Before that, most defaults are known and most repayments are
not, so counting the resolved loans would overstate the default rate.
"""

import hashlib
import sys
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any, Final, TypeAlias

import msgspec
import numpy as np
from numpy.typing import NDArray

from dataflows.files.columns import LOANS
from dataflows.loans.status_fields import final_status, is_before_policy
from dataflows.sources.files import FileBatch, FileReader, open_files
from dataflows.sources.progress import told
from dataflows.sources.urls import FileSource
from lakehouse.errors import SettingsInvalid
from risk.contract.application import ENVELOPES, Limits, LoanApplication, Reject
from risk.frame.frame import Frame, concat, row_count, take
from risk.ingest import dialects
from risk.ingest.decode import decode
from risk.ingest.lending_club import clean

Floats: TypeAlias = NDArray[np.float64]

OUTCOMES: Final = {"Charged Off": True, "Fully Paid": False}
"""Whether a loan of this `loan_status` defaulted; any other status is not final, or not ours."""

GRACE_MONTHS: Final = 3
"""After its term a loan may still be late; by then nearly all are settled one way or the other."""

_AT_ONCE: Final = 5_000
_BYTES_AT_ONCE: Final = 64 * 1024 * 1024
_FIELDS: Final = frozenset(LoanApplication.__struct_fields__)
_DATES: Final = ("issue_d", "last_pymnt_d", "last_credit_pull_d")


@dataclass(frozen=True, slots=True)
class Loans:
    """Matured loans with an outcome, in their source's order.

    Attributes
    ----------
    frame
        Clean columns.
    defaulted
        Whether each loan was charged off.
    months
        Issue month of each.
    excluded
        How many rows of the source were left out, by reason.
    file_name, data_sha256
        The source's name and checksum.
    observed_in
        The month in which the books were looked at; all loans here had matured by then.
    weights
        How many loans of the population each stands for; None is one.
    weighted_by
        The column that says so.
    """

    frame: Frame
    defaulted: NDArray[np.bool_]
    months: NDArray[np.datetime64]
    excluded: Mapping[str, int]
    file_name: str
    data_sha256: str
    observed_in: np.datetime64
    weights: Floats | None = None
    weighted_by: str | None = None

    def in_words(self) -> str:
        """Say how many loans there are to learn from, and why the other rows were left out."""
        return (
            f"{self.file_name}: {len(self.months):,} loans to learn from{left_out(self.excluded)}"
        )

    def chosen(self, rows: NDArray[np.bool_]) -> tuple[Frame, NDArray[np.bool_]]:
        """Return columns and outcomes of the rows of a mask."""
        return take(self.frame, rows), self.defaulted[rows]

    def weights_of(self, rows: NDArray[np.bool_]) -> Floats | None:
        """Return the weights of the rows of a mask, if there are any."""
        return None if self.weights is None else self.weights[rows]


def left_out(excluded: Mapping[str, int]) -> str:
    """Return how many rows were left out for which reason, as the rest of a sentence."""
    reasons = [f"{count:,} {reason}" for reason, count in excluded.items() if count]
    return f"; left out: {', '.join(reasons)}" if reasons else ""


def known_loans(
    frame: Frame,
    outcomes: Floats,
    *,
    observed_in: np.datetime64,
    name: str,
    data_sha256: str,
    excluded: Mapping[str, int] | None = None,
    weights: Floats | None = None,
    weighted_by: str | None = None,
) -> Loans:
    """Return the loans that may be learnt from, and count the others by reason.

    Parameters
    ----------
    frame
        Clean columns of every loan.
    outcomes
        1 where it was charged off, 0 where it was paid back, NaN where neither is known.
    observed_in
        The month in which the books were looked at.
    name, data_sha256
        The source's name and checksum.
    excluded
        What was left out before.
    weights, weighted_by
        How many loans of the population each stands for, and the column that says so.

    Raises
    ------
    SettingsInvalid
        No loan has matured and has an outcome.
    """
    months = frame["applied_on"].astype("datetime64[M]")
    # A missing term is no number of months: such a loan never counts as matured.
    due = months.astype(np.int64) + frame["term_months"] + GRACE_MONTHS
    is_matured = due <= observed_in.astype("datetime64[M]").astype(np.int64)
    is_known = is_matured & ~np.isnan(outcomes)
    counted = Counter(excluded or {})
    counted[f"not matured by {observed_in}"] += int((~is_matured).sum())
    counted["neither Fully Paid nor Charged Off"] += int((is_matured & ~is_known).sum())
    if not is_known.any():
        raise SettingsInvalid(
            f"{name}: expected loans that had matured by {observed_in} with loan_status "
            f"{' or '.join(OUTCOMES)}, found none among {len(months)}{left_out(counted)}. Give it "
            "older loans, or say with --observed-on when the books were looked at"
        )
    return Loans(
        frame=take(frame, is_known),
        defaulted=outcomes[is_known] == 1.0,
        months=months[is_known],
        excluded={reason: count for reason, count in counted.items() if count},
        file_name=name,
        data_sha256=data_sha256,
        observed_in=observed_in,
        weights=None if weights is None else weights[is_known],
        weighted_by=weighted_by,
    )


def read_loans(
    source: FileSource,
    *,
    received_at: datetime,
    observed_in: np.datetime64 | None = None,
    weighted_by: str | None = None,
) -> Loans:
    """Read the loans of LoanStats files (CSV, JSON lines or Parquet; plain or compressed).

    Parameters
    ----------
    source
        A file, a folder or a pattern.
    received_at
        Now.
    observed_in
        The month in which the books were looked at; without it, the latest month that the file's
        issue dates, last payments and last credit pulls show.
    weighted_by
        A column of the file: how many loans of the population each stands for.

    Raises
    ------
    SettingsInvalid
        The file cannot be read, none of its rows may be learnt from, or a weight is no number
        above 0.
    """
    fields = ["loan_status", *_DATES, *([weighted_by] if weighted_by else [])]
    row = msgspec.json.Decoder(
        msgspec.defstruct(
            "_Books",
            [(f"f{place}", Any, None) for place in range(len(fields))],
            rename={f"f{place}": field for place, field in enumerate(fields)},
        )
    )
    excluded: Counter[str] = Counter()
    frames: list[Frame] = []
    books: list[list[Any]] = []
    files = open_files(source, needs=LOANS)
    for batch in _batches(files):
        raws = [None if row in batch.foreign else raw for row, raw in enumerate(batch.values)]
        decoded = decode(raws, limits=Limits(envelopes=ENVELOPES))
        cleaned = clean(decoded.applications, received_at=received_at)
        excluded.update(remark.code.value for remark in batch.foreign.values())
        excluded.update(_why(each) for each in decoded.rejects if each.row not in batch.foreign)
        excluded.update(map(_why, cleaned.rejects))
        frames.append(cleaned.frame)
        kept = decoded.rows[cleaned.kept].tolist()
        books += [list(msgspec.structs.astuple(row.decode(batch.values[place]))) for place in kept]
    frame = concat(frames)
    name = Path(source.path).name
    if not row_count(frame):
        raise SettingsInvalid(
            f"{source}: expected loans, found none that the contract takes{left_out(excluded)}"
        )
    statuses, *columns = zip(*books, strict=True)
    outcomes = np.array([OUTCOMES.get(final_status(str(each)) or "", np.nan) for each in statuses])
    weights = _weights(columns[-1], source, weighted_by) if weighted_by else None
    # Their outcomes are final, but such applicants no longer get loans.
    is_ours = np.array([not is_before_policy(str(each)) for each in statuses])
    excluded["that did not meet the credit policy"] += int((~is_ours).sum())
    return known_loans(
        take(frame, is_ours),
        outcomes[is_ours],
        observed_in=observed_in or _latest(columns[: len(_DATES)], received_at),
        name=name,
        data_sha256=_checksum(files),
        excluded=excluded,
        weights=None if weights is None else weights[is_ours],
        weighted_by=weighted_by,
    )


def _batches(files: Sequence[FileReader]) -> Iterator[FileBatch]:
    """Yield what the files hold, telling how they are read and how far that is."""
    for file in files:
        sys.stderr.write(f"{file.path}: {file.said}\n")
        batches = file.read(0, max_records=_AT_ONCE, max_bytes=_BYTES_AT_ONCE)
        yield from told(batches, partial(getattr, file, "share_read"))


def _checksum(files: Sequence[FileReader]) -> str:
    """Return the SHA-256 of a file, or of several ones' end to end."""
    checksum = hashlib.sha256()
    for file in files:
        with file.path.open("rb") as content:
            while piece := content.read(1 << 20):
                checksum.update(piece)
    return checksum.hexdigest()


def _why(reject: Reject) -> str:
    """Return a refusal's code, and the field that it is about."""
    field, _, _ = reject.reason.partition(":")
    return f"{reject.code.value} ({field})" if field in _FIELDS else reject.code.value


def _latest(columns: Sequence[Sequence[Any]], received_at: datetime) -> np.datetime64:
    texts = [text if isinstance(text, str) else None for column in columns for text in column]
    today = np.datetime64(received_at.date(), "D")
    dates, _ = dialects.dates(texts, latest=np.full(len(texts), today))
    shown = dates[~np.isnat(dates)]
    # Books that show no date at all are looked at today.
    latest: np.datetime64 = shown.max() if len(shown) else today
    month: np.datetime64 = latest.astype("datetime64[M]")
    return month


def _weights(column: Sequence[Any], source: FileSource, name: str) -> Floats:
    try:
        weights = np.array([float(value) for value in column])
    except (TypeError, ValueError):
        weights = np.array([np.nan])
    if not (np.isfinite(weights) & (weights > 0.0)).all():
        raise SettingsInvalid(
            f"{source}: column {name}: expected a finite weight above 0 for each loan, found "
            "others; correct the column, or leave --weight out"
        )
    return weights
