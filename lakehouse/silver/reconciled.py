"""What silver holds of a range of a partition, and how far gold was compared with it."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final, NamedTuple

import msgspec
import psycopg

from lakehouse.postgres.connection import execute, transact

EVENTS: Final = "events"
"""Stands among the tables for the events of a range that ended, whatever became of them."""


class Span(NamedTuple):
    """Offsets of a partition, from `first_off` up to, not including, `next_off`."""

    pipeline: str
    topic: str
    part: int
    first_off: int
    next_off: int


class Tally(NamedTuple):
    """What a store holds: rows, the sum of their offsets, and the sum of their hashes."""

    rows: int
    off_sum: str
    digest: str


class RangeDifference(msgspec.Struct, frozen=True):
    """A range in which a table of gold is not as silver: so many rows, and the first offsets.

    Attributes
    ----------
    missing, surplus, altered
        Rows that gold lacks, has too many of, or has with other values.
    """

    pipeline: str
    topic: str
    part: int
    table: str
    from_off: int
    to_off: int
    missing: int
    surplus: int
    altered: int
    offs: Sequence[int]

    @property
    def rows(self) -> int:
        """How many rows are missing, too many or not the same."""
        return self.missing + self.surplus + self.altered

    @property
    def span(self) -> Span:
        """The range."""
        return Span(self.pipeline, self.topic, self.part, self.from_off, self.to_off)


def silver_tallies(
    dsn: str,
    span: Span,
    followed: Mapping[str, int],
    *,
    table: str | None = None,
    by_row: bool = False,
) -> dict[tuple[str, int | None], Tally]:
    """Return what gold's tables should hold of a range, by table, and by offset if asked to.

    Parameters
    ----------
    followed
        By table the recovery up to which gold has followed.
    table
        This one alone.
    """
    asked = {
        **_where(span),
        "tables": list(followed),
        "numbers": list(followed.values()),
        "table": table,
        "by_row": by_row,
    }
    rows = transact(dsn, lambda connection: execute(connection, "range_ledger", asked).fetchall())
    return {(name, off): Tally(*figures) for name, off, *figures in rows}


def compared(dsn: str) -> dict[tuple[str, str, int], int]:
    """Return by pipeline and partition the offset below which gold was compared."""
    rows = transact(dsn, lambda connection: execute(connection, "list_reconciled", {}).fetchall())
    return {(pipeline, topic, part): off for pipeline, topic, part, off, _ in rows}


def advance(dsn: str, span: Span, *, accounted: int, now: datetime) -> bool:
    """Note that a range was compared, and how many events ended there; false if others did."""
    asked = {**_where(span), "pipeline": span.pipeline, "accounted": accounted, "now": now}

    def note(connection: psycopg.Connection) -> bool:
        return execute(connection, "advance_reconciled", asked).fetchone() is not None

    return transact(dsn, note)


def restart(dsn: str) -> None:
    """Forget how far gold was compared."""
    transact(dsn, lambda connection: execute(connection, "restart_reconciled", {}))


def unaccounted(dsn: str) -> dict[tuple[str, str, int], int]:
    """Return by pipeline and partition how many events ended nowhere; below 0: ended twice."""
    rows = transact(dsn, lambda connection: execute(connection, "unaccounted", {}).fetchall())
    return {(pipeline, topic, part): count for pipeline, topic, part, count in rows if count}


def differences(dsn: str) -> list[RangeDifference]:
    """Return the ranges in which gold differed when it was last compared."""
    rows = transact(dsn, lambda connection: execute(connection, "list_differences", {}).fetchall())
    return [RangeDifference(*row) for row in rows]


def store_difference(dsn: str, found: RangeDifference, *, now: datetime) -> None:
    """Keep a range in which gold differs."""
    asked = {**msgspec.structs.asdict(found), "offs": list(found.offs), "now": now}
    transact(dsn, lambda connection: execute(connection, "store_difference", asked))


def resolve(dsn: str, known: RangeDifference, *, now: datetime) -> None:
    """Note that gold is equal to silver again in a range."""
    asked = {**msgspec.structs.asdict(known), "offs": list(known.offs), "now": now}
    transact(dsn, lambda connection: execute(connection, "resolve_difference", asked))


def recovered_spans(
    dsn: str, last: int, *, width: int, readers: Mapping[tuple[str, int], str]
) -> list[Span]:
    """Return the ranges, `width` offsets each, in which events were recovered since last time.

    Parameters
    ----------
    last
        Recoveries up to this number are looked at, and will not be again: see `recovered_seen`.
    """

    def read(connection: psycopg.Connection) -> list[tuple[str, int, int]]:
        ((after,),) = execute(connection, "reconciled_recovery", {}).fetchall()
        asked = {"after": after, "last": last}
        return execute(connection, "recoveries_since", asked).fetchall()

    starts = {(topic, part, off // width * width) for topic, part, off in transact(dsn, read)}
    return [
        Span(readers[topic, part], topic, part, start, start + width)
        for topic, part, start in sorted(starts)
        if (topic, part) in readers
    ]


def recovered_seen(dsn: str, last: int) -> None:
    """Note that the ranges of recoveries up to a number were compared again."""
    asked = {"last": last}
    transact(dsn, lambda connection: execute(connection, "advance_reconciled_recovery", asked))


def _where(span: Span) -> dict[str, object]:
    return {
        "topic": span.topic,
        "part": span.part,
        "first_off": span.first_off,
        "next_off": span.next_off,
    }
