"""One process of the flow: the product's own steps, in the order in which the engine calls them."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Final

from dataflows.flow.cluster import ClusterPlace
from dataflows.flow.input import PositionedPartition, PositionedSource
from dataflows.flow.lifecycle import Lifecycle, stopping_on_failure
from dataflows.flow.output import GoldPartition, GoldSink, gold_key
from dataflows.flow.run_counts import RunCounts
from dataflows.flow.start.preflight import _take_positions, _writer
from dataflows.flow.start.starts import PlacedPartition, find_starts
from dataflows.flow.steps import GoldSlice, Store, together
from dataflows.sources.batches import MicroBatch
from dataflows.sources.partitions import Partition
from lakehouse.errors import LakehouseError
from lakehouse.gold.appender import GoldAppender
from lakehouse.gold.tables import SCHEMAS
from lakehouse.gold.writer import GoldWriter
from lakehouse.postgres.connection import Patience
from lakehouse.settings.settings import Settings
from lakehouse.silver import claims
from tests.faults.simulator.lake import SimulatedStore, SimulatedTable
from tests.faults.simulator.topic import NAME, SimulatedReader, Topic, cut
from tests.faults.simulator.world import Killed, World

SETTINGS: Final = Settings()
DSN: Final = "host=simulated"
EVER: Final = Patience(1e9)


class Exited(BaseException):
    """The process ended itself, with a code and a line."""

    def __init__(self, line: str, code: int) -> None:
        super().__init__(line)
        self.code = code


class Turns(threading.Condition):
    """Lets whoever would wait for the appender's thread take its turns instead."""

    def __init__(self) -> None:
        super().__init__()
        self.appender: GoldAppender | None = None
        self._is_taking = False

    def take_one(self) -> None:
        """Take one turn, in which nothing is waited for; a thread that failed takes no more."""
        if self.appender is None or self.appender._is_over:
            return
        self._is_taking = True
        try:
            self.appender.take_a_turn()
        finally:
            self._is_taking = False

    def wait_for(self, predicate: Callable[[], Any], timeout: float | None = None) -> Any:
        del timeout
        while not (holds := predicate()) and not self._is_taking:
            self.take_one()
        return holds


@dataclass
class Shared:
    """What all processes see."""

    world: World
    topic: Topic
    lake: Mapping[str, SimulatedTable]
    produced: dict[int, int]
    rules_version: int = 0


@dataclass(eq=False)
class Process:
    """A process of the flow, from its start to its end.

    Attributes
    ----------
    exit_code
        ``None`` while it runs, or when it was killed.
    """

    name: str
    shared: Shared
    place: ClusterPlace
    is_dead: bool = False
    exit_code: int | None = None
    said: str = ""
    lifecycle: Lifecycle = field(default_factory=Lifecycle)
    readers: list[SimulatedReader] = field(default_factory=list)
    appenders: list[tuple[GoldAppender, Turns]] = field(default_factory=list)
    partitions: list[PositionedPartition] = field(default_factory=list)
    sinks: dict[str, GoldPartition] = field(default_factory=dict)
    had_data: set[str] = field(default_factory=set)

    @property
    def is_over(self) -> bool:
        return self.is_dead or self.exit_code is not None

    def start(self) -> None:
        """Do what `prepare` does: open gold, claim the pipeline, find where to start."""
        self._run(self._start)

    def step(self) -> None:
        """Do one thing: read and store, write gold, or close an epoch."""
        self._run(self._step)

    def _run(self, work: Callable[[], None]) -> None:
        world = self.shared.world
        with world.on(self):
            try:
                work()
            except Killed:
                self.is_dead = True
            except Exited as ended:
                self.exit_code, self.said = ended.code, str(ended)
                world.say(f"exit {ended.code}: {ended}")

    def _start(self) -> None:
        partitions = self._partitions()
        gold = {table: self._gold_writer(table) for table in SCHEMAS}
        try:
            token = claims.claim(DSN, SETTINGS.pipeline) if self.place.leads else None
            placed = find_starts(SETTINGS, DSN, token, partitions, gold)
        except LakehouseError as error:
            raise Exited(f"{error.code}: {error}", error.exit_code) from error
        self.shared.world.say(f"starts at {[each.start.off for each in placed]}, token {token}")
        own = placed[self.place.index :: self.place.count]
        source = PositionedSource(
            {each.key: partial(self._reader, each) for each in own},
            self.lifecycle,
            allowed_latency_seconds=0.0,
        )
        self.partitions = [source.build_part("source", each.key, None) for each in own]
        self._store = stopping_on_failure(
            Store(partial(_writer, DSN, SETTINGS, token, EVER), RunCounts())
        )
        self._sink = GoldSink([*SCHEMAS], self._appender, self.lifecycle, self.place)
        self.sinks = {
            name: self._sink.build_part("gold", name, None) for name in self._sink.list_parts()
        }

    def _partitions(self) -> list[Partition]:
        return [
            Partition(NAME, part, log.start, self.shared.produced[part], self._never)
            for part, log in self.shared.topic.logs.items()
        ]

    @staticmethod
    def _never(*, start: int, named: str, part: int) -> SimulatedReader:
        raise AssertionError(f"{named}, partition {part}, at {start}: opened by `_reader` alone")

    def _reader(self, placed: PlacedPartition) -> SimulatedReader:
        reader = SimulatedReader(
            self.shared.world,
            self.shared.topic.logs[placed.partition.part],
            self.shared.produced,
            start=placed.start.off,
            named=placed.topic,
        )
        self.readers.append(reader)
        return reader

    def _gold_writer(self, table: str) -> GoldWriter:
        store = SimulatedStore(self.shared.world, self.shared.lake[table])
        return GoldWriter(
            "s3://simulated", table, pipeline=SETTINGS.pipeline, patience=EVER, store=store
        )

    def _appender(self, table: str) -> GoldAppender:
        writer, turns, world = self._gold_writer(table), Turns(), self.shared.world
        appender = GoldAppender(
            writer,
            max_rows=world.chance.choice((1, 3, 100)),
            max_bytes=1 << 30,
            max_seconds=5.0,
            clock=lambda: world.now,
            start=lambda _run, _name: threading.Thread(),
        )
        writer.pause = self._pause
        appender._state = turns
        turns.appender = appender
        self.appenders.append((appender, turns))
        return appender

    def _pause(self, seconds: float) -> None:
        self.shared.world.now += seconds
        self.shared.world.point("between two attempts")

    def _step(self) -> None:
        world = self.shared.world
        drawn = world.chance.randrange(10)
        if drawn < 5:
            self._read()
        elif drawn < 8:
            _, turns = world.chance.choice(self.appenders)
            turns.take_one()
        else:
            self._close_epoch()
        if not self.partitions:
            self._end()

    def _read(self) -> None:
        batches: list[MicroBatch] = []
        for partition in [*self.partitions]:
            try:
                batches += partition.next_batch()
            except StopIteration:
                self.partitions.remove(partition)
        version = self.shared.rules_version
        handed: dict[str, list[GoldSlice]] = {}
        for group in together(batches):
            judged = [cut(self.shared.topic.logs[each.part], each, version) for each in group]
            for each in self._store(judged):
                key, part = gold_key(each, self.place)
                handed.setdefault(self._sink._all[self._sink.part_fn(key)], []).append(part)
        for name, slices in handed.items():
            self.had_data.add(name)
            self.sinks[name].write_batch(slices)

    def _close_epoch(self) -> None:
        for name in sorted(self.had_data):
            self.sinks[name].snapshot()
        self.had_data.clear()

    def _end(self) -> None:
        """The engine closes the last epoch; then what was remembered for the end is done."""
        self._close_epoch()
        for appender, _ in self.appenders:
            _take_positions(appender, self.lifecycle)
        raise Exited("drained", 0)
