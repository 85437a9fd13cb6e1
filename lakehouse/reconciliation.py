"""Check that every event is accounted for, and that gold holds what silver holds.

Every event that silver's positions say was read must be in exactly one of its tables: read =
decided + duplicates + quarantined, for each partition. Every gold table must hold, up to its own
offset, exactly what silver holds. They are compared by count, by sum of offsets and by a digest of
the columns that matter. On a live system gold is behind by up to one flush, which is no fault;
being ahead is a fault.

Histories (`lakehouse.gold.history`) are in gold alone. There the same must hold up to the offset
that all of their tables have reached: the events of the archive are the decided, duplicate and
quarantined ones, by count and by sum of offsets. An interrupted load is no fault.
"""

from typing import Any, Final

import msgspec
import msgspec.structs
import psycopg

from lakehouse.gold.history import HISTORY, History
from lakehouse.gold.tables import SCHEMAS
from lakehouse.lake import queries
from lakehouse.lake.session import Lake
from lakehouse.postgres.connection import AT_START, execute, transact
from lakehouse.quarantine.following import followed
from lakehouse.silver.losses import Loss, list_losses
from lakehouse.silver.progress import read_progress

_NOTHING: Final = "0"
RECOVERIES: Final = "recoveries"
_SNAPSHOT: Final = "set transaction isolation level repeatable read, read only"
_LONG_ENOUGH: Final = "set local statement_timeout = '10min'"

_Key = tuple[str, str, int]


class GoldCheck(msgspec.Struct, frozen=True):
    """One gold table against silver, up to the offset that the table has reached.

    Attributes
    ----------
    last_off
        That offset; null before the first commit, and of recoveries, which are numbered otherwise.
    silver_rows, gold_rows
        What the two hold up to there.
    equals_silver
        Whether count, offsets and content agree.
    behind
        Offsets in silver that the table has not reached.
    """

    last_off: int | None
    silver_rows: int
    gold_rows: int
    equals_silver: bool
    behind: int


class Skipped(msgspec.Struct, frozen=True):
    """Offsets that a start skipped with the operator's permission, `to_off` not included.

    Attributes
    ----------
    store
        ``silver``: never stored; ``archive``: decided, but the bytes are not in gold.
    """

    store: str
    from_off: int
    to_off: int
    reason: str


class PartitionAccount(msgspec.Struct, frozen=True):
    """What became of one partition's events, and how its gold compares.

    Attributes
    ----------
    recovered
        How many of the decided and the duplicates were in quarantine once.
    without_event
        Offsets passed by that held no event when they were read: compacted away, aborted, or a
        transaction's marker. In a compacted topic they may have been events once.
    skipped
        What was lost; see `lakehouse.silver.losses`.
    """

    pipeline: str
    topic: str
    part: int
    start_off: int
    next_off: int
    read: int
    decided: int
    duplicates: int
    conflicts: int
    quarantined: int
    recovered: int
    balanced: bool
    gold_equals_silver: bool
    gold: dict[str, GoldCheck]
    without_event: int
    skipped: list[Skipped]


class HistoryAccount(msgspec.Struct, frozen=True):
    """What became of one history's events."""

    topic: str
    read: int
    decided: int
    duplicates: int
    quarantined: int
    balanced: bool


class EventAccount(msgspec.Struct, frozen=True):
    """The account of all partitions; conflicts are counted among the duplicates.

    Attributes
    ----------
    recovered
        How many of the decided and the duplicates were in quarantine once; those that gold has yet
        to follow are no fault.
    gold_behind
        Offsets in silver that the slowest gold table of each partition has not reached.
    unknown_to_silver
        Partitions that gold has rows of and silver never read: it was emptied, or is another one.
    histories
        What was loaded into gold without silver; the totals leave it out.
    """

    read: int
    decided: int
    duplicates: int
    conflicts: int
    quarantined: int
    balanced: bool
    gold_equals_silver: bool
    gold_behind: int
    recovered: int
    unknown_to_silver: list[str]
    partitions: list[PartitionAccount]
    histories: list[HistoryAccount]

    @property
    def holds(self) -> bool:
        """Whether nothing is missing and nothing is there twice."""
        return (
            self.balanced
            and self.gold_equals_silver
            and all(each.balanced for each in self.histories)
        )


class _Stored(msgspec.Struct, frozen=True):
    stored: int = 0
    conflicts: int = 0
    covered: int = 0
    off_sum: str = _NOTHING
    digest: str = _NOTHING


class _Held(msgspec.Struct, frozen=True):
    covered: int = 0
    off_sum: str = _NOTHING
    digest: str = _NOTHING


def account(silver_dsn: str, lake: Lake) -> EventAccount:
    """Count what silver holds and compare gold with it, on a live system or a resting one.

    Raises
    ------
    Unavailable, Denied, SchemaDiffers
        A store does not answer, does not let us read, or has another shape.
    """
    # Gold first: silver commits before gold, so what gold shows now silver must show afterwards.
    lake.refresh()
    reached = {
        (table, topic, part): lake.last_off(table, pipeline, topic, part)
        for pipeline, topic, part, *_ in transact(silver_dsn, _progress)
        for table in SCHEMAS
    }
    numbers = followed(lake)
    held = {
        (row["table_name"], row["topic"], row["part"]): _Held(
            row["covered"], row["off_sum"], row["digest"]
        )
        for row in queries.ledger(lake).to_pylist()
    }
    histories = _histories(lake)

    def read(
        connection: psycopg.Connection,
    ) -> tuple[list[Any], dict[_Key, _Stored], list[Loss]]:
        connection.execute(_SNAPSHOT)
        connection.execute(_LONG_ENOUGH)
        return _progress(connection), _ledger(connection, reached, numbers), list_losses(connection)

    progress, stored, losses = transact(silver_dsn, read, patience=AT_START)
    partitions = [
        _partition(row, stored, held, reached, [each for each in losses if _is_of(each, row)])
        for row in progress
    ]
    return _total(partitions, held, histories)


def _histories(lake: Lake) -> list[HistoryAccount]:
    reached = {topic: _reached_by_all(lake, topic) for topic in queries.history_topics(lake)}
    known = {topic: last for topic, last in reached.items() if last is not None}
    if not known:
        return []
    return [
        HistoryAccount(
            topic=row["topic"],
            read=row["events"],
            decided=row["decided"],
            duplicates=row["duplicates"],
            quarantined=row["quarantined"],
            balanced=row["events"] == row["decided"] + row["duplicates"] + row["quarantined"]
            and row["off_sum"] == row["ended_off_sum"],
        )
        for row in queries.history_ledger(lake, known).to_pylist()
    ]


def _reached_by_all(lake: Lake, topic: str) -> int | None:
    lasts = [lake.last_off(table, HISTORY, topic, History.part) for table in SCHEMAS]
    return None if None in lasts else min(last for last in lasts if last is not None)


def _progress(connection: psycopg.Connection) -> list[Any]:
    return [msgspec.structs.astuple(each) for each in read_progress(connection)]


def _ledger(
    connection: psycopg.Connection, reached: dict[_Key, int | None], numbers: dict[str, int]
) -> dict[_Key, _Stored]:
    known = [
        (*slot, -1 if last is None else last, numbers.get(slot[0], 0))
        for slot, last in reached.items()
    ]
    known += [
        (RECOVERIES, *slot, -1, numbers[RECOVERIES]) for slot in {each[1:3] for each in known}
    ]
    tables, topics, parts, lasts, last_nos = zip(*known, strict=True) if known else ((),) * 5
    rows = execute(
        connection,
        "ledger",
        {
            "tables": list(tables),
            "topics": list(topics),
            "parts": list(parts),
            "lasts": list(lasts),
            "numbers": list(last_nos),
        },
    ).fetchall()
    return {(table, topic, part): _Stored(*figures) for table, topic, part, *figures in rows}


def _partition(
    row: Any,
    stored: dict[_Key, _Stored],
    held: dict[_Key, _Held],
    reached: dict[_Key, int | None],
    losses: list[Loss],
) -> PartitionAccount:
    pipeline, topic, part, start_off, next_off, read, *counters = row
    decided, duplicates, quarantined, recovered = (
        stored.get((table, topic, part), _Stored())
        for table in ("decisions", "duplicates", "quarantine", RECOVERIES)
    )
    counted = [
        decided.stored,
        duplicates.stored,
        duplicates.conflicts,
        quarantined.stored,
        recovered.stored,
    ]
    gold = {}
    for table in SCHEMAS:
        slot = (table, topic, part)
        gold[table] = _compare(
            stored.get(slot, _Stored()),
            held.get(slot, _Held()),
            last_off=reached.get(slot),
            start_off=start_off,
            next_off=next_off,
        )
    taken_out = held.get((RECOVERIES, topic, part), _Held())
    if recovered.stored or taken_out.covered:
        gold[RECOVERIES] = GoldCheck(
            last_off=None,
            silver_rows=recovered.covered,
            gold_rows=taken_out.covered,
            equals_silver=_is_same(recovered, taken_out),
            behind=0,
        )
    return PartitionAccount(
        pipeline=pipeline,
        topic=topic,
        part=part,
        start_off=start_off,
        next_off=next_off,
        read=read,
        decided=decided.stored,
        duplicates=duplicates.stored,
        conflicts=duplicates.conflicts,
        quarantined=quarantined.stored,
        recovered=recovered.stored,
        balanced=counted == counters
        and read == decided.stored + duplicates.stored + quarantined.stored,
        gold_equals_silver=all(check.equals_silver for check in gold.values()),
        gold=gold,
        without_event=max(
            0, next_off - start_off - read - _never_read(losses, start_off, next_off)
        ),
        skipped=[Skipped(each.store, each.from_off, each.to_off, each.reason) for each in losses],
    )


def _is_of(loss: Loss, row: Any) -> bool:
    return (loss.pipeline, loss.topic, loss.part) == tuple(row[:3])


def _never_read(losses: list[Loss], start_off: int, next_off: int) -> int:
    """Count the offsets below the position that silver skipped; no two losses of it overlap."""
    return sum(
        max(0, min(each.to_off, next_off) - max(each.from_off, start_off))
        for each in losses
        if each.store == "silver"
    )


def _compare(
    stored: _Stored, held: _Held, *, last_off: int | None, start_off: int, next_off: int
) -> GoldCheck:
    is_ahead = last_off is not None and last_off >= next_off
    return GoldCheck(
        last_off=last_off,
        silver_rows=stored.covered,
        gold_rows=held.covered,
        equals_silver=_is_same(stored, held) and not is_ahead,
        behind=max(0, next_off - (start_off if last_off is None else last_off + 1)),
    )


def _is_same(stored: _Stored, held: _Held) -> bool:
    return (held.covered, held.off_sum, held.digest) == (
        stored.covered,
        stored.off_sum,
        stored.digest,
    )


def _total(
    partitions: list[PartitionAccount],
    held: dict[_Key, _Held],
    histories: list[HistoryAccount],
) -> EventAccount:
    known = {(each.topic, each.part) for each in partitions}
    unknown = sorted({f"{topic}/{part}" for _, topic, part in held if (topic, part) not in known})
    return EventAccount(
        read=sum(each.read for each in partitions),
        decided=sum(each.decided for each in partitions),
        duplicates=sum(each.duplicates for each in partitions),
        conflicts=sum(each.conflicts for each in partitions),
        quarantined=sum(each.quarantined for each in partitions),
        recovered=sum(each.recovered for each in partitions),
        balanced=all(each.balanced for each in partitions),
        gold_equals_silver=not unknown and all(each.gold_equals_silver for each in partitions),
        gold_behind=sum(max(check.behind for check in each.gold.values()) for each in partitions),
        unknown_to_silver=unknown,
        partitions=partitions,
        histories=histories,
    )
