"""Gold: the append-only history in Delta tables, each position in the commit of its rows.

`open_gold` checks the store and opens a writer for each table (`lakehouse.gold.writer` is the
protocol); `GoldAppender` lets a writer commit beside the flow.

The tables are not partitioned. Each commit is one file of consecutive offsets, so the file's bounds
on offsets and instants already tell a reader whether to open it. Partitions by date would make a
replayed history write hundreds of files per commit. The maintainer compacts small files.
"""

import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Final

import pyarrow as pa

from lakehouse.errors import Unavailable
from lakehouse.gold.object_store import probe
from lakehouse.gold.tables import SCHEMAS
from lakehouse.gold.writer import GoldWriter, Slot
from lakehouse.postgres.connection import Patience

POSITION_SECONDS: Final = 30.0
POSITION_OFFSETS: Final = 100_000
"""A commit without rows, of a table that rarely has any, waits for either; a restart reads again
what lies behind the slowest table."""

_CLOSE_SECONDS: Final = 10.0

_Batch = tuple[str, int, int, pa.Table, int | None]


def open_gold(lake_uri: str, *, pipeline: str, patience: Patience) -> dict[str, GoldWriter]:
    """Make sure of the lake, create what it lacks, and return a writer a table.

    Raises
    ------
    Unavailable, Denied, SchemaDiffers
        The lake does not answer within 10 s, refuses us, overwrites what it was asked to create,
        or holds tables of another shape.
    """
    probe(lake_uri)
    opened = partial(GoldWriter, lake_uri, pipeline=pipeline, patience=patience)
    with ThreadPoolExecutor(len(SCHEMAS), "gold-open") as pool:
        return dict(zip(SCHEMAS, pool.map(opened, SCHEMAS), strict=True))


def last_offs(
    writers: Mapping[str, GoldWriter], slots: Iterable[Slot]
) -> dict[Slot, dict[str, int | None]]:
    """Return the last offset of each partition in each table, the tables asked side by side."""
    slots = list(slots)

    def of_one(writer: GoldWriter) -> list[int | None]:
        return [writer.last_off(*slot) for slot in slots]

    with ThreadPoolExecutor(len(writers), "gold-positions") as pool:
        found = list(pool.map(of_one, writers.values()))
    return {
        slot: dict(zip(writers, offsets, strict=True))
        for slot, offsets in zip(slots, zip(*found, strict=True), strict=True)
    }


def _on_a_thread(run: Callable[[], None], name: str) -> threading.Thread:
    thread = threading.Thread(target=run, name=name, daemon=True)
    thread.start()
    return thread


class GoldAppender:
    """A writer on a thread of its own: the flow goes on while the table commits.

    Commits when rows or bytes reach their limit, when the first row that waits is too old, and when
    asked. `append` waits while `max_bytes` are on their way to the writer, which itself holds at
    most as much. So memory is bounded, however long the store is out. A failure ends the thread and
    is raised by every later call.

    Parameters
    ----------
    max_rows, max_bytes, max_seconds
        What may wait for one commit, in bytes of memory as it waits, and for how long.
    max_offsets
        How many offsets may wait for one, whether they have rows or not.
    on_commit
        Called after each commit with the table's name, on the appender's thread.
    clock
        Seconds that never go back.
    start
        Begins the thread. Who brings another takes the appender's turns, as the simulator does.
    """

    def __init__(
        self,
        writer: GoldWriter,
        *,
        max_rows: int,
        max_bytes: int,
        max_seconds: float,
        max_offsets: int = POSITION_OFFSETS,
        on_commit: Callable[[str], object] = lambda _table: None,
        clock: Callable[[], float] = time.monotonic,
        start: Callable[[Callable[[], None], str], threading.Thread] = _on_a_thread,
    ) -> None:
        self._writer = writer
        self._max_rows = max_rows
        self._max_bytes = max_bytes
        self._max_seconds = max_seconds
        self._max_offsets = max_offsets
        self._on_commit = on_commit
        self._clock = clock
        self._state = threading.Condition()
        self._queue: deque[_Batch] = deque()
        self._queued_bytes = 0
        self._oldest_at: float | None = None
        self._rows_wanted = False
        self._all_asked = 0
        self._all_done = 0
        self._failure: BaseException | None = None
        self._closing = threading.Event()
        writer.pause = self._pause
        self._thread = start(self._run, f"gold-{writer.table}")

    def append(
        self, topic: str, part: int, next_off: int, rows: pa.Table, first_off: int | None = None
    ) -> None:
        """Hand over rows of a partition up to `next_off`; see `GoldWriter.append`.

        Raises
        ------
        LakehouseError
            The table could not take what it was handed before.
        """
        size = rows.nbytes
        with self._state:
            self._state.wait_for(lambda: self._is_over or self._has_room(size))
            self._raise_failure()
            self._queue.append((topic, part, next_off, rows, first_off))
            self._queued_bytes += size
            self._state.notify_all()

    def flush(self, *, wait: bool = False) -> None:
        """Ask for a commit of the rows at hand; with `wait`, commit everything and return then.

        Without `wait`, positions without rows keep their own, slower pace.

        Raises
        ------
        LakehouseError
            The table could not take what it was handed.
        """
        with self._state:
            self._raise_failure()
            self._rows_wanted = True
            if wait:
                self._all_asked += 1
            ticket = self._all_asked
            self._state.notify_all()
            if wait:
                self._state.wait_for(lambda: self._is_over or self._all_done >= ticket)
                self._raise_failure()

    def close(self) -> None:
        """End the thread and drop what was not committed: the next start reads it again."""
        self._closing.set()
        with self._state:
            self._state.notify_all()
        # A thread inside the store's library when the interpreter ends would abort the process.
        self._thread.join(_CLOSE_SECONDS)

    @property
    def _is_over(self) -> bool:
        return self._failure is not None or self._closing.is_set()

    def _has_room(self, size: int) -> bool:
        return self._queued_bytes == 0 or self._queued_bytes + size <= self._max_bytes

    def _raise_failure(self) -> None:
        if self._failure is not None:
            raise self._failure
        if self._closing.is_set():
            raise Unavailable(f"{self._writer.uri}: this appender was closed")

    def _pause(self, seconds: float) -> None:
        if self._closing.wait(seconds):
            raise Unavailable(f"{self._writer.uri}: closed while the store was out")

    def _run(self) -> None:
        while not self._is_over:
            self.take_a_turn()

    def take_a_turn(self) -> None:
        """Wait for a batch, a request or an age, and answer it: what the thread does until over."""
        try:
            batch = self._next()
            if batch is None:
                self._answer()
            else:
                self._take(batch)
        except BaseException as exc:  # noqa: BLE001 - raised again by the flow's next call
            with self._state:
                self._failure = exc
                self._state.notify_all()

    def _next(self) -> _Batch | None:
        with self._state:
            self._state.wait_for(
                lambda: (
                    self._queue
                    or self._rows_wanted
                    or self._all_asked > self._all_done
                    or self._closing.is_set()
                ),
                timeout=self._seconds_to_go(),
            )
            return self._queue.popleft() if self._queue else None

    def _take(self, batch: _Batch) -> None:
        topic, part, next_off, rows, first_off = batch
        self._writer.append(topic, part, next_off, rows, first_off=first_off)
        if self._oldest_at is None and self._writer.is_behind:
            self._oldest_at = self._clock()
        with self._state:
            self._queued_bytes -= rows.nbytes
            self._state.notify_all()
        if self._is_full() or self._seconds_to_go() == 0:
            self._commit()

    def _answer(self) -> None:
        with self._state:
            asked, rows_wanted, self._rows_wanted = self._all_asked, self._rows_wanted, False
        if (
            asked > self._all_done
            or (rows_wanted and self._writer.waiting_rows)
            or self._seconds_to_go() == 0
        ):
            self._commit()
        with self._state:
            self._all_done = asked
            self._state.notify_all()

    def _is_full(self) -> bool:
        return (
            self._writer.waiting_rows >= self._max_rows
            or self._writer.waiting_bytes >= self._max_bytes
            or self._writer.waiting_offsets >= self._max_offsets
        )

    def _seconds_to_go(self) -> float | None:
        if self._oldest_at is None:
            return None
        allowed = self._max_seconds if self._writer.waiting_rows else POSITION_SECONDS
        return max(0.0, self._oldest_at + allowed - self._clock())

    def _commit(self) -> None:
        if self._writer.is_behind:
            self._writer.flush()
            self._on_commit(self._writer.table)
        self._oldest_at = None
