"""One Kafka partition as a `Reader`: assigned by us, never committed by the client.

The position comes from the stores (`dataflows.flow.start`), so the group only names us to the
broker's tools. A position which the broker no longer holds is an error (`auto.offset.reset` is
``error``): the client's default would jump to the end and lose what lies between.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Final

import numpy as np
from confluent_kafka import Consumer, KafkaError, KafkaException, Message, TopicPartition
from numpy.typing import NDArray

from dataflows.sources.batches import MicroBatch
from dataflows.sources.clock import utc_now
from lakehouse.errors import PositionLost, Unavailable
from risk.ingest.event_buffer import Packed

READ_SETTINGS: Mapping[str, str | int | bool] = {
    "auto.offset.reset": "error",
    "enable.auto.commit": False,
    "enable.auto.offset.store": False,
    "isolation.level": "read_committed",
    # Tells the position at a partition's end: behind the last event there may be offsets without.
    "enable.partition.eof": True,
    # A full queue makes the client pause its fetches; by default for a whole second.
    "fetch.queue.backoff.ms": 5,
    "fetch.wait.max.ms": 50,
}
# The client's own errors are public constants, underscore and all.
POSITION_GONE = frozenset(
    {
        KafkaError._AUTO_OFFSET_RESET,  # noqa: SLF001
        KafkaError.OFFSET_OUT_OF_RANGE,
        KafkaError.UNKNOWN_TOPIC_OR_PART,
        KafkaError._UNKNOWN_PARTITION,  # noqa: SLF001
        KafkaError._UNKNOWN_TOPIC,  # noqa: SLF001
    }
)
REFUSED = frozenset(
    {
        KafkaError.TOPIC_AUTHORIZATION_FAILED,
        KafkaError.GROUP_AUTHORIZATION_FAILED,
        KafkaError.SASL_AUTHENTICATION_FAILED,
    }
)


AT_END: Final = KafkaError._PARTITION_EOF  # noqa: SLF001
AT_ONCE: Final = 128
"""Messages that are taken over at once, half a megabyte: what they lay in is free, and still near
the processor, for the next ones."""


_NO_OFFSETS: Final = np.zeros(0, np.int64)


@dataclass(frozen=True, slots=True)
class _Taken:
    """What some messages hold, without the client's objects."""

    offsets: NDArray[np.int64]
    values: Packed
    keys: list[bytes | None]

    @classmethod
    def of(cls, messages: list[Message]) -> _Taken:
        return cls(
            np.fromiter(map(Message.offset, messages), np.int64, len(messages)),
            Packed.of(list(map(Message.value, messages))),
            list(map(Message.key, messages)),
        )


class KafkaReader:
    """Read one partition from `start` on.

    Parameters
    ----------
    client
        librdkafka configuration of the connection (brokers, TLS, SASL, ``group.id``).
    start
        The first offset wanted.
    max_messages
        The most events of one batch.
    queue_kib
        How much the client may fetch ahead, in KiB; memory grows by this per partition.
    named
        The topic's name in the stores, where that is another.
    """

    def __init__(
        self,
        client: Mapping[str, object],
        topic: str,
        *,
        part: int,
        start: int,
        max_messages: int,
        queue_kib: int = 8_192,
        named: str | None = None,
    ) -> None:
        self.topic = named or topic
        self._topic = topic
        self.part = part
        self._position = start
        self._end = start
        self._newest_at: float | None = None
        self._max_messages = max_messages
        self._error: KafkaError | None = None
        self._lock = threading.Lock()
        self._is_closed = False
        self._consumer = Consumer(
            {**client, **READ_SETTINGS, "queued.max.messages.kbytes": queue_kib}
        )
        self._consumer.assign([TopicPartition(topic, part, start)])

    def read(self, wait_seconds: float) -> MicroBatch | None:
        """Return what has been fetched, at most `max_messages`, waiting a little for more.

        At the partition's end the position moves behind offsets that hold no event (markers of
        transactions, aborted events), with a batch without events if need be.
        """
        if self._error is not None:
            self._refuse(self._error)
        until = time.monotonic() + wait_seconds
        taken: list[_Taken] = []
        for asked in self._portions():
            messages = self._consumer.consume(asked, timeout=max(0.0, until - time.monotonic()))
            is_last = len(messages) < asked
            if any(map(Message.error, messages)):
                messages = self._until_error(messages)
            if messages:
                taken.append(_Taken.of(messages))
                self._newest_at = messages[-1].timestamp()[1] / 1_000
            if is_last or self._error is not None:
                break
        if not taken and self._end <= self._position:
            return None
        batch = self._batch(taken)
        self._position = batch.next_off
        return batch

    def _portions(self) -> Iterator[int]:
        for start in range(0, self._max_messages, AT_ONCE):
            yield min(AT_ONCE, self._max_messages - start)

    def _batch(self, taken: Sequence[_Taken]) -> MicroBatch:
        offsets = np.concatenate([_NO_OFFSETS, *(each.offsets for each in taken)])
        behind_last = int(offsets[-1]) + 1 if len(offsets) else self._position
        return MicroBatch(
            topic=self.topic,
            part=self.part,
            first_off=self._position,
            next_off=max(behind_last, self._end),
            offsets=offsets,
            values=Packed.joined([each.values for each in taken]),
            keys=[*chain.from_iterable(each.keys for each in taken)],
            received_at=utc_now(),
        )

    def _until_error(self, messages: list[Message]) -> list[Message]:
        """Keep the events; remember an error that must end the run after them."""
        events: list[Message] = []
        for message in messages:
            error = message.error()
            if error is None:
                events.append(message)
            elif error.code() == AT_END:
                self._end = message.offset() or 0
            elif error.code() in POSITION_GONE or error.code() in REFUSED or error.fatal():
                self._error = error
                break
        return events

    def _refuse(self, error: KafkaError) -> None:
        where = f"{self._topic}[{self.part}] at offset {self._position}"
        if error.code() in POSITION_GONE:
            raise PositionLost(
                f"{where}: the broker no longer has this position ({error.str()}); events may "
                "have been deleted before they were read. Restore the topic, or start once with "
                "RISK_ALLOW_POSITION_LOSS set to the reason, which is recorded"
            )
        raise Unavailable(f"{where}: the broker refuses to be read ({error.str()})")

    def lag(self) -> int | None:
        """Return the events between the position and the last known end of the partition."""
        # Asked by other threads: the client would look into memory that `close` is giving back.
        with self._lock:
            if self._is_closed:
                return None
            try:
                _, high = self._consumer.get_watermark_offsets(
                    TopicPartition(self._topic, self.part), cached=True
                )
            except KafkaException:
                return None
        return max(0, high - self._position) if high >= 0 else None

    def newest_at(self) -> float | None:
        """Return the broker's timestamp of the newest message read, Unix time."""
        return self._newest_at

    def close(self) -> None:
        """Leave the broker."""
        with self._lock:
            self._is_closed = True
        self._consumer.close()
