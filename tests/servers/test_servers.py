"""The servers do what the other tests lean on; the two brokers alike."""

import uuid
from collections.abc import Callable, Iterator

import psycopg
import pytest
from botocore.exceptions import ClientError
from confluent_kafka import Consumer, Producer, TopicPartition

from tests.servers import kafka
from tests.servers.broker import Broker, Flavour, start_broker
from tests.servers.s3 import Bucket

pytestmark = pytest.mark.server


@pytest.fixture(scope="module", params=list(Flavour))
def each_broker(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Broker]:
    if request.param is Flavour.KAFKA and (why := kafka.why_unavailable()):
        pytest.skip(f"no Apache Kafka: {why}")
    running = start_broker(request.param, tmp_path_factory.mktemp(request.param))
    yield running
    running.server.kill()


def _produce(broker: Broker, topic: str, values: list[bytes], partition: int = 0) -> None:
    producer = Producer({"bootstrap.servers": broker.address, "enable.idempotence": True})
    for value in values:
        producer.produce(topic, value, partition=partition)
    assert producer.flush(30) == 0


def _consume(broker: Broker, topic: str, count: int, partition: int = 0) -> list[bytes]:
    consumer = Consumer({"bootstrap.servers": broker.address, "group.id": str(uuid.uuid4())})
    try:
        consumer.assign([TopicPartition(topic, partition, 0)])
        messages = consumer.consume(count, timeout=30)
        return [message.value() or b"" for message in messages if message.error() is None]
    finally:
        consumer.close()


def test_a_broker_gives_back_each_partition_in_order(each_broker: Broker) -> None:
    topic = each_broker.create_topic("in_order", partitions=3)
    for partition in range(3):
        values = [b"%d %d" % (partition, number) for number in range(500)]
        _produce(each_broker, topic, values, partition)
        assert _consume(each_broker, topic, 500, partition) == values


def test_a_paused_broker_answers_again_when_resumed(each_broker: Broker) -> None:
    topic = each_broker.create_topic("paused")
    each_broker.server.pause()
    producer = Producer({"bootstrap.servers": each_broker.address})
    producer.produce(topic, b"held back")
    assert producer.flush(0.2) == 1
    each_broker.server.resume()
    assert producer.flush(30) == 0


def test_apache_kafka_keeps_its_data_through_a_kill(own_broker: Broker) -> None:
    if own_broker.flavour is not Flavour.KAFKA:
        pytest.skip(f"needs a broker with a disk; this run has {own_broker.name}")
    topic = own_broker.create_topic("kept")
    _produce(own_broker, topic, [b"one", b"two"])
    own_broker.server.kill()
    own_broker.start()
    assert _consume(own_broker, topic, 2) == [b"one", b"two"]


def test_the_sessions_broker_makes_topics_on_demand(
    broker: Broker, new_topic: Callable[..., str]
) -> None:
    topics = {new_topic(), new_topic(partitions=2)}
    assert topics <= broker.admin().list_topics(timeout=10).topics.keys()


def test_a_bucket_refuses_to_overwrite_on_a_conditional_put(bucket: Bucket) -> None:
    bucket.client().put_object(Bucket=bucket.name, Key="k", Body=b"1", IfNoneMatch="*")
    with pytest.raises(ClientError, match="PreconditionFailed"):
        bucket.client().put_object(Bucket=bucket.name, Key="k", Body=b"2", IfNoneMatch="*")
    assert bucket.keys() == ["k"]


def test_every_test_has_an_empty_database_of_its_own(postgres: str, postgres_dsn: str) -> None:
    with psycopg.connect(postgres) as connection:
        connection.execute("create table t (x int)")
    with psycopg.connect(postgres_dsn) as server:
        found = server.execute("select count(*) from pg_tables where tablename = 't'").fetchone()
    assert found == (0,)
