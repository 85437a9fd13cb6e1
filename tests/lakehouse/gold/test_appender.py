from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from deltalake import DeltaTable, Transaction, write_deltalake
from deltalake.transaction import CommitProperties

from lakehouse.arrow_schemas import RAW_EVENTS
from lakehouse.errors import Fenced, Gap, SchemaDiffers, StoresDisagree
from lakehouse.gold.appender import last_offs, open_gold
from lakehouse.gold.object_store import table_uri
from lakehouse.gold.tables import SCHEMAS, VIEWS
from lakehouse.gold.writer import GoldWriter, transaction_id
from tests.lakehouse.gold_cases import (
    BRIEF,
    a_gold_writer,
    append,
    decided_rows,
    delta,
    offsets,
    raw_rows,
)
from tests.lakehouse.silver_cases import PIPELINE, TOPIC


def test_rows_and_position_arrive_together(lake_uri: str) -> None:
    writer = a_gold_writer(lake_uri)
    append(writer, 0, 3)
    assert writer.flush() == 3
    assert offsets(lake_uri) == [0, 1, 2]
    assert a_gold_writer(lake_uri).last_off(TOPIC, 0) == 2


def test_nothing_is_there_before_the_flush(lake_uri: str) -> None:
    writer = a_gold_writer(lake_uri)
    append(writer, 0, 3)
    assert offsets(lake_uri) == []
    assert a_gold_writer(lake_uri).last_off(TOPIC, 0) is None


def test_all_partitions_that_wait_are_one_commit(lake_uri: str) -> None:
    writer = a_gold_writer(lake_uri)
    for part in range(3):
        append(writer, 0, 2, part=part)
    before = delta(lake_uri).version()
    writer.flush()
    assert delta(lake_uri).version() == before + 1
    assert [a_gold_writer(lake_uri).last_off(TOPIC, part) for part in range(3)] == [1, 1, 1]


def test_a_replay_with_other_bounds_adds_only_what_is_missing(lake_uri: str) -> None:
    first = a_gold_writer(lake_uri)
    append(first, 0, 5)
    first.flush()
    again = a_gold_writer(lake_uri)
    for bounds in ((0, 2), (2, 4), (3, 8), (8, 9)):
        append(again, *bounds)
    again.flush()
    assert offsets(lake_uri) == list(range(9))


def test_what_waits_already_is_not_taken_twice(lake_uri: str) -> None:
    writer = a_gold_writer(lake_uri)
    append(writer, 0, 4)
    append(writer, 2, 6)
    writer.flush()
    assert offsets(lake_uri) == list(range(6))


def test_offsets_may_have_holes(lake_uri: str) -> None:
    writer = a_gold_writer(lake_uri)
    writer.append(TOPIC, 0, 10, raw_rows([1, 5]), first_off=0)
    writer.append(TOPIC, 0, 20, raw_rows([14]), first_off=10)
    writer.flush()
    assert offsets(lake_uri) == [1, 5, 14]
    assert a_gold_writer(lake_uri).last_off(TOPIC, 0) == 19


def test_a_position_moves_without_rows_and_without_a_file(lake_uri: str) -> None:
    writer = a_gold_writer(lake_uri, "quarantine")
    writer.append(TOPIC, 0, 100, SCHEMAS["quarantine"].empty_table())
    assert writer.flush() == 0
    assert a_gold_writer(lake_uri, "quarantine").last_off(TOPIC, 0) == 99
    assert delta(lake_uri, "quarantine").file_uris() == []


def test_a_flush_without_news_commits_nothing(lake_uri: str) -> None:
    writer = a_gold_writer(lake_uri)
    append(writer, 0, 1)
    writer.flush()
    before = delta(lake_uri).version()
    assert writer.flush() == 0
    assert delta(lake_uri).version() == before


def test_skipping_offsets_is_refused(lake_uri: str) -> None:
    """Mutant C, starting from silver's position only, would come here."""
    writer = a_gold_writer(lake_uri)
    writer.append(TOPIC, 0, 5, raw_rows(range(5)), first_off=0)
    with pytest.raises(Gap, match=r"next offset of loan_applications/0 is 5.*begins at 7"):
        writer.append(TOPIC, 0, 9, raw_rows(range(7, 9)), first_off=7)


def test_of_two_writers_of_a_partition_the_second_is_fenced(lake_uri: str) -> None:
    older, newer = a_gold_writer(lake_uri), a_gold_writer(lake_uri)
    for writer in (older, newer):
        append(writer, 0, 5)
    newer.flush()
    append(older, 5, 7)
    with pytest.raises(Fenced, match="written to by another instance"):
        older.flush()
    assert offsets(lake_uri) == [0, 1, 2, 3, 4]


def test_two_writers_of_the_same_rows_leave_them_once(lake_uri: str) -> None:
    older, newer = a_gold_writer(lake_uri), a_gold_writer(lake_uri)
    for writer in (older, newer):
        append(writer, 0, 5)
        writer.flush()
    assert offsets(lake_uri) == [0, 1, 2, 3, 4]


def test_a_foreign_commit_that_ours_was_laid_over_is_noticed(lake_uri: str) -> None:
    """The handle then contains it, so that a conflict would go unseen from there on."""
    ours, foreign = a_gold_writer(lake_uri), a_gold_writer(lake_uri)
    assert ours.last_off(TOPIC, 0) is None
    append(foreign, 0, 5, part=0)
    foreign.flush()
    append(ours, 0, 3, part=1)
    with pytest.raises(Fenced, match="loan_applications/0 stands at offset 4"):
        ours.flush()
    assert offsets(lake_uri, part=1) == [0, 1, 2]


def test_compaction_meanwhile_disturbs_nobody(lake_uri: str) -> None:
    writer = a_gold_writer(lake_uri)
    for first in range(0, 6, 2):
        append(writer, first, first + 2)
        writer.flush()
    delta(lake_uri).optimize.compact()
    append(writer, 6, 8)
    writer.flush()
    assert offsets(lake_uri) == list(range(8))


def test_committing_by_address_would_duplicate_rows(lake_uri: str) -> None:
    """Why the handle whose position was read is the one to commit through."""
    uri, app = table_uri(lake_uri, "raw_events"), transaction_id(PIPELINE, TOPIC, 0)
    a_gold_writer(lake_uri)
    properties = CommitProperties(app_transactions=[Transaction(app, 4)])
    for _ in range(2):
        write_deltalake(uri, raw_rows(range(5)), mode="append", commit_properties=properties)
    assert offsets(lake_uri) == sorted([*range(5), *range(5)])


def test_tables_need_no_newer_protocol_and_forbid_changes(lake_uri: str) -> None:
    for name in SCHEMAS:
        a_gold_writer(lake_uri, name)
        table = delta(lake_uri, name)
        assert (table.protocol().min_reader_version, table.protocol().min_writer_version) == (1, 2)
        assert table.metadata().configuration["delta.appendOnly"] == "true"
        assert pa.schema(table.schema().to_arrow()) == SCHEMAS[name]


def test_raw_bytes_are_compressed_with_zstd(tmp_path: Path) -> None:
    writer = a_gold_writer(str(tmp_path))
    append(writer, 0, 10)
    writer.flush()
    (file,) = (tmp_path / "raw_events").glob("*.parquet")
    column = pq.ParquetFile(file).metadata.row_group(0).column(RAW_EVENTS.get_field_index("raw"))
    assert column.compression == "ZSTD"
    assert "RLE_DICTIONARY" not in column.encodings


def test_a_nullable_column_that_is_new_is_added(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    writer = a_gold_writer(str(tmp_path))
    append(writer, 0, 2)
    writer.flush()
    wider = RAW_EVENTS.insert(1, pa.field("headers", pa.string()))
    monkeypatch.setitem(VIEWS, "raw_events", wider)
    renewed = a_gold_writer(str(tmp_path))
    rows = raw_rows([2]).add_column(1, wider.field("headers"), pa.array(["trace=1"]))
    renewed.append(TOPIC, 0, 3, rows)
    renewed.flush()
    found = delta(str(tmp_path)).to_pyarrow_table(columns=["off", "headers"]).sort_by("off")
    assert found.to_pydict() == {"off": [0, 1, 2], "headers": [None, None, "trace=1"]}


@pytest.mark.parametrize(
    ("found", "said"),
    [
        (RAW_EVENTS.set(2, pa.field("off", pa.string(), nullable=False)), "off is string"),
        (RAW_EVENTS.append(pa.field("colour", pa.string())), "colour is not known here"),
        (RAW_EVENTS.remove(4), "received_at is missing"),
    ],
    ids=["another type", "an unknown column", "a required one missing"],
)
def test_a_table_of_another_shape_is_refused(tmp_path: Path, found: pa.Schema, said: str) -> None:
    DeltaTable.create(table_uri(str(tmp_path), "raw_events"), schema=found)
    with pytest.raises(SchemaDiffers, match=said):
        a_gold_writer(str(tmp_path))


def test_rows_of_another_shape_stop_at_once(tmp_path: Path) -> None:
    writer = a_gold_writer(str(tmp_path))
    with pytest.raises(SchemaDiffers, match=r"raw_events: rows of loan_applications/0"):
        writer.append(TOPIC, 0, 3, decided_rows(range(3)))
    assert not writer.is_behind


def test_a_table_that_was_removed_is_said_to_be_gone(tmp_path: Path) -> None:
    writer = a_gold_writer(str(tmp_path))
    append(writer, 0, 2)
    for file in sorted((tmp_path / "raw_events").rglob("*"), reverse=True):
        file.rmdir() if file.is_dir() else file.unlink()
    with pytest.raises(StoresDisagree, match="is gone"):
        writer.flush()


def test_opening_makes_every_table_and_says_where_each_stands(lake_uri: str) -> None:
    writers = open_gold(lake_uri, pipeline=PIPELINE, patience=BRIEF)
    assert sorted(writers) == sorted(SCHEMAS)
    append(writers["raw_events"], 0, 3)
    writers["raw_events"].flush()
    again = open_gold(lake_uri, pipeline=PIPELINE, patience=BRIEF)
    assert last_offs(again, [(TOPIC, 0), (TOPIC, 1)]) == {
        (TOPIC, 0): {"decisions": None, "duplicates": None, "quarantine": None, "raw_events": 2},
        (TOPIC, 1): dict.fromkeys(SCHEMAS),
    }


def test_pipelines_keep_their_positions_apart(lake_uri: str) -> None:
    writer = a_gold_writer(lake_uri)
    append(writer, 0, 3)
    writer.flush()
    other = GoldWriter(lake_uri, "raw_events", pipeline="rescore", patience=BRIEF)
    assert other.last_off(TOPIC, 0) is None
