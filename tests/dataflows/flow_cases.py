"""Batches with meaning, and stand-ins for what surrounds the flow: readers, silver, gold."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np
import pyarrow as pa
from confluent_kafka import Producer
from prometheus_client import REGISTRY

from dataflows.sources.batches import MicroBatch
from lakehouse.arrow_schemas import DUPLICATES
from lakehouse.errors import LakehouseError
from lakehouse.gold.appender import GoldAppender
from lakehouse.silver.writer import BatchCounts, SilverBatch, SilverWriter, Stored
from tests.lakehouse.silver_cases import TOPIC
from tests.risk.applications import NOON, as_bytes


def a_micro_batch(
    *values: bytes | None,
    first_off: int = 0,
    offsets: Sequence[int] | None = None,
    **differing: Any,
) -> MicroBatch:
    """A batch of these events, at consecutive offsets from `first_off` on unless given."""
    numbers = range(first_off, first_off + len(values)) if offsets is None else offsets
    fields: dict[str, Any] = {
        "topic": TOPIC,
        "part": 0,
        "first_off": first_off,
        "next_off": numbers[-1] + 1 if numbers else first_off,
        "offsets": np.array(numbers, dtype=np.int64),
        "values": values,
        "keys": (),
        "received_at": NOON,
    }
    return MicroBatch(**fields | differing)


def applications(first_off: int, count: int, *, part: int = 0) -> MicroBatch:
    """A batch of applications that all stand; each has an id of its own."""
    first_id = 1_000_000 * (part + 1) + first_off
    return a_micro_batch(
        *(as_bytes(id=first_id + index) for index in range(count)), first_off=first_off, part=part
    )


class FakeReader:
    """Hands over batches, then ends or fails."""

    def __init__(
        self,
        batches: Iterable[MicroBatch | None],
        *,
        fails_with: LakehouseError | None = None,
        part: int = 0,
        lag: int | None = None,
        newest_at: float | None = None,
    ) -> None:
        self.newest = newest_at
        self.topic = TOPIC
        self.part = part
        self.waits: list[float] = []
        self.closed = 0
        self.known_lag = lag
        self._batches = list(batches)
        self._fails_with = fails_with

    def read(self, wait_seconds: float) -> MicroBatch | None:
        self.waits.append(wait_seconds)
        if self._batches:
            return self._batches.pop(0)
        raise self._fails_with or StopIteration

    def lag(self) -> int | None:
        return self.known_lag

    def newest_at(self) -> float | None:
        return self.newest

    def close(self) -> None:
        self.closed += 1


class FakeSilver(SilverWriter):
    """Holds what it is handed; a range which it holds already is read back and counts nothing."""

    def __init__(self) -> None:
        self.batches: list[SilverBatch] = []

    def store_together(self, batches: Sequence[SilverBatch]) -> list[Stored]:
        return [self._store(batch) for batch in batches]

    def _store(self, batch: SilverBatch) -> Stored:
        stored = stored_whole(batch)
        if any(
            batch.part == held.part and batch.next_off <= held.next_off for held in self.batches
        ):
            return as_read_back(stored)
        self.batches.append(batch)
        return stored


def stored_whole(batch: SilverBatch) -> Stored:
    """What silver answers when nothing of the batch was there before."""
    return Stored(
        batch.topic,
        batch.part,
        batch.first_off,
        batch.next_off,
        decisions=batch.decided,
        quarantine=batch.quarantined,
        duplicates=DUPLICATES.empty_table(),
        counted=BatchCounts(
            read=batch.read,
            decided=batch.decided.num_rows,
            quarantined=batch.quarantined.num_rows,
        ),
    )


def as_read_back(stored: Stored) -> Stored:
    """The same range, answered from what is stored."""
    return Stored(
        stored.topic,
        stored.part,
        stored.first_off,
        stored.next_off,
        stored.decisions,
        stored.quarantine,
        stored.duplicates,
    )


class FakeAppender(GoldAppender):
    """Notes what it is handed, and whether each flush was to be waited for."""

    def __init__(self, fails_with: LakehouseError | None = None) -> None:
        self.slices: list[tuple[str, int, int | None, int, list[int]]] = []
        self.flushes: list[bool] = []
        self._fails_with = fails_with

    def append(
        self, topic: str, part: int, next_off: int, rows: pa.Table, first_off: int | None = None
    ) -> None:
        if self._fails_with is not None:
            raise self._fails_with
        self.slices.append((topic, part, first_off, next_off, rows.column("off").to_pylist()))

    def flush(self, *, wait: bool = False) -> None:
        self.flushes.append(wait)


class Clock:
    """Seconds that pass when told to; as `sleep`, they are told to."""

    def __init__(self) -> None:
        self.now = 1_000.0
        self.slept: list[float] = []

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds


class Watchdog:
    """A timer that never goes off, for it would end the tests with the process."""

    started: list[Watchdog]

    def __init__(self, seconds: float, bark: Callable[[], None]) -> None:
        self.seconds = seconds
        self.bark = bark
        self.daemon = False

    def start(self) -> None:
        self.started.append(self)


class MockCluster:
    """librdkafka's own broker, in this process: quick, and it knows partitions and offsets."""

    def __init__(self) -> None:
        self._producer = Producer({"test.mock.num.brokers": 1, "log_level": 0})
        brokers = self._producer.list_topics(timeout=10).brokers.values()
        self.address = ",".join(f"{each.host}:{each.port}" for each in brokers)

    @property
    def client(self) -> dict[str, object]:
        return {"bootstrap.servers": self.address, "group.id": "tests", "log_level": 0}

    def produce(self, topic: str, *values: bytes | None, part: int = 0, key: str = "k") -> None:
        for value in values:
            self._producer.produce(topic, value, key=key, partition=part)
        assert self._producer.flush(10) == 0


def sample(name: str, **labels: str) -> float:
    """A metric's present value, 0 where it has none."""
    return REGISTRY.get_sample_value(name, labels) or 0.0


def growth(name: str, **labels: str) -> Callable[[], float]:
    """How much a metric has grown since this was called: metrics belong to the process."""
    before = sample(name, **labels)
    return lambda: sample(name, **labels) - before
