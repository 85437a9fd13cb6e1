"""Refused events reach the dead letter topic: each at least once, whatever is killed when."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest
from confluent_kafka import Consumer, TopicPartition

from dataflows import relay
from lakehouse.errors import Unavailable
from lakehouse.postgres.migrate import migrate
from tests.flow import ROOT, environment, run_module
from tests.lakehouse.quarantine_cases import FilledStores
from tests.lakehouse.silver_cases import TOPIC
from tests.risk.applications import as_bytes
from tests.servers.broker import Broker
from tests.waiting import until

BROKEN = (b'{"id": 4', b"\xff\xfe", b"[]")
Letter = tuple[int, bytes]


@pytest.fixture
def stores(postgres: str, tmp_path: Path) -> Iterator[FilledStores]:
    """One event decided, three refused, in one partition."""
    migrate(postgres)
    stores = FilledStores(postgres, str(tmp_path / "lake"))
    stores.read([as_bytes(id=1), *BROKEN])
    yield stores
    stores.close()


@pytest.fixture
def settings(
    stores: FilledStores, broker: Broker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> dict[str, str]:
    told = {
        "RISK_HOME": str(tmp_path),
        "RISK_SILVER_DSN": stores.silver,
        "RISK_SOURCE": f"kafka://{broker.address}/{TOPIC}",
    }
    for name, value in told.items():
        monkeypatch.setenv(name, value)
    return told


@pytest.fixture
def to(broker: Broker, new_topic: Callable[..., str]) -> str:
    return f"kafka://{broker.address}/{new_topic()}"


def letters(url: str) -> list[Letter]:
    """Read the topic to its end: the offset that each dead letter names, and its value."""
    address, topic = url.removeprefix("kafka://").split("/")
    consumer = Consumer(
        {"bootstrap.servers": address, "group.id": "t", "enable.partition.eof": True}
    )
    consumer.assign([TopicPartition(topic, 0, 0)])
    found: list[Letter] = []
    while True:
        message = consumer.poll(10)
        assert message is not None, "the topic did not end within 10 s"
        if message.error():
            consumer.close()
            return found
        off = dict(message.headers() or [])["__connect.errors.offset"]
        assert isinstance(off, bytes)
        found.append((int(off), message.value() or b""))


def test_each_refused_event_is_sent_once_and_the_next_run_sends_what_came_since(
    settings: dict[str, str], to: str, stores: FilledStores, capsys: pytest.CaptureFixture[str]
) -> None:
    assert relay.main(["--to", to]) == 0
    assert capsys.readouterr().out == f"3 dead letters sent to {to}\n"
    assert letters(to) == [*enumerate(BROKEN, start=1)]
    assert relay.main(["--to", to]) == 0
    stores.read([b"{"], first_off=4)
    assert relay.main(["--to", to]) == 0
    assert letters(to) == [*enumerate((*BROKEN, b"{"), start=1)]
    assert settings


def test_without_a_target_it_is_the_sources_topic_with_dlq_and_is_made(
    settings: dict[str, str],
) -> None:
    assert relay.main([]) == 0
    assert [off for off, _ in letters(f"{settings['RISK_SOURCE']}.dlq")][-3:] == [1, 2, 3]


def test_what_was_sent_and_not_noted_is_sent_again(
    settings: dict[str, str], to: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def dies(*_: object, **__: object) -> None:
        raise Unavailable("killed before it was noted")

    with monkeypatch.context() as patch:
        patch.setattr(relay, "advance_relayed", dies)
        assert relay.main(["--to", to]) == 4
    assert relay.main(["--to", to]) == 0
    assert [off for off, _ in letters(to)] == [1, 2, 3, 1, 2, 3]
    assert settings


def test_many_are_sent_page_by_page_in_their_order(
    settings: dict[str, str], to: str, stores: FilledStores, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(relay, "_AT_ONCE", 2)
    stores.read([b"{"] * 6, first_off=4)
    assert relay.main(["--to", to]) == 0
    assert [off for off, _ in letters(to)] == [*range(1, 10)]
    assert settings


def test_what_was_recovered_or_erased_before_is_left_out(
    settings: dict[str, str], to: str, stores: FilledStores
) -> None:
    stores.read([b"[" + as_bytes(id=9) + b"]", b"{"], first_off=4)
    assert stores.replay().decided == 1
    with psycopg.connect(stores.silver) as connection:
        connection.execute("update silver.quarantine set code = 'erased', raw = null where off = 5")
    assert relay.main(["--to", to]) == 0
    assert [off for off, _ in letters(to)] == [1, 2, 3]
    assert settings


def test_another_topics_refused_events_stay_and_a_recreated_ones_go(
    settings: dict[str, str], to: str, stores: FilledStores
) -> None:
    with psycopg.connect(stores.silver) as connection:
        for table in ("quarantine", "progress"):
            connection.execute(f"update silver.{table} set topic = topic || '@8fLz'".encode())
    assert relay.main(["--to", to]) == 0
    assert [off for off, _ in letters(to)] == [1, 2, 3]
    with psycopg.connect(stores.silver) as connection:
        for table in ("quarantine", "progress"):
            connection.execute(f"update silver.{table} set topic = 'another'".encode())
    assert relay.main(["--to", to]) == 0
    assert len(letters(to)) == 3
    assert settings


def test_a_run_is_kept_with_how_many_it_sent_and_one_without_any_is_not(
    settings: dict[str, str], to: str, stores: FilledStores
) -> None:
    for _ in range(2):
        assert relay.main(["--to", to]) == 0
    with psycopg.connect(stores.silver) as connection:
        runs = connection.execute("select job, outcome, figures from silver.job_runs").fetchall()
    assert runs == [("relay", "ok", {"sent": 3})]
    assert settings


def test_a_broker_that_does_not_answer_ends_it_with_one_line_and_nothing_noted(
    settings: dict[str, str], stores: FilledStores
) -> None:
    done = run_module("dataflows.relay", "--to=kafka://127.0.0.1:9/loans.dlq", settings=settings)
    assert done.returncode == 4
    assert done.stderr.startswith("unavailable: broker unreachable at 127.0.0.1:9: ")
    assert done.stderr.count("\n") == 1
    with psycopg.connect(stores.silver) as connection:
        assert connection.execute("select * from silver.relayed").fetchall() == []


def test_what_a_file_refused_has_no_topic(settings: dict[str, str]) -> None:
    done = run_module("dataflows.relay", settings=settings | {"RISK_SOURCE": "loans.csv"})
    assert done.returncode == 2
    assert "quarantine" in done.stderr


def test_as_a_service_it_sends_what_comes_and_ends_when_asked_to(
    settings: dict[str, str], to: str, stores: FilledStores
) -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "dataflows.relay", "--to", to, "--every", "0.2"],
        cwd=ROOT,
        env=environment(settings),
    )
    try:
        until(lambda: len(letters(to)) == 3, what="sent", seconds=60)
        stores.read([b"{"], first_off=4)
        until(lambda: len(letters(to)) == 4, what="sent what came", seconds=60)
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=30) == 0
    finally:
        process.kill()
        process.wait()
