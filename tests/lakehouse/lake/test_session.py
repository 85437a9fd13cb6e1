import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pyarrow as pa
import pytest
from deltalake import write_deltalake

from lakehouse.errors import QueryInvalid, Unavailable
from lakehouse.gold.tables import SCHEMAS
from lakehouse.lake.session import Lake
from tests.lakehouse.gold_cases import a_gold_writer, append, decided_rows, delta
from tests.lakehouse.silver_cases import DECIDED_AT, PIPELINE, TOPIC


@pytest.fixture
def opened() -> Iterator[Callable[[str], Lake]]:
    lakes: list[Lake] = []

    def make(lake_uri: str) -> Lake:
        lakes.append(Lake(lake_uri))
        return lakes[-1]

    yield make
    for lake in lakes:
        lake.close()


Opens = Callable[[str], Lake]


def count(lake: Lake, view: str = "raw_events") -> int:
    return int(lake.query(f"select count(*) as n from {view}")["n"][0].as_py())


def test_a_lake_without_tables_has_empty_views_with_the_right_columns(
    lake_uri: str, opened: Opens
) -> None:
    lake = opened(lake_uri)
    for name, schema in SCHEMAS.items():
        answer = lake.query(f"select * from {name}")
        assert answer.column_names == schema.names
        assert answer.num_rows == 0


def test_committed_rows_are_seen_as_they_were_written(lake_uri: str, opened: Opens) -> None:
    writer = a_gold_writer(lake_uri, "decisions")
    writer.append(TOPIC, 0, 3, decided_rows(range(3), pd=0.1 + 0.2))
    writer.flush()
    answer = opened(lake_uri).query("select * from decisions order by off")
    assert answer.column_names == SCHEMAS["decisions"].names
    row = answer.to_pylist()[2]
    assert (row["off"], row["pd"], row["event_id"]) == (2, 0.1 + 0.2, "e2")
    assert row["decided_at"] == DECIDED_AT.replace(tzinfo=None)


def test_instants_can_be_cut_compared_and_cast_without_an_extension(
    tmp_path: Path, opened: Opens
) -> None:
    writer = a_gold_writer(str(tmp_path), "decisions")
    writer.append(TOPIC, 0, 3, decided_rows(range(3)))
    writer.flush()
    answer = opened(str(tmp_path)).query(
        "select date_trunc('hour', decided_at) as hour, decided_at::date as day, count(*) as n "
        "from decisions where decided_at >= '2026-11-22 09:30:00' group by all"
    )
    assert [str(each) for each in answer.to_pylist()[0].values()] == [
        "2026-11-22 09:00:00",
        "2026-11-22",
        "3",
    ]


def test_a_session_sees_one_snapshot_until_it_is_refreshed(lake_uri: str, opened: Opens) -> None:
    writer = a_gold_writer(lake_uri)
    append(writer, 0, 2)
    writer.flush()
    lake = opened(lake_uri)
    append(writer, 2, 5)
    writer.flush()
    assert (count(lake), lake.last_off("raw_events", PIPELINE, TOPIC, 0)) == (2, 1)
    lake.refresh()
    assert (count(lake), lake.last_off("raw_events", PIPELINE, TOPIC, 0)) == (5, 4)


def test_a_table_that_comes_later_is_found_by_a_refresh(tmp_path: Path, opened: Opens) -> None:
    lake = opened(str(tmp_path))
    assert lake.last_off("raw_events", PIPELINE, TOPIC, 0) is None
    writer = a_gold_writer(str(tmp_path))
    append(writer, 0, 2)
    writer.flush()
    lake.refresh()
    assert count(lake) == 2


def test_threads_may_ask_at_once(tmp_path: Path, opened: Opens) -> None:
    writer = a_gold_writer(str(tmp_path))
    append(writer, 0, 1_000)
    writer.flush()
    lake, found = opened(str(tmp_path)), []
    threads = [threading.Thread(target=lambda: found.append(count(lake))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [1_000] * 8


@pytest.mark.parametrize(
    "statement",
    [
        "select * from read_csv('/etc/passwd')",
        "select * from read_text('/etc/passwd')",
        "select * from '/etc/passwd'",
        "select * from glob('/etc/*')",
        "copy decisions to '/tmp/stolen.csv'",
        "export database '/tmp/stolen'",
        "attach '/tmp/other.db'",
        "install httpfs",
        "load httpfs",
        "set enable_external_access = true",
        "set lock_configuration = false",
        "reset lock_configuration",
        "drop view decisions",
        "drop view outcomes",
        "create view decisions as select 1",
        "explain analyze drop view decisions",
        "select 1; drop view decisions",
        "select * from statement",
        "selec 1",
        "select nothing_of_that_name from decisions",
        "select $missing",
        "",
        "-- only a remark",
    ],
)
def test_what_is_no_question_about_the_views_is_refused(
    tmp_path: Path, opened: Opens, statement: str
) -> None:
    lake = opened(str(tmp_path))
    with pytest.raises(QueryInvalid):
        lake.query(statement)
    assert count(lake, "decisions") == 0


@pytest.mark.parametrize(
    "statement",
    [
        "from decisions",
        "with d as (select * from decisions) select count(*) from d",
        "describe decisions",
        "show tables",
        "summarize quarantine",
        "explain select * from decisions",
    ],
)
def test_every_kind_of_question_is_answered(tmp_path: Path, opened: Opens, statement: str) -> None:
    assert opened(str(tmp_path)).query(statement).num_columns > 0


def test_a_table_of_very_many_files_is_read_the_other_way(
    tmp_path: Path, opened: Opens, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("lakehouse.lake.session._MOST_FILES_READ_DIRECTLY", 2)
    lake = opened(str(tmp_path))
    writer = a_gold_writer(str(tmp_path), "decisions")
    for off in range(4):
        writer.append(TOPIC, 0, off + 1, decided_rows([off], pd=off / 10))
        writer.flush()
        lake.refresh()
        answer = lake.query("select off, pd from decisions order by off")
        assert answer.to_pylist() == [{"off": each, "pd": each / 10} for each in range(off + 1)]


@pytest.mark.parametrize("folder", ["lake", "a lake of 100%", "a[b]*?", "year=2018"])
def test_any_folder_can_hold_a_lake(tmp_path: Path, opened: Opens, folder: str) -> None:
    uri = str(tmp_path / folder)
    for off in range(2):
        writer = a_gold_writer(uri, "decisions")
        writer.append(TOPIC, 0, off + 1, decided_rows([off]))
        writer.flush()
    answer = opened(uri).query("select * from decisions order by off")
    assert answer.column_names == SCHEMAS["decisions"].names
    assert answer.column("off").to_pylist() == [0, 1]


@pytest.mark.parametrize("is_written_again", [False, True])
def test_rows_from_before_a_column_was_added_have_none(
    tmp_path: Path, opened: Opens, *, is_written_again: bool
) -> None:
    names = SCHEMAS["decisions"].names
    older = pa.schema([each for each in SCHEMAS["decisions"] if each.name != "public_records"])
    rows = pa.table(decided_rows([0, 1])).select(older.names)
    write_deltalake(str(tmp_path / "decisions"), rows.cast(older))
    writer = a_gold_writer(str(tmp_path), "decisions")
    if is_written_again:
        writer.append(TOPIC, 0, 3, decided_rows([2], public_records=1.0))
        writer.flush()
    answer = opened(str(tmp_path)).query("select * from decisions order by off")
    assert answer.column_names == names
    assert answer.column("public_records").to_pylist() == [None, None, 1.0][: answer.num_rows]
    assert answer.num_rows == 2 + is_written_again


def test_only_the_files_of_tables_can_be_read(tmp_path: Path, opened: Opens) -> None:
    append(a_gold_writer(str(tmp_path)), 0, 2)
    secret = tmp_path / "secret.txt"
    secret.write_text("told to nobody")
    (tmp_path / "raw_events").mkdir(exist_ok=True)
    lake = opened(str(tmp_path))
    for path in (secret, tmp_path / "raw_events" / ".." / "secret.txt"):
        with pytest.raises(QueryInvalid, match="Permission"):
            lake.query(f"select content from read_text('{path}')")


def test_a_long_answer_can_be_taken_in_parts(tmp_path: Path, opened: Opens) -> None:
    writer = a_gold_writer(str(tmp_path))
    append(writer, 0, 5_000)
    writer.flush()
    lake = opened(str(tmp_path))
    parts = list(lake.stream("select off from raw_events", rows=2_000))
    assert max(part.num_rows for part in parts) <= 2_048
    assert sorted(off for part in parts for off in part["off"].to_pylist()) == list(range(5_000))


def test_a_long_answer_need_not_be_taken_whole(tmp_path: Path, opened: Opens) -> None:
    writer = a_gold_writer(str(tmp_path))
    append(writer, 0, 5_000)
    writer.flush()
    lake = opened(str(tmp_path))
    parts = lake.stream("select off from raw_events", rows=100)
    assert next(parts).num_rows
    parts.close()
    assert count(lake) == 5_000


def test_what_is_streamed_is_a_question_too(tmp_path: Path, opened: Opens) -> None:
    with pytest.raises(QueryInvalid):
        next(opened(str(tmp_path)).stream("drop view decisions", rows=100))


def test_a_data_file_that_vanished_is_said_to_be_unreadable(tmp_path: Path, opened: Opens) -> None:
    writer = a_gold_writer(str(tmp_path))
    append(writer, 0, 2)
    writer.flush()
    lake = opened(str(tmp_path))
    for file in (tmp_path / "raw_events").glob("*.parquet"):
        file.unlink()
    with pytest.raises(Unavailable, match="could not be read"):
        lake.query("select * from raw_events")
    with pytest.raises(Unavailable, match="could not be read"):
        list(lake.stream("select * from raw_events", rows=100))


def test_a_vanished_file_is_said_to_be_unreadable_when_the_lake_is_opened(tmp_path: Path) -> None:
    writer = a_gold_writer(str(tmp_path), "decisions")
    writer.append(TOPIC, 0, 1, decided_rows([0]))
    writer.flush()
    for file in (tmp_path / "decisions").glob("*.parquet"):
        file.unlink()
    with pytest.raises(Unavailable, match="could not be read"):
        Lake(str(tmp_path))


def test_a_process_that_stopped_reading_early_ends_cleanly(tmp_path: Path) -> None:
    """With deltalake's own file system one in two hung or crashed here."""
    writer = a_gold_writer(str(tmp_path))
    for first in range(0, 8_000, 2_000):
        append(writer, first, first + 2_000)
        writer.flush()
    assert len(delta(str(tmp_path)).file_uris()) == 4
    program = (
        "import sys\n"
        "from lakehouse.lake.session import Lake\n"
        "lake = Lake(sys.argv[1])\n"
        "print(lake.query('select off, raw from raw_events limit 1').num_rows)\n"
    )
    for _ in range(3):
        done = subprocess.run(
            [sys.executable, "-c", program, str(tmp_path)],
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert (done.returncode, done.stdout) == (0, "1\n"), done.stderr


def test_a_refresh_sees_a_table_that_came_after_the_session_began(tmp_path: Path) -> None:
    lake = Lake(str(tmp_path))
    writer = a_gold_writer(str(tmp_path))
    for off in range(3):
        append(writer, off, off + 1)
        writer.flush()
        lake.refresh()
        assert lake.query("select max(off) as last from raw_events")["last"].to_pylist() == [off]
    lake.close()
