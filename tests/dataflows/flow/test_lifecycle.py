from __future__ import annotations

import pytest

from dataflows.flow.lifecycle import STOP_WITHIN_SECONDS, Lifecycle, stopping_on_failure
from lakehouse.errors import Fenced, PositionLost, Unavailable
from tests.dataflows.flow_cases import Watchdog
from tests.flow import run_code

IMPORTS = """
import atexit, os, signal, sys, threading
from dataflows.flow import lifecycle
from dataflows.flow.lifecycle import Lifecycle, stopping_on_failure
from lakehouse.errors import Fenced, PositionLost
run = Lifecycle()
"""


def test_a_run_is_neither_stopping_nor_reading_at_first(lifecycle: Lifecycle) -> None:
    assert not lifecycle.is_stopping
    assert lifecycle.is_draining


def test_a_run_drains_once_its_last_partition_has_ended(lifecycle: Lifecycle) -> None:
    states = []
    for change in (lifecycle.reading_begins,) * 2 + (lifecycle.reading_ends,) * 2:
        change()
        states.append(lifecycle.is_draining)
    assert states == [False, False, False, True]


def test_asking_twice_to_stop_is_asking_once(
    lifecycle: Lifecycle, watchdogs: list[Watchdog]
) -> None:
    lifecycle.stop()
    lifecycle.stop()
    assert lifecycle.is_stopping
    assert [dog.seconds for dog in watchdogs] == [STOP_WITHIN_SECONDS]


def test_the_watchdog_does_not_keep_a_drained_process_alive(
    lifecycle: Lifecycle, watchdogs: list[Watchdog]
) -> None:
    lifecycle.stop()
    assert watchdogs[0].daemon


def test_what_was_opened_first_is_closed_last_and_once(lifecycle: Lifecycle) -> None:
    closed: list[str] = []
    lifecycle.on_end(lambda: closed.append("postgres"))
    lifecycle.on_end(lambda: closed.append("status"))
    lifecycle.close()
    lifecycle.close()
    assert closed == ["status", "postgres"]


def test_a_step_that_succeeds_is_left_alone() -> None:
    assert stopping_on_failure(divmod)(7, 3) == (2, 1)


def test_a_step_that_fails_otherwise_than_a_store_raises_as_ever() -> None:
    with pytest.raises(ZeroDivisionError):
        stopping_on_failure(divmod)(1, 0)


def test_a_failed_store_ends_the_process_at_once_with_its_line_and_exit_code() -> None:
    done = run_code(
        IMPORTS
        + """
atexit.register(print, "too late")
def store(): raise Fenced("pipeline score was taken over")
threading.Thread(target=stopping_on_failure(store)).start()
threading.Event().wait()
"""
    )
    assert done.returncode == Fenced.exit_code
    assert done.stderr == "fenced: pipeline score was taken over\n"
    assert done.stdout == ""


def test_a_run_that_ended_by_itself_may_end_with_a_failure_and_is_not_stopped_for_it(
    lifecycle: Lifecycle, watchdogs: list[Watchdog]
) -> None:
    lifecycle.fail_at_end(PositionLost("loans[0]"))
    assert not lifecycle.is_stopping
    assert watchdogs == []


@pytest.mark.parametrize("first", ["stop_for", "fail_at_end"])
def test_the_first_failure_is_the_one_that_is_told_after_all_was_closed(first: str) -> None:
    second = {"stop_for": "fail_at_end", "fail_at_end": "stop_for"}[first]
    done = run_code(
        IMPORTS
        + f"""
atexit.register(run.close)
run.on_end(lambda: run.{second}(Fenced("later")))
run.on_end(lambda: run.{first}(PositionLost("nothing was decided")))
print("drained")
"""
    )
    assert done.returncode == PositionLost.exit_code
    assert done.stderr == "position_lost: nothing was decided\n"
    assert done.stdout == "drained\n"


def test_a_failed_source_ends_the_process_with_its_exit_code_after_all_was_closed() -> None:
    done = run_code(
        IMPORTS
        + """
atexit.register(run.close)
run.on_end(lambda: print("closed"))
run.stop_for(PositionLost("loans[0] at offset 7"))
print("drained")
"""
    )
    assert done.returncode == PositionLost.exit_code
    assert done.stdout.split() == ["drained", "closed"]
    assert done.stderr == "position_lost: loans[0] at offset 7\n"


def test_the_first_of_two_failures_is_the_one_that_is_reported() -> None:
    done = run_code(
        IMPORTS
        + """
run.stop_for(PositionLost("the cause"))
run.stop_for(Fenced("a consequence"))
run.close()
"""
    )
    assert (done.returncode, done.stderr) == (5, "position_lost: the cause\n")


def test_a_failure_is_reported_even_when_closing_fails() -> None:
    done = run_code(
        IMPORTS
        + """
atexit.register(run.close)
run.on_end(lambda: 1 / 0)
run.stop_for(PositionLost("the cause"))
"""
    )
    assert (done.returncode, done.stderr) == (5, "position_lost: the cause\n")


def test_a_store_that_does_not_answer_cannot_hold_a_stopped_process_for_ever() -> None:
    done = run_code(
        IMPORTS
        + """
lifecycle.STOP_WITHIN_SECONDS = 0.01
run.stop()
threading.Event().wait()
"""
    )
    assert done.returncode == 1
    assert done.stderr.startswith("stopping: a store did not take the last batch within ")
    assert done.stderr.count("\n") == 1


@pytest.mark.parametrize("name", ["SIGTERM", "SIGINT"])
def test_a_signal_asks_for_a_graceful_stop(name: str) -> None:
    done = run_code(
        IMPORTS
        + f"""
run.listen()
run.begins()
os.kill(os.getpid(), signal.{name})
print(run.is_stopping)
"""
    )
    assert (done.returncode, done.stdout) == (0, "True\n"), done.stderr


def test_a_signal_before_that_ends_the_start_at_once() -> None:
    done = run_code(
        IMPORTS
        + """
run.listen()
os.kill(os.getpid(), signal.SIGTERM)
threading.Event().wait()
"""
    )
    assert done.returncode == 0
    assert done.stderr == "stopped during the start: nothing was read\n"


def test_a_failed_source_asks_the_others_to_stop(lifecycle: Lifecycle) -> None:
    lifecycle.stop_for(Unavailable("the broker refuses to be read"))
    assert lifecycle.is_stopping
