"""The instants at which something may go wrong, drawn from a seed.

Everything that outlives a process (a statement, a commit, an object in the lake) is an effect.
Before and after each one the process may be killed, may be suspended while others go on, or may
learn that it failed, although it did not. The same seed makes the same run.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import ClassVar, Final, Protocol

MOST_POINTS: Final = 5_000
MOST_SUSPENDED: Final = 2


class Killed(BaseException):
    """The process is no more; nothing of it runs on."""


class Violation(AssertionError):
    """The protocol broke its promise.

    It may be raised in the midst of the flow's code, which hands some exceptions on to another
    thread; so each is kept here as well.
    """

    raised: ClassVar[list[Violation]] = []

    def __init__(self, what: str) -> None:
        super().__init__(what)
        Violation.raised.append(self)


class Runs(Protocol):
    """A process, as far as the world knows it."""

    name: str
    is_dead: bool


@dataclass(frozen=True)
class Odds:
    """How likely each mishap is at one point."""

    kill: float = 0.0
    suspend: float = 0.0
    fail: float = 0.0


CALM: Final = Odds()


@dataclass
class World:
    """One seed's course of events.

    Attributes
    ----------
    kill_at
        Kills at this very point, and otherwise leaves all in peace.
    meanwhile
        What the others do while a process is suspended.
    """

    seed: int
    odds: Odds = CALM
    kill_at: int | None = None
    meanwhile: Callable[[], None] = lambda: None
    on_death: Callable[[Runs], None] = lambda _process: None
    points: int = 0
    now: float = 0.0
    trace: list[str] = field(default_factory=list)
    in_flight: list[Callable[[], None]] = field(default_factory=list)
    _running: list[Runs] = field(default_factory=list)
    _suspended: int = 0

    def __post_init__(self) -> None:
        self.chance = random.Random(self.seed)

    @property
    def running(self) -> Runs:
        """The process whose code runs."""
        return self._running[-1]

    def is_suspended(self, process: Runs) -> bool:
        """Say whether a process stands still in the midst of something."""
        return any(each is process for each in self._running)

    @contextmanager
    def on(self, process: Runs) -> Iterator[None]:
        """Run a process' code meanwhile."""
        self._running.append(process)
        try:
            yield
        finally:
            self._running.pop()

    def point(self, what: str, *, request: Callable[[], None] | None = None) -> None:
        """Let the process be killed or suspended here.

        Parameters
        ----------
        request
            What is on its way to the store: it may still arrive after the process is gone.
        """
        process = self.running
        if process.is_dead:
            raise Killed
        self.points += 1
        if self.points > MOST_POINTS:
            raise Violation("the run does not come to an end")
        if self.points == self.kill_at:
            self._kill(process, what, None)
        if self.odds is CALM:
            return
        drawn = self.chance.random()
        if drawn < self.odds.kill:
            self._kill(process, what, request)
        elif drawn < self.odds.kill + self.odds.suspend and self._suspended < MOST_SUSPENDED:
            self._suspend(process, what)

    def fails(self, what: str) -> bool:
        """Say whether the store answers with an error here, or not at all."""
        if self.odds is CALM or self.chance.random() >= self.odds.fail:
            return False
        self.say(f"{what} fails")
        return True

    def one_in(self, count: int) -> bool:
        """Draw."""
        return self.chance.randrange(count) == 0

    def say(self, what: str) -> None:
        """Keep for the reader of a failed run what happened."""
        who = self._running[-1].name if self._running else "world"
        self.trace.append(f"{self.points:>5} {who:<8} {what}")

    def _kill(self, process: Runs, what: str, request: Callable[[], None] | None) -> None:
        self.say(f"killed at: {what}")
        process.is_dead = True
        if request is not None and self.one_in(3):
            self.in_flight.append(request)
        self.on_death(process)
        raise Killed

    def _suspend(self, process: Runs, what: str) -> None:
        self.say(f"suspended at: {what}")
        self._suspended += 1
        try:
            self.meanwhile()
        finally:
            self._suspended -= 1
        self.say(f"woken at: {what}")
        if process.is_dead:
            raise Killed
