from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from dataflows.sources.batches import MicroBatch
from dataflows.sources.file_reader import FileSourceReader
from dataflows.sources.files import open_file
from dataflows.sources.urls import FileSource
from lakehouse.errors import PositionLost


def a_reader(path: Path, *, start: int = 0, max_messages: int = 2) -> FileSourceReader:
    return FileSourceReader(
        open_file(FileSource(str(path))), start=start, max_messages=max_messages
    )


def taken(reader: FileSourceReader) -> MicroBatch:
    batch = reader.read(0.0)
    assert batch is not None
    return batch


@pytest.fixture
def lines(tmp_path: Path) -> Path:
    path = tmp_path / "a.jsonl"
    path.write_bytes(b"a\nb\nc\nd\ne\n")
    return path


def test_a_file_is_handed_over_in_order_and_ends(lines: Path) -> None:
    reader = a_reader(lines)
    batches = [taken(reader) for _ in range(3)]
    assert [list(batch.values) for batch in batches] == [[b"a", b"b"], [b"c", b"d"], [b"e"]]
    assert [(batch.first_off, batch.next_off) for batch in batches] == [(0, 2), (2, 4), (4, 5)]
    with pytest.raises(StopIteration):
        reader.read(0.0)


def test_a_file_is_partition_0_of_a_topic_named_by_its_path(lines: Path) -> None:
    batch = taken(a_reader(lines))
    assert (batch.topic, batch.part, batch.keys) == (str(lines.resolve()), 0, ())


def test_reading_begins_at_the_position(lines: Path) -> None:
    batch = taken(a_reader(lines, start=3))
    assert (batch.first_off, batch.offsets.tolist(), list(batch.values)) == (
        3,
        [3, 4],
        [b"d", b"e"],
    )


def test_a_position_at_the_end_has_nothing_left(lines: Path) -> None:
    with pytest.raises(StopIteration):
        a_reader(lines, start=5).read(0.0)


def test_a_position_beyond_the_end_is_lost(lines: Path) -> None:
    with pytest.raises(PositionLost):
        a_reader(lines, start=6).read(0.0)


def test_lines_around_the_records_are_marked_as_foreign(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(b"id,loan_amnt\n1,2\nTotal amount funded: 2\n")
    batch = taken(a_reader(path))
    assert {*batch.foreign} == {1}
    assert batch.values[1] == b"Total amount funded: 2"


def test_how_much_is_left_is_known_where_the_format_says_so(tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    pq.write_table(pa.table({"id": [1, 2, 3], "loan_amnt": [1.0, 2.0, 3.0]}), path)
    reader = a_reader(path)
    assert reader.lag() == 3
    reader.read(0.0)
    assert reader.lag() == 1


def test_how_much_is_left_of_lines_is_not_known(lines: Path) -> None:
    assert a_reader(lines).lag() is None


def test_a_closed_file_is_read_no_further(lines: Path) -> None:
    reader = a_reader(lines)
    reader.read(0.0)
    reader.close()
    reader.close()
    with pytest.raises(StopIteration):
        reader.read(0.0)
