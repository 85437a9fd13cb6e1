"""Which of a batch's decided events are new, which repeat an id, and which Postgres refuses.

New ones go straight into the table after a look at which ids are there. Should another partition
commit one of them in between, Postgres says so and the look is taken again: the unique key has the
last word. All writers insert by event id, so that two of them never wait for each other in a ring.
"""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

import psycopg
import pyarrow as pa
import pyarrow.compute as pc
from psycopg import errors as pg

from lakehouse.errors import StoresDisagree
from lakehouse.postgres import DATA_ERRORS, execute, in_plain_words
from lakehouse.silver_rows import array_literal, copy_decisions
from lakehouse.tables import DUPLICATES, QUARANTINE, QUARANTINED_RAW_BYTES
from risk.contract import RejectCode, Stage

__all__ = ["Placed", "RawOf", "place"]

RawOf = Callable[[int], bytes | None]
"""Gives the bytes of the event at an offset."""

_ATTEMPTS: Final = 10
_POSITION_KEY: Final = "decisions_position_key"


@dataclass(frozen=True, slots=True)
class Placed:
    """What became of decided events.

    Attributes
    ----------
    decisions
        The new ones, by offset; they are in the table.
    found_own
        How many were in the table already, from the very offset they came from now.
    duplicates, rejected
        The others, as `tables.DUPLICATES` and `tables.QUARANTINE`; still to be written.
    """

    decisions: pa.Table
    found_own: int
    duplicates: pa.Table
    rejected: pa.Table


class _First(NamedTuple):
    """The decision that stands for an id."""

    topic: str
    part: int
    off: int
    content_hash: int


def place(connection: psycopg.Connection, rows: pa.Table, raw_of: RawOf | None) -> Placed:
    """Insert those of `rows` (by offset) whose event id is new, within the open transaction.

    Raises
    ------
    StoresDisagree
        An offset is decided already, as an event of another id.
    """
    placing = _Placing(connection, raw_of)
    pending = rows
    while pending.num_rows:
        leaders, repeats = _split_repeats(pending)
        placing.put(leaders)
        pending = placing.settle(repeats, leaders)
    return placing.result(rows)


class _Placing:
    def __init__(self, connection: psycopg.Connection, raw_of: RawOf | None) -> None:
        self._connection = connection
        self._raw_of = raw_of
        self._fresh: list[pa.Array] = []
        self._duplicates = [DUPLICATES.empty_table()]
        self._rejected = [QUARANTINE.empty_table()]
        self._standing: dict[str, _First] = {}
        self._refused: set[str] = set()
        self._found_own = 0

    def put(self, leaders: pa.Table) -> None:
        """Insert rows of distinct ids, in the order given; halve what Postgres refuses."""
        try:
            found, fresh = self._insert_unknown(leaders)
        except DATA_ERRORS as exc:
            if leaders.num_rows > 1:
                half = leaders.num_rows // 2
                self.put(leaders.slice(0, half))
                self.put(leaders.slice(half))
            else:
                self._reject(leaders, exc)
            return
        self._fresh.extend(fresh["off"].chunks)
        self._standing.update(found)
        if found:
            self._compare(leaders.filter(_is_in(leaders, found)))

    def settle(self, repeats: pa.Table, leaders: pa.Table) -> pa.Table:
        """Judge rows by the leader of the same id; return those whose leader was refused."""
        if not repeats.num_rows:
            return repeats
        ids = repeats["event_id"].to_pylist()
        of_repeats = leaders.filter(_is_in(leaders, ids)).select(["event_id", *_First._fields])
        for event_id, *first in zip(*of_repeats.to_pydict().values(), strict=True):
            self._standing.setdefault(event_id, _First(*first))
        orphaned = _is_in(repeats, self._refused)
        self._compare(repeats.filter(pc.invert(orphaned)))
        orphans = repeats.filter(orphaned)
        for event_id in orphans["event_id"].to_pylist():
            self._standing.pop(event_id, None)
        self._refused.clear()
        return orphans

    def result(self, rows: pa.Table) -> Placed:
        """Return what became of `rows`, which have all been placed."""
        fresh = pa.chunked_array(self._fresh, pa.int64())
        if len(fresh) < rows.num_rows:
            rows = rows.filter(pc.is_in(rows["off"], value_set=fresh))
        return Placed(
            rows,
            self._found_own,
            pa.concat_tables(self._duplicates),
            pa.concat_tables(self._rejected),
        )

    def _insert_unknown(self, leaders: pa.Table) -> tuple[dict[str, _First], pa.Table]:
        for _ in range(_ATTEMPTS):
            try:
                with self._connection.transaction():
                    found = self._find(leaders)
                    fresh = leaders.filter(pc.invert(_is_in(leaders, found))) if found else leaders
                    if fresh.num_rows:
                        copy_decisions(self._connection, fresh)
            except pg.UniqueViolation as exc:
                if exc.diag.constraint_name == _POSITION_KEY:
                    raise StoresDisagree(_occupied(leaders)) from exc
            else:
                return found, fresh
        raise pg.SerializationFailure("other partitions keep deciding the same events")

    def _find(self, leaders: pa.Table) -> dict[str, _First]:
        ids = array_literal(leaders["event_id"])
        rows = execute(self._connection, "find_decided", {"event_ids": ids}).fetchall()
        return {event_id: _First(*first) for event_id, *first in rows}

    def _compare(self, rows: pa.Table) -> None:
        """Note rows whose id stands decided: as duplicates, unless they are that decision."""
        standing = [self._standing[event_id] for event_id in rows["event_id"].to_pylist()]
        places = zip(*(rows[name].to_pylist() for name in ("topic", "part", "off")), strict=True)
        repeated = [first[:3] != place for first, place in zip(standing, places, strict=True)]
        self._found_own += len(repeated) - sum(repeated)
        firsts = [
            first for first, is_repeated in zip(standing, repeated, strict=True) if is_repeated
        ]
        self._duplicates.append(_duplicates(rows.filter(pa.array(repeated, pa.bool_())), firsts))

    def _reject(self, row: pa.Table, exc: BaseException) -> None:
        (event_id,) = row["event_id"].to_pylist()
        self._refused.add(event_id)
        (off,) = row["off"].to_pylist()
        raw = self._raw_of(off) if self._raw_of is not None else None
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
        self._rejected.append(pa.table(rejected, schema=QUARANTINE))


def _split_repeats(rows: pa.Table) -> tuple[pa.Table, pa.Table]:
    """Split into the first of each id, by id, and the others, by id and offset."""
    by_id = pc.sort_indices(rows, [("event_id", "ascending"), ("off", "ascending")])
    ordered = rows.take(by_id)
    ids = ordered["event_id"].combine_chunks()
    is_repeat = pa.concat_arrays(
        [pa.array([False]), pc.equal(ids.slice(1), ids.slice(0, len(ids) - 1))]
    )
    if not pc.any(is_repeat).as_py():
        return ordered, ordered.slice(0, 0)
    return ordered.filter(pc.invert(is_repeat)), ordered.filter(is_repeat)


def _is_in(rows: pa.Table, event_ids: Sequence[str] | set[str] | dict[str, _First]) -> pa.Array:
    return pc.is_in(rows["event_id"], value_set=pa.array(list(event_ids), pa.string()))


def _duplicates(rows: pa.Table, firsts: list[_First]) -> pa.Table:
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
    return pa.table(columns, schema=DUPLICATES)


def _occupied(rows: pa.Table) -> str:
    where = f"{rows['topic'][0]}/{rows['part'][0]}"
    lowest, highest = pc.min(rows["off"]), pc.max(rows["off"])
    return (
        f"{where}: an offset from {lowest} to {highest} is decided already, as another event: the "
        "topic was recreated, or its positions in silver were altered; give the new topic a name "
        "of its own, or restore the silver that belongs to it"
    )
