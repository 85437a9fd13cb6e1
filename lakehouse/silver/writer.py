"""Silver: every event that is read becomes, once, a decision, a duplicate or a quarantined event.

A batch holds the events of one partition from `first_off` up to `next_off`. It is stored in one
transaction with its partition's position, so after a kill at any instant both are there or neither
is. Batches of several partitions may share the transaction, because a transaction alone costs as
much as some hundred events. Events that are read again are answered from what is stored, and not
decided anew:

* Below the stored position nothing is written; decisions, quarantine and duplicates are read back.
* From the position on, an event with a new id is decided, and others are duplicates. The first is
  the first by offset within a batch, by the order of batches within a transaction, then by commit.
* A batch that begins beyond the position would leave a gap, and stops the flow.
* A batch with an older token than the pipeline's is refused: a newer instance has taken over.

After a transient error (a lost connection, a deadlock, a full disk) the writer waits, opens a new
connection and repeats the whole transaction, which is idempotent. If Postgres refuses the values of
a row, only that row is quarantined.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import psycopg
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from lakehouse.errors import Gap
from lakehouse.postgres.connection import Patience, connect, execute, persistently
from lakehouse.silver.claims import refuse_if_fenced
from lakehouse.silver.copy import insert_duplicates, insert_quarantine, read_range
from lakehouse.silver.placement import PlacedRows, RawOf, place


@dataclass(frozen=True, slots=True)
class SilverBatch:
    """A batch of one partition, with its verdicts.

    Attributes
    ----------
    first_off, next_off
        The position at which reading began, and the one at which it goes on. Neither need be the
        offset of an event: a topic has holes.
    offsets
        Of all events read, ascending.
    decided, quarantined
        Their verdicts, as `arrow_schemas.DECISIONS` and `arrow_schemas.QUARANTINE`, each by offset.
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
class BatchCounts:
    """What one call added to silver; read is the sum of the others."""

    read: int = 0
    decided: int = 0
    duplicates: int = 0
    conflicts: int = 0
    quarantined: int = 0


@dataclass(frozen=True, slots=True)
class Stored:
    """What silver holds of a batch's range, each table by offset.

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
    counted: BatchCounts = field(default_factory=BatchCounts)

    @property
    def is_new(self) -> bool:
        """Whether this call stored any of it."""
        return self.counted.read > 0

    @property
    def new_decisions(self) -> pa.Table:
        """What this call added: the last rows, because new events follow the old ones."""
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
        From `lakehouse.silver.claims.claim`.
    patience
        How long a batch waits for a server that is out.
    """

    def __init__(self, dsn: str, pipeline: str, token: int, *, patience: Patience) -> None:
        self._dsn = dsn
        self._pipeline = pipeline
        self._token = token
        self._patience = patience
        self._connection: psycopg.Connection | None = None

    def store(self, batch: SilverBatch) -> Stored:
        """Store a batch alone; see `store_together`."""
        (stored,) = self.store_together([batch])
        return stored

    def store_together(self, batches: Sequence[SilverBatch]) -> list[Stored]:
        """Store batches of different partitions, once, all or none.

        Returns what silver holds of the range of each.

        Raises
        ------
        Fenced
            A newer instance has claimed the pipeline; nothing was stored.
        Gap
            A batch begins beyond its partition's position; nothing was stored.
        StoresDisagree
            An offset of a batch is decided already, as another event.
        Unavailable
            The server did not come back in time. Whether the batches are stored is then unknown;
            storing them again settles that.
        Denied, SchemaDiffers
            The server refuses the user, or has other tables.
        """
        # An answer can be lost after the commit: the next attempt then finds the batches stored,
        # and what it added is known from here.
        committing: list[list[BatchCounts]] = []

        def attempt() -> list[Stored]:
            try:
                return self._store_once(self._connected(), batches, committing)
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
        self,
        connection: psycopg.Connection,
        batches: Sequence[SilverBatch],
        committing: list[list[BatchCounts]],
    ) -> list[Stored]:
        with connection.transaction():
            refuse_if_fenced(connection, self._pipeline, self._token)
            positions = self._positions(connection, batches)
            ahead = [
                (batch, position)
                for batch, position in zip(batches, positions, strict=True)
                if batch.next_off > position
            ]
            new: dict[tuple[str, int], Stored] = {}
            if ahead:
                added = _store_from(connection, ahead)
                self._advance(connection, added)
                new = {(each.topic, each.part): each for each in added}
            before = committing[-1] if committing else [BatchCounts()] * len(batches)
            stored = [
                new.get((batch.topic, batch.part)) or _read_back(connection, batch, counted)
                for batch, counted in zip(batches, before, strict=True)
            ]
            committing.append([each.counted for each in stored])
        return stored

    def _positions(
        self, connection: psycopg.Connection, batches: Sequence[SilverBatch]
    ) -> list[int]:
        parameters = {
            "pipeline": self._pipeline,
            "topics": [batch.topic for batch in batches],
            "parts": [batch.part for batch in batches],
        }
        rows = execute(connection, "lock_progress", parameters).fetchall()
        found = {(topic, part): int(next_off) for topic, part, next_off in rows}
        for batch in batches:
            position = found.get((batch.topic, batch.part))
            if position is None or batch.first_off > position:
                raise Gap(
                    f"{batch.topic}/{batch.part}: the batch begins at {batch.first_off}, pipeline "
                    f"{self._pipeline} is stored up to {position}: what lies between would be "
                    "lost; start again, which reads on from the position"
                )
        return [found[batch.topic, batch.part] for batch in batches]

    def _advance(self, connection: psycopg.Connection, stored: Sequence[Stored]) -> None:
        counted = [each.counted for each in stored]
        columns = {
            "topics": [each.topic for each in stored],
            "parts": [each.part for each in stored],
            "next_offs": [each.next_off for each in stored],
            "read": [each.read for each in counted],
            "decided": [each.decided for each in counted],
            "duplicates": [each.duplicates for each in counted],
            "conflicts": [each.conflicts for each in counted],
            "quarantined": [each.quarantined for each in counted],
        }
        execute(connection, "advance_progress", {"pipeline": self._pipeline, **columns})


def _store_from(
    connection: psycopg.Connection, ahead: Sequence[tuple[SilverBatch, int]]
) -> list[Stored]:
    """Store the events of each batch from its partition's position on."""
    placed = place(
        connection,
        [(_from(batch.decided, batch, position), batch.raw_of) for batch, position in ahead],
    )
    quarantine = [
        _with_rejected(_from(batch.quarantined, batch, position), each.rejected)
        for (batch, position), each in zip(ahead, placed, strict=True)
    ]
    were_there = _insert_undecided(connection, quarantine, [each.duplicates for each in placed])
    stored = []
    for (batch, position), each, refused in zip(ahead, placed, quarantine, strict=True):
        counted = _counts(batch, position, each, refused)
        if were_there or each.found_own or batch.first_off < position:
            stored.append(_read_back(connection, batch, counted))
        else:
            stored.append(_as_placed(batch, each, refused, counted))
    return stored


def _insert_undecided(
    connection: psycopg.Connection, quarantine: Sequence[pa.Table], duplicates: Sequence[pa.Table]
) -> int:
    """Insert what was not decided, and return how many of these rows were there already."""
    refused, repeated = pa.concat_tables(quarantine), pa.concat_tables(duplicates)
    handed = int(refused.num_rows + repeated.num_rows)
    return handed - insert_quarantine(connection, refused) - insert_duplicates(connection, repeated)


def _counts(
    batch: SilverBatch, position: int, placed: PlacedRows, quarantine: pa.Table
) -> BatchCounts:
    return BatchCounts(
        read=int(np.count_nonzero(batch.offsets >= position)),
        decided=placed.decisions.num_rows + placed.found_own,
        duplicates=placed.duplicates.num_rows,
        conflicts=int(pc.sum(placed.duplicates["is_conflict"]).as_py() or 0),
        quarantined=quarantine.num_rows,
    )


def _as_placed(
    batch: SilverBatch, placed: PlacedRows, quarantine: pa.Table, counted: BatchCounts
) -> Stored:
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


def _read_back(connection: psycopg.Connection, batch: SilverBatch, counted: BatchCounts) -> Stored:
    span = (batch.topic, batch.part, batch.first_off, batch.next_off)
    return Stored(*span, *read_range(connection, *span), counted)


def _from(rows: pa.Table, batch: SilverBatch, position: int) -> pa.Table:
    if position <= batch.first_off:
        return rows
    return rows.filter(pc.greater_equal(rows["off"], position))


def _with_rejected(quarantine: pa.Table, rejected: pa.Table) -> pa.Table:
    if not rejected.num_rows:
        return quarantine
    return pa.concat_tables([quarantine, rejected]).sort_by("off")
