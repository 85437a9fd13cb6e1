"""Alerts fired by their real faults on the running stack: each reaches silver, then resolves.

Windows and waits are a twentieth of what ships; thresholds are not touched. Which alerts are fired
by promtool only (`test_alerts.py`), and why, is said in `BY_PROMTOOL`.
"""

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

import psycopg
import pytest
import yaml
from confluent_kafka import Producer
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict

from lakehouse.signals.alerts import list_alerts
from tests.ledger import produce
from tests.ops.test_stack import ask_api
from tests.project.tree import ROOT
from tests.stack.stack import TOPIC, Stack, running_stack
from tests.stack.watchers import ask_prometheus
from tests.stack.whole_path import an_event, make_key
from tests.waiting import until

pytestmark = [pytest.mark.long, pytest.mark.server, pytest.mark.timeout(900)]

RULES: Final = ROOT / "ops" / "prometheus" / "rules" / "alerts.yml"
RUNBOOKS: Final[dict[str, str]] = {
    rule["alert"]: rule["annotations"]["runbook"]
    for group in yaml.safe_load(RULES.read_text(encoding="utf-8"))["groups"]
    for rule in group["rules"]
}
NOT_YET: Final = "its fault is not made here yet"
BY_PROMTOOL: Final = {
    "ApiSlow": "needs a machine slower than this one under more than it can take",
    "AuditEntriesLost": "needs silver and the disk of the API to fail for 50,000 answers",
    "BackgroundFailing": "needs an error in our own code",
    "DefaultsAboveExpected": "needs a closed month of loans and their outcomes",
    "FeaturesDrift": "needs two closed months of decisions",
    "FlowMemoryHigh": "needs a leak",
    "GoldCommitSlow": "needs a store that answers, slowly, for minutes",
    "RankingWeakens": "needs a closed month of decisions",
    "EventsUnaccounted": NOT_YET,
    "GoldDiffersFromSilver": NOT_YET,
    "GoldStalled": NOT_YET,
    "JobFailed": NOT_YET,
    "JobLate": NOT_YET,
    "RulesRefused": NOT_YET,
    "ScoreDrifts": "needs two closed months of decisions",
    "StoreRetrying": NOT_YET,
    "WatchlistShareShifted": "needs a day of decisions before it",
}
HASTE: Final = 20
FIRES_WITHIN: Final = 150.0
RESOLVES_WITHIN: Final = 300.0

Mend = Callable[[], object]


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    with running_stack(tmp_path_factory.mktemp("alerts"), rate=50, haste=HASTE) as running:
        if running.missing:
            pytest.skip("; ".join(running.missing.values()))
        with tended(running):
            yield running


@contextmanager
def tended(stack: Stack) -> Iterator[None]:
    """Start again what ends, as compose does, as long as the context."""
    over = threading.Event()

    def tend() -> None:
        while not over.wait(0.5):
            stack.tend()

    thread = threading.Thread(target=tend)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


class Watch:
    """What the receiver stored since the fault began."""

    def __init__(self, stack: Stack) -> None:
        self._dsn = stack.owner_dsn
        self._since = datetime.now(UTC)

    def runs(self, name: str) -> list[tuple[str, bool]]:
        """Return the runbook of each firing of an alert, and whether it is over."""
        return [
            (each.annotations["runbook"], each.ended_at is not None)
            for each in list_alerts(self._dsn, self._since - timedelta(minutes=5))
            if each.name == name and (each.ended_at is None or each.ended_at > self._since)
        ]

    def fires(self, *names: str) -> None:
        """Wait until each has reached silver, with its runbook."""
        for name in names:
            until(
                lambda name=name: any(not over for _, over in self.runs(name)),  # type: ignore[misc]
                what=f"{name} in silver",
                seconds=FIRES_WITHIN,
                every=0.5,
            )
            assert {runbook for runbook, _ in self.runs(name)} == {RUNBOOKS[name]}

    def resolves(self, *names: str) -> None:
        """Wait until each is over."""
        for name in names:
            until(
                lambda name=name: all(over for _, over in self.runs(name)),  # type: ignore[misc]
                what=f"{name} resolved",
                seconds=RESOLVES_WITHIN,
                every=0.5,
            )


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
    key = make_key(stack, "alerts", "score", "decisions:read")
    until(
        lambda: ask_api(stack, key, "/v1/decisions") == 200,
        what="the key known",
        seconds=60,
        every=0.5,
    )
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


def test_the_others_are_fired_by_promtool() -> None:
    """Each alert is fired by its fault above, or it is said why not."""
    text = Path(__file__).read_text(encoding="utf-8")
    fired = {name for name in RUNBOOKS if f'"{name}"' in text.partition("def test_alerts_of")[2]}
    assert fired | BY_PROMTOOL.keys() == RUNBOOKS.keys()
    assert not fired & BY_PROMTOOL.keys()


@contextmanager
def stopped(stack: Stack, *names: str) -> Iterator[None]:
    """Keep services down as long as the context; who tends them leaves them alone."""
    stack.paused.update(names)
    for name in names:
        stack.servers[name].stop()
    try:
        yield
    finally:
        stack.paused.difference_update(names)
    stack.tend()
    stack.wait_until_well(*names)


@contextmanager
def shut_out(stack: Stack, *services: str) -> Iterator[None]:
    """Let Postgres refuse the users of some services."""
    users = [
        sql.Identifier(str(conninfo_to_dict(stack.secret(f"silver_dsn_{name}"))["user"]))
        for name in services
    ]
    with psycopg.connect(stack.owner_dsn, autocommit=True) as connection:
        for user in users:
            connection.execute(sql.SQL("alter role {} nologin").format(user))
        ends = "select pg_terminate_backend(pid) from pg_stat_activity where usename = any(%s)"
        connection.execute(ends, ([user.as_string().strip('"') for user in users],))
        try:
            yield
        finally:
            for user in users:
                connection.execute(sql.SQL("alter role {} login").format(user))


@contextmanager
def again_and_again(work: Callable[[], object]) -> Iterator[None]:
    """Do it ten times a second as long as the context."""
    over = threading.Event()

    def do() -> None:
        while not over.wait(0.1):
            with suppress(OSError):
                work()

    threads = [threading.Thread(target=do) for _ in range(3)]
    with ExitStack() as exits:
        for thread in threads:
            thread.start()
            exits.callback(thread.join)
        exits.callback(over.set)
        yield
