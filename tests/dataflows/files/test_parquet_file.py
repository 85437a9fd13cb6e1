from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from itertools import islice
from pathlib import Path
from typing import Any

import msgspec
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from dataflows.files.lines import FileDamaged
from dataflows.sources.files import FileReader, open_file
from dataflows.sources.urls import FileSource
from lakehouse.errors import PositionLost, SettingsInvalid


def a_file(path: Path, columns: dict[str, Any], *, row_group_size: int = 1_000) -> FileReader:
    pq.write_table(pa.table(columns), path, row_group_size=row_group_size)
    return open_file(FileSource(str(path)))


def values(reader: FileReader, start: int = 0) -> list[bytes]:
    return [
        value
        for batch in reader.read(start, max_records=700, max_bytes=1 << 30)
        for value in batch.values
    ]


def test_values_become_json_by_their_kind(tmp_path: Path) -> None:
    reader = a_file(
        tmp_path / "a.parquet",
        {
            "id": pa.array([2**53 + 1], pa.int64()),
            "loan_amnt": [float("nan")],
            "dti": [float("inf")],
            "annual_inc": ["65000.5"],
            "term": [" 36 months"],
            "emp_title": [""],
            "is_new": [True],
            "applied": [date(2018, 11, 1)],
            "seen": pa.array([1_700_000_000_123_456_789], pa.timestamp("ns", "UTC")),
            "at": [datetime(2026, 2, 14, 10, 0, 36, 416696, tzinfo=UTC)],
            "fee": [Decimal("12.50")],
        },
    )
    assert values(reader) == [
        (
            b'{"id":9007199254740993,"loan_amnt":null,"dti":"inf","annual_inc":65000.5,'
            b'"term":" 36 months","emp_title":null,"is_new":true,"applied":"2018-11-01",'
            b'"seen":"2023-11-14T22:13:20.123456Z","at":"2026-02-14T10:00:36.416696Z","fee":12.50}'
        )
    ]


@pytest.mark.parametrize("start", [0, 1, 999, 1_000, 1_001, 2_499, 2_500])
def test_reading_starts_at_any_row(tmp_path: Path, start: int) -> None:
    ids = list(range(2_500))
    reader = a_file(tmp_path / "a.parquet", {"id": ids, "loan_amnt": ids}, row_group_size=1_000)
    batches = list(reader.read(start, max_records=700, max_bytes=1 << 30))
    offsets = [offset for batch in batches for offset in batch.offsets]
    assert offsets == list(range(start, 2_500))
    assert [msgspec.json.decode(v)["id"] for v in values(reader, start)] == ids[start:]


def test_the_length_is_known(tmp_path: Path) -> None:
    reader = a_file(tmp_path / "a.parquet", {"id": [1, 2], "loan_amnt": [1, 2]})
    assert reader.length_known == 2
    assert reader.share_read == 0.0


def test_a_position_beyond_the_last_row_is_lost(tmp_path: Path) -> None:
    reader = a_file(tmp_path / "a.parquet", {"id": [1], "loan_amnt": [1]})
    with pytest.raises(PositionLost, match="expected at least 2 rows, found 1"):
        values(reader, 2)


def test_bytes_that_are_no_utf_8_cost_nobody_the_record(tmp_path: Path) -> None:
    raw = pa.array([b"caf\xe9"], pa.binary())
    title = pa.StringArray.from_buffers(1, raw.buffers()[1], raw.buffers()[2])
    reader = a_file(tmp_path / "a.parquet", {"id": [1], "loan_amnt": [5], "emp_title": title})
    assert values(reader) == [b'{"id":1,"loan_amnt":5,"emp_title":"caf\xef\xbf\xbd"}']


def test_a_table_of_something_else_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SettingsInvalid, match="expected columns such as id, loan_amnt, term"):
        a_file(tmp_path / "a.parquet", {"shoe": [1], "size": [2]})


def test_two_columns_of_one_name_are_refused(tmp_path: Path) -> None:
    table = pa.Table.from_arrays([pa.array([1])] * 3, ["id", "loan_amnt", "id"])
    pq.write_table(table, tmp_path / "a.parquet")
    with pytest.raises(SettingsInvalid, match="the header names 'id' twice"):
        open_file(FileSource(str(tmp_path / "a.parquet")))


def test_the_rows_before_damage_flow_before_the_stop(tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    ids = list(range(5_000))
    pq.write_table(
        pa.table({"id": ids, "loan_amnt": ids}), path, row_group_size=1_000, use_dictionary=False
    )
    place = pq.ParquetFile(path).metadata.row_group(3).column(0).data_page_offset
    content = bytearray(path.read_bytes())
    content[place : place + 64] = b"\xff" * 64
    path.write_bytes(content)
    batches = open_file(FileSource(str(path))).read(0, max_records=500, max_bytes=1 << 30)
    assert [offset for batch in islice(batches, 6) for offset in batch.offsets] == ids[:3_000]
    with pytest.raises(FileDamaged, match="expected 5000 rows, found damage after row 3000"):
        next(batches)


@pytest.mark.parametrize("name", ["loans_raw_151.parquet", "loans_2007_2011h1.parquet"])
def test_a_real_loan_keeps_every_value(shared_data: Path, name: str) -> None:
    path = shared_data / name
    (first, *_) = values(open_file(FileSource(str(path))))
    told = msgspec.json.decode(first)
    held = pq.read_table(path).slice(0, 1).to_pylist()[0]
    assert told.keys() == held.keys()
    for field, value in held.items():
        assert told[field] == (value or None) or told[field] == float(value), field
