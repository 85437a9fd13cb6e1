"""One seed, from the first start to the verdict."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final, Self
from unittest import mock

from dataflows.flow.cluster import ClusterPlace
from lakehouse.gold.tables import SCHEMAS
from lakehouse.gold.writer import transaction_id
from tests.faults.simulator.database import Database, Session
from tests.faults.simulator.lake import lake_of
from tests.faults.simulator.process import SETTINGS, Exited, Process, Shared
from tests.faults.simulator.topic import NAME, TOPICS, topic_of
from tests.faults.simulator.verdict import check_at_rest, check_prefixes
from tests.faults.simulator.world import CALM, Odds, Violation, World

ROUGH: Final = (
    Odds(kill=0.03, suspend=0.0, fail=0.0),
    Odds(kill=0.02, suspend=0.0, fail=0.05),
    Odds(kill=0.01, suspend=0.015, fail=0.02),
    Odds(kill=0.0, suspend=0.03, fail=0.0),
    Odds(kill=0.05, suspend=0.01, fail=0.1),
)
MOST_STARTS: Final = 2
FENCED: Final = 3


class Group:
    """The processes that were started together; none reads before all of them are connected."""

    def __init__(self, processes: list[Process]) -> None:
        self.processes = processes
        self.is_ready = False
        self.met_others = False

    @property
    def live(self) -> list[Process]:
        return [each for each in self.processes if not each.is_over]

    def start(self, order: list[int]) -> None:
        """Start them; if one ends meanwhile, the others never get to work."""
        for index in order:
            self.processes[index].start()
        if len(self.live) < len(self.processes):
            for process in self.live:
                process.is_dead = True
        self.is_ready = True


class Run:
    """The processes of one seed, the stores that they share, and whose turn it is."""

    def __init__(self, seed: int, *, odds: Odds | None = None, kill_at: int | None = None) -> None:
        self.world = World(seed, kill_at=kill_at)
        chance = self.world.chance
        topic = topic_of(chance.randrange(TOPICS))
        self.world.odds = chance.choice(ROUGH) if odds is None else odds
        self.world.meanwhile = self._meanwhile
        self.database = Database(self.world, topic.refused_ids)
        self.world.on_death = self.database.forget
        self.shared = Shared(
            self.world,
            topic,
            lake_of(SCHEMAS),
            {part: log.start for part, log in topic.logs.items()},
        )
        self.groups: list[Group] = []
        self.starts = 0

    def to_the_end(self) -> None:
        """Run until everything is stored; raise what breaks the promise."""
        while not self._is_complete():
            self._turn()
            if Violation.raised:
                raise Violation.raised[0]
        check_at_rest(self.shared, self.database)

    def _turn(self) -> None:
        world = self.world
        world.now += world.chance.uniform(0, 4)
        self._outside()
        awake = self._awake()
        is_doubled = world.odds.suspend and self.starts < MOST_STARTS and world.one_in(30)
        if awake and not is_doubled:
            self._step(world.chance.choice(awake))
            return
        if self.starts >= MOST_STARTS:
            world.odds = CALM
        self._start()

    def _awake(self) -> list[Process]:
        """Return the processes that could go on now."""
        return [
            process
            for group in self.groups
            if group.is_ready
            for process in group.live
            if not self.world.is_suspended(process)
        ]

    def _outside(self) -> None:
        """Produce, promote a model, compact a table, let a late request arrive, ask for a stop."""
        shared, world = self.shared, self.world
        for part, log in shared.topic.logs.items():
            if not world.one_in(3):
                continue
            shared.produced[part] = max(
                shared.produced[part], log.produced_up_to(int(world.chance.choice(log.offsets)))
            )
        if world.one_in(12):
            shared.rules_version = 1 - shared.rules_version
        if world.one_in(30):
            world.chance.choice([*shared.lake.values()]).compact()
        if world.in_flight and world.one_in(4):
            world.in_flight.pop(0)()
            self._notice_others(is_late=True)
        awake = self._awake()
        if awake and world.odds is not CALM and world.one_in(60):
            for reader in world.chance.choice(awake).readers:
                reader.is_asked_to_stop = True

    def _start(self) -> None:
        """Start the flow as one process, or as two in any order."""
        self.starts += 1
        count = 2 if self.world.one_in(6) else 1
        group = Group(
            [Process(f"p{self.starts}.{each}", self.shared, ClusterPlace(each, count))
             for each in range(count)]
        )  # fmt: skip
        self.groups.append(group)
        self._notice_others()
        group.start(self.world.chance.sample(range(count), count))
        for process in group.processes:
            self._look_at(group, process)

    def _step(self, process: Process) -> None:
        group = next(each for each in self.groups if process in each.processes)
        process.step()
        self._look_at(group, process)

    def _look_at(self, group: Group, process: Process) -> None:
        if not process.is_over:
            return
        self.database.forget(process)
        is_fenced = process.exit_code == FENCED and group.met_others
        if process.exit_code not in {None, 0} and not is_fenced:
            raise Violation(f"{process.name} ended with {process.exit_code}: {process.said}")
        if not group.live and group in self.groups:
            self.groups.remove(group)
        check_prefixes(self.shared, self.database)

    def _notice_others(self, *, is_late: bool = False) -> None:
        """Remember which flows have met another one, or a request that it left behind."""
        if is_late or len(self.groups) > 1:
            for group in self.groups:
                group.met_others = True

    def _meanwhile(self) -> None:
        """While one is suspended: others go on, and somebody may have started a new flow."""
        if self.starts >= MOST_STARTS:
            self.world.odds = CALM
        elif self.world.one_in(2) or not self._awake():
            self._start()
        for _ in range(self.world.chance.randrange(12)):
            self._outside()
            if awake := self._awake():
                self._step(self.world.chance.choice(awake))

    def _is_complete(self) -> bool:
        if self.groups:
            return False
        progress = self.database.stored["progress"]
        for part, log in self.shared.topic.logs.items():
            slot = (SETTINGS.pipeline, NAME, part)
            if slot not in progress or progress[slot][1] < log.end:
                return False
            name = transaction_id(*slot)
            if any(table.position(name) != log.end - 1 for table in self.shared.lake.values()):
                return False
        return True


class _OneByOne:
    """A pool of threads without threads."""

    def __init__(self, *_: object) -> None:
        pass

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    map = staticmethod(map)


class _Silent:
    """A log that nobody reads."""

    def info(self, *_: object, **__: object) -> None:
        pass

    warning = info


def _no_parameters(_dsn: str) -> dict[str, str]:
    return {}


def _no_address(*_: object, **__: object) -> str:
    return ""


class _Stage:
    """Where connections and pauses come from while seeds run, one after the other."""

    database: Database

    def connect(self, *_: object, **__: object) -> Session:
        return self.database.connect()

    def sleep(self, seconds: float) -> None:
        self.database.world.now += seconds
        self.database.world.point("between two attempts")


@contextmanager
def _in_place_of_the_stores() -> Iterator[_Stage]:
    """Let connections be opened to the simulated database, and no time pass between attempts."""

    def ended(message: str, exit_code: int) -> None:
        raise Exited(message, exit_code)

    stage = _Stage()
    with (
        mock.patch("lakehouse.postgres.connection.Session", stage),
        mock.patch("dataflows.flow.lifecycle.fail", ended),
        mock.patch("tenacity.nap.time", stage),
        # What costs time and changes nothing: parsing addresses, and asking tables side by side.
        mock.patch("lakehouse.postgres.connection.conninfo_to_dict", _no_parameters),
        mock.patch("lakehouse.postgres.connection.make_conninfo", _no_address),
        mock.patch("lakehouse.gold.appender.ThreadPoolExecutor", _OneByOne),
        mock.patch("dataflows.flow.start.starts.log", _Silent()),
    ):
        yield stage


def run_seed(seed: int, *, odds: Odds | None = None, kill_at: int | None = None) -> World:
    """Run one seed; a violation carries the seed and what happened."""
    with _in_place_of_the_stores() as stage:
        return _run_on(stage, seed, odds=odds, kill_at=kill_at)


def run_seeds(first: int, count: int) -> tuple[int, float]:
    """Run so many seeds; return the points that they passed, and the seconds of CPU."""
    began = time.process_time()
    with _in_place_of_the_stores() as stage:
        points = sum(_run_on(stage, first + each).points for each in range(count))
    return points, time.process_time() - began


def _run_on(
    stage: _Stage, seed: int, *, odds: Odds | None = None, kill_at: int | None = None
) -> World:
    Violation.raised.clear()
    run = Run(seed, odds=odds, kill_at=kill_at)
    stage.database = run.database
    try:
        run.to_the_end()
    except Exception as exc:
        course = "\n".join(run.world.trace)
        raise Violation(f"seed {seed}: {type(exc).__name__}: {exc}\n{course}") from exc
    return run.world
