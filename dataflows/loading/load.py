"""Decide a history's batches and pass them to gold, together with the loans' outcomes."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Final

import pyarrow as pa

from dataflows.flow.batch_tables import decisions_table, quarantine_table, raw_table, records_of
from dataflows.loans.matured import OUTCOMES
from dataflows.loans.status_fields import Reported, reported
from dataflows.sources.batches import MicroBatch
from lakehouse.gold.history import History
from lakehouse.gold.tables import OUTCOME_RECORDS
from risk.contract.application import Limits
from risk.decision.judge import Rules, judge
from risk.ingest.dates import instants

OutcomeRows = Callable[[dict[str, Reported]], pa.Table]
"""Makes the lake's records of final outcomes, by application."""

_NO_OUTCOMES: Final = OUTCOME_RECORDS.append(pa.field("off", pa.int64())).empty_table()


@dataclass(slots=True)
class Loaded:
    """The results of this run's events: read = decided + duplicates + quarantined."""

    read: int = 0
    decided: int = 0
    duplicates: int = 0
    quarantined: int = 0
    outcomes: int = 0


def load(
    batches: Iterable[MicroBatch],
    gold: History,
    *,
    rules: Rules,
    limits: Limits,
    outcome_rows: OutcomeRows,
    show: Callable[[Loaded], object],
) -> Loaded:
    """Decide every batch by the same rules and append it; show the counts after each.

    Of several events of one loan the first tells what became of it.
    """
    loaded = Loaded()
    for batch in batches:
        arrived = instants(batch.received_at, len(batch))
        verdicts = judge(records_of(batch), rules=rules, received_at=arrived, limits=limits)
        appended = gold.append(
            first_off=batch.first_off,
            next_off=batch.next_off,
            decided=decisions_table([batch], verdicts, arrived),
            quarantined=quarantine_table(batch, verdicts.rejects),
            raw=raw_table(batch),
            outcomes=_outcomes(batch, outcome_rows),
        )
        loaded.read += len(batch)
        loaded.decided += appended.decided
        loaded.duplicates += appended.duplicates
        loaded.quarantined += len(verdicts.rejects)
        loaded.outcomes += appended.outcomes
        show(loaded)
    return loaded


def _outcomes(batch: MicroBatch, outcome_rows: OutcomeRows) -> pa.Table:
    """Return the outcomes that the batch reports, with the offsets of their events."""
    finals: dict[str, Reported] = {}
    offs: dict[str, int] = {}
    for off, raw in zip(batch.offsets.tolist(), batch.values, strict=True):
        told = reported(raw or b"")
        if told.application_id and told.loan_status in OUTCOMES:
            finals.setdefault(told.application_id, told)
            offs.setdefault(told.application_id, off)
    if not finals:
        return _NO_OUTCOMES
    return outcome_rows(finals).append_column("off", pa.array(list(offs.values()), pa.int64()))
