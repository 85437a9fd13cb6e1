"""Count what this run has done, after each commit, for the metrics and the status line."""

import threading
import time
from collections import Counter, deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from dataflows.sources.batches import Measured, Reader
from dataflows.sources.clock import unix_time
from dataflows.sources.progress import seconds_left
from lakehouse import telemetry
from lakehouse.silver.writer import SilverBatch, Stored

RATE_OVER_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class Totals:
    """A reading of the account at one moment."""

    read: int
    decided: int
    duplicates: int
    conflicts: int
    quarantined: int
    tiers: Mapping[str, int]
    events_per_second: float
    lag: int | None
    silver_p99_ms: float | None
    gold_age_seconds: float | None
    elapsed_seconds: float
    share_done: float | None = None
    seconds_left: float | None = None


@dataclass(frozen=True, slots=True)
class Example:
    """One of the events that were quarantined with a code: where it is, and why."""

    topic: str
    part: int
    off: int
    reason: str


@dataclass
class RunCounts:
    """Thread-safe counts of one run.

    Parameters
    ----------
    is_bounded
        Whether the source is a file or another past, where the time from event to silver says
        nothing about the flow.
    clock
        Seconds that never go back.
    """

    is_bounded: bool = False
    clock: Callable[[], float] = time.monotonic
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)
    _counts: Counter[str] = field(default_factory=Counter)
    _tiers: Counter[str] = field(default_factory=Counter)
    _readers: list[Reader] = field(default_factory=list)
    _recent: deque[tuple[float, int]] = field(default_factory=deque)
    _gold_at: dict[str, float] = field(default_factory=dict)
    _codes: Counter[str] = field(default_factory=Counter)
    _examples: dict[str, Example] = field(default_factory=dict)
    _began: float = field(init=False)

    def __post_init__(self) -> None:
        self._began = self.clock()

    def watch(self, reader: Reader, start: int) -> Reader:
        """Report from now on where a partition is, from its start on, and how far behind.

        The lag is asked for whenever somebody looks.
        """
        with self._lock:
            self._readers.append(reader)
        labels = reader.topic, str(reader.part)
        telemetry.PARTITION_LAG.labels(*labels).set_function(lambda: reader.lag() or 0)
        telemetry.PARTITION_LAG_SECONDS.labels(*labels).set_function(lambda: lag_seconds(reader))
        telemetry.POSITION.labels(*labels).set(start)
        telemetry.EVENTS_READ.labels(*labels)
        return reader

    def silver_committed(
        self,
        batch: SilverBatch,
        stored: Stored,
        *,
        event_ages_seconds: NDArray[np.float64],
    ) -> None:
        """Count one batch that silver holds; a replayed batch adds nothing.

        Parameters
        ----------
        event_ages_seconds
            From each decided event's making to this commit.
        """
        topic, part = batch.topic, batch.part
        telemetry.COMMITS.labels("silver").inc()
        telemetry.POSITION.labels(topic, str(part)).set(batch.next_off)
        telemetry.SILVER_COMMITTED_AT.set_to_current_time()
        if not stored.is_new:
            return
        counted = stored.counted
        tiers = _value_counts(stored.new_decisions, "tier")
        codes = _value_counts(stored.new_quarantine, "code")
        telemetry.EVENTS_READ.labels(topic, str(part)).inc(counted.read)
        for tier, count in tiers.items():
            telemetry.EVENTS_DECIDED.labels(tier).inc(count)
        for code, count in codes.items():
            telemetry.EVENTS_QUARANTINED.labels(code).inc(count)
        telemetry.EVENTS_DUPLICATE.labels("true").inc(counted.conflicts)
        telemetry.EVENTS_DUPLICATE.labels("false").inc(counted.duplicates - counted.conflicts)
        kind = "bounded" if self.is_bounded else "stream"
        telemetry.EVENT_TO_SILVER_SECONDS.observe(kind, event_ages_seconds)
        now = self.clock()
        with self._lock:
            self._tiers.update(tiers)
            self._codes.update(codes)
            for code in codes.keys() - self._examples.keys():
                self._examples[code] = _example(stored.new_quarantine, code, topic, part)
            self._counts.update(
                read=counted.read,
                decided=counted.decided,
                duplicates=counted.duplicates,
                conflicts=counted.conflicts,
                quarantined=counted.quarantined,
            )
            self._recent.append((now, counted.read))
            while self._recent and now - self._recent[0][0] > RATE_OVER_SECONDS:
                self._recent.popleft()

    def quarantined(self) -> dict[str, tuple[int, Example]]:
        """Return how many events were quarantined by code, the most frequent first, and one."""
        with self._lock:
            return {
                code: (count, self._examples[code]) for code, count in self._codes.most_common()
            }

    def _share_done(self) -> float | None:
        measured = [reader.bytes_done() for reader in self._readers if isinstance(reader, Measured)]
        size = sum(of for _, of in measured)
        return sum(done for done, _ in measured) / size if size else None

    def gold_committed(self, table: str) -> None:
        """Note a commit of one gold table."""
        telemetry.COMMITS.labels(f"gold_{table}").inc()
        telemetry.GOLD_COMMITTED_AT.labels(table).set_to_current_time()
        with self._lock:
            self._gold_at[table] = self.clock()

    def totals(self) -> Totals:
        """Return the counts as they are now."""
        now = self.clock()
        with self._lock:
            elapsed = now - self._began
            window = min(RATE_OVER_SECONDS, elapsed) or 1.0
            recent = sum(count for at, count in self._recent if now - at <= RATE_OVER_SECONDS)
            lags = [lag for lag in (reader.lag() for reader in self._readers) if lag is not None]
            share = self._share_done()
            p99 = telemetry.EVENT_TO_SILVER_SECONDS.quantile("stream", 0.99)
            return Totals(
                read=self._counts["read"],
                decided=self._counts["decided"],
                duplicates=self._counts["duplicates"],
                conflicts=self._counts["conflicts"],
                quarantined=self._counts["quarantined"],
                tiers=dict(self._tiers),
                events_per_second=recent / window,
                lag=sum(lags) if lags else None,
                silver_p99_ms=None if p99 is None else p99 * 1000.0,
                gold_age_seconds=now - min(self._gold_at.values()) if self._gold_at else None,
                elapsed_seconds=elapsed,
                share_done=share,
                seconds_left=seconds_left(share, elapsed),
            )


def _example(quarantined: pa.Table, code: str, topic: str, part: int) -> Example:
    place = pc.index(quarantined.column("code"), code).as_py()
    row = quarantined.slice(place, 1).select(["off", "reason"]).to_pylist()[0]
    return Example(topic, part, int(row["off"]), str(row["reason"]))


def lag_seconds(reader: Reader, now: Callable[[], float] = unix_time) -> float:
    """Return how long ago the newest event read was taken in by the source; 0 if none waits."""
    newest_at = reader.newest_at()
    if not reader.lag() or newest_at is None:
        return 0.0
    return max(0.0, now() - newest_at)


def _value_counts(table: pa.Table, column: str) -> dict[str, int]:
    counted = pc.value_counts(table.column(column))
    return {str(each["values"]): int(each["counts"]) for each in counted.to_pylist()}
