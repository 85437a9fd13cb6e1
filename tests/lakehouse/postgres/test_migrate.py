"""Silver's schema moves forward only: each step once, in order, unaltered."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import psycopg
import pyarrow as pa
import pytest
from psycopg.conninfo import make_conninfo

from lakehouse.arrow_schemas import DECISIONS, DUPLICATES, INSTANT, QUARANTINE
from lakehouse.errors import LakehouseError, SchemaDiffers
from lakehouse.postgres import connection
from lakehouse.postgres.migrate import Migration, migrate, require_current, shipped_migrations
from tests.lakehouse.silver_cases import ask
from tests.waiting import until

FIRST = Migration(1, "0001_first.sql", "create table silver.one (x integer)")
SECOND = Migration(2, "0002_second.sql", "create table silver.two (x integer)")
BROKEN = Migration(2, "0002_broken.sql", "create table silver.two (x integer); select 1 / 0")


def tables(dsn: str) -> list[str]:
    query = "select tablename from pg_tables where schemaname = 'silver' order by 1"
    return [row[0] for row in ask(dsn, query)]


def test_migrations_run_once_and_in_order(postgres: str) -> None:
    assert migrate(postgres, [FIRST]) == ["0001_first.sql"]
    assert migrate(postgres, [FIRST, SECOND]) == ["0002_second.sql"]
    assert migrate(postgres, [FIRST, SECOND]) == []
    assert tables(postgres) == ["migrations", "one", "two"]
    require_current(postgres, [FIRST, SECOND])


def test_processes_that_migrate_at_once_wait_for_each_other(postgres: str) -> None:
    with ThreadPoolExecutor(4) as pool:
        ran = list(pool.map(lambda _: migrate(postgres, [FIRST, SECOND]), range(4)))
    assert sorted(name for names in ran for name in names) == ["0001_first.sql", "0002_second.sql"]


def test_a_migration_that_fails_leaves_nothing_of_itself(postgres: str) -> None:
    with pytest.raises(LakehouseError, match="SQLSTATE 22012"):
        migrate(postgres, [FIRST, BROKEN])
    assert tables(postgres) == ["migrations", "one"]
    assert migrate(postgres, [FIRST, SECOND]) == ["0002_second.sql"]


def test_a_migration_that_ran_must_not_change(postgres: str) -> None:
    migrate(postgres, [FIRST])
    changed = replace(FIRST, sql=f"{FIRST.sql} -- by the way")
    for refuse in (migrate, require_current):
        with pytest.raises(SchemaDiffers, match=r"0001_first\.sql with another text"):
            refuse(postgres, [changed])


def test_a_newer_database_is_left_alone(postgres: str) -> None:
    migrate(postgres, [FIRST, SECOND])
    for refuse in (migrate, require_current):
        with pytest.raises(SchemaDiffers, match=r"newer than this code: it has .*0002_second"):
            refuse(postgres, [FIRST])


def test_an_older_or_empty_database_is_refused_until_it_is_migrated(postgres: str) -> None:
    with pytest.raises(SchemaDiffers, match=r"lacks migration 0001_first.*lakehouse migrate"):
        require_current(postgres, [FIRST])
    migrate(postgres, [FIRST])
    with pytest.raises(SchemaDiffers, match="lacks migration 0002_second"):
        require_current(postgres, [FIRST, SECOND])


def test_a_schema_that_is_up_to_date_needs_no_right_to_change_it(postgres: str) -> None:
    migrate(postgres, [FIRST])
    read_only = make_conninfo(postgres, options="-c default_transaction_read_only=on")
    assert migrate(read_only, [FIRST]) == []


def test_a_migration_takes_as_long_as_it_takes(
    postgres: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(
        connection._LIMITS,
        "statement_timeout",
        "100ms",
    )
    monkeypatch.setitem(
        connection._LIMITS,
        "lock_timeout",
        "100ms",
    )
    long = Migration(
        2, "0002_long.sql", "select pg_sleep(0.5); create table silver.two (x integer)"
    )
    assert migrate(postgres, [FIRST, long]) == [FIRST.name, long.name]


def test_a_migration_waits_for_a_lock_as_long_as_somebody_holds_it(
    postgres: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(
        connection._LIMITS,
        "lock_timeout",
        "100ms",
    )
    migrate(postgres, [FIRST])
    altering = Migration(2, "0002_alter.sql", "alter table silver.one add column y integer")
    with psycopg.connect(postgres) as holder, ThreadPoolExecutor(1) as pool:
        holder.execute("lock table silver.one")
        migrating = pool.submit(migrate, postgres, [FIRST, altering])
        waiting = "select count(*) from pg_locks where not granted"
        until(lambda: ask(postgres, waiting)[0][0] > 0, what="waiting", seconds=30)
        with pytest.raises(TimeoutError):
            migrating.result(timeout=0.5)
        holder.rollback()
        assert migrating.result(timeout=30) == [altering.name]


BESIDE = Migration(
    2,
    "0002_beside.sql",
    "-- concurrently\n"
    "-- What is asked for.\n"
    "drop index concurrently if exists silver.one_x;\n"
    "create index concurrently one_x on silver.one (x);\n",
)


def test_an_index_is_built_beside_a_writer_and_again_after_a_kill(postgres: str) -> None:
    migrate(postgres, [FIRST])
    with psycopg.connect(postgres, autocommit=True) as killed:
        killed.execute("create index one_x on silver.one (x)")  # what a kill may leave
    assert migrate(postgres, [FIRST, BESIDE]) == [BESIDE.name]
    assert migrate(postgres, [FIRST, BESIDE]) == []
    valid = "select indisvalid from pg_index where indexrelid = 'silver.one_x'::regclass"
    assert ask(postgres, valid) == [(True,)]


def test_processes_that_build_an_index_at_once_wait_for_each_other(postgres: str) -> None:
    with ThreadPoolExecutor(4) as pool:
        ran = list(pool.map(lambda _: migrate(postgres, [FIRST, BESIDE]), range(4)))
    assert sorted(name for names in ran for name in names) == [FIRST.name, BESIDE.name]


@pytest.mark.parametrize(
    "names", [["0002_late.sql"], ["0001_a.sql", "0001_b.sql"], ["1_a.sql"], ["0001_a.txt"]]
)
def test_a_misnamed_or_missing_migration_is_named(tmp_path: Path, names: list[str]) -> None:
    for name in names:
        (tmp_path / name).touch()
    with pytest.raises(SchemaDiffers, match=r"expected 000\d_what\.sql next"):
        shipped_migrations(tmp_path)


def test_the_shipped_migrations_are_in_order() -> None:
    assert [each.number for each in shipped_migrations()] == [
        number + 1 for number in range(len(shipped_migrations()))
    ]


_POSTGRES_TYPES = {
    pa.string(): "text",
    pa.float64(): "double precision",
    pa.int64(): "bigint",
    pa.bool_(): "boolean",
    pa.date32(): "date",
    pa.binary(): "bytea",
    INSTANT: "timestamp with time zone",
}


@pytest.mark.parametrize(
    ("table", "schema"),
    [("decisions", DECISIONS), ("quarantine", QUARANTINE), ("duplicates", DUPLICATES)],
    ids=["decisions", "quarantine", "duplicates"],
)
def test_the_tables_are_what_the_contract_says(
    migrated: str, table: str, schema: pa.Schema
) -> None:
    with psycopg.connect(migrated) as asked:
        columns = asked.execute(
            "select column_name, data_type, is_nullable = 'YES' from information_schema.columns "
            "where table_schema = 'silver' and table_name = %s order by ordinal_position",
            (table,),
        ).fetchall()
    assert columns == [(each.name, _POSTGRES_TYPES[each.type], each.nullable) for each in schema]
