"""One Kafka partition as a `Reader`: we assign it, and the client never commits an offset.

The position comes from the stores (`dataflows.flow.start`); the consumer group only shows our name
in the broker's tools. If the broker no longer holds the position, that is an error
(`auto.offset.reset` is ``error``). The client's default would jump to the end and lose the events
in between.
"""

from collections.abc import Sequence
from itertools import chain
from typing import Final

import numpy as np
from confluent_kafka import KafkaError

from dataflows.sources.batches import MicroBatch
from dataflows.sources.clock import utc_now
from dataflows.sources.kafka_consumer import POSITION_GONE, SharedConsumer, Taken
from lakehouse.errors import PositionLost, Unavailable
from risk.ingest.event_buffer import Packed

_NO_OFFSETS: Final = np.zeros(0, np.int64)


class KafkaReader:
    """Read one partition from `start` on.

    Parameters
    ----------
    consumer
        The client of the thread that reads, shared with its other partitions.
    start
        The first offset wanted.
    max_messages
        The most events of one batch.
    named
        The topic's name in the stores, where that is another.
    """

    def __init__(
        self,
        consumer: SharedConsumer,
        topic: str,
        part: int,
        *,
        start: int,
        max_messages: int,
        named: str | None = None,
    ) -> None:
        self.topic = named or topic
        self._topic = topic
        self.part = part
        self._position = start
        self._newest_at: float | None = None
        self._max_messages = max_messages
        self._consumer = consumer
        self._fetched = consumer.add(part, start)

    def read(self, wait_seconds: float) -> MicroBatch | None:
        """Return what has been fetched, at most `max_messages`, waiting a little for more.

        At the end of a partition there may be offsets without an event (markers of transactions,
        aborted events). The position moves past them, if necessary with a batch without events.
        """
        taken = self._consumer.fill(
            self._fetched, most=self._max_messages, wait_seconds=wait_seconds
        )
        if taken:
            self._newest_at = taken[-1].newest_at
        elif self._fetched.end <= self._position:
            if self._fetched.error is not None:
                self._refuse(self._fetched.error)
            return None
        batch = self._batch(taken)
        self._position = batch.next_off
        return batch

    def _batch(self, taken: Sequence[Taken]) -> MicroBatch:
        offsets = np.concatenate([_NO_OFFSETS, *(each.offsets for each in taken)])
        next_off = int(offsets[-1]) + 1 if len(offsets) else self._position
        if not self._fetched.waiting:
            next_off = max(next_off, self._fetched.end)
        return MicroBatch(
            topic=self.topic,
            part=self.part,
            first_off=self._position,
            next_off=next_off,
            offsets=offsets,
            values=Packed.joined([each.values for each in taken]),
            keys=[*chain.from_iterable(each.keys for each in taken)],
            received_at=utc_now(),
        )

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
        return self._consumer.lag(self.part, self._position)

    def newest_at(self) -> float | None:
        """Return the broker's timestamp of the newest message read, Unix time."""
        return self._newest_at

    def close(self) -> None:
        """Leave the partition, and with the thread's last one the broker."""
        self._consumer.drop(self.part)
