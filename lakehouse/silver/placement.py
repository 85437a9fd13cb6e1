"""Tell which decided events are new, which repeat an id, and which Postgres refuses.

A look tells which ids are in the table already; new events are then inserted directly. If another
partition commits one of the ids in between, Postgres reports it by the unique key, and the look is
repeated. All writers insert in the order of event ids, so two of them never deadlock.
"""

import hashlib
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from itertools import compress, pairwise
from typing import Any, Final, NamedTuple, TypeAlias

import numpy as np
import psycopg
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray
from psycopg import errors as pg

from lakehouse.arrow_schemas import DUPLICATES, QUARANTINE, QUARANTINED_RAW_BYTES
from lakehouse.errors import StoresDisagree
from lakehouse.postgres.connection import DATA_ERRORS, execute, in_plain_words
from lakehouse.silver.copy import array_literal, copy_decisions
from risk.contract.application import RejectCode, Stage

RawOf = Callable[[int], bytes | None]
"""Gives the bytes of the event at an offset of a batch."""

_ATTEMPTS: Final = 10
_POSITION_KEY: Final = "decisions_position_key"
_PLACE: Final = ("topic", "part", "off")

# Made once: an empty table of many columns costs as much as a look-up.
_NO_DUPLICATES: Final = DUPLICATES.empty_table()
_NONE_REJECTED: Final = QUARANTINE.empty_table()

_Indices: TypeAlias = NDArray[np.int64]
_NO_INDICES: Final = np.zeros(0, np.int64)


@dataclass(frozen=True, slots=True)
class PlacedRows:
    """What became of a batch's decided events.

    Attributes
    ----------
    decisions
        The new ones, by offset; they are in the table.
    found_own
        How many were in the table already, from the very offset they came from now.
    duplicates, rejected
        The others, as `arrow_schemas.DUPLICATES` and `arrow_schemas.QUARANTINE`, by offset; not
        written yet.
    """

    decisions: pa.Table
    found_own: int
    duplicates: pa.Table
    rejected: pa.Table


class _First(NamedTuple):
    """The first decision of an id."""

    topic: str
    part: int
    off: int
    content_hash: int


def place(
    connection: psycopg.Connection, batches: Sequence[tuple[pa.Table, RawOf | None]]
) -> list[PlacedRows]:
    """Insert those whose event id is new, within the open transaction; say so of each batch.

    First come is first by batch, in the order given, and by offset within a batch.

    Parameters
    ----------
    batches
        Decided events of different partitions, each by offset, and what gives their bytes.

    Raises
    ------
    StoresDisagree
        An offset is decided already, as an event of another id.
    """
    placing = _Placing(connection, batches)
    pending = np.arange(sum(rows.num_rows for rows, _ in batches))
    while len(pending):
        leaders, repeats, repeated = placing.split_repeats(pending)
        placing.put(leaders)
        pending = placing.settle(repeats, repeated)
    return placing.result()


def decided_among(connection: psycopg.Connection, event_ids: pa.Array) -> list[tuple[Any, ...]]:
    """Return those of the events that are decided: id, topic, partition, offset, hash."""
    asked = {"event_ids": array_literal(event_ids)}
    return execute(connection, "find_decided", asked).fetchall()


class _Placing:
    """Sorts rows out by their indices: a copy of all columns costs more than a look-up.

    Indices ascend with the batches, and within a batch with the offsets.
    """

    def __init__(
        self,
        connection: psycopg.Connection,
        batches: Sequence[tuple[pa.Table, RawOf | None]],
    ) -> None:
        self._connection = connection
        tables, self._raw_of = zip(*batches, strict=True)
        self._bounds = np.cumsum([0, *(table.num_rows for table in tables)])
        # In one chunk, because rows are often taken from it by index.
        self._rows = pa.concat_tables(tables).combine_chunks() if tables[1:] else tables[0]
        self._ids = self._rows["event_id"].combine_chunks()
        self._fresh: list[tuple[_Indices, pa.Table]] = []
        self._decided_before: list[tuple[int, _First]] = []
        self._rejected: list[tuple[int, pa.Table]] = []
        self._standing: dict[str, _First] = {}
        self._refused: set[str] = set()

    def split_repeats(self, pending: _Indices) -> tuple[_Indices, _Indices, _Indices]:
        """Split into the first of each id, by id, and the others; and give the first of each other.

        The others come by id and offset.
        """
        # The sort is stable: rows of one id stay by offset.
        by_id = pending[pc.sort_indices(self._ids_at(pending)).to_numpy()]
        ids = self._ids_at(by_id)
        as_before = pc.equal(ids.slice(1), ids.slice(0, len(ids) - 1))
        is_repeat = np.concatenate([[False], as_before.to_numpy(zero_copy_only=False)])
        leaders = by_id[~is_repeat]
        return leaders, by_id[is_repeat], leaders[np.cumsum(~is_repeat)[is_repeat] - 1]

    def put(self, leaders: _Indices) -> None:
        """Insert rows of distinct ids, in the order given; halve what Postgres refuses."""
        try:
            found, known = self._insert_unknown(leaders)
        except DATA_ERRORS as exc:
            if len(leaders) > 1:
                half = len(leaders) // 2
                self.put(leaders[:half])
                self.put(leaders[half:])
            else:
                self._reject(int(leaders[0]), exc)
            return
        self._standing.update(found)
        self._note(known)

    def settle(self, repeats: _Indices, repeated: _Indices) -> _Indices:
        """Judge rows by the row they repeat; return those for which that one was refused."""
        if not len(repeats):
            return repeats
        leaders = self._take(repeated, ["event_id", *_First._fields]).to_pydict()
        for event_id, *first in zip(*leaders.values(), strict=True):
            self._standing.setdefault(event_id, _First(*first))
        orphaned = self._is_in(repeats, self._refused)
        self._note(repeats[~orphaned])
        orphans = repeats[orphaned]
        for event_id in self._ids_at(orphans).to_pylist():
            self._standing.pop(event_id, None)
        self._refused.clear()
        return orphans

    def result(self) -> list[PlacedRows]:
        """Return what became of the rows, which have all been placed, for each batch."""
        repeating, duplicates = self._duplicates()
        self._rejected.sort(key=lambda each: each[0])
        refused = [index for index, _ in self._rejected]
        rejected = pa.concat_tables([_NONE_REJECTED, *(row for _, row in self._rejected)])
        known = np.sort(np.array([index for index, _ in self._decided_before], np.int64))
        found_own = np.diff(known.searchsorted(self._bounds)) - np.diff(
            repeating.searchsorted(self._bounds)
        )
        return [
            PlacedRows(*placed)
            for placed in zip(
                self._cut(*self._decisions()),
                found_own.tolist(),
                self._cut(repeating, duplicates),
                self._cut(np.array(refused, np.int64), rejected),
                strict=True,
            )
        ]

    def _cut(self, indices: _Indices, rows: pa.Table) -> list[pa.Table]:
        """Cut rows of these ascending indices up by batch."""
        cuts = indices.searchsorted(self._bounds).tolist()
        return [rows.slice(first, after - first) for first, after in pairwise(cuts)]

    def _decisions(self) -> tuple[_Indices, pa.Table]:
        if len(self._fresh) == 1:
            ((fresh, taken),) = self._fresh
            if np.all(fresh[1:] > fresh[:-1]):  # they went in by id, which was in order too
                return fresh, taken
        fresh = np.sort(np.concatenate([_NO_INDICES, *(each for each, _ in self._fresh)]))
        is_all = len(fresh) == self._rows.num_rows
        return fresh, self._rows if is_all else self._take(fresh)

    def _insert_unknown(self, leaders: _Indices) -> tuple[dict[str, _First], _Indices]:
        for _ in range(_ATTEMPTS):
            try:
                with self._connection.transaction():
                    found = self._find(leaders)
                    is_known = self._is_in(leaders, found)
                    fresh = leaders[~is_known]
                    taken = self._take(fresh)
                    if len(fresh):
                        copy_decisions(self._connection, taken)
            except pg.UniqueViolation as exc:
                if exc.diag.constraint_name == _POSITION_KEY:
                    raise StoresDisagree(_occupied(self._take(leaders))) from exc
            else:
                self._fresh.append((fresh, taken))
                return found, leaders[is_known]
        raise pg.SerializationFailure("other partitions keep deciding the same events")

    def _find(self, leaders: _Indices) -> dict[str, _First]:
        rows = decided_among(self._connection, self._ids_at(leaders))
        return {event_id: _First(*first) for event_id, *first in rows}

    def _note(self, indices: _Indices) -> None:
        """Note rows whose id is decided already, with that decision."""
        firsts = (self._standing[event_id] for event_id in self._ids_at(indices).to_pylist())
        self._decided_before.extend(zip(indices.tolist(), firsts, strict=True))

    def _duplicates(self) -> tuple[_Indices, pa.Table]:
        """Return what is noted, but for rows that are that decision themselves."""
        if not self._decided_before:
            return _NO_INDICES, _NO_DUPLICATES
        noted, standing = zip(*sorted(self._decided_before), strict=True)
        indices = np.array(noted)
        rows = self._take(indices, [*_PLACE, "event_id", "content_hash", "decided_at"])
        places = zip(*(rows[name].to_pylist() for name in _PLACE), strict=True)
        repeated = [first[:3] != place for first, place in zip(standing, places, strict=True)]
        rows, firsts = rows.filter(pa.array(repeated)), list(compress(standing, repeated))
        hashes = pa.array([first.content_hash for first in firsts], pa.int64())
        columns = {
            "topic": rows["topic"],
            "part": rows["part"],
            "off": rows["off"],
            "event_id": rows["event_id"],
            "is_conflict": pc.not_equal(rows["content_hash"], hashes),
            "first_topic": pa.array([first.topic for first in firsts], pa.string()),
            "first_part": pa.array([first.part for first in firsts], pa.int64()),
            "first_off": pa.array([first.off for first in firsts], pa.int64()),
            "seen_at": rows["decided_at"],
        }
        return indices[repeated], pa.table(columns, schema=DUPLICATES)

    def _reject(self, index: int, exc: BaseException) -> None:
        row = self._rows.slice(index, 1)
        (event_id,) = row["event_id"].to_pylist()
        self._refused.add(event_id)
        (off,) = row["off"].to_pylist()
        raw_of = self._raw_of[int(self._bounds.searchsorted(index, side="right")) - 1]
        raw = raw_of(off) if raw_of is not None else None
        rejected = {
            "topic": row["topic"],
            "part": row["part"],
            "off": row["off"],
            "stage": [Stage.STORE.value],
            "code": [RejectCode.STORE_REJECTED.value],
            "reason": [f"Postgres refused the decided row: {in_plain_words(exc)}"],
            "raw_size": [len(raw or b"")],
            "raw_sha256": [None if raw is None else hashlib.sha256(raw).hexdigest()],
            "raw": [None if raw is None else raw[:QUARANTINED_RAW_BYTES]],
            "first_seen_at": row["decided_at"],
        }
        self._rejected.append((index, pa.table(rejected, schema=QUARANTINE)))

    def _take(self, indices: _Indices, columns: Sequence[str] | None = None) -> pa.Table:
        rows = self._rows if columns is None else self._rows.select(columns)
        return rows.take(pa.array(indices))

    def _ids_at(self, indices: _Indices) -> pa.StringArray:
        return self._ids.take(pa.array(indices))

    def _is_in(self, indices: _Indices, event_ids: Collection[str]) -> NDArray[np.bool_]:
        if not event_ids:
            return np.zeros(len(indices), np.bool_)
        wanted = pa.array(list(event_ids), pa.string())
        is_wanted = pc.is_in(self._ids_at(indices), value_set=wanted)
        return np.asarray(is_wanted.to_numpy(zero_copy_only=False), np.bool_)


def _occupied(rows: pa.Table) -> str:
    where = f"{rows['topic'][0]}/{rows['part'][0]}"
    lowest, highest = pc.min(rows["off"]), pc.max(rows["off"])
    return (
        f"{where}: an offset from {lowest} to {highest} is decided already, as another event: the "
        "topic was recreated, or its positions in silver were altered; give the new topic a name "
        "of its own, or restore the silver that belongs to it"
    )
