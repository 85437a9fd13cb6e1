"""Ask questions for pages: outside the event loop, once for each snapshot, with cached answers.

An answer is cached by the question, its arguments and the snapshot of the lake. A second request
for the same answer waits for the first. If the lake does not answer, the last answer to the same
question is shown, marked as old. The number of threads that draw at once is limited.
"""

import asyncio
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Hashable
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Final, Generic, TypeVar

from lakehouse.errors import LakehouseError, Unavailable
from lakehouse.lake.copied import CopiedLake
from lakehouse.lake.session import Asked, recording
from risk.errors import RiskError
from ui.data.questions import Stores

T = TypeVar("T")
_MOST_KEPT: Final = 256
_MOST_ASKED_FOR: Final = 4_096
_AT_ONCE: Final = 8
"""Threads that draw cards: more than questions run at once, as some wait for another's answer."""

_pool = ThreadPoolExecutor(_AT_ONCE, "ui-card")


async def off_loop(function: Callable[..., T], *arguments: Any) -> T:
    """Return what a function returns, run by one of the threads that draw, as who asked for it."""
    loop = asyncio.get_running_loop()
    return await loop.run_in_executor(_pool, copy_context().run, function, *arguments)


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Which state of the lake is shown.

    Attributes
    ----------
    number
        Rises with every change that was seen.
    versions
        Of each table that there is.
    seen_at
        When it was seen first.
    """

    number: int
    versions: tuple[tuple[str, int], ...]
    seen_at: datetime


@dataclass(frozen=True, slots=True)
class Answer(Generic[T]):
    """An answer, the SQL behind it, and the snapshot that it is of."""

    value: T
    asked: tuple[Asked, ...]
    snapshot: Snapshot
    is_stale: bool = False


@dataclass(slots=True)
class _Slot:
    lock: threading.Lock = field(default_factory=threading.Lock)
    answer: Answer[Any] | None = None


class Desk:
    """Asks the lake; safe to use from several threads."""

    def __init__(self, lake: CopiedLake, stores: Stores, *, now: Callable[[], datetime]) -> None:
        self.lake = lake
        self.stores = stores
        self.now = now
        self._lock = threading.Lock()
        self._kept: OrderedDict[Hashable, _Slot] = OrderedDict()
        self._last: OrderedDict[Hashable, Answer[Any]] = OrderedDict()
        self._newest: OrderedDict[Hashable, object] = OrderedDict()
        self._seconds = 0.0
        self.is_lake_out = False
        self.snapshot = Snapshot(1, tuple(lake.versions().items()), now())

    def look_again(self) -> Snapshot:
        """Look whether the lake has changed, and show its newest state from now on.

        Raises
        ------
        Unavailable, Denied
            The lake does not answer, or does not let us read. Until it does, answers are old ones.
        """
        try:
            self.lake.refresh()
        except LakehouseError:
            self.is_lake_out = True
            raise
        self.is_lake_out = False
        versions = tuple(self.lake.versions().items())
        with self._lock:
            if versions != self.snapshot.versions:
                self.snapshot = Snapshot(self.snapshot.number + 1, versions, self.now())
            return self.snapshot

    def ask(self, question: Callable[..., T], *arguments: Hashable) -> Answer[T]:
        """Return the answer of ``question(lake, *arguments)`` for the snapshot shown.

        Raises
        ------
        LakehouseError
            The question failed, and there is no earlier answer to stand in.
        """
        name = (question, *arguments)
        snapshot = self.snapshot
        slot = self._slot((name, snapshot.number))
        with slot.lock:
            if slot.answer is None:
                slot.answer = self._asked(name, question, arguments, snapshot)
            answer: Answer[T] = slot.answer
            if answer.is_stale:
                slot.answer = None
        return replace(answer, is_stale=True) if self.is_lake_out else answer

    def wanted(self, viewer: Hashable, card: str) -> Callable[[], bool]:
        """Note that a viewer asks for a card; return whether it has not asked for it again."""
        mine = object()
        with self._lock:
            self._newest[(viewer, card)] = mine
            self._newest.move_to_end((viewer, card))
            while len(self._newest) > _MOST_ASKED_FOR:
                self._newest.popitem(last=False)
        if viewer is None:
            return lambda: True
        return lambda: self._newest.get((viewer, card), mine) is mine

    def take_seconds(self) -> float:
        """Return how long questions took since this was asked last."""
        with self._lock:
            seconds, self._seconds = self._seconds, 0.0
            return seconds

    def _asked(
        self,
        name: Hashable,
        question: Callable[..., T],
        arguments: tuple[Hashable, ...],
        snapshot: Snapshot,
    ) -> Answer[T]:
        started = time.perf_counter()
        try:
            with recording() as asked:
                value = question(self.lake, *arguments)
        except Unavailable:
            before = self._last.get(name)
            if before is None:
                raise
            return Answer(before.value, before.asked, before.snapshot, is_stale=True)
        answer = Answer(value, tuple(asked), snapshot)
        with self._lock:
            self._seconds += time.perf_counter() - started
            self._last[name] = answer
            self._last.move_to_end(name)
            while len(self._last) > _MOST_KEPT:
                self._last.popitem(last=False)
        return answer

    def _slot(self, key: Hashable) -> _Slot:
        with self._lock:
            slot = self._kept.setdefault(key, _Slot())
            self._kept.move_to_end(key)
            while len(self._kept) > _MOST_KEPT:
                self._kept.popitem(last=False)
            return slot


def said_of(error: LakehouseError | RiskError) -> tuple[str, str]:
    """Return an error's code and what it says, in one line."""
    return error.code, " ".join(str(error).split())[:300]
