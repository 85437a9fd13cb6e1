"""A position that the source no longer holds: refused, or skipped by leave, never in silence."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from confluent_kafka import Consumer, Producer, TopicPartition
from confluent_kafka.admin import (  # type: ignore[attr-defined]  # public, but not in __all__
    AlterConfigOpType,
    ConfigEntry,
    ConfigResource,
    ResourceType,
)
from confluent_kafka.cimpl import NewPartitions

from tests.flow import FlowProcess, run_module, running_flow, sound_account
from tests.ledger import produce, simulated
from tests.servers.broker import Broker
from tests.waiting import until

REASON = "retention; the owner of the topic"
LAG = "risk_partition_lag_events"
# Gold's positions then wait for the 30 s of a table that rarely has a row.
SLOW_GOLD = {"RISK_GOLD_FLUSH_SECONDS": "3600"}


@pytest.fixture
def topic(apache_kafka: Broker, new_topic: Callable[..., str]) -> str:  # noqa: ARG001  (its kind)
    return new_topic()


@pytest.fixture
def settings(topic: str, broker: Broker, tmp_path: Path) -> dict[str, str]:
    return {
        "RISK_SOURCE": f"kafka://{broker.address}/{topic}",
        "RISK_HOME": str(tmp_path / "home"),
        "RISK_GOLD_FLUSH_SECONDS": "1",
    }


def expire(broker: Broker, topic: str, low: int) -> None:
    """Let the broker hold nothing below an offset, as retention does."""
    where = TopicPartition(topic, 0, low)
    admin = broker.admin()  # kept by name: a collected client gives up what it was asked
    admin.delete_records([where])[where].result(timeout=30)


def position(flow: FlowProcess) -> float:
    return flow.total("risk_partition_position")


def is_reading(flow: FlowProcess) -> bool:
    return bool(flow.metrics(LAG).get(LAG))


def run_to(settings: dict[str, str], log: Path, off: int) -> None:
    """Run the flow until silver has stored up to an offset, then stop it gracefully."""
    with running_flow(settings, log=log) as flow:
        flow.wait_until(lambda: is_reading(flow), seconds=60, what="reading")
        flow.wait_until(lambda: position(flow) >= off, seconds=60, what=f"at offset {off}")
        flow.terminate()
        assert flow.wait(seconds=30) == 0, flow.tail()


def refused(settings: dict[str, str]) -> str:
    """Start the flow, which must end with exit code 5 and one line; return that."""
    done = run_module(
        "bytewax.run",
        "dataflows.score",
        settings=settings | {"RISK_METRICS_ADDRESS": "127.0.0.1:0"},
        seconds=60,
    )
    assert done.returncode == 5, done.stderr
    return done.stderr.strip().splitlines()[-1]


def skipped(account: dict[str, Any], part: int = 0) -> list[tuple[str, int, int, str]]:
    (found,) = [each for each in account["partitions"] if each["part"] == part]
    return [
        (each["store"], each["from_off"], each["to_off"], each["reason"])
        for each in found["skipped"]
    ]


@pytest.mark.timeout(180)
def test_events_expired_while_the_flow_was_stopped_are_skipped_by_leave_in_silver_and_gold(
    settings: dict[str, str], broker: Broker, topic: str, tmp_path: Path
) -> None:
    produce(settings["RISK_SOURCE"], 300, seed=1)
    run_to(settings, tmp_path / "flow.log", 300)
    produce(settings["RISK_SOURCE"], 500, seed=2)
    expire(broker, topic, 450)

    for _ in range(2):
        assert "offsets 300 to 449" in refused(settings)
    run_to(settings | {"RISK_ALLOW_POSITION_LOSS": REASON}, tmp_path / "flow.log", 800)
    run_to(settings, tmp_path / "flow.log", 0)  # and once more, without leave

    account = sound_account(settings)
    assert (account["read"], account["gold_behind"]) == (650, 0)
    assert skipped(account) == [("silver", 300, 450, REASON)]
    said = run_module("lakehouse", "check", settings=settings).stdout
    assert f"offsets 300 to 449 were skipped: {REASON}" in said


@pytest.mark.long
@pytest.mark.timeout(180)
def test_events_expired_under_a_running_flow_end_it_and_are_skipped_by_leave(
    settings: dict[str, str], broker: Broker, topic: str, tmp_path: Path
) -> None:
    produce(settings["RISK_SOURCE"], 100, seed=1)
    with running_flow(settings, log=tmp_path / "flow.log") as flow:
        flow.wait_until(lambda: position(flow) >= 100, seconds=60, what="drained")
        flow.process.send_signal(signal.SIGSTOP)
        produce(settings["RISK_SOURCE"], 500, seed=2)
        expire(broker, topic, 600)
        produce(settings["RISK_SOURCE"], 50, seed=3)
        flow.process.send_signal(signal.SIGCONT)
        assert flow.wait(seconds=60) == 5, flow.tail()
        assert "position_lost" in flow.tail()

    run_to(settings | {"RISK_ALLOW_POSITION_LOSS": REASON}, tmp_path / "flow.log", 650)
    account = sound_account(settings)
    (lost,) = skipped(account)
    assert (lost[0], lost[2], lost[3]) == ("silver", 600, REASON)
    assert account["read"] == 650 - (600 - lost[1])
    assert account["gold_behind"] == 0


@pytest.mark.long
@pytest.mark.timeout(180)
def test_gold_behind_a_loss_takes_from_silver_what_that_holds(
    settings: dict[str, str], broker: Broker, topic: str, tmp_path: Path
) -> None:
    produce(settings["RISK_SOURCE"], 100, seed=1)
    run_to(settings, tmp_path / "flow.log", 100)
    produce(settings["RISK_SOURCE"], 100, seed=2)
    with running_flow(settings | SLOW_GOLD, log=tmp_path / "flow.log") as flow:
        flow.wait_until(lambda: position(flow) >= 200, seconds=60, what="drained")
        flow.kill()
    produce(settings["RISK_SOURCE"], 100, seed=3)
    expire(broker, topic, 250)

    assert "offsets 100 to 249" in refused(settings)
    run_to(settings | {"RISK_ALLOW_POSITION_LOSS": REASON}, tmp_path / "flow.log", 300)
    account = sound_account(settings)
    assert (account["read"], account["gold_behind"]) == (250, 0)
    assert skipped(account) == [("archive", 100, 200, REASON), ("silver", 200, 250, REASON)]
    (partition,) = account["partitions"]
    ended = ("decisions", "duplicates", "quarantine")
    assert sum(partition["gold"][table]["gold_rows"] for table in ended) == 250
    assert partition["gold"]["raw_events"]["gold_rows"] == 150


def recreate(broker: Broker, topic: str) -> None:
    admin = broker.admin()
    admin.delete_topics([topic])[topic].result(timeout=30)
    until(
        lambda: topic not in admin.list_topics(timeout=10).topics,
        what=f"{topic} is deleted",
        seconds=30,
    )
    broker.create_topic(topic)


@pytest.mark.timeout(300)
def test_a_recreated_topic_is_refused_by_its_id_and_read_from_its_beginning_by_leave(
    settings: dict[str, str], broker: Broker, topic: str, tmp_path: Path
) -> None:
    produce(settings["RISK_SOURCE"], 500, seed=1)
    run_to(settings, tmp_path / "flow.log", 500)
    recreate(broker, topic)
    sent = 0
    for again in (300, 500, 800):  # shorter than the old one, as long, longer
        produce(settings["RISK_SOURCE"], again - sent, seed=again)
        sent = again
        assert "deleted and recreated" in refused(settings)
    allowed = settings | {"RISK_ALLOW_POSITION_LOSS": REASON}
    run_to(allowed, tmp_path / "flow.log", 800)
    run_to(settings, tmp_path / "flow.log", 0)
    account = sound_account(settings)
    assert (account["read"], account["gold_behind"]) == (1_300, 0)
    old, new = sorted(account["partitions"], key=lambda each: len(each["topic"]))
    assert (old["topic"], new["topic"].partition("@")[0]) == (topic, topic)
    assert [each["from_off"] for each in old["skipped"]] == [500]
    assert (new["start_off"], new["read"]) == (0, 800)


@pytest.mark.long
@pytest.mark.timeout(180)
def test_a_topic_recreated_under_a_running_flow_ends_it_at_the_next_start_too(
    settings: dict[str, str], broker: Broker, topic: str, tmp_path: Path
) -> None:
    produce(settings["RISK_SOURCE"], 500, seed=1)
    with running_flow(settings, log=tmp_path / "flow.log") as flow:
        flow.wait_until(lambda: position(flow) >= 500, seconds=60, what="drained")
        recreate(broker, topic)
        produce(settings["RISK_SOURCE"], 800, seed=2)
        assert flow.wait(seconds=60) == 5, flow.tail()
    for _ in range(2):
        assert "deleted and recreated" in refused(settings)
    assert sound_account(settings)["read"] >= 500


def transactional(broker: Broker, topic: str) -> Producer:
    producer = Producer(
        {"bootstrap.servers": broker.address, "transactional.id": f"test-{topic}", "log_level": 0}
    )
    producer.init_transactions(30)
    return producer


def in_transaction(producer: Producer, topic: str, count: int, *, commit: bool) -> None:
    producer.begin_transaction()
    for event in simulated(count, seed=count):
        producer.produce(topic, event)
        producer.poll(0)
    producer.flush(30)
    if commit:
        producer.commit_transaction(30)
    else:
        producer.abort_transaction(30)


@pytest.mark.timeout(180)
def test_offsets_without_an_event_at_the_end_are_no_loss_and_no_lag(
    settings: dict[str, str], broker: Broker, topic: str, tmp_path: Path
) -> None:
    producer = transactional(broker, topic)
    in_transaction(producer, topic, 100, commit=True)
    with running_flow(settings | SLOW_GOLD, log=tmp_path / "flow.log") as flow:
        flow.wait_until(lambda: position(flow) == 101, seconds=60, what="behind the marker")
        in_transaction(producer, topic, 1_000, commit=False)
        flow.wait_until(lambda: position(flow) == 1_102, seconds=60, what="behind the aborted")
        flow.wait_until(
            lambda: set(flow.metrics(LAG).get(LAG, {}).values()) == {0},
            seconds=30,
            what="without lag",
        )
        flow.terminate()
        assert flow.wait(seconds=30) == 0, flow.tail()
    account = sound_account(settings)
    assert (account["read"], account["gold_behind"]) == (100, 0)
    (partition,) = account["partitions"]
    assert (partition["next_off"], partition["without_event"]) == (1_102, 1_002)

    expire(broker, topic, 1_102)
    in_transaction(producer, topic, 10, commit=True)
    run_to(settings, tmp_path / "flow.log", 1_113)
    account = sound_account(settings)
    assert (account["read"], skipped(account)) == (110, [])


@pytest.mark.timeout(180)
def test_a_clean_stop_after_a_quiet_spell_leaves_no_position_behind(
    settings: dict[str, str], broker: Broker, topic: str, tmp_path: Path
) -> None:
    produce(settings["RISK_SOURCE"], 100, seed=1)
    with running_flow(settings, log=tmp_path / "flow.log", arguments=("-s", "1")) as flow:
        flow.wait_until(lambda: position(flow) >= 100, seconds=60, what="drained")
        # Some epochs without data: a table without rows has then not taken its position yet.
        quiet_until = time.monotonic() + 4
        flow.wait_until(lambda: time.monotonic() > quiet_until, seconds=10, what="quiet")
        flow.terminate()
        assert flow.wait(seconds=30) == 0, flow.tail()
    assert sound_account(settings)["gold_behind"] == 0
    expire(broker, topic, 100)
    run_to(settings, tmp_path / "flow.log", 0)


@pytest.mark.long
@pytest.mark.timeout(180)
def test_added_partitions_end_the_flow_by_name_and_are_read_from_the_next_start_on(
    settings: dict[str, str], broker: Broker, topic: str, tmp_path: Path
) -> None:
    produce(settings["RISK_SOURCE"], 100, seed=1)
    with running_flow(settings, log=tmp_path / "flow.log") as flow:
        flow.wait_until(lambda: position(flow) >= 100, seconds=60, what="drained")
        admin = broker.admin()
        admin.create_partitions([NewPartitions(topic, 3)])[topic].result(timeout=30)
        assert flow.wait(seconds=60) == 7, flow.tail()
        assert "had 1 partitions when the flow started and has 3 now" in flow.tail()
    produce(settings["RISK_SOURCE"], 300, seed=2)
    with running_flow(settings, log=tmp_path / "flow.log") as flow:
        flow.wait_until(lambda: position(flow) >= 400, seconds=60, what="drained")
        flow.terminate()
        assert flow.wait(seconds=30) == 0, flow.tail()
    assert sound_account(settings)["read"] == 400


def compact(broker: Broker, topic: str) -> int:
    """Send applications under one key until the broker has removed some; return how many."""
    admin = broker.admin()
    quickly = ConfigResource(
        ResourceType.BROKER,
        "1",  # the node's number
        incremental_configs=[
            ConfigEntry(
                "log.cleaner.backoff.ms",
                "100",
                incremental_operation=AlterConfigOpType.SET,
            )
        ],
    )
    admin.incremental_alter_configs([quickly])[quickly].result(timeout=30)
    producer = Producer({"bootstrap.servers": broker.address})
    consumer = Consumer({"bootstrap.servers": broker.address, "group.id": f"first-{topic}"})
    events = simulated(5_000, seed=9)
    sent = 0

    def first_is_gone() -> bool:
        nonlocal sent
        producer.produce(topic, next(events), key="one")
        producer.flush(30)
        sent += 1
        consumer.assign([TopicPartition(topic, 0, 0)])
        (message,) = consumer.consume(1, timeout=10)
        return (message.offset() or 0) > 0

    until(first_is_gone, what="compacted", seconds=60, every=0.1)
    consumer.close()
    return sent


@pytest.mark.long
@pytest.mark.timeout(180)
def test_a_compacted_topic_is_said_and_what_is_gone_unread_is_counted(
    apache_kafka: Broker, new_topic: Callable[..., str], tmp_path: Path
) -> None:
    topic = new_topic(
        config={
            "cleanup.policy": "compact",
            "segment.ms": "100",
            "min.cleanable.dirty.ratio": "0.001",
            "max.compaction.lag.ms": "100",
        }
    )
    sent = compact(apache_kafka, topic)
    settings = {
        "RISK_SOURCE": f"kafka://{apache_kafka.address}/{topic}",
        "RISK_HOME": str(tmp_path / "home"),
    }
    log = tmp_path / "flow.log"
    run_to(settings, log, sent)
    assert "topic_is_compacted" in log.read_text()
    account = sound_account(settings)
    (partition,) = account["partitions"]
    assert 0 < partition["read"] < sent
    assert partition["read"] + partition["without_event"] == sent
    assert "offsets held no event" in run_module("lakehouse", "check", settings=settings).stdout
