"""Reference tables: shipped, replaced while flows run, and found again by version."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest

from lakehouse.errors import ArtefactInvalid
from lakehouse.postgres.connection import connect
from lakehouse.postgres.session import Session
from lakehouse.silver.reference_tables import (
    ReferenceWatch,
    begin,
    in_force,
    load,
    read_csv,
    shipped,
    stored,
)

PURPOSES = "purpose,group\ncar,Vehicle\nwedding,Event\n"


@pytest.fixture
def dsn(silver: str) -> str:
    """A silver in which nobody has loaded a reference table."""
    with psycopg.connect(silver) as connection:
        connection.execute("truncate silver.reference_sets, silver.reference_in_force")
    return silver


@pytest.fixture
def watch(dsn: str) -> Iterator[ReferenceWatch]:
    watch = ReferenceWatch(dsn)
    yield watch
    watch.close()


def a_file(folder: Path, text: str, name: str = "table.csv") -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def test_the_shipped_tables_know_states_and_purposes() -> None:
    tables = shipped()
    assert tables.region_by_state["CA"] == "West"
    assert tables.group_by_purpose["debt_consolidation"] == "Debt"
    assert len(tables.version) == 12


def test_the_shipped_tables_hold_until_others_are_loaded(dsn: str) -> None:
    assert in_force(dsn) == shipped()


def test_loading_replaces_one_table_and_keeps_the_other(dsn: str, tmp_path: Path) -> None:
    tables = load(dsn, "purposes", a_file(tmp_path, PURPOSES))
    assert tables.group_by_purpose == {"car": "Vehicle", "wedding": "Event"}
    assert tables.region_by_state == shipped().region_by_state
    assert tables.version != shipped().version
    assert in_force(dsn) == tables


def test_the_same_content_is_the_same_version(dsn: str, tmp_path: Path) -> None:
    first = load(dsn, "purposes", a_file(tmp_path, PURPOSES))
    shuffled = "note,group,purpose\n,Event,wedding\nx,Vehicle,car\n"
    assert load(dsn, "purposes", a_file(tmp_path, shuffled)) == first


def test_a_set_that_was_replaced_can_be_put_in_force_again(dsn: str, tmp_path: Path) -> None:
    first = load(dsn, "purposes", a_file(tmp_path, PURPOSES))
    second = load(dsn, "purposes", a_file(tmp_path, "purpose,group\ncar,Other\n"))
    assert load(dsn, "purposes", a_file(tmp_path, PURPOSES)) == first != second


def test_every_version_that_decisions_carry_can_be_found_again(dsn: str, tmp_path: Path) -> None:
    begun_with = begin(dsn)
    loaded = load(dsn, "purposes", a_file(tmp_path, PURPOSES))
    load(dsn, "purposes", a_file(tmp_path, "purpose,group\ncar,Other\n"))
    assert stored(dsn, begun_with.version) == shipped()
    assert stored(dsn, loaded.version) == loaded


def test_a_version_that_never_was_is_refused(dsn: str) -> None:
    with pytest.raises(ArtefactInvalid, match="no set of reference tables of version 'no-such'"):
        stored(dsn, "no-such")


def test_tables_altered_in_silver_are_refused(dsn: str, tmp_path: Path) -> None:
    loaded = load(dsn, "purposes", a_file(tmp_path, PURPOSES))
    with psycopg.connect(dsn) as connection:
        connection.execute("update silver.reference_sets set tables = tables || '{\"states\": {}}'")
    with pytest.raises(ArtefactInvalid, match="altered"):
        stored(dsn, loaded.version)


def test_a_running_flow_finds_the_replacement(
    dsn: str, watch: ReferenceWatch, tmp_path: Path
) -> None:
    tables = begin(dsn)
    assert watch(tables) is tables
    loaded = load(dsn, "purposes", a_file(tmp_path, PURPOSES))
    replaced = watch(tables)
    assert replaced == loaded
    assert watch(replaced) is replaced


def test_while_silver_does_not_answer_what_was_in_force_stays(dsn: str) -> None:
    answers = True

    def open_connection(told: str) -> Session[Any]:
        if not answers:
            raise psycopg.OperationalError("connection refused")
        return connect(told)

    watch = ReferenceWatch(dsn, open_connection=open_connection)
    tables = shipped()
    assert watch(tables) is tables
    answers = False
    with psycopg.connect(dsn, autocommit=True) as connection:
        connection.execute(
            "select pg_terminate_backend(pid) from pg_stat_activity "
            "where datname = current_database() and pid <> pg_backend_pid()"
        )
    assert watch(tables) is tables
    assert watch(tables) is tables
    answers = True
    assert watch(tables) is tables
    watch.close()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "found none"),
        ("state,region\nCA,West\n", "expected the columns purpose and group"),
        ("purpose,group\n", "no rows"),
        ("purpose,group\ncar,Vehicle\ncar,Other\n", "line 3: purpose 'car' is there twice"),
        ("purpose,group\ncar,\n", "line 2: group must be"),
        ("purpose,group\ncar\n", "line 2: group must be"),
        (f"purpose,group\ncar,{'x' * 201}\n", "line 2: group must be 1 to 200"),
        ("purpose,group\ncar,a\x07b\n", "printable"),
        ('purpose,group\ncar,"open\n', "unexpected end of data"),
        ("x" * (1 << 20) + "x", "larger than 1 MiB"),
    ],
    ids=[
        "empty",
        "another table",
        "no rows",
        "a key twice",
        "an empty value",
        "a short line",
        "too long",
        "a control character",
        "an open quote",
        "too large",
    ],
)
def test_a_file_that_is_no_such_table_is_refused(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(ArtefactInvalid, match=said):
        read_csv("purposes", a_file(tmp_path, text))


def test_a_file_may_begin_with_a_byte_order_mark(tmp_path: Path) -> None:
    assert read_csv("purposes", a_file(tmp_path, "\ufeff" + PURPOSES))["car"] == "Vehicle"


def test_a_file_in_another_encoding_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "latin.csv"
    path.write_bytes("purpose,group\ncar,Véhicule\n".encode("latin-1"))
    with pytest.raises(ArtefactInvalid, match="not UTF-8"):
        read_csv("purposes", path)


def test_a_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ArtefactInvalid, match="No such file"):
        read_csv("purposes", tmp_path / "none.csv")


def test_a_table_of_another_name_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ArtefactInvalid, match="there are purposes, states"):
        read_csv("colours", tmp_path / "none.csv")
