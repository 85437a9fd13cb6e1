"""A data file grows in memory and is then what any reader of Delta expects."""

import json
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import obstore
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from deltalake import DeltaTable, write_deltalake
from obstore.store import MemoryStore

from lakehouse.arrow_schemas import RAW_EVENTS
from lakehouse.errors import SchemaDiffers
from lakehouse.gold.data_file import ENCODED_BYTES, GrowingFile, StoredOnce, commit_files
from lakehouse.gold.object_store import open_objects
from lakehouse.gold.tables import (
    BOUNDED,
    FIGURES,
    MONITORED,
    OUTCOME_RECORDS,
    REPORTS,
    SCHEMAS,
    VIEWS,
    open_or_create,
)
from tests.lakehouse.gold_cases import (
    a_file_of,
    decided_rows,
    raw_rows,
    recovered_rows,
    refused_rows,
    repeated_rows,
)

OUTCOMES = [
    {
        "application_id": f"a{day}",
        "outcome": "Fully Paid",
        "defaulted": False,
        "issued_on": None,
        "observed_on": date(2026, 11, day),
        "source": "somewhere",
        "recorded_at": datetime(2026, 11, day, 9, 30, 0, 123_456, tzinfo=UTC),
    }
    for day in (3, 1, 2)
]
OF_PERIOD = {
    "period": date(2018, 1, 1),
    "grain": "month",
    "model_version": "scorecard-1",
    "rows_seen": 3,
    "recorded_at": datetime(2026, 11, 3, 9, 30, 0, 123_456, tzinfo=UTC),
}
FIGURE = {**OF_PERIOD, "subject": "fico", "figure": "psi", "is_alarm": False, "note": ""}
REPORT = {**OF_PERIOD, "kind": "data_drift", "path": "a.html", "size_bytes": 9, "sha256": "ab"}
ROUNDED = {
    "event_at",
    "decided_at",
    "recorded_at",
    "recovered_at",
}  # those with microseconds in the rows below
ROWS = {
    "raw_events": raw_rows([5, 3, 9], raw=b'{"a": 1}'),
    "decisions": decided_rows(range(4)),
    "quarantine": refused_rows(range(3)),
    "duplicates": repeated_rows(range(3)),
    "recoveries": recovered_rows(range(3)),
    **dict.fromkeys(MONITORED, pa.Table.from_pylist([FIGURE] * 2, schema=FIGURES)),
    "monitoring_reports": pa.Table.from_pylist([REPORT] * 2, schema=REPORTS),
    "outcome_records": pa.Table.from_pylist(OUTCOMES, schema=OUTCOME_RECORDS),
}


def grown(*pieces: pa.Table, encoded_bytes: int = ENCODED_BYTES) -> GrowingFile:
    file = GrowingFile(pieces[0].schema, encoded_bytes=encoded_bytes)
    for rows in pieces:
        file.append(rows)
    return file


def parquet(file: StoredOnce) -> pq.ParquetFile:
    store = MemoryStore()
    file.put(store)
    body = obstore.get(store, file.added.path).bytes()
    assert len(body) == file.added.size
    return pq.ParquetFile(pa.BufferReader(bytes(body)))


def committed(folder: Path, table: str) -> Mapping[str, Any]:
    """What the newest commit says of the file it adds."""
    newest = max((folder / table / "_delta_log").glob("*.json"))
    entries = [json.loads(line) for line in newest.read_text().splitlines()]
    (added,) = (each["add"] for each in entries if "add" in each)
    return {**added, "stats": json.loads(added["stats"])}


@pytest.mark.parametrize("table", sorted(VIEWS))
def test_a_commit_says_of_a_file_what_the_library_would_say(tmp_path: Path, table: str) -> None:
    rows, uri = ROWS[table], str(tmp_path / table)
    handle = open_or_create(uri, VIEWS[table])
    write_deltalake(handle, rows, mode="append")
    theirs = committed(tmp_path, table)
    whole = grown(rows).seal()
    whole.put(open_objects(uri))
    commit_files(handle, [whole], {"score/t/0": 1})
    ours = committed(tmp_path, table)
    said, expected = ours["stats"], theirs["stats"]
    for key in ("numRecords", "nullCount"):
        assert said[key] == expected[key]
    assert with_instants(said["minValues"]) == with_instants(expected["minValues"])
    assert with_instants(said["maxValues"]) == with_room(expected["maxValues"])
    assert ours.keys() >= theirs.keys() - {"stats"}
    assert ours["dataChange"] is True
    assert (tmp_path / table / ours["path"]).stat().st_size == ours["size"]
    assert DeltaTable(uri).to_pyarrow_table().num_rows == 2 * rows.num_rows


def with_instants(bounds: Mapping[str, object]) -> dict[str, object]:
    """Bounds with instants for their texts, whose fractions may be written in two ways."""
    return {
        name: datetime.fromisoformat(each) if isinstance(each, str) and each.endswith("Z") else each
        for name, each in bounds.items()
    }


def with_room(bounds: Mapping[str, object]) -> dict[str, object]:
    """Bounds rounded up as ours are where the library cuts: in these rows, one millisecond."""
    return {
        name: each + timedelta(milliseconds=1)
        if name in ROUNDED and isinstance(each, datetime)
        else each
        for name, each in with_instants(bounds).items()
    }


def test_an_instant_is_never_above_its_bound() -> None:
    at = datetime(2026, 11, 29, 12, 0, 0, 999_001, tzinfo=UTC)
    schema = pa.schema([pa.field("event_at", pa.timestamp("us", tz="UTC"))])
    said = json.loads(grown(pa.table({"event_at": [at]}, schema=schema)).seal().added.stats)
    assert said["minValues"] == {"event_at": "2026-11-29T12:00:00.999Z"}
    assert said["maxValues"] == {"event_at": "2026-11-29T12:00:01.000Z"}


@pytest.mark.parametrize("table", sorted(VIEWS))
@pytest.mark.parametrize("encoded_bytes", [1, 300, 1 << 20])
def test_rows_come_back_in_order_however_they_came(table: str, encoded_bytes: int) -> None:
    rows = ROWS[table]
    pieces = [rows.slice(at, 1) for at in range(rows.num_rows)]
    file = grown(*pieces, rows, encoded_bytes=encoded_bytes)
    assert file.rows == 2 * rows.num_rows
    found = parquet(file.seal()).read()
    assert found.to_pylist() == pa.concat_tables([rows, rows]).to_pylist()
    assert found.schema.equals(rows.schema)


def test_bounds_are_those_of_all_pieces() -> None:
    file = grown(raw_rows([5]), raw_rows([3, 4]), raw_rows([9]), encoded_bytes=1)
    said = json.loads(file.seal().added.stats)
    assert (said["minValues"]["off"], said["maxValues"]["off"], said["numRecords"]) == (3, 9, 4)


def test_bounds_of_zero_and_below_are_bounds() -> None:
    file = grown(raw_rows([0]), raw_rows([-2]), raw_rows([-1]), encoded_bytes=1)
    said = json.loads(file.seal().added.stats)
    assert (said["minValues"]["off"], said["maxValues"]["off"]) == (-2, 0)


def test_a_column_that_is_null_throughout_has_no_bounds() -> None:
    schema = pa.schema([pa.field("off", pa.int64())])
    rows = pa.table({"off": pa.array([None, None], pa.int64())}, schema=schema)
    said = json.loads(grown(rows).seal().added.stats)
    assert said == {"numRecords": 2, "minValues": {}, "maxValues": {}, "nullCount": {"off": 2}}


def test_rows_that_wait_are_held_compressed() -> None:
    rows = raw_rows(range(2_000), raw=b'{"annual_inc": 50000.0, "purpose": "car"}' * 100)
    file = grown(rows)
    assert file.nbytes < rows.nbytes / 20
    file.append(raw_rows([2_000]))
    assert file.nbytes < rows.nbytes / 20 + 1_000


def test_bytes_are_compressed_with_zstd_and_bounds_kept_only_where_they_tell() -> None:
    row_group = parquet(a_file_of(range(10))).metadata.row_group(0)
    columns = {
        row_group.column(at).path_in_schema: row_group.column(at)
        for at in range(row_group.num_columns)
    }
    assert {each.compression for each in columns.values()} == {"ZSTD"}
    assert "RLE_DICTIONARY" not in columns["raw"].encodings
    assert "RLE_DICTIONARY" in columns["topic"].encodings
    with_bounds = {name for name, each in columns.items() if each.is_stats_set}
    assert with_bounds == set(BOUNDED) & set(RAW_EVENTS.names)


def test_null_where_none_may_be_is_refused() -> None:
    at = SCHEMAS["duplicates"].get_field_index("event_id")
    rows = ROWS["duplicates"].set_column(
        at, SCHEMAS["duplicates"].field(at), pa.nulls(3, pa.string())
    )
    with pytest.raises(SchemaDiffers, match=r"do not fit their table.*event_id"):
        grown(rows).seal()


def test_a_file_is_stored_once() -> None:
    file, store = a_file_of(range(3)), MemoryStore()
    file.put(store)
    assert file.nbytes == 0
    store.delete(file.added.path)
    file.put(store)
    assert store.list().collect() == []


def test_a_file_that_no_commit_names_is_not_in_the_table(tmp_path: Path) -> None:
    uri = str(tmp_path / "raw_events")
    handle = open_or_create(uri, RAW_EVENTS)
    a_file_of(range(3)).put(open_objects(uri))
    whole = a_file_of(range(3, 5))
    whole.put(open_objects(uri))
    commit_files(handle, [whole], {})
    assert DeltaTable(uri).to_pyarrow_table().column("off").to_pylist() == [3, 4]
