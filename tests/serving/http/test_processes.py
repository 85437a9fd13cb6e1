"""The API's memory, CPU and starts are those of all its workers."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from serving.http.metrics import exposition
from serving.http.processes import Processes, workers_of

pytestmark = pytest.mark.skipif(
    not Path("/proc/self/stat").exists(), reason="this system has no /proc"
)


@pytest.fixture
def workers() -> Iterator[list[int]]:
    """Two processes that wait, which this one started."""
    with ExitStack() as exits:
        started = []
        for _ in range(2):
            code = "x = bytearray(30_000_000); print('here', flush=True); input()"
            process = exits.enter_context(
                subprocess.Popen(
                    [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE
                )
            )
            exits.callback(process.kill)
            assert process.stdout is not None
            process.stdout.readline()
            started.append(process.pid)
        yield started


def figures(pids: list[int]) -> dict[str, float]:
    families = Processes(lambda: pids).collect()
    return {family.samples[0].name: family.samples[0].value for family in families}


def test_one_worker_finds_the_others_and_who_started_them(workers: list[int]) -> None:
    assert {os.getpid(), *workers} <= {*workers_of(workers[0])}


def test_memory_is_added_up(workers: list[int]) -> None:
    one, both = (figures(pids)["process_resident_memory_bytes"] for pids in (workers[:1], workers))
    assert one > 30_000_000
    assert both > 60_000_000


def test_the_newest_start_counts(workers: list[int]) -> None:
    began = figures([os.getpid(), *workers])["process_start_time_seconds"]
    assert time.time() - 60 < began <= time.time() + 1
    assert began > figures([os.getpid()])["process_start_time_seconds"]


def test_who_has_ended_is_left_out() -> None:
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    assert figures([ended.pid]) == {}


def test_the_api_serves_them() -> None:
    text = exposition({}).decode()
    assert "process_resident_memory_bytes " in text
    assert "process_cpu_seconds_total " in text
