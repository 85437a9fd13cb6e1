"""Read applications with the outcomes of their loans: from the lake, a file or the simulator."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dataflows.files.columns import APPLICATIONS
from dataflows.loans.matured import OUTCOMES
from dataflows.loans.status_fields import reported
from dataflows.sources.bounded import all_records
from dataflows.sources.clock import utc_now
from dataflows.sources.urls import Source
from lakehouse.lake import queries
from lakehouse.lake.archive import archived_all
from lakehouse.lake.session import Lake
from risk.ingest.dates import Instants


@dataclass(frozen=True, slots=True)
class Cases:
    """Applications as they came, row by row.

    Attributes
    ----------
    raws
        Their bytes.
    received_at
        When they arrived.
    outcomes
        1 where the loan was charged off, 0 where it was paid back, NaN where neither is known.
    """

    raws: Sequence[bytes | None]
    received_at: Instants
    outcomes: NDArray[np.float64]


def cases_of_lake(lake: Lake) -> Iterator[Cases]:
    """Yield all that was ever decided and is archived, with the outcomes recorded in the lake."""
    for batch in archived_all(lake):
        is_there = ~np.isnat(batch.received_at)
        application_ids = batch.decisions.column("application_id").to_pylist()
        found = queries.outcomes_of(lake, application_ids)
        outcome_of = dict(
            zip(*(found.column(name).to_pylist() for name in found.column_names), strict=True)
        )
        outcomes = np.array([outcome_of.get(each, np.nan) for each in application_ids], dtype=float)
        rows = np.flatnonzero(is_there)
        yield Cases(
            [batch.raws[row] for row in rows.tolist()], batch.received_at[rows], outcomes[rows]
        )


def cases_of(source: Source) -> Iterator[Cases]:
    """Yield the records of a LendingClub file or the simulator, with the outcomes they report.

    Raises
    ------
    SettingsInvalid
        The source is a topic, has no end, or cannot be read.
    """
    for raws in all_records(source, needs=APPLICATIONS):
        statuses = [reported(raw).loan_status or "" for raw in raws]
        outcomes = np.array([OUTCOMES.get(status, np.nan) for status in statuses], dtype=float)
        yield Cases(raws, utc_now(), outcomes)
