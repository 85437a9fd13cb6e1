"""Whatever becomes of the connection, the server or another writer, a batch is stored once."""

import os
import signal
import threading
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from lakehouse.embedded.server import embedded_postgres
from lakehouse.errors import Denied, SchemaDiffers, Unavailable
from lakehouse.postgres.connection import Patience, in_plain_words, is_transient, persistently
from lakehouse.postgres.migrate import migrate
from lakehouse.silver.claims import claim, positions
from lakehouse.silver.copy import copy_decisions
from lakehouse.silver.writer import BatchCounts, SilverWriter, Stored
from tests.lakehouse.silver_cases import (
    PIPELINE,
    TOPIC,
    a_batch,
    a_decision,
    a_writer,
    ask,
    event_ids,
    locked,
    lose_one_answer,
    waiting_backend,
)
from tests.waiting import until


@pytest.fixture
def pool() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor() as pool:
        yield pool


@pytest.fixture
def writer(silver: str) -> Iterator[SilverWriter]:
    writer = a_writer(silver, parts=2)
    yield writer
    writer.close()


BATCH = a_batch(a_decision("e0", 0), a_decision("e1", 1))


@pytest.mark.parametrize("table", ["silver.owner", "silver.decisions", "silver.progress"])
def test_a_backend_killed_while_storing_leaves_no_half_batch(
    silver: str, writer: SilverWriter, pool: ThreadPoolExecutor, table: str
) -> None:
    with locked(silver, table):
        storing = pool.submit(writer.store, BATCH)
        backend = until(lambda: waiting_backend(silver), what="storing")
        ask(silver, f"select pg_terminate_backend({backend})")
        until(lambda: waiting_backend(silver) not in {None, backend}, what="storing again")
    assert storing.result().counted == BatchCounts(read=2, decided=2)
    assert event_ids(silver) == ["e0", "e1"]
    assert positions(silver, PIPELINE)[TOPIC, 0].read == 2


def test_a_locked_table_is_waited_for(silver: str, pool: ThreadPoolExecutor) -> None:
    hasty = make_conninfo(silver, options="-c lock_timeout=20ms")
    writer = a_writer(hasty)
    with locked(silver, "silver.decisions"):
        storing = pool.submit(writer.store, BATCH)
        first = until(lambda: waiting_backend(silver), what="storing")
        until(lambda: waiting_backend(silver) not in {None, first}, what="trying again")
    assert storing.result().is_new
    writer.close()


def test_an_answer_lost_after_the_commit_does_not_store_twice(
    silver: str, writer: SilverWriter, monkeypatch: pytest.MonkeyPatch
) -> None:
    lose_one_answer(monkeypatch)
    stored = writer.store(BATCH)
    assert stored.decisions.equals(BATCH.decided)
    assert stored.counted == BatchCounts(read=2, decided=2)
    assert positions(silver, PIPELINE)[TOPIC, 0].read == 2


def test_an_immediate_restart_of_the_server_is_survived(
    tmp_path: Path, pool: ThreadPoolExecutor
) -> None:
    with embedded_postgres(tmp_path) as dsn:
        migrate(dsn)
        writer = a_writer(dsn)
        writer.store(a_batch(a_decision("before", 0)))
        with locked(dsn, "silver.decisions"):
            storing = pool.submit(writer.store, a_batch(a_decision("during", 1)))
            until(lambda: waiting_backend(dsn), what="storing")
            _restart_immediately(tmp_path)
        assert storing.result().is_new
        assert event_ids(dsn) == ["before", "during"]
        writer.close()


def _restart_immediately(home: Path) -> None:
    pid_file = home / "postgres" / "data" / "postmaster.pid"
    os.kill(int(pid_file.read_text(encoding="utf-8").split()[0]), signal.SIGQUIT)


class TestTwoPartitions:
    def test_who_commits_first_decides_and_the_other_is_its_duplicate(
        self, silver: str, writer: SilverWriter, pool: ThreadPoolExecutor
    ) -> None:
        """The id is looked for before the other partition has committed it."""
        with psycopg.connect(silver) as other:
            copy_decisions(other, a_batch(a_decision("e0", 50), part=1).decided)
            storing = pool.submit(writer.store, BATCH)
            until(lambda: waiting_backend(silver), what="waiting for the other partition")
            other.commit()
        stored = storing.result()
        assert stored.decisions["event_id"].to_pylist() == ["e1"]
        assert stored.duplicates.select(["event_id", "first_part", "first_off"]).to_pylist() == [
            {"event_id": "e0", "first_part": 1, "first_off": 50}
        ]

    def test_a_feed_that_comes_twice_at_once_is_decided_once(self, silver: str) -> None:
        """Two threads, the same ids in opposite order: no deadlock, no id twice, none missing."""
        token_holder = a_writer(silver, parts=2)
        writers = [
            SilverWriter(silver, PIPELINE, token_holder._token, patience=Patience(20))
            for _ in range(2)
        ]
        rounds, size = 10, 40
        together = threading.Barrier(2)

        def feed(part: int) -> BatchCounts:
            counts = BatchCounts()
            for first in range(0, rounds * size, size):
                ids = range(first, first + size)
                ordered = ids if part == 0 else reversed(ids)
                rows = [a_decision(f"e{each}", first + n) for n, each in enumerate(ordered)]
                together.wait()
                one = writers[part].store(a_batch(*rows, part=part)).counted
                counts = BatchCounts(
                    counts.read + one.read,
                    counts.decided + one.decided,
                    counts.duplicates + one.duplicates,
                )
            writers[part].close()
            return counts

        with ThreadPoolExecutor() as pool:
            first, second = pool.map(feed, range(2))
        assert first.decided + second.decided == rounds * size
        assert first.duplicates + second.duplicates == rounds * size
        assert len(set(event_ids(silver))) == len(event_ids(silver)) == rounds * size


class TestAServerThatIsOut:
    def test_giving_up_says_why_and_what_to_do(self, silver: str) -> None:
        gone = make_conninfo(silver, port=1)
        writer = SilverWriter(gone, PIPELINE, 1, patience=Patience(0.0))
        with pytest.raises(Unavailable, match=r"Connection refused.*SQLSTATE none.*start again"):
            writer.store(BATCH)

    def test_the_message_names_the_sqlstate(self, silver: str, writer: SilverWriter) -> None:
        read_only = make_conninfo(silver, options="-c default_transaction_read_only=on")
        hasty = SilverWriter(read_only, PIPELINE, writer._token, patience=Patience(0.0))
        with pytest.raises(Unavailable, match="SQLSTATE 25006"):
            hasty.store(BATCH)
        assert writer.store(BATCH).is_new

    def test_a_process_that_is_asked_to_stop_waits_no_longer(self, silver: str) -> None:
        gone = make_conninfo(silver, port=1)
        stopping = threading.Event()
        patience = Patience(3600.0, is_stopping=stopping.is_set, stopping_seconds=0.0)
        with ThreadPoolExecutor() as pool:
            storing: Future[Stored] = pool.submit(
                SilverWriter(gone, PIPELINE, 1, patience=patience).store, BATCH
            )
            stopping.set()
            assert isinstance(storing.exception(timeout=15), Unavailable)

    def test_no_message_shows_the_password(self, silver: str) -> None:
        secret = "hunter2-hunter2"
        for dsn in (
            make_conninfo(silver, port=1, password=secret),
            make_conninfo(silver, password=secret),
        ):
            with pytest.raises(Unavailable) as caught:
                SilverWriter(dsn, PIPELINE, 1, patience=Patience(0.0)).store(BATCH)
            assert secret not in str(caught.value)

    def test_a_suspended_writer_does_not_hold_the_claim_for_long(
        self, silver: str, writer: SilverWriter
    ) -> None:
        """Suspended within a transaction (SIGSTOP, a paused machine), its session is ended."""
        connection = writer._connected()
        connection.execute("set idle_in_transaction_session_timeout = '50ms'")
        connection.execute("select from silver.owner for share")
        assert claim(silver, PIPELINE) == 2


class TestMistakes:
    def test_missing_tables_are_not_waited_for(self, postgres: str) -> None:
        with pytest.raises(SchemaDiffers, match=r"SQLSTATE 42P01.*lakehouse migrate"):
            claim(postgres, PIPELINE)

    def test_missing_rights_are_not_waited_for(self, silver: str) -> None:
        with psycopg.connect(silver, autocommit=True) as connection:
            connection.execute("create role guest login password 'a-b-c-d'")
            dsn = make_conninfo(silver, user="guest", password="a-b-c-d")
            with pytest.raises(Denied, match="SQLSTATE 42501"):
                claim(dsn, PIPELINE)
            connection.execute("drop role guest")


@pytest.mark.parametrize(
    "error",
    [
        psycopg.errors.AdminShutdown,
        psycopg.errors.CrashShutdown,
        psycopg.errors.CannotConnectNow,
        psycopg.errors.DeadlockDetected,
        psycopg.errors.SerializationFailure,
        psycopg.errors.LockNotAvailable,
        psycopg.errors.QueryCanceled,
        psycopg.errors.DiskFull,
        psycopg.errors.OutOfMemory,
        psycopg.errors.TooManyConnections,
        psycopg.errors.ReadOnlySqlTransaction,
        psycopg.errors.IdleInTransactionSessionTimeout,
        psycopg.errors.IoError,
        psycopg.errors.ConnectionFailure,
        psycopg.InterfaceError,
    ],
)
def test_what_passes_is_tried_again(error: type[psycopg.Error]) -> None:
    failures = [error("first"), error("second")]

    def work() -> str:
        if failures:
            raise failures.pop()
        return "done"

    assert persistently(work, patience=Patience(20.0)) == "done"


@pytest.mark.parametrize(
    "error",
    [
        psycopg.errors.InvalidPassword,
        psycopg.errors.InvalidCatalogName,
        psycopg.errors.UndefinedTable,
        psycopg.errors.InsufficientPrivilege,
        psycopg.errors.NumericValueOutOfRange,
        psycopg.errors.CheckViolation,
        psycopg.errors.ProgramLimitExceeded,
        ValueError,
    ],
)
def test_what_does_not_pass_is_not_tried_again(error: type[Exception]) -> None:
    assert not is_transient(error("no"))


def test_an_error_in_plain_words_quotes_no_value(silver: str) -> None:
    with psycopg.connect(silver) as connection, pytest.raises(psycopg.Error) as caught:
        connection.execute("select 'canary'::int")
    assert in_plain_words(caught.value) == "SQLSTATE 22P02 InvalidTextRepresentation"
