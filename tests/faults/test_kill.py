"""Kill the real flow at any instant: nothing is lost and nothing is there twice."""

from __future__ import annotations

import os
import random
import subprocess
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest

from tests.flow import FlowProcess, ask, running_flow, sound_account
from tests.ledger import Ledger, produce
from tests.servers.broker import Broker

EVENTS = 100_000
KILLS = 5
PARTITIONS = 3
SENT_BEFORE_A_KILL = 1_500
# A start takes about half of it.
LONGEST_LIFE_SECONDS = 6.0


@pytest.fixture
def settings(broker: Broker, new_topic: Callable[..., str], tmp_path: Path) -> dict[str, str]:
    topic = new_topic(partitions=PARTITIONS)
    return {
        "RISK_SOURCE": f"kafka://{broker.address}/{topic}",
        "RISK_HOME": str(tmp_path / "home"),
        "RISK_GOLD_FLUSH_SECONDS": "1",
    }


def drained(flow: FlowProcess, total: int) -> Callable[[], bool]:
    return lambda: positions_sum(flow) >= total


def positions_sum(flow: FlowProcess) -> float:
    return flow.total("risk_partition_position")


@pytest.mark.long
@pytest.mark.timeout(600)
def test_five_kills_over_a_hundred_thousand_events_leave_an_exact_ledger(
    settings: dict[str, str], tmp_path: Path
) -> None:
    ledger = produce(settings["RISK_SOURCE"], EVENTS, seed=7)
    seed = int(os.environ.get("TEST_SEED", "20261122"))
    shares = sorted(random.Random(seed).uniform(0.02, 0.95) for _ in range(KILLS))
    log = tmp_path / "flow.log"
    for share in shares:
        with running_flow(settings, log=log, arguments=("-s", "1")) as flow:
            flow.wait_until(
                drained(flow, int(share * EVENTS)),
                seconds=120,
                what=f"at {share:.0%} (seed {seed})",
            )
            flow.kill()
    with running_flow(settings, log=log, arguments=("-s", "1")) as flow:
        flow.wait_until(drained(flow, EVENTS), seconds=180, what="drained")
        flow.terminate()
        assert flow.wait(seconds=30) == 0, flow.tail()

    account = sound_account(settings)
    assert (account["balanced"], account["gold_equals_silver"]) == (True, True), account
    assert account["read"] == EVENTS
    assert_ledger(ledger, settings)


@pytest.mark.timeout(900)
def test_kills_at_any_instant_of_a_run_its_start_included_leave_an_exact_ledger(
    settings: dict[str, str], tmp_path: Path
) -> None:
    """On demand 40 of them: ``TEST_KILLS=40``."""
    kills = int(os.environ.get("TEST_KILLS", "4"))
    seed = int(os.environ.get("TEST_SEED", "20261201"))
    chance = random.Random(seed)
    log = tmp_path / "flow.log"
    ledger = Ledger()
    for number in range(kills):
        some = produce(settings["RISK_SOURCE"], SENT_BEFORE_A_KILL, seed=number)
        ledger.acknowledged |= some.acknowledged
        with running_flow(settings, log=log, arguments=("-s", "1")) as flow:
            lives = chance.uniform(0, LONGEST_LIFE_SECONDS)
            with suppress(subprocess.TimeoutExpired):
                flow.process.wait(timeout=lives)
            assert flow.process.returncode is None, f"seed {seed}, kill {number}: {flow.tail()}"
            flow.kill()
    total = kills * SENT_BEFORE_A_KILL
    with running_flow(settings, log=log, arguments=("-s", "1")) as flow:
        flow.wait_until(drained(flow, total), seconds=180, what=f"drained (seed {seed})")
        flow.terminate()
        assert flow.wait(seconds=30) == 0, flow.tail()

    account = sound_account(settings)
    assert (account["balanced"], account["gold_equals_silver"]) == (True, True), account
    assert (account["read"], account["gold_behind"]) == (total, 0)
    assert_ledger(ledger, settings)


def assert_ledger(ledger: Ledger, settings: dict[str, str]) -> None:
    """Recompute from the producer's own ledger which offset must be in which table, once."""
    ended: list[tuple[int, int]] = []
    for table in ("decisions", "duplicates", "quarantine"):
        ended += [
            (row["part"], row["off"]) for row in ask(settings, f"select part, off from {table}")
        ]
    assert len(ended) == len(set(ended)), "an event ended twice"
    assert set(ended) == set(ledger.acknowledged)
