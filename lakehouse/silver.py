"""Silver: every event that is read ends, once, as decided, duplicate or quarantined (P3).

A batch is the run of one partition from `first_off` up to `next_off`. It is stored in one
transaction with its partition's position, so that after a kill at any instant both are there or
neither is. What may then be read again is answered from what is stored, never decided anew:

* below the stored position nothing is written; decisions, quarantine and duplicates are read back;
* from the position on, an event is decided if its id is new, and a duplicate if not. First come is
  first by offset within a batch, and by commit between partitions;
* a batch that begins beyond the position would leave a gap, and stops the flow;
* a batch under an older token than the pipeline's is refused: a newer instance has taken over.

What passes (a lost connection, a deadlock, a full disk) is waited for, on a new connection with the
whole transaction, which is idempotent. What Postgres refuses for its values is quarantined alone.
"""

from dataclasses import dataclass, field

import numpy as np
import psycopg
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from lakehouse.errors import Gap
from lakehouse.postgres import Patience, connect, execute, persistently
from lakehouse.silver_access import refuse_if_fenced
from lakehouse.silver_placing import Placed, RawOf, place
from lakehouse.silver_rows import insert_duplicates, insert_quarantine, read_range

__all__ = ["Batch", "Counts", "SilverWriter", "Stored"]


@dataclass(frozen=True, slots=True)
class Batch:
    """What one partition handed over, with the verdicts on it.

    Attributes
    ----------
    first_off, next_off
        The position at which reading began, and the one at which it goes on. Neither need be the
        offset of an event: a topic has holes.
    offsets
        Of all events read, ascending.
    decided, quarantined
        Their verdicts, as `tables.DECISIONS` and `tables.QUARANTINE`, each by offset.
    read
        How many events: each is in exactly one of the two.
    raw_of
        Gives an event's bytes by its offset, for one that turns out to be refused by Postgres.
    """

    topic: str
    part: int
    first_off: int
    next_off: int
    offsets: NDArray[np.int64]
    decided: pa.Table
    quarantined: pa.Table
    read: int
    raw_of: RawOf | None = None

    def __post_init__(self) -> None:
        verdicts = self.decided.num_rows + self.quarantined.num_rows
        if not verdicts == self.read == len(self.offsets):
            raise ValueError(
                f"{self.topic}/{self.part}: {self.read} events read, {len(self.offsets)} offsets, "
                f"{verdicts} verdicts: every event needs exactly one of each"
            )


@dataclass(frozen=True, slots=True)
class Counts:
    """What one call stored anew, not counting what was there: read is the sum of the others."""

    read: int = 0
    decided: int = 0
    duplicates: int = 0
    conflicts: int = 0
    quarantined: int = 0


@dataclass(frozen=True, slots=True)
class Stored:
    """What silver holds of a batch's range, whoever stored it, each table by offset.

    Attributes
    ----------
    counted
        What this call added; all 0 for a batch that was only read back.
    """

    topic: str
    part: int
    first_off: int
    next_off: int
    decisions: pa.Table
    quarantine: pa.Table
    duplicates: pa.Table
    counted: Counts = field(default_factory=Counts)

    @property
    def is_new(self) -> bool:
        """Whether this call stored any of it."""
        return self.counted.read > 0

    @property
    def new_decisions(self) -> pa.Table:
        """What this call added: the last rows, as what is new lies behind what was there."""
        return self.decisions.slice(self.decisions.num_rows - self.counted.decided)

    @property
    def new_quarantine(self) -> pa.Table:
        """What this call added to quarantine."""
        return self.quarantine.slice(self.quarantine.num_rows - self.counted.quarantined)


class SilverWriter:
    """Stores batches under one claim on a pipeline; one writer and one connection a thread.

    Parameters
    ----------
    token
        From `silver_access.claim`.
    patience
        How long a batch waits for a server that is out.
    """

    def __init__(self, dsn: str, pipeline: str, token: int, *, patience: Patience) -> None:
        self._dsn = dsn
        self._pipeline = pipeline
        self._token = token
        self._patience = patience
        self._connection: psycopg.Connection | None = None

    def store(self, batch: Batch) -> Stored:
        """Store the batch, once, and return what silver holds of its range.

        Raises
        ------
        Fenced
            A newer instance has claimed the pipeline; nothing was stored.
        Gap
            The batch begins beyond the partition's position; nothing was stored.
        StoresDisagree
            An offset of the batch is decided already, as another event.
        Unavailable
            The server did not come back in time. Whether the batch is stored is then unknown;
            storing it again settles that.
        Denied, SchemaDiffers
            The server refuses the user, or has other tables.
        """
        # An answer can be lost after the commit: the next attempt then finds the batch stored, and
        # what it added is known from here.
        committing: list[Counts] = []

        def attempt() -> Stored:
            try:
                return self._store_once(self._connected(), batch, committing)
            except psycopg.Error:
                self.close()
                raise

        return persistently(attempt, patience=self._patience)

    def close(self) -> None:
        """Let go of the connection; the next `store` opens another."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _connected(self) -> psycopg.Connection:
        if self._connection is None:
            self._connection = connect(self._dsn)
        return self._connection

    def _store_once(
        self, connection: psycopg.Connection, batch: Batch, committing: list[Counts]
    ) -> Stored:
        with connection.transaction():
            refuse_if_fenced(connection, self._pipeline, self._token)
            position = self._position(connection, batch)
            if batch.next_off <= position:
                counted = committing[-1] if committing else Counts()
                return _read_back(connection, batch, counted)
            stored, counted = _store_from(connection, batch, position)
            self._advance(connection, batch, counted)
            committing.append(counted)
        return stored

    def _position(self, connection: psycopg.Connection, batch: Batch) -> int:
        where = {"pipeline": self._pipeline, "topic": batch.topic, "part": batch.part}
        row = execute(connection, "lock_progress", where).fetchone()
        position = None if row is None else int(row[0])
        if position is None or batch.first_off > position:
            raise Gap(
                f"{batch.topic}/{batch.part}: the batch begins at {batch.first_off}, pipeline "
                f"{self._pipeline} is stored up to {position}: what lies between would be lost; "
                "start again, which reads on from the position"
            )
        return position

    def _advance(self, connection: psycopg.Connection, batch: Batch, counted: Counts) -> None:
        parameters = {
            "pipeline": self._pipeline,
            "topic": batch.topic,
            "part": batch.part,
            "next_off": batch.next_off,
            "read": counted.read,
            "decided": counted.decided,
            "duplicates": counted.duplicates,
            "conflicts": counted.conflicts,
            "quarantined": counted.quarantined,
        }
        execute(connection, "advance_progress", parameters)


def _store_from(
    connection: psycopg.Connection, batch: Batch, position: int
) -> tuple[Stored, Counts]:
    is_ahead = batch.offsets >= position
    decided, quarantine = batch.decided, batch.quarantined
    if not is_ahead.all():
        decided, quarantine = _from(decided, position), _from(quarantine, position)
    placed = place(connection, decided, batch.raw_of)
    if placed.rejected.num_rows:
        quarantine = pa.concat_tables([quarantine, placed.rejected]).sort_by("off")
    new_quarantine = insert_quarantine(connection, quarantine)
    new_duplicates = insert_duplicates(connection, placed.duplicates)
    counted = Counts(
        read=int(np.count_nonzero(is_ahead)),
        decided=placed.decisions.num_rows + placed.found_own,
        duplicates=placed.duplicates.num_rows,
        conflicts=int(pc.sum(placed.duplicates["is_conflict"]).as_py() or 0),
        quarantined=quarantine.num_rows,
    )
    is_all_new = (
        position <= batch.first_off
        and placed.found_own == 0
        and new_quarantine == quarantine.num_rows
        and new_duplicates == placed.duplicates.num_rows
    )
    if not is_all_new:
        return _read_back(connection, batch, counted), counted
    return _as_placed(batch, placed, quarantine, counted), counted


def _as_placed(batch: Batch, placed: Placed, quarantine: pa.Table, counted: Counts) -> Stored:
    return Stored(
        batch.topic,
        batch.part,
        batch.first_off,
        batch.next_off,
        decisions=placed.decisions,
        quarantine=quarantine,
        duplicates=placed.duplicates,
        counted=counted,
    )


def _read_back(connection: psycopg.Connection, batch: Batch, counted: Counts) -> Stored:
    span = (batch.topic, batch.part, batch.first_off, batch.next_off)
    return Stored(*span, *read_range(connection, *span), counted)


def _from(rows: pa.Table, position: int) -> pa.Table:
    return rows.filter(pc.greater_equal(rows["off"], position))
