"""Take events out of quarantine: decide them, mark them, and keep the account balanced.

A recovered event becomes a decision or a duplicate at the offset at which it was refused. Its row
in quarantine stays, and a row of `silver.recoveries` marks it. All of this is one transaction. It
locks the partition's positions, so a flow that stores a batch of the same partition comes before or
after it. Recoveries are numbered in the order of their commits, so gold can say which one it has
followed last.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import msgspec
import numpy as np
import psycopg
import pyarrow as pa
import pyarrow.compute as pc

from lakehouse.arrow_schemas import DECISIONS, DUPLICATES, QUARANTINE, RECOVERIES
from lakehouse.postgres.connection import execute, transact
from lakehouse.silver.copy import as_table, insert_duplicates
from lakehouse.silver.erasures import Event
from lakehouse.silver.placement import RawOf, decided_among, place

DECIDED: Final = "decided"
DUPLICATE: Final = "duplicate"

_STATEMENTS: Final = {
    "recovered_decisions": ("decisions", DECISIONS),
    "recovered_duplicates": ("duplicates", DUPLICATES),
    "recovery_rows": ("recoveries", RECOVERIES),
}
FOLLOWING: Final[dict[str, tuple[str, pa.Schema]]] = {
    table: (statement, schema) for statement, (table, schema) in _STATEMENTS.items()
}
"""By table of gold, the statement that gives what was recovered, and its columns."""


class HeldCount(msgspec.Struct, frozen=True):
    """What was refused of a topic with one code.

    Attributes
    ----------
    held, recovered
        How many events are still in quarantine, and how many left it.
    example
        One of the reasons; null where none is held.
    """

    topic: str
    stage: str
    code: str
    held: int
    recovered: int
    first_seen_at: datetime
    last_seen_at: datetime
    example: str | None


@dataclass(frozen=True, slots=True)
class Recovered:
    """What became of events that were to be recovered: `refused` by Postgres, they stay."""

    decided: int = 0
    duplicates: int = 0
    refused: int = 0


def quarantined_by_code(
    dsn: str, *, codes: Sequence[str] = (), topics: Sequence[str] = ()
) -> list[HeldCount]:
    """Return what was refused, by topic and code, the most first; all of it, or of these.

    Raises
    ------
    Unavailable, Denied, SchemaDiffers
        Silver does not answer, refuses us, or is not what this code expects.
    """
    asked = {"codes": list(codes), "topics": list(topics)}

    def read(connection: psycopg.Connection) -> list[HeldCount]:
        return [HeldCount(*row) for row in execute(connection, "list_quarantine", asked).fetchall()]

    return transact(dsn, read)


def held_after(
    dsn: str,
    position: Event,
    *,
    most: int,
    codes: Sequence[str] = (),
    topics: Sequence[str] = (),
) -> pa.Table:
    """Return events in quarantine behind a position, as `arrow_schemas.QUARANTINE`, in order."""
    asked = {**position._asdict(), "codes": list(codes), "topics": list(topics), "most": most}
    return transact(
        dsn,
        lambda connection: as_table(execute(connection, "list_held", asked).fetchall(), QUARANTINE),
    )


def known_among(dsn: str, event_ids: Sequence[str]) -> set[str]:
    """Return those of these ids that are decided."""
    ids = pa.array(event_ids, pa.string())
    rows = transact(dsn, lambda connection: decided_among(connection, ids))
    return {event_id for event_id, *_ in rows}


def recover(
    dsn: str, decided: pa.Table, raw_of: RawOf, *, recovered_at: datetime, recovered_by: str
) -> Recovered:
    """Store decisions on events of one partition that are in quarantine, and mark these.

    Calling it again changes nothing: marked events are left out. Those marked with the same instant
    are still counted, so a lost answer can be asked for again.

    Parameters
    ----------
    decided
        As `arrow_schemas.DECISIONS`, by offset.
    recovered_at
        The instant that stands for this replay.

    Raises
    ------
    Unavailable, Denied, SchemaDiffers
        Silver does not answer, refuses us, or is not what this code expects.
    """
    where = {"topic": decided["topic"][0].as_py(), "part": decided["part"][0].as_py()}

    def store(connection: psycopg.Connection) -> Recovered:
        execute(connection, "lock_partition", where)
        asked = {**where, "offs": decided["off"].to_pylist()}
        marked = execute(connection, "find_recoveries", asked).fetchall()
        own = [outcome for _, outcome, at in marked if at == recovered_at]
        fresh = decided.filter(pc.invert(_is_among(decided["off"], [off for off, *_ in marked])))
        refused = 0
        if fresh.num_rows:
            (placed,) = place(connection, [(fresh, raw_of)])
            insert_duplicates(connection, placed.duplicates)
            own += _mark(
                connection,
                where,
                placed.decisions,
                placed.duplicates,
                {
                    "recovered_at": recovered_at,
                    "recovered_by": recovered_by,
                },
            )
            refused = placed.rejected.num_rows
        return Recovered(own.count(DECIDED), own.count(DUPLICATE), refused)

    return transact(dsn, store)


def last_recovery(dsn: str) -> int:
    """Return the number of the last recovery; 0 before the first."""
    found = transact(dsn, lambda connection: execute(connection, "last_recovery", {}).fetchone())
    return 0 if found is None else int(found[0])


def recovered_between(dsn: str, table: str, after: int, last: int) -> pa.Table:
    """Return a gold table's rows for the recoveries with numbers in (after, last]."""
    statement, schema = FOLLOWING[table]
    asked = {"after": after, "last": last}
    return transact(
        dsn, lambda connection: as_table(execute(connection, statement, asked).fetchall(), schema)
    )


def recoveries_within(
    dsn: str, topic: str, part: int, first_off: int, next_off: int, *, last_no: int
) -> pa.Table:
    """Return what was recovered of a range of a partition, up to a number, by offset."""
    asked = {
        "topic": topic,
        "part": part,
        "first_off": first_off,
        "next_off": next_off,
        "last_no": last_no,
    }
    return transact(
        dsn,
        lambda connection: as_table(
            execute(connection, "recoveries_between", asked).fetchall(), RECOVERIES
        ),
    )


def withdraw(connection: psycopg.Connection, events: Collection[Event]) -> int:
    """Put recovered ones of these events back into quarantine, within the open transaction.

    Returns how many those were.
    """
    ordered = sorted(events)
    asked = {
        "topics": [each.topic for each in ordered],
        "parts": [each.part for each in ordered],
        "offs": [each.off for each in ordered],
    }
    ((withdrawn, *_),) = execute(connection, "withdraw_recoveries", asked).fetchall()
    return int(withdrawn)


def _mark(
    connection: psycopg.Connection,
    where: dict[str, Any],
    decisions: pa.Table,
    duplicates: pa.Table,
    told: dict[str, Any],
) -> list[str]:
    offs = [*decisions["off"].to_pylist(), *duplicates["off"].to_pylist()]
    if not offs:
        return []
    outcomes = [DECIDED] * decisions.num_rows + [DUPLICATE] * duplicates.num_rows
    conflicts = [False] * decisions.num_rows + duplicates["is_conflict"].to_pylist()
    counted = {**where, "offs": offs, "outcomes": outcomes, "conflicts": conflicts}
    execute(connection, "count_recovered", counted)
    # Last, because whoever recovers events of another partition waits for these numbers.
    ((last,),) = execute(connection, "number_recoveries", {"count": len(offs)}).fetchall()
    numbered = {**where, **told, "offs": offs, "outcomes": outcomes}
    execute(connection, "insert_recoveries", {**numbered, "first_no": last - len(offs) + 1})
    return outcomes


def _is_among(column: pa.ChunkedArray, offs: Sequence[int]) -> pa.ChunkedArray:
    return pc.is_in(column, value_set=pa.array(np.array(offs, np.int64)))
