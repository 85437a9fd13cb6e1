"""A topic of 200 partitions is read within the limits that a service has by default."""

from __future__ import annotations

import os
import resource
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.flow import FlowProcess, running_flow, sound_account
from tests.ledger import produce
from tests.servers.broker import Broker
from tests.waiting import until

PARTITIONS = 200
EVENTS = 4_000
OPEN_FILES = 1_024
MOST_THREADS = 100
MOST_IDLE_SHARE = 0.3
"""Of one core. With a client a partition, 120 partitions cost 0.7."""


def threads_of(flow: FlowProcess) -> int:
    return len([*Path(f"/proc/{flow.process.pid}/task").iterdir()])


def files_of(flow: FlowProcess) -> int:
    return len([*Path(f"/proc/{flow.process.pid}/fd").iterdir()])


def cpu_seconds(flow: FlowProcess) -> float:
    fields = Path(f"/proc/{flow.process.pid}/stat").read_text(encoding="utf-8").rsplit(")", 1)[1]
    user, system = fields.split()[11:13]
    return (int(user) + int(system)) / os.sysconf("SC_CLK_TCK")


@pytest.mark.long
@pytest.mark.timeout(300)
def test_200_partitions_need_few_threads_files_and_little_when_at_rest(
    broker: Broker, new_topic: Callable[..., str], tmp_path: Path
) -> None:
    url = f"kafka://{broker.address}/{new_topic(partitions=PARTITIONS)}"
    settings = {"RISK_SOURCE": url, "RISK_HOME": str(tmp_path / "home")}
    produce(url, EVENTS, seed=9)
    with running_flow(settings, log=tmp_path / "flow.log") as flow:
        limits = (OPEN_FILES, OPEN_FILES)
        resource.prlimit(flow.process.pid, resource.RLIMIT_NOFILE, limits)
        flow.wait_until(
            lambda: flow.total("risk_partition_position") >= EVENTS, seconds=120, what="drained"
        )
        assert threads_of(flow) < MOST_THREADS
        assert files_of(flow) < OPEN_FILES // 2
        began, spent = seconds(), cpu_seconds(flow)
        until(lambda: seconds() - began >= 10, what="ten seconds at rest", seconds=30)
        share = (cpu_seconds(flow) - spent) / (seconds() - began)
        print(
            f"{PARTITIONS} partitions: {threads_of(flow)} threads, {files_of(flow)} files, "
            f"{share:.0%} of a core at rest"
        )
        assert share < MOST_IDLE_SHARE
        flow.terminate()
        assert flow.wait(seconds=30) == 0, flow.tail()
    assert sound_account(settings)["read"] == EVENTS


def seconds() -> float:
    return os.times().elapsed
