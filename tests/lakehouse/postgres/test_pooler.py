"""Silver behind PgBouncer's transaction mode, and in a database without an encoding."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import psycopg
import pytest
from psycopg import errors as pg
from psycopg.conninfo import make_conninfo

from lakehouse.postgres.connection import Patience, connect, transact
from lakehouse.postgres.migrate import migrate
from lakehouse.silver.idempotency import Claim, IdempotencyKeys
from lakehouse.silver.reader import DecisionReader
from tests.lakehouse.silver_cases import (
    a_batch,
    a_decision,
    a_reject,
    a_writer,
    event_ids,
    locked,
    tell,
)
from tests.servers.pgbouncer import transaction_pooler

_SHOWN = (
    "select current_setting('statement_timeout'), current_setting('lock_timeout'), "
    "current_setting('idle_in_transaction_session_timeout'), current_setting('timezone')"
)


def shown(connection: psycopg.Connection) -> tuple[str, ...]:
    return tuple(connection.execute(_SHOWN.encode()).fetchall()[0])


@pytest.fixture(params=["refuses options", "ignores options"])
def pooled(request: pytest.FixtureRequest, postgres: str, tmp_path: Path) -> Iterator[str]:
    """Silver's connection string through a pooler whose server is in another time zone."""
    migrate(postgres)
    name = psycopg.conninfo.conninfo_to_dict(postgres)["dbname"]
    tell(postgres, f"alter database {name} set timezone = 'Asia/Kathmandu'")
    ignored = "ignore_startup_parameters = options" if "ignores" in request.param else ""
    with transaction_pooler(postgres, tmp_path / "pgbouncer", settings=ignored) as dsn:
        yield dsn


def test_each_transaction_has_its_limits_and_its_zone(pooled: str) -> None:
    assert transact(pooled, shown) == ("15s", "5s", "5s", "UTC")
    with psycopg.connect(pooled) as another:
        assert shown(another)[3] == "Asia/Kathmandu"


def test_batches_go_through_a_pooler(pooled: str) -> None:
    writer = a_writer(pooled, parts=2)
    batch = a_batch(a_decision("e1", 0), a_reject(1), a_decision("e1", 2))
    assert writer.store(batch).counted.read == 3
    assert writer.store(batch).counted.read == 0
    writer.store(a_batch(a_decision("e2", 0), part=1))
    writer.close()
    assert event_ids(pooled) == ["e1", "e2"]


def test_a_lock_ends_a_statement_within_its_limit(pooled: str, postgres: str) -> None:
    writer = a_writer(pooled)
    with (
        locked(postgres, "silver.decisions"),
        connect(pooled) as connection,
        pytest.raises(pg.LockNotAvailable),
        connection.transaction(),
    ):
        connection.execute(b"select count(*) from silver.decisions")
    writer.close()


def test_the_api_reads_and_keeps_its_keys_through_a_pooler(pooled: str) -> None:
    writer = a_writer(pooled)
    writer.store(a_batch(a_decision("e1", 0)))
    writer.close()
    reader, keys = DecisionReader(pooled), IdempotencyKeys(pooled)
    try:
        found = reader.decision("e1")
        assert found is not None
        assert found["decided_at"] == datetime(2026, 11, 22, 9, 30, 0, 123456, tzinfo=UTC)
        claim = Claim("owner", "key", b"0" * 32)
        assert keys.claim(claim) is None
        keys.answer(claim, b"answer")
        known = keys.claim(claim)
        assert known is not None
        assert known.answer == b"answer"
    finally:
        reader.close()
        keys.close()


def test_the_api_may_only_read_where_it_reads(postgres: str) -> None:
    migrate(postgres)
    reader = DecisionReader(postgres)
    try:
        connecting = reader._pool._pool.connection()
        with connecting as connection, pytest.raises(pg.ReadOnlySqlTransaction):
            connection.execute(b"delete from silver.decisions")
    finally:
        reader.close()


def test_many_threads_share_few_sessions(pooled: str) -> None:
    found: list[tuple[str, ...]] = []

    def ask() -> None:
        found.extend(transact(pooled, shown, patience=Patience(10)) for _ in range(20))

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert set(found) == {("15s", "5s", "5s", "UTC")}
    assert len(found) == 160


def test_what_the_connection_string_says_wins(postgres: str) -> None:
    told = make_conninfo(postgres, options="-c statement_timeout=1234 --lock-timeout=4321")
    assert transact(told, shown) == ("1234ms", "4321ms", "5s", "UTC")


def test_a_migration_may_take_as_long_as_it_takes(postgres: str) -> None:
    with connect(postgres, is_limited=False) as connection:
        assert shown(connection) == ("0", "0", "0", "UTC")


def test_a_database_without_an_encoding_keeps_texts_as_they_are(postgres_dsn: str) -> None:
    tell(
        postgres_dsn,
        "create database without_encoding encoding 'SQL_ASCII' lc_collate 'C' lc_ctype 'C' "
        "template template0",
    )
    dsn = make_conninfo(postgres_dsn, dbname="without_encoding")
    try:
        migrate(dsn)
        writer = a_writer(dsn)
        texts = ["e1", "Zürich", "審査 \N{GRINNING FACE}", "a'b\\c"]
        rows = [a_decision(text, off, purpose=text) for off, text in enumerate(texts)]
        writer.store(a_batch(*rows, a_reject(4, reason="é")))
        again = writer.store(a_batch(*rows, a_reject(4, reason="é")))
        writer.close()
        assert again.decisions["purpose"].to_pylist() == texts
        assert again.quarantine["reason"].to_pylist() == ["é"]
        reader = DecisionReader(dsn)
        assert (reader.decision("Zürich") or {})["purpose"] == "Zürich"
        reader.close()
    finally:
        tell(postgres_dsn, "drop database without_encoding with (force)")
