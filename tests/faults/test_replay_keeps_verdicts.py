"""What silver decided stays decided: gold takes it as stored, whatever the rules are by then."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.flow import run_module, running_flow
from tests.ledger import produce
from tests.servers.broker import Broker

EVENTS = 5_000


@pytest.mark.timeout(240)
def test_a_policy_changed_between_kill_and_replay_changes_nothing_that_was_decided(
    broker: Broker, new_topic: Callable[..., str], tmp_path: Path
) -> None:
    source = f"kafka://{broker.address}/{new_topic(partitions=2)}"
    # Gold does not commit before the kill: all of it comes from the replay.
    patient = {"RISK_GOLD_FLUSH_SECONDS": "3600", "RISK_GOLD_FLUSH_ROWS": "1000000"}
    settings = {"RISK_SOURCE": source, "RISK_HOME": str(tmp_path / "home")}
    produce(source, EVENTS, seed=21)
    with running_flow(
        settings | patient | {"RISK_GOLD_FLUSH_MIB": "1024"}, log=tmp_path / "first.log"
    ) as flow:
        flow.wait_until(
            lambda: flow.total("risk_events_read_total") >= EVENTS, seconds=60, what="drained"
        )
        flow.kill()

    produce(source, EVENTS, seed=22)
    with running_flow(
        settings | {"RISK_POLICY": "reference-1"}, log=tmp_path / "second.log"
    ) as flow:
        flow.wait_until(
            lambda: flow.total("risk_partition_position") >= 2 * EVENTS,
            seconds=60,
            what="drained again",
        )
        flow.terminate()
        assert flow.wait(seconds=30) == 0, flow.tail()

    check = run_module("lakehouse", "check", "--json", settings=settings)
    account = json.loads(check.stdout)
    assert check.returncode == 0, account
    assert (account["read"], account["gold_behind"]) == (2 * EVENTS, 0)
    done = run_module(
        "lakehouse",
        "sql",
        "select policy_version, count(*) as n from decisions group by all order by all",
        "--format",
        "json",
        settings=settings,
    )
    by_policy = {row["policy_version"]: row["n"] for row in json.loads(done.stdout)}
    assert by_policy.keys() == {"reference-1", "standard-2"}
    assert min(by_policy.values()) > 0.9 * EVENTS
