"""A batch: the events that one partition handed over together, with their offsets."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from dataflows.files.remarks import Remark


@dataclass(frozen=True, slots=True)
class MicroBatch:
    """Consecutive events of one partition.

    Attributes
    ----------
    topic, part
        Where the events come from. A file or a simulation is a topic with one partition, 0.
    first_off
        The position at which this batch begins: one past the previous batch, or the assigned start.
        It may differ from the first event's offset, because offsets have gaps.
    next_off
        The position after the last event.
    offsets
        int64, strictly increasing, one per event.
    values
        The events' bytes as they arrived; ``None`` is a tombstone. A source that hands over
        thousands packs them.
    keys
        The messages' keys, for the archive; empty when the source has none.
    received_at
        When the flow took the batch over (UTC).
    foreign
        By row, what the source says of lines that are no whole records (the footer of a CSV).
    """

    topic: str
    part: int
    first_off: int
    next_off: int
    offsets: NDArray[np.int64]
    values: Sequence[bytes | None]
    keys: Sequence[bytes | None]
    received_at: datetime
    foreign: Mapping[int, Remark] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.values)

    def raw_of(self, off: int) -> bytes | None:
        """Return the bytes of the event at an offset of this batch; ``None`` for a tombstone."""
        return self.values[int(np.searchsorted(self.offsets, off))]


@runtime_checkable
class Measured(Protocol):
    """A reader that knows how much there is in all."""

    def bytes_done(self) -> tuple[float, int]:
        """Return how many bytes were read, about, and how many there are."""


class Reader(Protocol):
    """One partition's events in order, from an assigned position on."""

    topic: str
    part: int

    def read(self, wait_seconds: float) -> MicroBatch | None:
        """Return the next events, or ``None`` when none came within `wait_seconds`.

        Raises
        ------
        StopIteration
            The source is bounded and all of it has been read.
        """

    def lag(self) -> int | None:
        """Return how many events wait behind the position; ``None`` when unknowable."""

    def newest_at(self) -> float | None:
        """Return when the source took in the newest event read, Unix time; ``None`` if unsaid."""

    def close(self) -> None:
        """Let go of connections and files."""
