"""A file as a `Reader`: read once, from its start position to its end."""

import numpy as np

from dataflows.sources.batches import MicroBatch
from dataflows.sources.clock import utc_now
from dataflows.sources.files import FileReader
from risk.ingest.event_buffer import Packed

MAX_BATCH_BYTES = 16 << 20


class FileSourceReader:
    """Read a file's records from position `start` on; the topic is the file's path or pattern."""

    def __init__(self, file: FileReader, *, start: int, max_messages: int, part: int = 0) -> None:
        self.topic = file.topic
        self.part = part
        self._file = file
        self._position = start
        self._batches = file.read(start, max_records=max_messages, max_bytes=MAX_BATCH_BYTES)

    def read(self, wait_seconds: float) -> MicroBatch | None:  # noqa: ARG002  (a `Reader`)
        """Return the next records; a file never makes one wait.

        Raises
        ------
        StopIteration
            The whole file has been read.
        PositionLost, FileDamaged
            The file is shorter than the position, or its content breaks off; what was readable
            has been handed over before.
        """
        batch = next(self._batches)
        self._position = batch.next_off
        return MicroBatch(
            topic=self.topic,
            part=self.part,
            first_off=batch.first_off,
            next_off=batch.next_off,
            offsets=np.array(batch.offsets, dtype=np.int64),
            values=Packed.of(batch.values),
            keys=(),
            received_at=utc_now(),
            foreign=batch.foreign,
        )

    def lag(self) -> int | None:
        """Return the records left, where the format says how many there are."""
        if self._file.length_known is None:
            return None
        return max(0, self._file.length_known - self._position)

    def newest_at(self) -> None:
        """Say nothing: a past that is read as fast as it can be has no age."""

    def bytes_done(self) -> tuple[float, int]:
        """Return how many of the file's bytes were read, about, and how many it has."""
        return self._file.share_read * self._file.size, self._file.size

    def close(self) -> None:
        """Let go of the file."""
        self._batches.close()
