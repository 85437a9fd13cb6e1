"""The copy of a lake answers as the lake does, whatever is committed to it."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pyarrow as pa
import pytest

from lakehouse.arrow_schemas import DECISIONS
from lakehouse.gold.compaction import compact
from lakehouse.gold.erasure import erase_application
from lakehouse.gold.object_store import arrow_filesystem, open_objects, table_uri
from lakehouse.lake.copied import CopiedLake
from lakehouse.lake.session import Lake
from tests.lakehouse.gold_cases import a_gold_writer, decided_rows, delta
from tests.lakehouse.silver_cases import TOPIC

ALL = "select * from decisions order by off"
OUTCOMES = "select * from outcomes order by application_id"


@pytest.fixture
def copied(tmp_path: Path) -> Iterator[CopiedLake]:
    writer = a_gold_writer(str(tmp_path), "decisions")
    writer.append(TOPIC, 0, 3, decided_rows(range(3)))
    writer.flush()
    lake = CopiedLake(str(tmp_path), memory_mb=200)
    assert lake.copy()
    yield lake
    lake.close()


def asked_anew(home: Path, question: str) -> pa.Table:
    lake = Lake(str(home))
    answer = lake.query(question)
    lake.close()
    return answer


def decide(home: Path, first: int, until: int) -> None:
    writer = a_gold_writer(str(home), "decisions")
    writer.append(TOPIC, 0, until, decided_rows(range(first, until)))
    writer.flush()


@pytest.mark.parametrize("question", [ALL, OUTCOMES, "select count(*) as n from quarantine"])
def test_it_answers_as_the_lake_does(copied: CopiedLake, tmp_path: Path, question: str) -> None:
    assert copied.query(question) == asked_anew(tmp_path, question)


def test_it_shows_one_snapshot_and_follows_appends_when_refreshed(
    copied: CopiedLake, tmp_path: Path
) -> None:
    decide(tmp_path, 3, 7)
    assert copied.query(ALL).num_rows == 3
    copied.refresh()
    assert copied.query(ALL) == asked_anew(tmp_path, ALL)
    assert copied.is_copied


def test_files_that_were_compacted_beside_new_ones_bring_no_row_twice(
    copied: CopiedLake, tmp_path: Path
) -> None:
    decide(tmp_path, 3, 5)
    uri = table_uri(str(tmp_path), "decisions")
    objects, filesystem = open_objects(uri), arrow_filesystem(uri)
    assert compact("decisions", DECISIONS, delta(str(tmp_path), "decisions"), objects, filesystem)
    decide(tmp_path, 5, 8)
    copied.refresh()
    assert copied.query(ALL).num_rows == 8
    assert copied.query(ALL) == asked_anew(tmp_path, ALL)


def test_what_was_erased_is_gone_from_the_copy(copied: CopiedLake, tmp_path: Path) -> None:
    erased = {"stage": "erasure", "code": "erased", "reason": "asked for"}
    own = copied.query("select application_id from decisions where off = 1")
    name = own["application_id"][0].as_py()
    erase_application(
        str(tmp_path),
        [name],
        [(TOPIC, 0, 1)],
        erased_at=datetime(2026, 1, 1, tzinfo=UTC),
        erased=erased,
    )
    copied.refresh()
    assert copied.query(ALL)["off"].to_pylist() == [0, 2]


def test_a_copy_that_does_not_fit_leaves_the_lake_to_its_files(tmp_path: Path) -> None:
    decide(tmp_path, 0, 60_000)
    lake = CopiedLake(str(tmp_path), memory_mb=12)
    assert not lake.copy()
    assert not lake.is_copied
    assert lake.query("select count(*) as n from decisions")["n"][0].as_py() == 60_000
    lake.close()
