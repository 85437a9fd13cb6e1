"""In processes of their own: what a thread allows its timers lasts as long as it."""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from pathlib import Path

import pytest

from dataflows.flow.timer_slack import LATE_NANOSECONDS, PROMPT_NANOSECONDS
from tests.flow import run_code, running_flow

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="timers have slack on Linux only")


def test_a_thread_that_was_started_by_one_that_may_be_late_takes_it_back_for_itself_alone() -> None:
    done = run_code("""
import ctypes, threading
from dataflows.flow.timer_slack import be_prompt, may_be_late

def say():
    print(ctypes.CDLL(None).prctl(30, 0, 0, 0, 0))  # PR_GET_TIMERSLACK

def be_a_worker():
    say()
    be_prompt()
    say()

may_be_late()
worker = threading.Thread(target=be_a_worker)
worker.start()
worker.join()
say()
""")
    late, prompt = str(LATE_NANOSECONDS), str(PROMPT_NANOSECONDS)
    assert done.stdout.split() == [late, prompt, late], done.stderr


def test_elsewhere_nothing_is_asked_of_the_system() -> None:
    done = run_code("""
import ctypes, sys
from dataflows.flow.timer_slack import may_be_late
sys.platform = "elsewhere"
ctypes.CDLL = None
may_be_late()
""")
    assert done.returncode == 0, done.stderr


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may ask for another thread's slack")
def test_of_a_flow_only_the_thread_that_looks_for_signals_may_be_late(tmp_path: Path) -> None:
    settings = {"RISK_HOME": str(tmp_path / "home"), "RISK_SOURCE": "sim://?rate=200&seed=3"}
    # A worker that is alone works on the main thread.
    workers = ("--workers-per-process", "2")
    with running_flow(settings, log=tmp_path / "flow.log", arguments=workers) as flow:
        flow.wait_until(
            lambda: flow.total("risk_events_read_total") > 0, seconds=60, what="at work"
        )
        allowed = {}
        for task in Path(f"/proc/{flow.process.pid}/task").iterdir():
            with suppress(OSError):  # a thread that ended meanwhile
                slack = Path(f"/proc/{task.name}/timerslack_ns").read_text()
                allowed[int(task.name)] = int(slack)
        assert allowed.pop(flow.process.pid) == LATE_NANOSECONDS
        assert set(allowed.values()) == {PROMPT_NANOSECONDS}
        flow.terminate()
        assert flow.wait(seconds=60) == 0
