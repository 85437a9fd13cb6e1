"""Maintenance makes few files of many, beside writers and readers, and changes no row."""

import os
import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

import pyarrow as pa
import pytest

from lakehouse.arrow_schemas import RAW_EVENTS
from lakehouse.errors import SettingsInvalid
from lakehouse.gold import compaction, replacement
from lakehouse.gold.compaction import groups_of
from lakehouse.gold.maintenance import Tasks, maintain
from lakehouse.gold.object_store import open_objects, table_uri
from lakehouse.gold.replacement import LiveFile, live_files, replace_files
from lakehouse.lake.session import Lake
from tests.lakehouse.gold_cases import (
    RECEIVED_AT,
    a_file_of,
    a_gold_writer,
    append,
    decided_rows,
    delta,
    offsets,
    raw_rows,
)
from tests.lakehouse.silver_cases import TOPIC

MIB = 1 << 20
ONLY_COMPACT = Tasks(vacuum_hours=None)


def commit(lake_uri: str, commits: int, *, first: int = 0) -> None:
    writer = a_gold_writer(lake_uri)
    for off in range(first, first + commits):
        append(writer, off, off + 1)
        writer.flush()


def sized(*mebibytes: float, rows: int = 10) -> list[LiveFile]:
    return [
        LiveFile(f"{place}", int(size * MIB), rows, place) for place, size in enumerate(mebibytes)
    ]


def names(groups: Sequence[Sequence[LiveFile]]) -> list[str]:
    return ["".join(file.path for file in group) for group in groups]


@pytest.mark.parametrize(
    ("sizes", "together"),
    [
        ((1, 1, 1), ["012"]),
        ((1,), []),
        ((120, 1, 1), ["12"]),
        ((1, 1, 120, 1, 1), ["01", "34"]),
        ((60, 60, 60, 60), ["01", "23"]),
        ((90, 1, 1), ["12"]),
        ((80, 1, 40), ["012"]),
        ((90, 1), []),
    ],
)
def test_neighbours_become_one_file_where_that_is_worth_it(
    sizes: tuple[float, ...], together: list[str]
) -> None:
    assert names(groups_of(sized(*sizes), most_rows=None)) == together


def test_what_is_sorted_in_memory_has_only_so_many_rows() -> None:
    assert names(groups_of(sized(1, 1, 1, 1, rows=400), most_rows=1_000)) == ["01", "23"]
    assert names(groups_of(sized(1, 1, rows=600), most_rows=1_000)) == []


def test_many_files_become_one_and_the_writer_goes_on(lake_uri: str) -> None:
    writer = a_gold_writer(lake_uri)
    for off in range(12):
        append(writer, off, off + 1)
        writer.flush()
    done = {each.table: each for each in maintain(lake_uri, ONLY_COMPACT)}["raw_events"]
    assert (done.compacted, done.files, done.rows) == (12, 1, 12)
    assert offsets(lake_uri) == list(range(12))
    append(writer, 12, 13)
    writer.flush()
    assert offsets(lake_uri) == list(range(13))
    assert a_gold_writer(lake_uri).last_off(TOPIC, 0) == 12
    assert "delta.setTransactionRetentionDuration" not in delta(lake_uri).metadata().configuration


def test_decisions_lie_by_application_date_so_that_others_are_skipped(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(compaction, "_ROWS_AT_ONCE", 4)
    monkeypatch.setattr(compaction, "_GROUP_BYTES", 1)
    writer = a_gold_writer(str(tmp_path), "decisions")
    days = [5, 1, 9, 3, 7, 2, 8, 4]
    for off, day in enumerate(days):
        on = RECEIVED_AT.date() + timedelta(days=day)
        writer.append(TOPIC, 0, off + 1, decided_rows([off], applied_on=on))
        writer.flush()
    maintain(str(tmp_path), ONLY_COMPACT)
    (fragment,) = delta(str(tmp_path), "decisions").to_pyarrow_dataset().get_fragments()
    bounds = [
        (group.statistics["applied_on"]["min"], group.statistics["applied_on"]["max"])
        for group in fragment.row_groups
    ]
    assert len(bounds) == 2
    assert bounds[0][1] < bounds[1][0]
    assert offsets(str(tmp_path), "decisions") == list(range(8))


def test_writers_and_readers_notice_nothing(tmp_path: Path) -> None:
    lake_uri = str(tmp_path)
    commit(lake_uri, 20)
    opened_before, following = Lake(lake_uri), Lake(lake_uri)
    done = threading.Event()

    def write() -> None:
        try:
            commit(lake_uri, 150, first=20)
        finally:
            done.set()

    def read() -> None:
        seen = 0
        while not done.is_set():
            following.refresh()
            (row,) = following.query(
                "select count(*) as n, count(distinct off) as offs, max(off) as last "
                "from raw_events"
            ).to_pylist()
            assert row["n"] == row["offs"] == row["last"] + 1 >= seen
            seen = row["n"]
            before = opened_before.query("select count(*) as n from raw_events")
            assert before["n"].to_pylist() == [20]

    turns = 0
    with ThreadPoolExecutor(2) as pool:
        beside = [pool.submit(write), pool.submit(read)]
        while not done.is_set():
            maintain(lake_uri, Tasks())
            turns += 1
        for each in beside:
            each.result()
    opened_before.close()
    following.close()
    assert turns > 1
    assert offsets(lake_uri) == list(range(170))
    assert a_gold_writer(lake_uri).last_off(TOPIC, 0) == 169
    maintain(lake_uri, Tasks())
    assert len(delta(lake_uri).file_uris()) < 10


def test_what_another_maintainer_has_replaced_is_left_alone(lake_uri: str) -> None:
    commit(lake_uri, 3)
    handle, objects = delta(lake_uri), open_objects(table_uri(lake_uri, "raw_events"))
    files = live_files(handle)
    maintain(lake_uri, ONLY_COMPACT)
    assert not replace_files(
        handle, objects, files, [a_file_of(range(3))], operation="OPTIMIZE", is_data_changed=False
    )
    assert offsets(lake_uri) == [0, 1, 2]


def test_a_vacuum_takes_what_was_replaced_seven_days_ago(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lake_uri = str(tmp_path)
    commit(lake_uri, 3)
    (fresh,) = maintain(lake_uri, Tasks())
    assert fresh.removed == 0
    commit(lake_uri, 3, first=3)
    long_ago = replacement.now_milliseconds() - 169 * 3_600_000
    with monkeypatch.context() as earlier:
        earlier.setattr(replacement, "now_milliseconds", lambda: long_ago)
        maintain(lake_uri, ONLY_COMPACT)
    for file in tmp_path.rglob("*.parquet"):
        os.utime(file, (long_ago / 1_000, long_ago / 1_000))
    (done,) = maintain(lake_uri, Tasks(compact=False))
    assert done.removed >= 3
    assert offsets(lake_uri) == list(range(6))


def test_a_shorter_vacuum_is_refused() -> None:
    with pytest.raises(SettingsInvalid, match="vacuum after 167 hours: expected 168 or more"):
        Tasks(vacuum_hours=167)


def test_old_bytes_are_forgotten_and_their_events_are_not(lake_uri: str) -> None:
    writer = a_gold_writer(lake_uri)
    late = raw_rows([2]).set_column(
        RAW_EVENTS.get_field_index("received_at"),
        RAW_EVENTS.field("received_at"),
        pa.array([RECEIVED_AT + timedelta(days=1)], RAW_EVENTS.field("received_at").type),
    )
    writer.append(TOPIC, 0, 3, pa.concat_tables([raw_rows([0, 1], raw=b"secret"), late]))
    writer.flush()
    before = RECEIVED_AT + timedelta(hours=1)
    forget = Tasks(compact=False, vacuum_hours=None, forget_before=before)
    assert [each.emptied for each in maintain(lake_uri, forget)] == [1]
    found = delta(lake_uri).to_pyarrow_table(columns=["off", "raw"]).to_pylist()
    assert {row["off"]: row["raw"] for row in found} == {0: None, 1: None, 2: b"{}"}
    assert [each.emptied for each in maintain(lake_uri, forget)] == [0]
    assert a_gold_writer(lake_uri).last_off(TOPIC, 0) == 2
