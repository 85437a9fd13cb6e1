"""An appender commits beside the flow: when, how far it may fall behind, and how it fails."""

import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from lakehouse.errors import Fenced, Unavailable
from lakehouse.gold import data_file
from lakehouse.gold.appender import POSITION_OFFSETS, POSITION_SECONDS, GoldAppender
from lakehouse.gold.tables import SCHEMAS
from tests.lakehouse.gold_cases import (
    a_gold_writer,
    append,
    delta,
    offsets,
    raw_rows,
)
from tests.lakehouse.silver_cases import TOPIC
from tests.waiting import until

MAX_ROWS = 100
EMPTY = SCHEMAS["quarantine"].empty_table()

Opens = Callable[..., GoldAppender]


class Clock:
    """Seconds that pass when the test says so."""

    def __init__(self) -> None:
        self.now = 1_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def lake(tmp_path: Path) -> str:
    return str(tmp_path / "lake")


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def opened(lake: str, clock: Clock) -> Iterator[Opens]:
    appenders = []

    def make(table: str = "raw_events", **differing: Any) -> GoldAppender:
        limits = {"max_rows": MAX_ROWS, "max_bytes": 1 << 20, "max_seconds": 5.0}
        writer = a_gold_writer(lake, table)
        appender = GoldAppender(writer, **{**limits, **differing}, clock=clock)
        appenders.append(appender)
        return appender

    yield make
    for appender in appenders:
        appender.close()


@pytest.fixture
def stalled(monkeypatch: pytest.MonkeyPatch) -> Iterator[threading.Event]:
    """Every commit waits until the event is set."""
    commit, released = data_file.commit_files, threading.Event()

    def wait_and_commit(*arguments: Any) -> None:
        assert released.wait(30)
        commit(*arguments)

    monkeypatch.setattr(data_file, "commit_files", wait_and_commit)
    yield released
    released.set()


def commits(lake: str, table: str = "raw_events") -> int:
    return delta(lake, table).version()


def test_a_flush_that_waits_returns_when_all_is_there(lake: str, opened: Opens) -> None:
    appender = opened()
    for first in range(0, 6, 2):
        appender.append(TOPIC, 0, first + 2, raw_rows(range(first, first + 2)))
    appender.flush(wait=True)
    assert offsets(lake) == list(range(6))
    assert commits(lake) == 1


def test_enough_rows_are_committed_without_being_asked(lake: str, opened: Opens) -> None:
    appender = opened()
    appender.append(TOPIC, 0, MAX_ROWS, raw_rows(range(MAX_ROWS)))
    until(lambda: commits(lake) == 1, what="committed")


def test_enough_bytes_are_committed_without_being_asked(lake: str, opened: Opens) -> None:
    appender = opened(max_bytes=4_000)
    appender.append(TOPIC, 0, 2, raw_rows(range(2), raw=b"x" * 3_000))
    until(lambda: commits(lake) == 1, what="committed")


def test_rows_that_have_waited_long_enough_go_with_the_next(
    lake: str, opened: Opens, clock: Clock
) -> None:
    appender = opened()
    appender.append(TOPIC, 0, 1, raw_rows([0]))
    until(lambda: appender._oldest_at is not None, what="taken")
    clock.now += 5.0
    appender.append(TOPIC, 0, 2, raw_rows([1]))
    until(lambda: commits(lake) == 1, what="committed")
    assert offsets(lake) == [0, 1]


def test_rows_do_not_wait_for_the_next_ones(lake: str, opened: Opens) -> None:
    appender = opened(max_seconds=0.0)
    appender.append(TOPIC, 0, 1, raw_rows([0]))
    until(lambda: offsets(lake) == [0], what="committed")


def test_an_asked_flush_leaves_positions_without_rows_for_later(
    lake: str, opened: Opens, clock: Clock
) -> None:
    appender = opened("quarantine")
    appender.append(TOPIC, 0, 10, EMPTY)
    appender.flush()
    until(lambda: not appender._rows_wanted, what="answered")
    assert commits(lake, "quarantine") == 0
    clock.now += POSITION_SECONDS
    appender.append(TOPIC, 0, 20, EMPTY)
    until(lambda: commits(lake, "quarantine") == 1, what="committed")
    assert a_gold_writer(lake, "quarantine").last_off(TOPIC, 0) == 19


def test_a_position_far_behind_is_committed_without_rows(lake: str, opened: Opens) -> None:
    appender = opened("quarantine")
    appender.append(TOPIC, 0, 1, EMPTY)
    appender.append(TOPIC, 0, 1 + POSITION_OFFSETS, EMPTY)
    until(lambda: commits(lake, "quarantine") == 1, what="committed")


def test_the_last_flush_moves_positions_without_rows_too(lake: str, opened: Opens) -> None:
    appender = opened("quarantine")
    appender.append(TOPIC, 0, 10, EMPTY)
    appender.flush(wait=True)
    assert a_gold_writer(lake, "quarantine").last_off(TOPIC, 0) == 9


def test_each_commit_is_reported_after_it_happened(lake: str, opened: Opens) -> None:
    seen = []
    appender = opened(on_commit=lambda table: seen.append((table, offsets(lake))))
    appender.append(TOPIC, 0, 2, raw_rows(range(2)))
    appender.flush(wait=True)
    appender.flush(wait=True)
    assert seen == [("raw_events", [0, 1])]


def test_the_flow_goes_on_while_a_commit_takes_its_time(
    opened: Opens, stalled: threading.Event
) -> None:
    appender = opened()
    appender.append(TOPIC, 0, MAX_ROWS, raw_rows(range(MAX_ROWS)))
    appender.append(TOPIC, 0, MAX_ROWS + 1, raw_rows([MAX_ROWS]))
    appender.flush()
    assert not stalled.is_set()


def test_a_store_that_is_out_holds_the_flow_back_instead_of_filling_memory(
    opened: Opens, stalled: threading.Event
) -> None:
    appender, handed = opened(max_bytes=10_000), []

    def feed() -> None:
        for off in range(50):
            appender.append(TOPIC, 0, off + 1, raw_rows([off], raw=b"x" * 1_000))
            handed.append(off)

    flow = threading.Thread(target=feed)
    flow.start()
    until(lambda: appender._queued_bytes > 10_000 - 2_000, what="held back")
    assert len(handed) < 25
    stalled.set()
    flow.join(30)
    assert len(handed) == 50


def test_what_the_writer_holds_is_no_reason_to_wait_for_a_commit(lake: str, opened: Opens) -> None:
    """Else large batches would wait for the seconds to pass, with nothing in their way."""
    appender = opened(max_bytes=1 << 20)
    appender.append(TOPIC, 0, 1, raw_rows([0], raw=b"x" * (600 << 10)))
    until(lambda: appender._oldest_at is not None, what="taken")
    appender.append(TOPIC, 0, 2, raw_rows([1], raw=b"y" * (1_700 << 10)))
    appender.flush(wait=True)
    assert offsets(lake) == [0, 1]


def test_one_batch_larger_than_all_limits_passes(lake: str, opened: Opens) -> None:
    appender = opened(max_bytes=1_000)
    appender.append(TOPIC, 0, 1, raw_rows([0], raw=b"x" * 100_000))
    appender.flush(wait=True)
    assert offsets(lake) == [0]


def test_a_failure_is_raised_by_every_later_call(lake: str, opened: Opens) -> None:
    appender, other = opened(), a_gold_writer(lake)
    appender.append(TOPIC, 0, 1, raw_rows([0]))
    until(lambda: appender._oldest_at is not None, what="taken")
    append(other, 0, 3)
    other.flush()
    for _ in range(2):
        with pytest.raises(Fenced):
            appender.flush(wait=True)
    with pytest.raises(Fenced):
        appender.append(TOPIC, 0, 2, raw_rows([1]))


def test_a_waiting_flow_is_released_by_a_failure(
    opened: Opens, monkeypatch: pytest.MonkeyPatch
) -> None:
    appender = opened(max_bytes=1_000)

    def fail(*_: object, **__: object) -> None:
        raise MemoryError

    monkeypatch.setattr(data_file, "commit_files", fail)

    def feed() -> None:
        for off in range(100):
            appender.append(TOPIC, 0, off + 1, raw_rows([off], raw=b"x" * 900))

    with pytest.raises(MemoryError):
        feed()


def test_closing_drops_what_was_not_committed(lake: str, opened: Opens) -> None:
    appender = opened()
    appender.append(TOPIC, 0, 1, raw_rows([0]))
    appender.close()
    assert not appender._thread.is_alive()
    assert offsets(lake) == []
    with pytest.raises(Unavailable, match="was closed"):
        appender.append(TOPIC, 0, 2, raw_rows([1]))


def test_closing_ends_the_attempts_on_a_store_that_is_out(
    opened: Opens, monkeypatch: pytest.MonkeyPatch
) -> None:
    appender, tried = opened(), threading.Event()

    def refuse(*_: object, **__: object) -> None:
        tried.set()
        raise OSError("503 Service Unavailable")

    monkeypatch.setattr(data_file, "commit_files", refuse)
    appender.append(TOPIC, 0, MAX_ROWS, raw_rows(range(MAX_ROWS)))
    assert tried.wait(10)
    appender.close()
    assert not appender._thread.is_alive()
