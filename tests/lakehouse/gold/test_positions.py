"""Positions are read of a table's log as the Delta library reads them, each commit once."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from deltalake import DeltaTable

from lakehouse.gold import positions as module
from lakehouse.gold.maintenance import Tasks, maintain
from lakehouse.gold.object_store import open_table, table_uri
from lakehouse.gold.positions import TablePositions
from lakehouse.gold.writer import transaction_id
from tests.lakehouse.gold_cases import a_gold_writer, raw_rows
from tests.lakehouse.silver_cases import PIPELINE, TOPIC

TABLE = "raw_events"


def commit(lake_uri: str, part: int, *offsets: int) -> None:
    writer = a_gold_writer(lake_uri, TABLE)
    for off in offsets:
        writer.append(TOPIC, part, off + 1, raw_rows([off], part=part))
        writer.flush()


def opened(lake_uri: str) -> DeltaTable:
    table = open_table(table_uri(lake_uri, TABLE))
    assert table is not None
    return table


def positions(lake_uri: str) -> TablePositions:
    return TablePositions(table_uri(lake_uri, TABLE))


def known_to_the_library(table: DeltaTable) -> dict[str, int]:
    names = [transaction_id(PIPELINE, TOPIC, part) for part in range(4)]
    found = {name: table.transaction_version(name) for name in names}
    return {name: last for name, last in found.items() if last is not None}


def test_they_are_the_librarys_before_and_after_a_checkpoint(tmp_path: Path) -> None:
    lake_uri = str(tmp_path)
    commit(lake_uri, 0, 4, 7)
    commit(lake_uri, 2, 3)
    table = opened(lake_uri)
    assert positions(lake_uri).of(table) == known_to_the_library(table)
    maintain(lake_uri, Tasks())
    commit(lake_uri, 1, 9)
    table = opened(lake_uri)
    found = positions(lake_uri).of(table)
    assert found == known_to_the_library(table)
    assert set(found.values()) == {7, 9, 3}


def test_they_are_of_the_snapshot_and_not_of_what_came_since(tmp_path: Path) -> None:
    lake_uri = str(tmp_path)
    commit(lake_uri, 0, 1)
    before = opened(lake_uri)
    commit(lake_uri, 0, 5)
    maintain(lake_uri, Tasks())
    same, after = positions(lake_uri), opened(lake_uri)
    assert [set(same.of(table).values()) for table in (before, after, before)] == [{1}, {5}, {1}]


def test_a_commit_is_read_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lake_uri = str(tmp_path)
    commit(lake_uri, 0, 1, 2, 3)
    read: list[str] = []
    read_one = module._transactions

    def noted(objects: Any, path: str) -> dict[str, int]:
        read.append(path)
        return read_one(objects, path)

    monkeypatch.setattr(module, "_transactions", noted)
    same = positions(lake_uri)
    same.of(opened(lake_uri))
    commit(lake_uri, 0, 4)
    same.of(opened(lake_uri))
    assert len(read) == len(set(read)) == 5


def test_commits_that_were_cleaned_up_are_found_in_the_checkpoint(tmp_path: Path) -> None:
    lake_uri = str(tmp_path)
    commit(lake_uri, 0, 1)
    same = positions(lake_uri)
    same.of(opened(lake_uri))
    commit(lake_uri, 0, 2, 3)
    maintain(lake_uri, Tasks())
    for entry in Path(table_uri(lake_uri, TABLE), "_delta_log").glob("*.json"):
        entry.unlink()
    assert set(same.of(opened(lake_uri)).values()) == {3}
