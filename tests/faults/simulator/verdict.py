"""What must hold, recomputed from the log of events and from nothing that the flow says."""

from __future__ import annotations

from collections import defaultdict
from functools import cache
from typing import TYPE_CHECKING, Any

from lakehouse.arrow_schemas import DECISIONS, DUPLICATES, QUARANTINE
from lakehouse.gold.writer import transaction_id
from tests.faults.simulator.database import EVENT_ID, OFF, PART, TOPIC, Database, Row
from tests.faults.simulator.topic import NAME, Event, Log
from tests.faults.simulator.world import Violation

if TYPE_CHECKING:
    import pyarrow as pa

    from tests.faults.simulator.process import Shared

Place = tuple[int, int]
ENDED = {"decisions": DECISIONS, "quarantine": QUARANTINE, "duplicates": DUPLICATES}


def check_prefixes(shared: Shared, database: Database) -> None:
    """Gold holds, of each partition and up to its own position, just what silver holds."""
    silver = {
        "decisions": {(part, off) for _, part, off in database.stored["places"]},
        "quarantine": {(part, off) for _, part, off in database.stored["quarantine"]},
        "duplicates": {(part, off) for _, part, off in database.stored["duplicates"]},
    }
    for table, held in shared.lake.items():
        gold = held.places()
        _refuse_repeats(f"gold {table}", gold)
        for part, log in shared.topic.logs.items():
            last = held.position(transaction_id("score", NAME, part))
            reached = -1 if last is None else last
            want = [(part, off) for off in log.events if off <= reached]
            if table in silver:
                want = [place for place in want if place in silver[table]]
            found = sorted(place for place in gold if place[0] == part)
            if found != sorted(want):
                raise Violation(
                    f"gold {table} stands at {last} of {part}: has {found}, wants {want}"
                )


def check_at_rest(shared: Shared, database: Database) -> None:
    """Every event ended once, rightly, and gold has the rows that silver has, to the last bit."""
    check_prefixes(shared, database)
    silver = _silver(database)
    for table, rows in silver.items():
        gold = sorted(_rows(shared.lake[table].rows()), key=_place)
        if gold != rows:
            raise Violation(f"gold {table} differs from silver:\n{gold}\n{rows}")
    _check_verdicts(shared, silver)
    archived = sorted(_rows(shared.lake["raw_events"].rows()), key=_place)
    for part, log in shared.topic.logs.items():
        _check_account(log, database.stored["progress"]["score", NAME, part], silver)
        raw = [row[-1] for row in archived if row[1] == part]
        if raw != [*log.values]:
            raise Violation(f"the archive of {part} holds other bytes")


def _check_verdicts(shared: Shared, silver: dict[str, list[Row]]) -> None:
    events = {
        (part, off): event
        for part, log in shared.topic.logs.items()
        for off, event in log.events.items()
    }
    ended: dict[Place, str] = {}
    for table, rows in silver.items():
        for place in _places(rows):
            if place in ended:
                raise Violation(f"{place} is in {ended[place]} and in {table}")
            ended[place] = table
    if ended.keys() != events.keys():
        raise Violation(f"lost or invented: {sorted(ended.keys() ^ events.keys())}")
    decided = {row[EVENT_ID]: row for row in silver["decisions"]}
    repeats = {(row[1], row[2]): row for row in silver["duplicates"]}
    for place, event in events.items():
        right = _right_end(event, place, decided, shared.topic.refused_ids)
        if ended[place] != right:
            raise Violation(f"{place} ended in {ended[place]}, not in {right}")
        if right == "duplicates":
            _check_repeat(repeats[place], event, decided[event.event_id], events)
        if right == "decisions":
            _check_values(shared.topic.logs[place[0]], decided[event.event_id])


def _right_end(
    event: Event, place: Place, decided: dict[str | None, Row], refused: frozenset[str]
) -> str:
    if event.event_id is None or event.event_id in refused:
        return "quarantine"
    if event.event_id not in decided:
        raise Violation(f"{event.event_id} is decided nowhere")
    row = decided[event.event_id]
    return "decisions" if (row[PART], row[OFF]) == place else "duplicates"


def _check_repeat(repeat: Row, event: Event, first: Row, events: dict[Place, Event]) -> None:
    _, _, _, event_id, is_conflict, topic, part, off, _ = repeat
    there = (first[TOPIC], first[PART], first[OFF])
    is_other = events[first[PART], first[OFF]].content != event.content
    if (event_id, topic, part, off, is_conflict) != (event.event_id, *there, is_other):
        raise Violation(f"a duplicate is told wrongly: {repeat}")


def _check_values(log: Log, row: Row) -> None:
    """A stored decision is what one version of the rules made of the event, whole."""
    if all(row != made.get(row[OFF]) for made in _made(log)):
        raise Violation(f"a decision that no version of the rules made: {row}")


@cache
def _made(log: Log) -> list[dict[int, Row]]:
    return [{row[OFF]: row for row in _rows(each.batch.decided)} for each in log.whole]


def _check_account(log: Log, progress: Row, silver: dict[str, list[Row]]) -> None:
    start, next_off, read, decided, duplicates, conflicts, quarantined, _ = progress
    of_part = {
        table: [row for row in rows if _place(row)[0] == log.part] for table, rows in silver.items()
    }
    counted = {table: len(rows) for table, rows in of_part.items()}
    said = {"decisions": decided, "duplicates": duplicates, "quarantine": quarantined}
    if (start, next_off, read, said) != (log.start, log.end, len(log.events), counted):
        raise Violation(f"the account of {log.part} is {progress}, stored are {counted}")
    if conflicts != sum(row[4] for row in of_part["duplicates"]):
        raise Violation(f"the account of {log.part} has {conflicts} conflicts")


def _silver(database: Database) -> dict[str, list[Row]]:
    return {
        "decisions": database.decisions(),
        "quarantine": sorted(database.stored["quarantine"].values(), key=_place),
        "duplicates": sorted(database.stored["duplicates"].values(), key=_place),
    }


def _rows(table: pa.Table) -> list[Row]:
    return list(zip(*(column.to_pylist() for column in table.columns), strict=True))


def _place(row: Row) -> Place:
    at = (PART, OFF) if len(row) == len(DECISIONS) else (1, 2)
    return row[at[0]], row[at[1]]


def _places(rows: list[Row]) -> list[Place]:
    return [_place(row) for row in rows]


def _refuse_repeats(what: str, places: list[Place]) -> None:
    counts: defaultdict[Place, int] = defaultdict(int)
    for place in places:
        counts[place] += 1
    twice: list[Any] = [place for place, count in counts.items() if count > 1]
    if twice:
        raise Violation(f"{what} holds twice: {twice}")
