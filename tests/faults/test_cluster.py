"""Two processes share a pipeline: one is killed, both come back, nothing is lost or there twice."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.flow import FlowProcess, sound_account, start_cluster
from tests.ledger import produce
from tests.servers.broker import Broker

EVENTS = 20_000


@pytest.mark.timeout(240)
def test_a_cluster_that_loses_a_process_resumes_with_an_exact_account(
    broker: Broker, new_topic: Callable[..., str], tmp_path: Path
) -> None:
    source = f"kafka://{broker.address}/{new_topic(partitions=4)}"
    settings = {"RISK_SOURCE": source, "RISK_HOME": str(tmp_path / "home")}
    produce(source, EVENTS, seed=31)
    with ExitStack() as stack:
        flows = start_cluster(stack, settings, folder=made(tmp_path / "before"), processes=2)
        flows[1].wait_until(lambda: read(flows[1]) > 0, seconds=60, what="at work")
        flows[1].kill()
        flows[0].kill()
    with ExitStack() as stack:
        flows = start_cluster(stack, settings, folder=made(tmp_path / "after"), processes=2)
        flows[0].wait_until(
            lambda: sum(each.total("risk_partition_position") for each in flows) >= EVENTS,
            seconds=90,
            what="drained",
        )
        for flow in flows:
            flow.terminate()
        assert [flow.wait(seconds=30) for flow in flows] == [0, 0], flows[0].tail()
    account = sound_account(settings)
    assert (account["read"], account["gold_behind"]) == (EVENTS, 0)


def read(flow: FlowProcess) -> float:
    return flow.total("risk_events_read_total")


def made(folder: Path) -> Path:
    folder.mkdir()
    return folder
