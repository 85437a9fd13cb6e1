from __future__ import annotations

from collections.abc import Callable

import pytest

from dataflows.sources import kafka_topic
from dataflows.sources.kafka_topic import TopicInspector, ensure_topic
from lakehouse.errors import Unavailable
from lakehouse.kafka.address import KafkaSource
from lakehouse.kafka.client import client_configuration
from lakehouse.settings.settings import Settings
from tests.servers.broker import Broker

CLOSED = "127.0.0.1:9"


def inspector(broker: Broker, topic: str) -> TopicInspector:
    return TopicInspector({"bootstrap.servers": broker.address, "group.id": "tests"}, topic)


def test_a_topic_has_an_id_of_its_own_and_so_many_partitions(
    apache_kafka: Broker, new_topic: Callable[..., str]
) -> None:
    one, other = new_topic(partitions=3), new_topic()
    facts = inspector(apache_kafka, one).facts()
    assert facts == inspector(apache_kafka, one).facts()
    assert facts.partitions == 3
    assert facts.topic_id
    assert facts.topic_id != inspector(apache_kafka, other).facts().topic_id


@pytest.mark.parametrize(
    ("policy", "is_compacted"), [("delete", False), ("compact", True), ("compact,delete", True)]
)
def test_the_broker_says_whether_a_topic_is_compacted(
    apache_kafka: Broker,
    new_topic: Callable[..., str],
    policy: str,
    is_compacted: bool,  # noqa: FBT001
) -> None:
    topic = new_topic(config={"cleanup.policy": policy})
    assert inspector(apache_kafka, topic).is_compacted() is is_compacted


def test_a_broker_that_does_not_answer_is_unavailable_and_says_nothing_of_compaction(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(kafka_topic, "ANSWER_WITHIN_SECONDS", 0.5)
    nobody = TopicInspector({"bootstrap.servers": CLOSED, "log_level": 0}, "loans")
    with pytest.raises(Unavailable, match=r"topic loans .*RISK_SOURCE"):
        nobody.facts()
    assert nobody.is_compacted() is None


def test_a_topic_that_is_gone_is_unavailable(apache_kafka: Broker) -> None:
    with pytest.raises(Unavailable, match="nobody-made-it"):
        inspector(apache_kafka, "nobody-made-it").facts()


def test_an_unreachable_broker_is_one_error_that_says_where_and_why_and_prints_nothing(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(kafka_topic, "ANSWER_WITHIN_SECONDS", 1.0)
    configuration = client_configuration(Settings(), CLOSED)
    with pytest.raises(Unavailable) as unreachable:
        ensure_topic(configuration, KafkaSource(CLOSED, "loans"), partitions=3)
    assert unreachable.value.exit_code == 4
    assert str(unreachable.value).startswith("broker unreachable at 127.0.0.1:9: ")
    assert "Connection refused" in str(unreachable.value)
    assert capfd.readouterr() == ("", "")


def test_a_missing_topic_is_created_and_one_that_exists_is_left_as_it_is(
    broker: Broker, new_topic: Callable[..., str]
) -> None:
    configuration = client_configuration(Settings(), broker.address)
    existing = KafkaSource(broker.address, new_topic(partitions=2))
    missing = KafkaSource(broker.address, f"{existing.topic}-missing")
    assert ensure_topic(configuration, existing, partitions=5) == 2
    assert ensure_topic(configuration, missing, partitions=5) == 5
    assert ensure_topic(configuration, missing, partitions=7) == 5


def test_a_topic_that_the_broker_refuses_to_create_is_an_error_that_says_so(
    apache_kafka: Broker,
) -> None:
    configuration = client_configuration(Settings(), apache_kafka.address)
    impossible = KafkaSource(apache_kafka.address, "loans")
    with pytest.raises(Unavailable, match="does not create topic loans: "):
        ensure_topic(configuration, impossible, partitions=0)
