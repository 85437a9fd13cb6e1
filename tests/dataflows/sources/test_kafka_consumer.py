"""One client deals out what it fetched to the partitions that a thread reads."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pytest
from confluent_kafka import OFFSET_INVALID, KafkaError, Message, TopicPartition

from dataflows.sources import kafka_consumer
from dataflows.sources.kafka_consumer import Consumers, SharedConsumer
from dataflows.sources.kafka_reader import KafkaReader
from lakehouse.errors import PositionLost, Unavailable
from tests.dataflows.flow_cases import MockCluster
from tests.ledger import send
from tests.servers.broker import Broker
from tests.waiting import until

PARTS = 3


class Scripted:
    """Hands over what it is told to, and remembers what it was asked."""

    def __init__(self, _configuration: object) -> None:
        self.assigned: list[list[tuple[int, int]]] = []
        self.waits: list[float] = []
        self.script: list[list[Message]] = []
        self.closed = 0

    def assign(self, partitions: list[TopicPartition]) -> None:
        self.assigned.append([(each.partition, each.offset) for each in partitions])

    def consume(self, _count: int, timeout: float) -> list[Message]:
        self.waits.append(timeout)
        return self.script.pop(0) if self.script else []

    def get_watermark_offsets(self, _partition: TopicPartition, *, cached: bool) -> tuple[int, int]:
        assert cached
        return OFFSET_INVALID, OFFSET_INVALID

    def close(self) -> None:
        self.closed += 1


@pytest.fixture
def client(monkeypatch: pytest.MonkeyPatch) -> Scripted:
    made = Scripted({})
    monkeypatch.setattr(kafka_consumer, "Consumer", lambda _configuration: made)
    return made


@pytest.fixture
def readers(client: Scripted) -> list[KafkaReader]:
    """Readers of three partitions, each at offset 0, of one client."""
    assert client.assigned == []
    consumer = SharedConsumer({}, "loans", partitions=PARTS, most_at_once=10)
    return [KafkaReader(consumer, "loans", part, start=0, max_messages=10) for part in range(PARTS)]


def an_event(part: int, off: int, size: int = 3) -> Message:
    value = b"%d" % off + b"x" * size
    return Message(topic="loans", partition=part, offset=off, key=b"k", value=value)


def an_error(part: int, code: int, off: int = -1001) -> Message:
    return Message(
        topic="loans", partition=part, offset=off, value=b"", error=KafkaError(code, "so it is")
    )


def offs(reader: KafkaReader, wait_seconds: float = 0.0) -> list[int]:
    batch = reader.read(wait_seconds)
    return [] if batch is None else batch.offsets.tolist()


def failure(reader: KafkaReader) -> Unavailable:
    """What the reader raises, within a turn."""
    try:
        for _ in range(PARTS):
            reader.read(0.0)
    except Unavailable as error:
        return error
    raise AssertionError("nothing was raised")


def test_each_partition_gets_its_own_in_order(client: Scripted, readers: list[KafkaReader]) -> None:
    client.script = [
        [an_event(1, 0), an_event(0, 0), an_event(1, 1), an_event(2, 0), an_event(0, 1)]
    ]
    assert [offs(reader) for reader in readers] == [[0, 1], [0, 1], [0]]
    assert client.assigned == [[(0, 0), (1, 0), (2, 0)]]


def test_a_partition_that_comes_later_is_assigned_and_the_others_go_on_where_they_were(
    client: Scripted, readers: list[KafkaReader]
) -> None:
    client.script = [[an_event(0, 0), an_event(1, 0), an_event(1, 1)]]
    assert offs(readers[0]) == [0]
    late = KafkaReader(readers[0]._consumer, "loans", 7, start=40, max_messages=10)
    client.script = [[an_event(7, 40)]]
    assert offs(late) == [40]
    assert client.assigned[-1] == [(0, 1), (1, 2), (2, 0), (7, 40)]
    assert offs(readers[1]) == [0, 1]


def test_what_waits_is_bounded_whichever_partition_it_is_of(
    client: Scripted, readers: list[KafkaReader], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kafka_consumer, "_MOST_WAITING_BYTES", 2_500)
    client.script = [
        [an_event(1, off, size=500) for off in range(9 * n, 9 * n + 9)] for n in range(9)
    ]
    assert offs(readers[0]) == []
    asked = len(client.waits)
    assert offs(readers[0]) == []
    assert len(client.waits) == asked  # nothing more is fetched until the other one is taken
    assert offs(readers[1]) == [*range(9)]
    assert offs(readers[1]) == [*range(9, 18)]


def test_partitions_at_rest_wait_once_a_turn_as_long_as_all_would(
    client: Scripted, readers: list[KafkaReader]
) -> None:
    for _ in range(4):
        for reader in readers:
            assert reader.read(0.01) is None
    first, *later = client.waits
    assert first == pytest.approx(0.01, abs=0.005)
    assert later == [pytest.approx(0.03, abs=0.015)] * 3


def test_an_error_ends_its_own_partition_after_what_came_before(
    client: Scripted, readers: list[KafkaReader]
) -> None:
    client.script = [
        [
            an_event(0, 0),
            an_error(0, KafkaError.OFFSET_OUT_OF_RANGE),
            an_event(0, 5),
            an_event(1, 0),
        ],
        [an_event(0, 6)],
    ]
    assert offs(readers[0]) == [0]
    with pytest.raises(PositionLost, match=r"loans\[0\] at offset 1"):
        readers[0].read(0.0)
    assert offs(readers[1]) == [0]


def test_an_error_of_the_connection_ends_them_all(
    client: Scripted, readers: list[KafkaReader]
) -> None:
    client.script = [[an_event(2, 0)], [an_error(-1, KafkaError.SASL_AUTHENTICATION_FAILED)]]
    assert offs(readers[2]) == [0]
    for reader in readers:
        assert "refuses to be read" in str(failure(reader))


def test_the_end_is_reached_only_behind_what_waits(
    client: Scripted, readers: list[KafkaReader]
) -> None:
    client.script = [
        [*(an_event(0, off) for off in range(8)), an_event(1, 0)],
        [*(an_event(0, off) for off in range(8, 14)), an_error(0, KafkaError._PARTITION_EOF, 16)],
    ]
    assert offs(readers[1]) == [0]
    readers[1].read(0.0)
    first = readers[0].read(0.0)
    assert first is not None
    assert (first.next_off, len(first)) == (8, 8)
    second = readers[0].read(0.0)
    assert second is not None
    assert (second.first_off, second.next_off, len(second)) == (8, 16, 6)


def test_the_last_partition_leaves_the_broker(client: Scripted, readers: list[KafkaReader]) -> None:
    for reader in readers:
        assert client.closed == 0
        reader.close()
        reader.close()
    assert client.closed == 1
    assert readers[0].read(0.0) is None


def test_a_thread_has_one_client_and_another_once_that_is_closed(client: Scripted) -> None:
    consumers = Consumers(lambda: SharedConsumer({}, "loans", partitions=2, most_at_once=10))
    one = consumers.of_this_thread()
    assert consumers.of_this_thread() is one
    one.add(0, 0)
    one.drop(0)
    assert consumers.of_this_thread() is not one
    assert client.closed == 1


def test_many_partitions_come_whole_through_one_client(mock_cluster: MockCluster) -> None:
    made: dict[int, list[bytes]] = {}
    for part in range(4):
        made[part] = [b"%d-%d" % (part, off) for off in range(700)]
        mock_cluster.produce("dealt", *made[part], part=part)
    consumer = SharedConsumer(mock_cluster.client, "dealt", partitions=4, most_at_once=1_000)
    readers = [KafkaReader(consumer, "dealt", part, start=0, max_messages=300) for part in range(4)]
    came: dict[int, list[Any]] = {part: [] for part in range(4)}
    for _ in range(200):
        for reader in readers:
            batch = reader.read(0.02)
            came[reader.part] += [] if batch is None else list(batch.values)
        if all(len(some) == 700 for some in came.values()):
            break
    for reader in readers:
        reader.close()
    assert came == made


@pytest.mark.long
def test_a_reader_held_up_for_longer_than_the_poll_interval_reads_on(
    broker: Broker, new_topic: Callable[..., str]
) -> None:
    """As by a lock in Postgres: a member of a group would be thrown out of it."""
    topic = new_topic()
    url = f"kafka://{broker.address}/{topic}"
    interval_ms = 6_000  # the least that a broker takes
    client = {
        "bootstrap.servers": broker.address,
        "group.id": "held-up",
        "session.timeout.ms": interval_ms,
        "max.poll.interval.ms": interval_ms,
    }
    send(url, [b"a", b"b"])
    consumer = SharedConsumer(client, topic, partitions=1, most_at_once=10)
    reader = KafkaReader(consumer, topic, 0, start=0, max_messages=10)
    assert read_up_to(reader, 2) == [0, 1]
    over = time.monotonic() + 1.5 * interval_ms / 1_000
    until(lambda: time.monotonic() > over, what="held up", seconds=20)
    send(url, [b"c"])
    assert read_up_to(reader, 3) == [2]
    reader.close()


def read_up_to(reader: KafkaReader, next_off: int) -> list[int]:
    found: list[int] = []

    def is_read() -> bool:
        found.extend(offs(reader, 0.1))
        return bool(found) and found[-1] + 1 >= next_off

    until(is_read, what=f"read up to {next_off}", seconds=30)
    return found
