"""Gold is compared with silver range by range; what differs is named, and rebuilt."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pyarrow as pa
import pytest
from deltalake import write_deltalake

from lakehouse.gold.maintenance import Tasks, maintain
from lakehouse.gold.object_store import table_uri
from lakehouse.gold.ranges import replace_range
from lakehouse.gold.tables import SCHEMAS
from lakehouse.quarantine.following import followed
from lakehouse.reconcile.compare import Reconciled, reconcile
from lakehouse.reconcile.repair import repair
from lakehouse.silver.reconciled import restart
from tests.lakehouse.quarantine_cases import FilledStores, spoilt
from tests.lakehouse.recall_cases import rewrite, with_value
from tests.lakehouse.silver_cases import TOPIC, ask, tell
from tests.risk.applications import as_bytes

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
WIDTH = 10
TABLES = ("decisions", "duplicates", "quarantine", "raw_events")


def events(first: int, count: int) -> list[bytes]:
    """Applications of which the fourth is spoilt and the sixth sent twice."""
    made = [as_bytes(id=first + place) for place in range(count)]
    made[3] = spoilt(made[3], "NaN")
    made[6] = made[5]
    return made


@pytest.fixture
def stores(silver: str, tmp_path: Path) -> Iterator[FilledStores]:
    stores = FilledStores(silver, str(tmp_path / "lake"), parts=2)
    stores.read(events(1_000, 25))
    stores.read(events(2_000, 12), part=1)
    yield stores
    stores.close()


def reconciled(stores: FilledStores) -> Reconciled:
    return reconcile(stores.silver, stores.lake, now=lambda: NOW, width=WIDTH)


def lose(stores: FilledStores, table: str, offs: tuple[int, int]) -> None:
    """Take a range of partition 0 out of a table behind everybody's back."""
    replace_range(
        stores.lake_uri,
        table,
        topic=TOPIC,
        part=0,
        first_off=offs[0],
        next_off=offs[1],
        right=lambda rows: rows.slice(0, 0),
    )


def repaired(stores: FilledStores) -> Reconciled:
    for each in reconciled(stores).differences:
        repair(stores.silver, stores.lake_uri, each, followed(stores.lake))
    return reconciled(stores)


def test_a_range_is_compared_once(stores: FilledStores) -> None:
    first = reconciled(stores)
    assert first.holds
    assert (first.ranges, first.events) == (3 + 2, 25 + 12)
    assert reconciled(stores).ranges == 0
    stores.read(events(3_000, 10), first_off=25)
    again = reconciled(stores)
    assert (again.ranges, again.events) == (2, 10)
    assert again.figures["unaccounted_events"] == 0


def test_gold_that_is_behind_is_compared_when_it_has_come(stores: FilledStores) -> None:
    judged = stores.judged(events(3_000, 10), first_off=25)
    stored = stores.writer.store(judged.batch)
    assert reconciled(stores).events == 25 + 12
    stores.to_gold(judged, stored)
    found = reconciled(stores)
    assert (found.events, found.holds) == (10, True)


@pytest.mark.parametrize("table", TABLES)
def test_what_gold_lost_is_named_and_comes_back(stores: FilledStores, table: str) -> None:
    before = {view: stores.in_gold(view) for view in TABLES}
    lose(stores, table, (3, 8))
    found = reconciled(stores)
    (difference,) = found.differences
    lost = sorted(off for part, off in before[table] if part == 0 and 3 <= off < 8)
    assert (difference.table, difference.part) == (table, 0)
    assert (difference.from_off, difference.to_off) == (0, WIDTH)
    assert (difference.missing, difference.surplus, difference.altered) == (len(lost), 0, 0)
    assert list(difference.offs) == lost
    assert found.figures["gold_mismatches"] == 1

    found = repaired(stores)
    if table == "raw_events":
        # Of the bytes only those that quarantine keeps are anywhere.
        (difference,) = found.differences
        assert list(difference.offs) == [4, 5, 6, 7]
        return
    assert found.holds
    assert {view: stores.in_gold(view) for view in TABLES} == before
    assert stores.account().holds


@pytest.mark.parametrize("table", TABLES)
def test_what_is_there_twice_is_named_and_goes(stores: FilledStores, table: str) -> None:
    before = {view: stores.in_gold(view) for view in TABLES}
    uri = table_uri(stores.lake_uri, table)
    rows = stores.lake.query(
        f"select * from {'ever_quarantined' if table == 'quarantine' else table} where part = 0"
    )
    write_deltalake(uri, rows.cast(SCHEMAS[table]), mode="append")
    found = reconciled(stores)
    assert {each.table for each in found.differences} == {table}
    assert sum(each.surplus for each in found.differences) == rows.num_rows
    assert repaired(stores).holds
    assert {view: stores.in_gold(view) for view in TABLES} == before


def test_an_altered_row_is_named_and_mended(stores: FilledStores) -> None:
    rewrite(stores.lake_uri, "decisions", with_value("pd", 0.001, at=12))
    found = reconciled(stores)
    (difference,) = found.differences
    assert (difference.altered, list(difference.offs)) == (1, [12])
    assert repaired(stores).holds


def test_a_row_of_an_event_that_silver_does_not_know_goes(stores: FilledStores) -> None:
    tell(stores.silver, "delete from silver.decisions where part = 0 and off = 2")
    tell(
        stores.silver,
        "update silver.progress set read_count = 24, decided_count = decided_count"
        " - 1 where part = 0",
    )
    found = reconciled(stores)
    assert {each.table for each in found.differences} == {"decisions", "raw_events"}
    assert repaired(stores).holds


def test_a_difference_stays_known_until_it_is_gone(stores: FilledStores) -> None:
    lose(stores, "decisions", (0, 2))
    assert len(reconciled(stores).differences) == 1
    again = reconciled(stores)
    assert (again.ranges, len(again.differences)) == (1, 1)
    repaired(stores)
    assert reconciled(stores).ranges == 0
    resolved = ask(stores.silver, "select resolved_at from silver.gold_differences")
    assert resolved == [(NOW,)]


def test_what_happened_to_a_range_that_was_compared_is_found_from_the_beginning(
    stores: FilledStores,
) -> None:
    assert reconciled(stores).holds
    lose(stores, "decisions", (0, 2))
    assert reconciled(stores).holds
    restart(stores.silver)
    assert not reconciled(stores).holds


def test_events_that_ended_nowhere_are_counted(stores: FilledStores) -> None:
    tell(stores.silver, "delete from silver.decisions where part = 0 and off in (1, 2)")
    found = reconciled(stores)
    assert found.unaccounted == {f"score {TOPIC}/0": 2}
    assert found.figures["unaccounted_events"] == 2
    tell(
        stores.silver,
        "insert into silver.quarantine select topic, part, 4, 'store', 'internal', "
        "'', 0, null, null, now() from silver.quarantine where part = 1",
    )
    restart(stores.silver)
    assert reconciled(stores).unaccounted == {f"score {TOPIC}/0": 2, f"score {TOPIC}/1": -1}


def test_a_range_of_which_events_were_recovered_is_compared_again(stores: FilledStores) -> None:
    assert reconciled(stores).holds
    stores.replay()
    found = reconciled(stores)
    assert (found.ranges, found.holds) == (2, True)
    assert reconciled(stores).ranges == 0


@pytest.mark.parametrize("table", ["decisions", "recoveries"])
def test_what_was_recovered_is_rebuilt_too(stores: FilledStores, table: str) -> None:
    stores.replay()
    before = stores.in_gold(table)
    lose(stores, table, (0, 10))
    assert {each.table for each in reconciled(stores).differences} == {table}
    assert repaired(stores).holds
    assert stores.in_gold(table) == before


def test_a_recovery_that_gold_has_not_followed_is_no_difference(
    stores: FilledStores, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr("lakehouse.quarantine.replay.follow", lambda *_: 0)
        stores.replay()
    found = reconciled(stores)
    assert found.holds, found
    assert stores.account().holds


def test_compacted_files_are_compared_and_repaired(stores: FilledStores) -> None:
    stores.read(events(3_000, 30), first_off=25)
    maintain(stores.lake_uri, Tasks(compact=True, vacuum_hours=None, forget_before=None))
    assert reconciled(stores).holds
    lose(stores, "decisions", (12, 14))
    restart(stores.silver)
    assert len(reconciled(stores).differences) == 1
    assert repaired(stores).holds
    assert stores.account().holds
    assert isinstance(stores.lake.query("select 1 as n"), pa.Table)
