"""Ask a topic, before the flow reads it, for its partitions and the offsets it still holds."""

from collections.abc import Mapping
from dataclasses import dataclass

from confluent_kafka import Consumer, KafkaError, KafkaException, TopicPartition

from lakehouse.errors import Unavailable

ANSWER_WITHIN_SECONDS = 10.0


@dataclass(frozen=True, slots=True)
class Held:
    """The offsets a partition holds: from `low` up to, not including, `high`."""

    low: int
    high: int


def partitions_held(client: Mapping[str, object], servers: str, topic: str) -> dict[int, Held]:
    """Ask the broker for the partitions of a topic and what each of them holds.

    Raises
    ------
    Unavailable
        No broker answered within 10 s, the topic does not exist, or we may not read it.
    """
    complaints: list[KafkaError] = []
    consumer = Consumer({**client, "error_cb": complaints.append})
    try:
        return {
            part: Held(*consumer.get_watermark_offsets(TopicPartition(topic, part), timeout=5))
            for part in _partitions(consumer, servers, topic)
        }
    except KafkaException as error:
        consumer.poll(0)
        # The first complaint names the cause; what follows are symptoms.
        cause = complaints[0] if complaints else error.args[0]
        raise Unavailable(
            f"broker unreachable at {servers} ({cause.str()}): start it, or correct the address "
            "in RISK_SOURCE and the RISK_KAFKA_ settings"
        ) from error
    finally:
        consumer.close()


def _partitions(consumer: Consumer, servers: str, topic: str) -> list[int]:
    found = consumer.list_topics(topic, timeout=ANSWER_WITHIN_SECONDS).topics[topic]
    if found.error is not None and found.error.code() == KafkaError.UNKNOWN_TOPIC_OR_PART:
        raise Unavailable(
            f"the broker at {servers} has no topic {topic!r}: create it, or start its producer, "
            "then start again"
        )
    if found.error is not None:
        raise Unavailable(f"the broker at {servers} refuses {topic!r}: {found.error.str()}")
    return sorted(found.partitions)
