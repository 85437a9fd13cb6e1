"""What others switch on or add in a table of gold is one line, noticed while the flow runs."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from deltalake import Field
from deltalake.schema import PrimitiveType

from lakehouse.errors import SchemaDiffers
from lakehouse.gold.maintenance import Tasks, maintain
from lakehouse.gold.tables import changed_by_others
from lakehouse.lake.session import Lake
from tests.lakehouse.gold_cases import a_gold_writer, append, delta, offsets

PROTOCOL = {
    "minReaderVersion": 3,
    "minWriterVersion": 7,
    "readerFeatures": ["deletionVectors"],
    "writerFeatures": ["deletionVectors", "appendOnly"],
}
COMPACT = Tasks(compact=True, vacuum_hours=None, forget_before=None)


def with_deletion_vectors(lake_uri: str) -> None:
    log = Path(lake_uri) / "raw_events" / "_delta_log"
    entry = json.dumps({"protocol": PROTOCOL}) + "\n"
    (log / f"{delta(lake_uri).version() + 1:020d}.json").write_text(entry, encoding="utf-8")


def with_a_column(lake_uri: str) -> None:
    delta(lake_uri).alter.add_columns([Field("theirs", PrimitiveType("string"))])


@pytest.fixture
def lake_uri(tmp_path: Path) -> str:
    uri = str(tmp_path / "lake")
    writer = a_gold_writer(uri)
    append(writer, 0, 3)
    writer.flush()
    return uri


def in_one_line(act: Callable[[], object]) -> str:
    with pytest.raises(SchemaDiffers) as refused:
        act()
    assert "\n" not in str(refused.value)
    return str(refused.value)


def test_a_table_that_is_as_it_was_made_has_no_changes(lake_uri: str) -> None:
    assert changed_by_others(lake_uri) == []


@pytest.mark.parametrize(
    ("change", "named"),
    [(with_deletion_vectors, "deletionVectors"), (with_a_column, "theirs")],
)
def test_a_change_is_noticed_while_the_flow_writes_on_and_refused_by_the_next_start(
    change: Callable[[str], None], named: str, lake_uri: str
) -> None:
    running = a_gold_writer(lake_uri)
    append(running, 0, 3)
    change(lake_uri)
    append(running, 3, 5)
    running.flush()
    (line,) = changed_by_others(lake_uri)
    assert named in line
    assert named in in_one_line(lambda: a_gold_writer(lake_uri))


def test_deletion_vectors_end_a_question_and_a_compaction_in_one_line(lake_uri: str) -> None:
    open_before = Lake(lake_uri)
    with_deletion_vectors(lake_uri)
    try:
        assert "deletionVectors" in in_one_line(open_before.refresh)
    finally:
        open_before.close()
    assert "deletionVectors" in in_one_line(lambda: Lake(lake_uri))


def test_nothing_is_rewritten_that_others_deleted_rows_of(lake_uri: str) -> None:
    writer = a_gold_writer(lake_uri)
    append(writer, 3, 6)
    writer.flush()
    with_deletion_vectors(lake_uri)
    assert "deletionVectors" in in_one_line(lambda: maintain(lake_uri, COMPACT))


def test_a_column_of_others_leaves_reading_as_it_is(lake_uri: str) -> None:
    with_a_column(lake_uri)
    lake = Lake(lake_uri)
    assert lake.query("select count(*) as n from raw_events")["n"][0].as_py() == 3
    lake.close()
    assert offsets(lake_uri) == [0, 1, 2]
