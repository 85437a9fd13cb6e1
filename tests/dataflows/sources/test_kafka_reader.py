from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any

import pytest
from confluent_kafka import OFFSET_INVALID, KafkaError, Message, Producer, TopicPartition

from dataflows.sources import kafka_consumer
from dataflows.sources.batches import MicroBatch
from dataflows.sources.kafka_consumer import AT_ONCE, SharedConsumer
from dataflows.sources.kafka_reader import KafkaReader
from lakehouse.errors import PositionLost, Unavailable
from tests.dataflows.flow_cases import MockCluster
from tests.servers.broker import Broker
from tests.waiting import until

Opens = Callable[..., KafkaReader]
PATIENCE = 100


@pytest.fixture
def opened(mock_cluster: MockCluster, request: pytest.FixtureRequest) -> Opens:
    """Open a reader of partition 0 of a topic, closed after the test."""

    def make(topic: str, **differing: Any) -> KafkaReader:
        settings: dict[str, Any] = {"start": 0, "max_messages": 1_000, "part": 0} | differing
        consumer = SharedConsumer(
            mock_cluster.client, topic, partitions=1, most_at_once=settings["max_messages"]
        )
        reader = KafkaReader(consumer, topic, **settings)
        request.addfinalizer(reader.close)
        return reader

    return make


def taken(reader: KafkaReader) -> MicroBatch:
    """The next batch, however many fetches it takes."""
    for _ in range(PATIENCE):
        batch = reader.read(0.1)
        if batch is not None:
            return batch
    raise AssertionError("nothing came")


def failure(reader: KafkaReader) -> PositionLost | Unavailable:
    """What the reader raises, once nothing is left to be handed over."""
    try:
        for _ in range(PATIENCE):
            reader.read(0.1)
    except (PositionLost, Unavailable) as error:
        return error
    raise AssertionError("nothing was raised")


def gathered(reader: KafkaReader, count: int) -> list[MicroBatch]:
    batches: list[MicroBatch] = []
    while sum(map(len, batches)) < count:
        batches.append(taken(reader))
    return batches


def test_messages_come_with_their_offsets_bytes_and_keys(
    mock_cluster: MockCluster, opened: Opens
) -> None:
    mock_cluster.produce("whole", b"a", None, b"", key="53595000")
    batches = gathered(opened("whole"), 3)
    assert [value for batch in batches for value in batch.values] == [b"a", None, b""]
    assert [off for batch in batches for off in batch.offsets.tolist()] == [0, 1, 2]
    assert {key for batch in batches for key in batch.keys} == {b"53595000"}
    assert {(batch.topic, batch.part) for batch in batches} == {("whole", 0)}


def test_reading_begins_at_the_assigned_position(mock_cluster: MockCluster, opened: Opens) -> None:
    mock_cluster.produce("begun", *(b"%d" % number for number in range(10)))
    batch = taken(opened("begun", start=7))
    assert (batch.first_off, batch.offsets[0], batch.values[0]) == (7, 7, b"7")


def test_a_batch_is_as_large_as_allowed_and_the_next_one_begins_where_it_ended(
    mock_cluster: MockCluster, opened: Opens
) -> None:
    mock_cluster.produce("cut", *[b"a"] * 10)
    batches = gathered(opened("cut", max_messages=4), 10)
    assert max(map(len, batches)) <= 4
    assert [batch.first_off for batch in batches[1:]] == [batch.next_off for batch in batches[:-1]]


def test_a_batch_of_many_is_whole_and_in_order(mock_cluster: MockCluster, opened: Opens) -> None:
    values = [b"%d" % number for number in range(1_000)]
    mock_cluster.produce("many", *values)
    batches = gathered(opened("many", max_messages=3 * AT_ONCE + 1), len(values))
    assert [value for batch in batches for value in batch.values] == values
    assert [off for batch in batches for off in batch.offsets.tolist()] == [*range(1_000)]
    assert AT_ONCE < max(map(len, batches)) <= 3 * AT_ONCE + 1
    assert all(len(batch.keys) == len(batch) for batch in batches)


def test_a_partition_hands_over_its_own_messages_only(
    mock_cluster: MockCluster, opened: Opens
) -> None:
    mock_cluster.produce("parts", b"other", part=0)
    mock_cluster.produce("parts", b"own", part=2)
    assert list(taken(opened("parts", part=2)).values) == [b"own"]


def test_no_message_within_the_time_is_no_batch(mock_cluster: MockCluster, opened: Opens) -> None:
    mock_cluster.produce("drained", b"a")
    assert opened("drained", start=1).read(0.05) is None


def test_a_position_that_the_broker_does_not_have_is_lost_never_jumped_over(
    mock_cluster: MockCluster, opened: Opens
) -> None:
    mock_cluster.produce("replaced", b"a", b"b")
    lost = failure(opened("replaced", start=9))
    assert isinstance(lost, PositionLost)
    assert str(lost).startswith("replaced[0] at offset 9: the broker no longer has this position")
    assert "RISK_ALLOW_POSITION_LOSS" in str(lost)


def test_the_lag_is_what_lies_behind_the_position(mock_cluster: MockCluster, opened: Opens) -> None:
    mock_cluster.produce("lagging", *[b"a"] * 10)
    reader = opened("lagging", start=2, max_messages=5)
    assert reader.lag() is None
    batch = taken(reader)
    assert reader.lag() == 10 - batch.next_off


def test_the_lag_is_told_at_once_while_another_thread_waits_for_events(
    mock_cluster: MockCluster, opened: Opens
) -> None:
    mock_cluster.produce("idle", *[b"a"] * 10)
    reader = opened("idle")
    gathered(reader, 10)
    is_over = threading.Event()

    def keep_reading() -> None:
        while not is_over.is_set():
            reader.read(0.3)

    reading = threading.Thread(target=keep_reading)
    reading.start()
    began = time.monotonic()
    lags = [reader.lag() for _ in range(20)]
    took = time.monotonic() - began
    is_over.set()
    reading.join()
    assert lags == [0] * 20
    assert took < 0.3  # none of them waited for a read to end


def test_what_came_while_nobody_reads_is_lag(mock_cluster: MockCluster, opened: Opens) -> None:
    mock_cluster.produce("stored", b"a")
    reader = opened("stored")
    taken(reader)
    mock_cluster.produce("stored", *[b"a"] * 5)
    until(lambda: reader.lag() == 5, what="the client has fetched on", seconds=10)


def test_a_reader_may_be_closed_twice_and_then_knows_no_lag(
    mock_cluster: MockCluster, opened: Opens
) -> None:
    mock_cluster.produce("closed", b"a")
    reader = opened("closed")
    taken(reader)
    reader.close()
    reader.close()
    assert reader.lag() is None


def test_a_batch_begins_at_the_position_although_transactions_left_holes(
    apache_kafka: Broker, new_topic: Callable[..., str], request: pytest.FixtureRequest
) -> None:
    topic = new_topic()
    send_in_transactions(apache_kafka.address, topic, commits=(False, True, True))
    client = {"bootstrap.servers": apache_kafka.address, "group.id": "tests"}
    consumer = SharedConsumer(client, topic, partitions=1, most_at_once=1_000)
    reader = KafkaReader(consumer, topic, part=0, start=0, max_messages=1_000)
    request.addfinalizer(reader.close)
    batches = gathered(reader, 4)
    # 0 and 1 were aborted; 2, 5 and 8 say how each transaction ended.
    assert [off for batch in batches for off in batch.offsets.tolist()] == [3, 4, 6, 7]
    assert batches[0].first_off == 0
    # The last marker is passed by at the end, with a batch without events if need be.
    ends = [batches[-1].next_off]
    while ends[-1] < 9:
        ends.append(taken(reader).next_off)
    assert ends in ([9], [8, 9])
    assert (reader.lag(), reader.read(0.05)) == (0, None)


def send_in_transactions(address: str, topic: str, *, commits: tuple[bool, ...]) -> None:
    """Two messages a transaction; each of those is committed or aborted."""
    producer = Producer({"bootstrap.servers": address, "transactional.id": topic, "log_level": 0})
    producer.init_transactions(30)
    for is_committed in commits:
        producer.begin_transaction()
        for value in (b"a", b"b"):
            producer.produce(topic, value)
        producer.flush(30)
        end = producer.commit_transaction if is_committed else producer.abort_transaction
        end(30)


class ScriptedConsumer:
    """Hands over what it is told to, errors included."""

    script: list[list[Message]]

    def __init__(self, _configuration: object) -> None: ...

    def assign(self, _partitions: object) -> None: ...

    def consume(self, _count: int, timeout: float) -> list[Message]:
        assert timeout >= 0
        return self.script.pop(0) if self.script else []

    def get_watermark_offsets(self, _partition: TopicPartition, *, cached: bool) -> tuple[int, int]:
        assert cached
        return OFFSET_INVALID, OFFSET_INVALID

    def close(self) -> None: ...


@pytest.fixture
def scripted(monkeypatch: pytest.MonkeyPatch) -> Callable[..., KafkaReader]:
    """A reader at position 5 whose client hands over these messages at once."""

    def make(*messages: Message) -> KafkaReader:
        monkeypatch.setattr(ScriptedConsumer, "script", [list(messages)], raising=False)
        monkeypatch.setattr(kafka_consumer, "Consumer", ScriptedConsumer)
        consumer = SharedConsumer({}, "loans", partitions=1, most_at_once=10)
        return KafkaReader(consumer, "loans", part=0, start=5, max_messages=10)

    return make


def an_event(off: int) -> Message:
    return Message(topic="loans", partition=0, offset=off, key=b"k", value=b"%d" % off)


def an_error(code: int, off: int = -1001) -> Message:
    error = KafkaError(code, "as the broker has it")
    return Message(topic="loans", partition=0, offset=off, value=b"an error", error=error)


def test_a_hole_at_the_start_belongs_to_the_first_batch(scripted: Opens) -> None:
    batch = taken(scripted(an_event(7), an_event(9)))
    assert (batch.first_off, batch.next_off, batch.offsets.tolist()) == (5, 10, [7, 9])


def test_what_came_before_an_error_is_handed_over_before_it_is_raised(scripted: Opens) -> None:
    reader = scripted(an_event(5), an_error(KafkaError.OFFSET_OUT_OF_RANGE))
    assert taken(reader).offsets.tolist() == [5]
    assert isinstance(failure(reader), PositionLost)


def test_an_error_between_two_events_is_no_event_and_ends_the_reading_there(
    scripted: Opens,
) -> None:
    error = an_error(KafkaError.UNKNOWN_TOPIC_OR_PART, off=6)
    reader = scripted(an_event(5), error, an_event(7))
    assert taken(reader).offsets.tolist() == [5]
    assert str(failure(reader)).startswith("loans[0] at offset 6: ")


def test_an_error_that_passes_is_not_the_readers(scripted: Opens) -> None:
    reader = scripted(an_event(5), an_error(KafkaError._TRANSPORT), an_event(6))
    assert taken(reader).offsets.tolist() == [5, 6]
    assert reader.read(0.0) is None


@pytest.mark.parametrize("name", ["TOPIC_AUTHORIZATION_FAILED", "SASL_AUTHENTICATION_FAILED"])
def test_a_broker_that_refuses_to_be_read_is_unavailable(name: str, scripted: Opens) -> None:
    refused = failure(scripted(an_error(getattr(KafkaError, name))))
    assert isinstance(refused, Unavailable)
    assert "the broker refuses to be read (as the broker has it)" in str(refused)
