from __future__ import annotations

import pytest

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
