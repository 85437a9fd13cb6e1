"""Produce events to a topic, and count those that the broker has acknowledged."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

import msgspec
from confluent_kafka import KafkaError, KafkaException, Message, Producer

from lakehouse.settings.kafka import IDEMPOTENT

SEND_SETTINGS: Final[Mapping[str, str | int | bool]] = {
    **IDEMPOTENT,
    "linger.ms": 20,
    "batch.num.messages": 10_000,
    "batch.size": 1_000_000,
    "compression.type": "lz4",  # a third of the bytes for the broker to move and keep
}
LOST_FOR_GOOD: Final = frozenset({KafkaError._MSG_TIMED_OUT, KafkaError._FATAL})  # noqa: SLF001

UNREADABLE: Final = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)


class _Named(msgspec.Struct, gc=False):
    id: int | str | None = None
    loan_id: int | str | None = None
    event_id: int | str | None = None


_named: Final = msgspec.json.Decoder(_Named)
_fields: Final = msgspec.json.Decoder(dict[str, msgspec.Raw])


def key_of(value: bytes) -> bytes | None:
    """Return `id`, else `loan_id`, else `event_id`, as the message's key; ``None`` without one.

    One application's events share a key, so they share a partition and keep their order.
    """
    try:
        named = _named.decode(value)
    except UNREADABLE:
        return None
    for name in (named.id, named.loan_id, named.event_id):
        if name is not None and name != "":
            return str(name).encode()
    return None


def stamped(value: bytes, at: datetime) -> bytes:
    """Return the event with `at` as its ``event_time``; what is no JSON object stays as it is.

    Every other field keeps its very bytes.
    """
    try:
        fields = _fields.decode(value)
    except UNREADABLE:
        return value
    fields["event_time"] = msgspec.Raw(msgspec.json.encode(at.isoformat()))
    return msgspec.json.encode(fields)


class Outbox:
    """An idempotent producer for one topic.

    Guarantee: what `delivered` counts is in the topic once, acknowledged by all replicas in sync,
    in the order of sending within its partition, whatever was retried.

    Attributes
    ----------
    sent, delivered, failed
        Events taken over, acknowledged, and given up; ``sent - delivered - failed`` are under way.
    first_failure
        Why the first event was given up.
    """

    def __init__(self, configuration: Mapping[str, Any], topic: str) -> None:
        self.sent = 0
        self.delivered = 0
        self.failed = 0
        self.first_failure: str | None = None
        self.is_broken = False
        self._topic = topic
        self._producer = Producer({**configuration, **SEND_SETTINGS, "on_delivery": self._answered})

    def send(self, value: bytes) -> bool:
        """Take an event over; ``False``, and nothing is taken, while too many are under way."""
        try:
            self._producer.produce(self._topic, value, key_of(value))
        except BufferError:
            return False
        except KafkaException as error:
            self._give_up(error.args[0])
        self.sent += 1
        return True

    def counts(self) -> dict[str, int]:
        """Return what was sent, acknowledged and given up."""
        return {"sent": self.sent, "delivered": self.delivered, "failed": self.failed}

    def wait(self, seconds: float) -> None:
        """Serve the broker's answers for at most so long; 0 serves those that are there."""
        self._producer.poll(seconds)

    def flush(self, seconds: float) -> int:
        """Wait until everything is acknowledged or given up; return how many are still not."""
        return int(self._producer.flush(seconds))

    def _answered(self, error: KafkaError | None, _message: Message) -> None:
        if error is None:
            self.delivered += 1
        else:
            self._give_up(error)

    def _give_up(self, error: KafkaError) -> None:
        self.failed += 1
        self.first_failure = self.first_failure or error.str()
        self.is_broken = self.is_broken or error.fatal() or error.code() in LOST_FOR_GOOD
