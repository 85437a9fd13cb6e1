"""Adapt a source to Bytewax: partitions that start where the stores say, and stop when asked to."""

import time
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime

from bytewax.inputs import FixedPartitionedSource, StatefulSourcePartition

from dataflows.flow.lifecycle import Lifecycle
from dataflows.flow.timer_slack import be_prompt
from dataflows.flow.timing import timed
from dataflows.sources.batches import MicroBatch, Reader
from lakehouse.errors import LakehouseError

ALREADY_DUE = datetime(1970, 1, 1, tzinfo=UTC)
"""Waiting happens inside `Reader.read`. An instant ahead would be compared with the system's
clock, and a clock stepping back would stall the partition by as much."""


class PositionedPartition(StatefulSourcePartition[MicroBatch, None]):
    """One partition; keeps no state in the engine, since the stores hold the position.

    Parameters
    ----------
    allowed_latency_seconds
        How long an event may wait for more to come. What has come while other partitions were
        worked on has waited already: the busier the worker, the less it waits.
    sharing
        How many partitions the worker reads in turn, and waits for in turn.
    clock
        Seconds that never go back.
    """

    def __init__(
        self,
        reader: Reader,
        lifecycle: Lifecycle,
        *,
        allowed_latency_seconds: float,
        sharing: int = 1,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._reader = reader
        self._lifecycle = lifecycle
        self._allowed_latency_seconds = allowed_latency_seconds
        self._longest_wait_seconds = allowed_latency_seconds / sharing
        self._clock = clock
        self._read_at = clock()
        lifecycle.reading_begins()

    def next_batch(self) -> Iterable[MicroBatch]:
        """Return at most one micro-batch.

        Raises
        ------
        StopIteration
            A stop was asked for, or a bounded source has been read to its end.
        """
        if self._lifecycle.is_stopping:
            self._end()
            raise StopIteration
        try:
            with timed("read"):
                batch = self._reader.read(self._wait_seconds())
                self._read_at = self._clock()
        except StopIteration:
            self._end()
            raise
        except LakehouseError as error:
            # Earlier batches are still being stored.
            self._lifecycle.stop_for(error)
            self._end()
            raise StopIteration from error
        return [] if batch is None else [batch]

    def _wait_seconds(self) -> float:
        waited = self._clock() - self._read_at
        left = max(0.0, self._allowed_latency_seconds - waited)
        return min(left, self._longest_wait_seconds)

    def _end(self) -> None:
        self._reader.close()
        self._lifecycle.reading_ends()

    def next_awake(self) -> datetime:
        """Return an instant in the past: always due."""
        return ALREADY_DUE

    def snapshot(self) -> None:
        """Keep nothing: recovery is the stores' own."""


class PositionedSource(FixedPartitionedSource[MicroBatch, None]):
    """A source of known partitions, each opened at its start position.

    Guarantee: every event from the start position on is handed over at least once, in order
    within its partition; silver's coordinates make that once.

    Parameters
    ----------
    openers
        By partition key (``topic/part``), what opens its reader; called on the worker's thread.
    allowed_latency_seconds
        How long an event may wait for more; the partitions of a worker share it.
    """

    def __init__(
        self,
        openers: Mapping[str, Callable[[], Reader]],
        lifecycle: Lifecycle,
        *,
        allowed_latency_seconds: float,
    ) -> None:
        self._openers = openers
        self._lifecycle = lifecycle
        self._allowed_latency_seconds = allowed_latency_seconds

    def list_parts(self) -> list[str]:
        """Return the partition keys; a worker asks before it does anything else."""
        be_prompt()
        return sorted(self._openers)

    def build_part(
        self,
        step_id: str,  # noqa: ARG002  (the engine's signature)
        for_part: str,
        resume_state: None,  # noqa: ARG002
    ) -> PositionedPartition:
        """Open one partition at its start."""
        return PositionedPartition(
            self._openers[for_part](),
            self._lifecycle,
            allowed_latency_seconds=self._allowed_latency_seconds,
            sharing=len(self._openers),
        )
