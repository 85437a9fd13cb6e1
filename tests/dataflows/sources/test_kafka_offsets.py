from __future__ import annotations

from types import SimpleNamespace

import pytest
from confluent_kafka import KafkaError, KafkaException

from dataflows.sources import kafka_offsets
from dataflows.sources.kafka_offsets import Held, partitions_held
from lakehouse.errors import Unavailable
from tests.dataflows.flow_cases import MockCluster

CLOSED = "127.0.0.1:9"


def test_each_partition_says_what_it_holds(mock_cluster: MockCluster) -> None:
    mock_cluster.produce("held", b"a", b"b", part=1)
    held = partitions_held(mock_cluster.client, mock_cluster.address, "held")
    assert held == {0: Held(0, 0), 1: Held(0, 2), 2: Held(0, 0), 3: Held(0, 0)}
    assert list(held) == sorted(held)


def test_a_topic_that_does_not_exist_is_an_error_that_says_what_to_do(
    mock_cluster: MockCluster,
) -> None:
    with pytest.raises(Unavailable) as missing:
        partitions_held(mock_cluster.client, mock_cluster.address, "nobody-made-it")
    assert str(missing.value) == (
        f"the broker at {mock_cluster.address} has no topic 'nobody-made-it': create it, or start "
        "its producer, then start again"
    )


def test_a_broker_out_of_reach_is_an_error_that_says_where_and_why(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(kafka_offsets, "REFUSED_AFTER_SECONDS", 1.0)
    client = {"bootstrap.servers": CLOSED, "group.id": "tests", "log_level": 0}
    with pytest.raises(Unavailable) as unreachable:
        partitions_held(client, CLOSED, "loans")
    assert str(unreachable.value).startswith(f"broker unreachable at {CLOSED} (")
    assert "Connection refused" in str(unreachable.value)
    assert "RISK_SOURCE" in str(unreachable.value)


class Settling:
    """A client of a broker that was just started: it does not know its partition at first."""

    code = KafkaError._UNKNOWN_PARTITION
    times = 3

    def __init__(self, _configuration: object) -> None:
        self.asked = 0

    def list_topics(self, topic: str, timeout: float) -> object:
        assert timeout > 0
        partition = SimpleNamespace(partition=0, leader=1)
        return SimpleNamespace(
            topics={topic: SimpleNamespace(error=None, partitions={0: partition})},
            brokers={1: SimpleNamespace(host="127.0.0.1", port=9092)},
        )

    def get_watermark_offsets(self, _partition: object, timeout: float) -> tuple[int, int]:
        assert timeout > 0
        self.asked += 1
        if self.asked <= self.times:
            raise KafkaException(KafkaError(self.code))
        return 2, 5

    def poll(self, _timeout: float) -> None: ...

    def close(self) -> None: ...


def test_a_partition_that_its_broker_does_not_know_yet_is_asked_for_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(kafka_offsets, "Consumer", Settling)
    monkeypatch.setattr(kafka_offsets, "ASK_AGAIN_AFTER_SECONDS", 0.01)
    assert partitions_held({}, "127.0.0.1:9092", "loans") == {0: Held(2, 5)}


def test_a_refusal_that_does_not_pass_is_told_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kafka_offsets, "Consumer", Settling)
    monkeypatch.setattr(Settling, "code", KafkaError.TOPIC_AUTHORIZATION_FAILED)
    monkeypatch.setattr(kafka_offsets, "ASK_AGAIN_AFTER_SECONDS", 0.01)
    with pytest.raises(Unavailable, match="does not say what loans holds"):
        partitions_held({}, "127.0.0.1:9092", "loans")
