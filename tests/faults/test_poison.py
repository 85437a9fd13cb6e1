"""Poison on the topic: the process never exits, each is refused once, its neighbours land."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.faults.poison import neighbours, poison
from tests.flow import ask, running_flow, sound_account
from tests.ledger import send
from tests.servers.broker import Broker


@pytest.mark.timeout(300)
def test_each_poison_is_refused_once_with_its_code_and_its_neighbours_land(
    broker: Broker, new_topic: Callable[..., str], tmp_path: Path
) -> None:
    topic = new_topic(config={"max.message.bytes": str(16 << 20)})
    settings = {
        "RISK_SOURCE": f"kafka://{broker.address}/{topic}",
        "RISK_HOME": str(tmp_path / "home"),
    }
    poisoned = poison(1_000)
    good = neighbours(5_000, len(poisoned))
    events = [event for _, value, _ in poisoned for event in (value, good.pop())]
    # The same id again: with the same content, and with other content; and out of order.
    events += [neighbours(5_000, 1)[0], neighbours(5_000, 1)[0].replace(b"RENT", b"OWN")]
    send(settings["RISK_SOURCE"], events)

    with running_flow(settings, log=tmp_path / "flow.log") as flow:
        flow.wait_until(
            lambda: flow.total("risk_partition_position") >= len(events),
            seconds=120,
            what="through the poison",
        )
        flow.terminate()
        assert flow.wait(seconds=30) == 0, flow.tail()

    refused = {row["off"]: row["code"] for row in ask(settings, "select off, code from quarantine")}
    decided = {row["off"] for row in ask(settings, "select off from decisions")}
    found = {
        what: refused.get(2 * index, "decided" if 2 * index in decided else "nowhere")
        for index, (what, _, _) in enumerate(poisoned)
    }
    assert found == {what: code or "decided" for what, _, code in poisoned}
    assert {2 * index + 1 for index in range(len(poisoned))} <= decided, "a neighbour is missing"
    duplicates = ask(settings, "select off, is_conflict from duplicates order by off")
    assert [row["is_conflict"] for row in duplicates] == [False, True]
    sound_account(settings)
