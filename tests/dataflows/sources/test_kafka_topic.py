from __future__ import annotations

from collections.abc import Callable

import pytest

from dataflows.sources import kafka_topic
from dataflows.sources.kafka_topic import TopicInspector
from lakehouse.errors import Unavailable
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
