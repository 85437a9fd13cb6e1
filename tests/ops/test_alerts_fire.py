"""Alerts of the flow, the API and what comes in, fired by their real faults on the running stack.

Each reaches silver with its runbook, then resolves. What is stored and what the jobs find is in
`test_alerts_fire_stores.py` and `test_alerts_fire_model.py`; which alerts promtool alone fires
(`test_alerts.py`), and why, is said in `BY_PROMTOOL`.
"""

import json
from pathlib import Path
from typing import Final

import psycopg
import pytest
from confluent_kafka import Producer

from tests.ledger import produce
from tests.ops.firing import RUNBOOKS, Watch, again_and_again, shut_out, stopped
from tests.ops.test_stack import ask_api
from tests.stack.stack import TOPIC, Stack
from tests.stack.watchers import ask_prometheus
from tests.stack.whole_path import an_event, make_key
from tests.waiting import until

pytestmark = [pytest.mark.long, pytest.mark.server, pytest.mark.timeout(900)]

BY_PROMTOOL: Final = {
    "ApiSlow": "needs more requests than this machine can both send and answer",
    "AuditEntriesLost": "needs silver and the disk of the API to fail for 50,000 answers",
    "BackgroundFailing": "needs an error in our own code",
    "FlowMemoryHigh": "needs a leak",
    "GoldCommitSlow": "needs a store slow enough for the alert and quick enough for a commit",
}


def test_alerts_of_processes_that_end(stack: Stack) -> None:
    watch = Watch(stack)
    with stopped(stack, "score", "exporter", "api"):
        watch.fires("FlowDown", "ExporterDown", "ApiDown")
    watch.resolves("FlowDown", "ExporterDown", "ApiDown")


def test_alerts_of_a_flow_that_starts_again_and_again(stack: Stack) -> None:
    watch = Watch(stack)
    for _ in range(4):
        before = started_at(stack)
        stack.servers["score"].kill()
        until(
            lambda before=before: started_at(stack) > before,  # type: ignore[misc]
            what="the flow's next process scraped",
            seconds=60,
            every=0.2,
        )
    watch.fires("FlowRestarting")
    watch.resolves("FlowRestarting")


def started_at(stack: Stack) -> float:
    """Return when the newest process of the flow that was scraped began; 0 without one."""
    query = 'process_start_time_seconds{job="flow"}'
    return max((at for _, at in ask_prometheus(stack.url("prometheus"), query)), default=0.0)


def test_alerts_of_silver_that_is_locked(stack: Stack) -> None:
    """As a migration or a person's transaction may lock it: the flow waits, then catches up."""
    watch = Watch(stack)
    with psycopg.connect(stack.owner_dsn) as connection:
        connection.execute("lock table silver.decisions in access exclusive mode")
        produce(stack.source, 15_000, seed=99)
        watch.fires("FlowStalled", "FlowLagGrowing")
    watch.fires("EventLatencyBurnsFast", "EventLatencyBurnsSlowly")
    watch.resolves("FlowStalled", "FlowLagGrowing", "EventLatencyBurnsFast")


def test_alerts_of_users_that_silver_refuses(stack: Stack) -> None:
    watch = Watch(stack)
    key = known_key(stack)
    asking = again_and_again(lambda: ask_api(stack, key, "/v1/decisions"))
    with shut_out(stack, "exporter", "api"), asking:
        watch.fires("StoreDown", "ApiErrorsBurnFast", "ApiErrorsBurnSlowly")
    with again_and_again(lambda: ask_api(stack, key, "/v1/decisions")):
        watch.resolves("StoreDown", "ApiErrorsBurnFast", "ApiErrorsBurnSlowly")


def test_alerts_of_a_store_that_does_not_answer(stack: Stack) -> None:
    """It hangs, which is worse than refusing: whoever asks waits."""
    watch = Watch(stack)
    stack.servers["s3"].pause()
    try:
        watch.fires("StoreDown")
    finally:
        stack.servers["s3"].resume()
    watch.resolves("StoreDown")


def test_alerts_of_what_comes_in(stack: Stack) -> None:
    watch = Watch(stack)
    producer = Producer({"bootstrap.servers": stack.broker.address})
    for number in range(400):
        producer.produce(TOPIC, b'{"broken": ', key=f"broken-{number}")
    for amount in range(2_000, 2_040):
        event = an_event("the-same-id") | {"loan_amnt": amount}
        producer.produce(TOPIC, json.dumps(event), key="the-same-id")
    producer.flush(30)
    with again_and_again(lambda: ask_api(stack, "crm_nobodys_key", "/v1/decisions")):
        watch.fires("QuarantineShareHigh", "ConflictsArrive", "ApiKeysRefused")
    watch.resolves("QuarantineShareHigh", "ConflictsArrive", "ApiKeysRefused")


def known_key(stack: Stack) -> str:
    """Make a key, and wait until the API knows it."""
    key = make_key(stack, "alerts", "score", "decisions:read")
    until(
        lambda: ask_api(stack, key, "/v1/decisions") == 200,
        what="the key known",
        seconds=60,
        every=0.5,
    )
    return key


def test_the_others_are_fired_by_promtool() -> None:
    """Each alert is fired by its fault in one of these files, or it is said why not."""
    files = Path(__file__).parent.glob("test_alerts_fire*.py")
    tests = [path.read_text(encoding="utf-8").partition("def test_")[2] for path in files]
    fired = {name for name in RUNBOOKS if any(f'"{name}"' in text for text in tests)}
    assert fired | BY_PROMTOOL.keys() == RUNBOOKS.keys()
    assert not fired & BY_PROMTOOL.keys()
