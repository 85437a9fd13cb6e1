"""The simulator as a `Reader`: paced by a monotonic clock; it can resume at any index."""

import time
from collections.abc import Callable
from datetime import datetime, timedelta

import numpy as np

from dataflows.sources.batches import MicroBatch
from dataflows.sources.clock import utc_now
from risk.ingest.event_buffer import Packed
from risk.simulation.simulator import Simulator


class SimReader:
    """Read simulated events from index `start` on.

    Parameters
    ----------
    rate
        Events a second; 0 is as fast as they are taken.
    limit
        How many events there are in all; ``None`` is without end.
    clock, sleep
        Seconds that never go back, and what lets them pass.
    """

    part = 0

    def __init__(
        self,
        simulator: Simulator,
        topic: str,
        *,
        start: int,
        rate: float,
        limit: int | None,
        max_messages: int,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self.topic = topic
        self._simulator = simulator
        self._position = start
        self._start = start
        self._rate = rate
        self._limit = limit
        self._max_messages = max_messages
        self._clock = clock
        self._sleep = sleep
        simulator.events(start, 1)  # the first draw is slow, and no event is due yet
        self._began = clock()

    def read(self, wait_seconds: float) -> MicroBatch | None:
        """Return the events that are due, at most `max_messages`.

        Raises
        ------
        StopIteration
            The limit is reached.
        """
        if self._limit is not None and self._position >= self._limit:
            raise StopIteration
        count = self._due()
        if count == 0:
            self._sleep(min(wait_seconds, self._seconds_to_next()))
            count = self._due()
        if count == 0:
            return None
        now = utc_now()
        values = self._simulator.events(
            self._position, count, event_times=self._event_times(now, count)
        )
        first = self._position
        self._position += len(values)
        return MicroBatch(
            topic=self.topic,
            part=self.part,
            first_off=first,
            next_off=self._position,
            offsets=np.arange(first, self._position, dtype=np.int64),
            values=Packed.of(values),
            keys=(),
            received_at=now,
        )

    def _event_times(self, now: datetime, count: int) -> list[datetime]:
        """Return when each of the next events was due, which is when it was made."""
        if self._rate <= 0:
            return [now] * count
        late = self._clock() - self._began - (self._position - self._start + 1) / self._rate
        return [now - timedelta(seconds=late - index / self._rate) for index in range(count)]

    def _due(self) -> int:
        end = self._limit if self._limit is not None else self._position + self._max_messages
        if self._rate > 0:
            elapsed = self._clock() - self._began
            end = min(end, self._start + int(elapsed * self._rate))
        return max(0, min(end - self._position, self._max_messages))

    def _seconds_to_next(self) -> float:
        due_at = (self._position - self._start + 1) / self._rate if self._rate > 0 else 0.0
        return max(0.0, due_at - (self._clock() - self._began))

    def lag(self) -> int | None:
        """Return how many due events were not taken yet."""
        if self._rate <= 0:
            return None
        due = self._start + int((self._clock() - self._began) * self._rate)
        if self._limit is not None:
            due = min(due, self._limit)
        return max(0, due - self._position)

    def newest_at(self) -> None:
        """Say nothing: a past that is read as fast as it can be has no age."""

    def close(self) -> None:
        """Nothing is held."""
