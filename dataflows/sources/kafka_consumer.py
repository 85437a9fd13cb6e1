"""One Kafka client for all partitions of a thread, because a client each costs threads and sockets.

It passes messages to the partitions in the order in which they came, so each partition keeps its
order. The number of waiting messages is bounded over all partitions. Above the limit nothing more
is taken from the client, whose own queue is bounded too.
"""

from __future__ import annotations

import math
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import groupby
from typing import Final

import numpy as np
from confluent_kafka import Consumer, KafkaError, KafkaException, Message, TopicPartition
from numpy.typing import NDArray

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

_BYTES_BESIDE: Final = 64
"""What an event takes beside its own bytes, about."""

_ENDS_EVERY_SECONDS: Final = 0.25
"""How old the partitions' ends may be by which a reading flow tells its lag."""

_MOST_WAITING_BYTES: Final = 8 << 20
_QUEUE_KIB: Final = 4_096
_MOST_QUEUE_KIB: Final = 32_768


@dataclass(frozen=True, slots=True)
class Taken:
    """What some messages of a partition hold, without the client's objects."""

    offsets: NDArray[np.int64]
    values: Packed
    keys: list[bytes | None]
    newest_at: float
    nbytes: int

    @classmethod
    def of(cls, messages: list[Message]) -> Taken:
        """Copy it out of them."""
        values = Packed.of(list(map(Message.value, messages)))
        return cls(
            np.fromiter(map(Message.offset, messages), np.int64, len(messages)),
            values,
            list(map(Message.key, messages)),
            messages[-1].timestamp()[1] / 1_000,
            int(values.sizes.sum()) + _BYTES_BESIDE * len(messages),
        )


@dataclass(slots=True)
class Fetched:
    """What came of one partition and waits to be taken.

    Attributes
    ----------
    next_off
        Where the client is to fetch on, should it be assigned anew.
    end
        Where the partition ended when it was last reached.
    error
        What ends the reading, once all before it was taken.
    """

    next_off: int
    end: int
    waiting: deque[Taken] = field(default_factory=deque)
    error: KafkaError | None = None


class SharedConsumer:
    """The client of some partitions of a topic; used by one thread, but for `lag`.

    Parameters
    ----------
    client
        librdkafka configuration of the connection (brokers, TLS, SASL, ``group.id``).
    partitions
        How many it will read at most; its memory grows by 4 MiB for each, up to 32 MiB.
    """

    def __init__(
        self, client: Mapping[str, object], topic: str, *, partitions: int, most_at_once: int
    ) -> None:
        self._topic = topic
        self._at_once = min(AT_ONCE, most_at_once)
        self._fetched: dict[int, Fetched] = {}
        self._is_assigned = False
        self._waiting_bytes = 0
        self._idle_reads = 0
        self._was_empty = False
        self._ends: dict[int, int] = {}
        self._ends_at = -math.inf
        # Whoever calls the client holds this: a second caller would sleep inside the client, which
        # lets one in by chance only, between two reads: a metrics page then took seconds.
        self._client_is_busy = threading.Lock()
        queue_kib = min(_QUEUE_KIB * partitions, _MOST_QUEUE_KIB)
        self._consumer: Consumer | None = Consumer(
            {**client, **READ_SETTINGS, "queued.max.messages.kbytes": queue_kib}
        )

    @property
    def is_closed(self) -> bool:
        """Whether all its partitions were left."""
        return self._consumer is None

    def add(self, part: int, start: int) -> Fetched:
        """Read one more partition, from an offset on."""
        self._fetched[part] = fetched = Fetched(start, start)
        self._is_assigned = False
        return fetched

    def fill(self, fetched: Fetched, *, most: int, wait_seconds: float) -> list[Taken]:
        """Return what came of a partition, at most so many events, waiting a little for more."""
        until = time.monotonic() + wait_seconds
        taken: list[Taken] = []
        count, may_be_more = 0, True
        while True:
            while fetched.waiting and count + len(fetched.waiting[0].offsets) <= most:
                piece = fetched.waiting.popleft()
                self._waiting_bytes -= piece.nbytes
                count += len(piece.offsets)
                taken.append(piece)
            is_over = fetched.waiting or fetched.error is not None or not may_be_more
            if is_over or count + self._at_once > most:
                return taken
            may_be_more = self._poll(until, may_skip=not taken)

    def lag(self, part: int, position: int) -> int | None:
        """Return the events between a position and the last known end of a partition.

        May be asked by other threads. While the client reads, the end is the one noted last.
        """
        if self._client_is_busy.acquire(blocking=False):
            try:
                self._note_end(part)
            finally:
                self._client_is_busy.release()
        end = self._ends.get(part)
        return None if end is None or self._consumer is None else max(0, end - position)

    def drop(self, part: int) -> None:
        """Stop reading a partition; the last one closes the connection."""
        if self._fetched.pop(part, None) is None or self._fetched:
            return
        with self._client_is_busy:
            consumer, self._consumer = self._consumer, None
        if consumer is not None:
            consumer.close()

    def _note_end(self, part: int) -> None:
        """Note where a partition ends, as the client has it from its last fetch."""
        if self._consumer is None:
            return
        with suppress(KafkaException):
            _, end = self._consumer.get_watermark_offsets(
                TopicPartition(self._topic, part), cached=True
            )
            if end >= 0:  # not known before the first fetch
                self._ends[part] = end

    def _poll(self, until: float, *, may_skip: bool) -> bool:
        """Ask the client for messages; false if there is nothing more for now.

        If nothing came, not every partition of a turn waits: one of them waits as long as all
        would.
        """
        if self._waiting_bytes >= _MOST_WAITING_BYTES:
            return False
        wait = max(0.0, until - time.monotonic())
        if self._was_empty and may_skip:
            self._idle_reads += 1
            if self._idle_reads < len(self._fetched):
                return False
            wait *= len(self._fetched)
        messages = self._ask(wait)
        self._idle_reads = 0
        self._was_empty = not messages
        for part, some in groupby(messages, Message.partition):
            self._deal(part, list(some))
        return len(messages) == self._at_once

    def _ask(self, wait_seconds: float) -> list[Message]:
        with self._client_is_busy:
            if self._consumer is None:
                return []
            if not self._is_assigned:
                # What the client had fetched of an earlier assignment it drops, and fetches again.
                self._consumer.assign(
                    [
                        TopicPartition(self._topic, part, each.next_off)
                        for part, each in self._fetched.items()
                        if each.error is None
                    ]
                )
                self._is_assigned = True
            messages = self._consumer.consume(self._at_once, timeout=wait_seconds)
            if time.monotonic() - self._ends_at >= _ENDS_EVERY_SECONDS:
                for part in self._fetched:
                    self._note_end(part)
                self._ends_at = time.monotonic()
            return messages

    def _deal(self, part: int | None, messages: list[Message]) -> None:
        if part is None or part < 0:  # said of the connection, not of a partition
            for each in self._fetched.values():
                _until_error(each, messages)
            return
        fetched = self._fetched.get(part)
        if fetched is None or fetched.error is not None:
            return
        if any(map(Message.error, messages)):
            messages = _until_error(fetched, messages)
        if messages:
            piece = Taken.of(messages)
            fetched.next_off = int(piece.offsets[-1]) + 1
            fetched.waiting.append(piece)
            self._waiting_bytes += piece.nbytes


def _until_error(fetched: Fetched, messages: list[Message]) -> list[Message]:
    """Keep the events; remember an error that must end the reading after them."""
    events: list[Message] = []
    for message in messages:
        error = message.error()
        if error is None:
            events.append(message)
        elif error.code() == AT_END:
            fetched.end = message.offset() or 0
        elif error.code() in POSITION_GONE or error.code() in REFUSED or error.fatal():
            fetched.error = fetched.error or error
            break
    return events


class Consumers:
    """The clients of a topic's partitions, one a thread; told apart by the system's thread name.

    Parameters
    ----------
    open_consumer
        Opens one.
    """

    def __init__(self, open_consumer: Callable[[], SharedConsumer]) -> None:
        self._open = open_consumer
        self._lock = threading.Lock()
        # The engine's workers are no threads of Python's, so `threading.local` does not serve.
        self._by_thread: dict[int, SharedConsumer] = {}

    def of_this_thread(self) -> SharedConsumer:
        """Return this thread's client, opened when it is first asked for."""
        thread = threading.get_native_id()
        with self._lock:
            found = self._by_thread.get(thread)
            if found is None or found.is_closed:
                found = self._by_thread[thread] = self._open()
            return found
