"""The steps between source and sinks: judge batches, store them in silver, split them for gold.

A worker passes on everything that it read from its partitions in one turn. Small batches are judged
and stored together, because each call and each commit costs as much as some hundred events.
"""

import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Final

import numpy as np
import pyarrow as pa

from dataflows.flow.batch_tables import (
    decisions_table,
    quarantine_table,
    raw_table,
    records_of,
)
from dataflows.flow.run_counts import RunCounts
from dataflows.flow.timing import timed
from dataflows.sources.batches import MicroBatch
from dataflows.sources.clock import utc_now
from lakehouse.silver.writer import SilverBatch, SilverWriter, Stored
from risk.contract.application import Limits, Reject
from risk.decision.judge import Rules, judge
from risk.ingest.dates import instants
from risk.ingest.event_buffer import Packed

MOST_TOGETHER: Final = 2_000
"""So many events at most are put together: they lie about twice in memory until they are stored.
A batch that is larger goes alone."""


@dataclass(frozen=True, slots=True)
class JudgedBatch:
    """A batch with its verdicts, ready for silver, and its bytes, ready for the archive."""

    batch: SilverBatch
    raw: pa.Table


@dataclass(frozen=True, slots=True)
class GoldSlice:
    """What one gold table is to append of one partition: `first_off` up to `next_off`."""

    table: str
    topic: str
    part: int
    first_off: int
    next_off: int
    rows: pa.Table


class Judge:
    """Decide batches under the rules in force when that begins; one version a batch.

    Parameters
    ----------
    rules
        Returns the rules in force. It is called once for batches that are judged together, so a new
        model or reference table takes effect between two calls.
    """

    def __init__(self, rules: Callable[[], Rules], limits: Limits) -> None:
        self._rules = rules
        self._limits = limits

    def __call__(self, batches: Iterable[MicroBatch]) -> list[list[JudgedBatch]]:
        """Return the verdicts on every event, in order; what a list holds is stored together."""
        return [self._judge(group) for group in together(batches)]

    def _judge(self, group: Sequence[MicroBatch]) -> list[JudgedBatch]:
        with timed("judge"):
            arrived = np.concatenate([instants(batch.received_at, len(batch)) for batch in group])
            verdicts = judge(
                Packed.joined([*map(records_of, group)]),
                rules=self._rules(),
                received_at=arrived,
                limits=self._limits,
            )
            bounds = np.cumsum([0, *map(len, group)])
            decided = decisions_table(group, verdicts, arrived)
            cuts = verdicts.decided["row"].searchsorted(bounds).tolist()
            rejects = _by_batch(verdicts.rejects, bounds.tolist())
            return [
                _judged(batch, decided.slice(first, after - first), refused)
                for batch, (first, after), refused in zip(
                    group, pairwise(cuts), rejects, strict=True
                )
            ]


def together(
    batches: Iterable[MicroBatch], most_events: int = MOST_TOGETHER
) -> Iterator[list[MicroBatch]]:
    """Put successive batches of one topic's partitions together, up to so many events."""
    group: list[MicroBatch] = []
    for batch in batches:
        events = sum(map(len, group)) + len(batch)
        may_join = all(each.topic == batch.topic and each.part != batch.part for each in group)
        if group and (events > most_events or not may_join):
            yield group
            group = []
        group.append(batch)
    if group:
        yield group


def _by_batch(rejects: Sequence[Reject], bounds: Sequence[int]) -> Iterator[list[Reject]]:
    """Split rejects by batch, with their rows counted from its first event."""
    for first, after in pairwise(bounds):
        yield [replace(each, row=each.row - first) for each in rejects if first <= each.row < after]


def _judged(batch: MicroBatch, decided: pa.Table, rejects: Sequence[Reject]) -> JudgedBatch:
    return JudgedBatch(
        batch=SilverBatch(
            topic=batch.topic,
            part=batch.part,
            first_off=batch.first_off,
            next_off=batch.next_off,
            offsets=batch.offsets,
            decided=decided,
            quarantined=quarantine_table(batch, rejects),
            read=len(batch),
            raw_of=batch.raw_of,
        ),
        raw=raw_table(batch),
    )


class Store:
    """Put batches into silver, through one connection per worker thread, and count them after.

    Parameters
    ----------
    open_writer
        Opens this thread's writer.
    """

    def __init__(self, open_writer: Callable[[], SilverWriter], account: RunCounts) -> None:
        self._open_writer = open_writer
        self._account = account
        # By the system's name of the thread: the engine's workers are no threads of Python's, so
        # that `threading.local` would begin anew with every batch, and so would the connection.
        self._writers: dict[int, SilverWriter] = {}

    def __call__(self, group: Sequence[JudgedBatch]) -> list[GoldSlice]:
        """Return what each gold table is to append: the rows as silver holds them."""
        with timed("silver"):
            stored = self._writer().store_together([judged.batch for judged in group])
        slices = []
        for judged, there in zip(group, stored, strict=True):
            self._count(judged, there)
            slices += _gold_slices(judged, there)
        return slices

    def _writer(self) -> SilverWriter:
        thread = threading.get_native_id()
        if thread not in self._writers:
            self._writers[thread] = self._open_writer()
        return self._writers[thread]

    def _count(self, judged: JudgedBatch, stored: Stored) -> None:
        ages = np.zeros(0)
        if stored.is_new:
            made_at = stored.new_decisions.column("event_at").cast(pa.int64()).to_numpy()
            ages = utc_now().timestamp() - made_at / 1e6
        self._account.silver_committed(judged.batch, stored, event_ages_seconds=ages)


def _gold_slices(judged: JudgedBatch, stored: Stored) -> list[GoldSlice]:
    rows_of = {
        "decisions": stored.decisions,
        "quarantine": stored.quarantine,
        "duplicates": stored.duplicates,
        "raw_events": judged.raw,
    }
    batch = judged.batch
    return [
        GoldSlice(table, batch.topic, batch.part, batch.first_off, batch.next_off, rows)
        for table, rows in rows_of.items()
    ]
