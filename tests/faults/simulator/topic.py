"""A topic of two partitions with everything in it that makes the account hard to keep.

Ids come again, with the same and with other content, on both partitions; some events cannot be
read; one id the database refuses; offsets have holes. Each event is judged once for every version
of the rules by the flow's own `Judge`; the simulator cuts batches out of that.
"""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import cache
from typing import Final

import msgspec
import numpy as np
from numpy.typing import NDArray

from dataflows.flow.steps import Judge, JudgedBatch
from dataflows.sources.batches import MicroBatch
from lakehouse.silver.writer import SilverBatch
from risk.contract.application import Limits
from risk.decision.judge import Rules
from tests.faults.simulator.world import World
from tests.risk.applications import NOON, a_model, as_bytes, shipped_policy, shipped_tables

NAME: Final = "simulated"
PARTS: Final = (0, 1)
VERSIONS: Final = ("first-1", "second-1")
TOPICS: Final = 64
MOST_EVENTS: Final = 3


@dataclass(frozen=True)
class Event:
    """One event: its id (``None`` cannot be read), and which of the contents under that id."""

    event_id: str | None
    content: int


@dataclass(frozen=True, eq=False)
class Log:
    """One partition.

    Attributes
    ----------
    end
        The offset behind the last one, which need not hold an event.
    whole
        All events as one batch, judged by each version of the rules.
    """

    part: int
    offsets: NDArray[np.int64]
    events: Mapping[int, Event]
    values: Sequence[bytes]
    end: int
    whole: Sequence[JudgedBatch]

    @property
    def start(self) -> int:
        return int(self.offsets[0])

    def produced_up_to(self, off: int) -> int:
        """Return where the partition ends when this is its last event."""
        return self.end if off == self.offsets[-1] else off + 1


@dataclass(frozen=True)
class Topic:
    """Both partitions, and the ids that the database refuses."""

    logs: Mapping[int, Log]
    refused_ids: frozenset[str]


@cache
def topic_of(number: int) -> Topic:
    """Make the topic of a number; the same one each time."""
    chance = random.Random(number)
    ids = [f"{100 + each}" for each in range(chance.randint(3, 2 * MOST_EVENTS))]
    refused = frozenset(ids[:1] if chance.randrange(4) == 0 else [])
    return Topic({part: _log(part, chance, ids) for part in PARTS}, refused)


def _log(part: int, chance: random.Random, ids: Sequence[str]) -> Log:
    events, off = {}, chance.randrange(3)
    for _ in range(chance.randint(1, MOST_EVENTS)):
        is_readable = chance.randrange(6) > 0
        events[off] = Event(chance.choice(ids) if is_readable else None, chance.randrange(5) // 4)
        off += chance.choice((1, 1, 1, 2, 4))
    offsets = np.array([*events], np.int64)
    values = [_bytes(event) for event in events.values()]
    end = int(offsets[-1]) + chance.choice((1, 1, 3))
    batch = MicroBatch(NAME, part, int(offsets[0]), end, offsets, values, (), NOON)
    return Log(part, offsets, events, values, end, [_judged(batch, each) for each in VERSIONS])


def _bytes(event: Event) -> bytes:
    if event.event_id is None:
        return b"{" + b" " * event.content
    return as_bytes(id=int(event.event_id), loan_amnt=15_000.0 + event.content)


@cache
def _rules(version: str) -> Rules:
    at = VERSIONS.index(version)
    model = msgspec.structs.replace(a_model(version), base_points=600 + 40 * at)
    return Rules(model, shipped_policy(("standard-1", "reference-1")[at]), shipped_tables())


def _judged(batch: MicroBatch, version: str) -> JudgedBatch:
    arrived = NOON + timedelta(hours=VERSIONS.index(version))
    ((judged,),) = Judge(lambda: _rules(version), Limits())([replace(batch, received_at=arrived)])
    return judged


def cut(log: Log, batch: MicroBatch, version: int) -> JudgedBatch:
    """Return the verdicts on a batch under one version of the rules."""
    whole = log.whole[version]

    def within(offsets: NDArray[np.int64]) -> tuple[int, int]:
        first, after = offsets.searchsorted([batch.first_off, batch.next_off]).tolist()
        return first, after - first

    decided, refused = whole.batch.decided, whole.batch.quarantined
    return JudgedBatch(
        SilverBatch(
            batch.topic,
            batch.part,
            batch.first_off,
            batch.next_off,
            batch.offsets,
            decided=decided.slice(*within(decided["off"].to_numpy())),
            quarantined=refused.slice(*within(refused["off"].to_numpy())),
            read=len(batch),
            raw_of=batch.raw_of,
        ),
        whole.raw.slice(*within(log.offsets)),
    )


class SimulatedReader:
    """Reads one partition, a few events at a time, as many as were produced so far."""

    def __init__(
        self, world: World, log: Log, produced: Mapping[int, int], *, start: int, named: str
    ) -> None:
        self.topic = named
        self.part = log.part
        self.is_asked_to_stop = False
        self._world, self._log, self._produced = world, log, produced
        self._position = start

    def read(self, wait_seconds: float) -> MicroBatch | None:
        del wait_seconds
        log, end = self._log, self._produced[self.part]
        if self.is_asked_to_stop or self._position >= log.end:
            raise StopIteration
        if self._position >= end or self._world.one_in(8):
            return None
        first = int(log.offsets.searchsorted(self._position))
        after = min(
            first + self._world.chance.choice((1, 2, 9)), int(log.offsets.searchsorted(end))
        )
        is_last = after == len(log.offsets)
        if first == after and not is_last:
            return None
        next_off = log.end if is_last else int(log.offsets[after - 1]) + 1
        batch = MicroBatch(
            self.topic, self.part, self._position, next_off, log.offsets[first:after],
            log.values[first:after], (), NOON,
        )  # fmt: skip
        self._position = next_off
        return batch

    def lag(self) -> int | None:
        return None

    def newest_at(self) -> float | None:
        return None

    def close(self) -> None:
        """There is nothing to let go of."""
