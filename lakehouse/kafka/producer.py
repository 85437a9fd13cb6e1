"""The one producer: it sends each event once, and can report the event's partition and offset."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any, Final, NamedTuple

from confluent_kafka import KafkaError, KafkaException, Message, Producer

SEND_SETTINGS: Final[Mapping[str, str | int | bool]] = {
    "linger.ms": 20,
    "batch.num.messages": 10_000,
    "batch.size": 1_000_000,
    "compression.type": "lz4",  # a third of the bytes for the broker to move and keep
}
IDEMPOTENT: Final[Mapping[str, str | int | bool]] = {
    "enable.idempotence": True,
    "acks": "all",
    "queue.buffering.max.kbytes": 65_536,
}
LOST_FOR_GOOD: Final = frozenset({KafkaError._MSG_TIMED_OUT, KafkaError._FATAL})  # noqa: SLF001


class Delivered(NamedTuple):
    """The partition and offset of an event that all replicas in sync have."""

    topic: str
    part: int
    off: int


Settle = Callable[[Delivered | None], object]
"""Hears what became of an event; ``None`` is given up."""


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
        self._producer = Producer(
            {**SEND_SETTINGS, **configuration, **IDEMPOTENT, "on_delivery": self._answered}
        )

    def send(
        self,
        value: bytes | None,
        key: bytes | None,
        *,
        headers: Sequence[tuple[str, bytes]] = (),
        settle: Settle | None = None,
    ) -> bool:
        """Take an event over; ``False``, and nothing is taken, while too many are under way.

        `settle` is called once, by `wait` or `flush`, or here where the client refuses the event.
        """
        told: dict[str, Any] = {"headers": list(headers)} if headers else {}
        if settle is not None:
            told["on_delivery"] = partial(self._answered, settle=settle)
        try:
            self._producer.produce(self._topic, value, key, **told)
        except BufferError:
            return False
        except KafkaException as error:
            self._give_up(error.args[0], settle)
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

    def ping(self) -> None:
        """Return when the broker answers and knows the topic; raise its error within 2 s if not."""
        self._producer.list_topics(self._topic, timeout=2.0)

    def _answered(
        self, error: KafkaError | None, message: Message, settle: Settle | None = None
    ) -> None:
        if error is not None:
            self._give_up(error, settle)
            return
        self.delivered += 1
        topic, part, off = message.topic(), message.partition(), message.offset()
        if settle is not None and topic is not None and part is not None and off is not None:
            settle(Delivered(topic, part, off))

    def _give_up(self, error: KafkaError, settle: Settle | None) -> None:
        if settle is not None:
            settle(None)
        self.failed += 1
        self.first_failure = self.first_failure or error.str()
        self.is_broken = self.is_broken or error.fatal() or error.code() in LOST_FOR_GOOD
