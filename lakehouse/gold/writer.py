"""One writer of one Delta table: rows and the positions they came from, in the same commit.

Guarantee: a row reaches the table once, whatever is killed, retried or run twice by mistake. Each
commit carries the last offset of every partition whose rows it holds, as one of Delta's application
transactions. Delta records these but does not enforce them, so the guarantee rests on three rules:

* Drop the rows that the table already holds.
* Commit through the table handle from which the positions were read. Another writer's commit of the
  same partition is then a conflict. A commit by address would open a newer snapshot and duplicate
  rows.
* After any failure, ask the table whether the commit took effect; never assume it.
"""

import time
from collections.abc import Callable, Iterable
from typing import Final

import pyarrow as pa
import pyarrow.compute as pc
from deltalake.exceptions import (
    DeltaError,
    DeltaProtocolError,
    SchemaMismatchError,
    TableNotFoundError,
)
from obstore.exceptions import BaseError
from tenacity import RetryCallState, Retrying, retry_if_exception, wait_random_exponential

from lakehouse.errors import Fenced, Gap, LakehouseError, SchemaDiffers
from lakehouse.gold.data_file import ENCODED_BYTES, DeltaStore, Growing, Handle, Sealed, TableStore
from lakehouse.gold.object_store import (
    as_ours,
    in_one_line,
    is_denied,
    table_uri,
)
from lakehouse.gold.tables import VIEWS
from lakehouse.postgres.connection import Patience
from lakehouse.retries import Retries
from lakehouse.telemetry import GOLD_COMMIT_SECONDS

Slot = tuple[str, int]
"""A partition: topic and number."""

_FIRST_WAIT_SECONDS: Final = 0.1
_LONGEST_WAIT_SECONDS: Final = 5.0
_STRUCTURAL: Final = (SchemaMismatchError, DeltaProtocolError, TableNotFoundError)


def transaction_id(pipeline: str, topic: str, part: int) -> str:
    """Name the application transaction under which a table keeps a partition's last offset."""
    return f"{pipeline}/{topic}/{part}"


class GoldWriter:
    """The writer of one table, on one thread at a time.

    Parameters
    ----------
    lake_uri, table
        The lake and which of its tables; the table is created if it is not there.
    pipeline
        Whose positions the table keeps.
    patience
        How long a commit tries while the store is out.
    pause
        Waits between two attempts; may raise to give up.
    encoded_bytes
        How large a piece of the file is, in memory, that a reader opens or skips.
    store
        Where the table lies: the lake's folder, unless a test brings another.

    Raises
    ------
    SchemaDiffers
        The table that is there has other columns than this code writes. Nullable ones that it
        lacks are added.
    Unavailable, Denied
        The store does not answer, or does not let us.
    """

    def __init__(
        self,
        lake_uri: str,
        table: str,
        *,
        pipeline: str,
        patience: Patience,
        pause: Callable[[float], None] = time.sleep,
        encoded_bytes: int = ENCODED_BYTES,
        store: TableStore | None = None,
    ) -> None:
        self.table = table
        self.uri = table_uri(lake_uri, table)
        self.pause = pause
        self._schema = VIEWS[table]
        self._store: TableStore = store or DeltaStore(
            self.uri, self._schema, encoded_bytes=encoded_bytes
        )
        self._pipeline = pipeline
        self._patience = patience
        self._retries = Retries(f"gold_{table}", in_one_line)
        self._committed: dict[Slot, int | None] = {}
        self._waiting: dict[Slot, int] = {}
        self._file: Growing | None = None
        self._sealed: list[Sealed] = []
        self.waiting_rows = 0
        self.waiting_offsets = 0
        with as_ours(self.uri):
            self._handle: Handle | None = self._store.open_or_create()

    def last_off(self, topic: str, part: int) -> int | None:
        """Return the last offset the table holds of a partition; ``None`` before its first commit.

        Asked once of the store (some GET requests), then remembered: from the first answer on, a
        commit of the same partition by anybody else is a conflict. While the result of an attempt
        is unknown, the next attempt looks at the table before it commits.
        """
        slot = (topic, part)
        if slot not in self._committed:
            with as_ours(self.uri):
                handle = self._handle or self._store.open_or_create()
                self._committed[slot] = self._recorded(handle, slot)
        return self._committed[slot]

    @property
    def is_behind(self) -> bool:
        """Whether a commit would change anything."""
        return bool(self._waiting)

    @property
    def waiting_bytes(self) -> int:
        """Bytes of memory that the rows take which wait for the next commit, mostly compressed."""
        growing = self._file.nbytes if self._file else 0
        return growing + sum(each.nbytes for each in self._sealed)

    def append(
        self,
        topic: str,
        part: int,
        next_off: int,
        rows: pa.Table,
        *,
        first_off: int | None = None,
        is_by_offset: bool = True,
    ) -> None:
        """Take rows of a partition, up to and not including `next_off`, for the next commit.

        Rows that the table already holds are dropped; for a table without offsets
        (`outcome_records`) the caller must do so. A batch without rows moves the position too.

        Parameters
        ----------
        first_off
            Where the batch begins: the position behind the one before, never its first row's.
        is_by_offset
            Whether the position counts the rows' own offsets; else the caller drops what is known.

        Raises
        ------
        Gap
            The batch begins beyond the position: committing it would skip what lies between.
        SchemaDiffers
            The rows have other columns than the table, or nulls where it has none.
        """
        if not rows.schema.equals(self._schema):
            raise SchemaDiffers(
                f"{self.uri}: rows of {topic}/{part} have other columns than the table: "
                f"{rows.schema.names}"
            )
        last = self.last_off(topic, part)
        last = self._waiting.get((topic, part), last)
        if last is not None and first_off is not None and first_off > last + 1:
            raise Gap(
                f"{self.uri}: the next offset of {topic}/{part} is {last + 1}, but the batch "
                f"begins at {first_off}; start again, so that the source resumes at the position"
            )
        if last is not None and next_off - 1 <= last:
            return
        if last is not None and is_by_offset and rows.num_rows and "off" in self._schema.names:
            rows = _behind(rows, last)
        if rows.num_rows:
            self._file = self._file or self._store.file()
            self._file.append(rows)
        self._waiting[topic, part] = next_off - 1
        self.waiting_rows += rows.num_rows
        self.waiting_offsets += rows.num_rows if last is None else next_off - 1 - last

    def flush(self) -> int:
        """Commit what waits, rows and positions in one, and return how many rows that were.

        After a failed attempt it looks at the table. If the table has the position, the attempt
        took effect. If it has nothing new, the attempt is repeated. If it has another position,
        another writer is alive.

        Raises
        ------
        Fenced
            Another writer moved a position that only we may move.
        SchemaDiffers, StoresDisagree, Denied
            Waiting would not help.
        Unavailable
            The patience is over. Nothing half-done is left; the rows still wait.
        """
        if not self._waiting:
            return 0
        attempts = Retrying(
            retry=retry_if_exception(_may_pass),
            wait=wait_random_exponential(multiplier=_FIRST_WAIT_SECONDS, max=_LONGEST_WAIT_SECONDS),
            stop=self._is_over,
            sleep=self.pause,
            before_sleep=self._retries,
            reraise=True,
        )
        began = time.perf_counter()
        with as_ours(self.uri):
            if self._file is not None:
                self._sealed.append(self._file.seal())
                self._file = None
            attempts(self._commit)
        GOLD_COMMIT_SECONDS.observe(self.table, time.perf_counter() - began)
        committed = self.waiting_rows
        self._committed.update(self._waiting)
        self._waiting, self._sealed = {}, []
        self.waiting_rows = self.waiting_offsets = 0
        return committed

    def _commit(self) -> None:
        handle = self._handle
        if handle is None:
            handle, has_landed = self._reopen()
            if has_landed:
                self._handle = handle
                return
        for file in self._sealed:
            self._store.put(file)
        before = handle.version()
        self._handle = None  # until it is known what became of this attempt
        positions = {
            transaction_id(self._pipeline, *slot): last for slot, last in self._waiting.items()
        }
        self._store.commit(handle, self._sealed, positions)
        handle.update_incremental()
        # Ours did not follow what we knew: it was laid over somebody's commit of other partitions,
        # which the handle now contains, so that a later conflict would go unseen.
        if handle.version() != before + 1:
            expected = {**self._committed, **self._waiting}
            self._refuse_strangers(expected, self._recorded_in(handle, expected))
        self._handle = handle

    def _reopen(self) -> tuple[Handle, bool]:
        """Return a new handle, and whether the attempt that seemed to fail had landed."""
        handle = self._store.open()
        if handle is None:
            raise TableNotFoundError(self.uri)
        found = self._recorded_in(handle, self._committed)
        has_landed = found == {**self._committed, **self._waiting}
        if not has_landed:
            self._refuse_strangers(self._committed, found)
        return handle, has_landed

    def _refuse_strangers(
        self, expected: dict[Slot, int | None], found: dict[Slot, int | None]
    ) -> None:
        for slot, last in expected.items():
            if found[slot] != last:
                raise Fenced(
                    f"{self.uri} is written to by another instance: {slot[0]}/{slot[1]} stands at "
                    f"offset {found[slot]}, where we had left it at {last}; this instance stops"
                )

    def _recorded_in(self, handle: Handle, slots: Iterable[Slot]) -> dict[Slot, int | None]:
        return {slot: self._recorded(handle, slot) for slot in slots}

    def _recorded(self, handle: Handle, slot: Slot) -> int | None:
        return handle.transaction_version(transaction_id(self._pipeline, *slot))

    def _is_over(self, state: RetryCallState) -> bool:
        return self._patience.is_over(state.seconds_since_start or 0.0)


def _behind(rows: pa.Table, last: int) -> pa.Table:
    """Return the rows of later offsets; the same table where that is all of them."""
    if pc.min(rows.column("off")).as_py() > last:
        return rows
    return rows.filter(pc.greater(rows.column("off"), last))


def _may_pass(exc: BaseException) -> bool:
    if isinstance(exc, (LakehouseError, *_STRUCTURAL)):
        return False
    return isinstance(exc, OSError | DeltaError | BaseError) and not is_denied(exc)
