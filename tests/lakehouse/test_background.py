"""A background thread outlives whatever its work raises, and says so."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
import structlog

from lakehouse import background
from lakehouse.background import Background
from lakehouse.errors import Unavailable
from lakehouse.telemetry import BACKGROUND_FAILURES
from tests.waiting import until


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(background, "_AFTER_FAILURE_SECONDS", 0.001)


@contextmanager
def running(
    turn: Callable[[], object], at_end: Callable[[], object] = lambda: None
) -> Iterator[Background]:
    thread = Background("a test's", turn, every_seconds=0.001, at_end=at_end)
    thread.start()
    try:
        yield thread
    finally:
        thread.stop()
        thread.join(10)


def failures() -> float:
    return float(BACKGROUND_FAILURES.labels("a test's")._value.get())


def wrong(thread: Background) -> Unavailable | None:
    try:
        thread.check()
    except Unavailable as exc:
        return exc
    return None


def test_a_turn_that_fails_is_named_and_counted_and_the_next_one_is_taken() -> None:
    is_broken = threading.Event()
    is_broken.set()
    taken = threading.Semaphore(0)
    before = failures()

    def turn() -> None:
        taken.release()
        if is_broken.is_set():
            raise KeyError("5 Canary Road")

    with structlog.testing.capture_logs() as lines, running(turn) as thread:
        assert all(taken.acquire(timeout=10) for _ in range(3))
        until(lambda: wrong(thread) is not None, what="failing")
        assert "a test's failed: KeyError" in str(wrong(thread))
        is_broken.clear()
        until(lambda: wrong(thread) is None, what="well again")
    assert failures() - before >= 3
    assert lines[0]["event"] == "background_failed"
    assert "Canary" not in str(lines)


def test_a_thread_that_does_not_run_is_not_well() -> None:
    with running(lambda: None) as thread:
        thread.check()
    with pytest.raises(Unavailable, match="not running"):
        thread.check()
    with pytest.raises(Unavailable, match="not running"):
        Background("a test's", lambda: None, every_seconds=1).check()


def test_the_end_is_done_in_the_thread_after_the_last_turn() -> None:
    done: list[str] = []
    with running(lambda: done.append("turn"), lambda: done.append("end")):
        until(lambda: done, what="taking a turn")
    assert done[-1] == "end"
