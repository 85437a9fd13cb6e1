"""Forward-only migrations of silver: each runs once, in order, unaltered.

A migration is ``migrations/NNNN_what.sql``, numbered without gaps from 0001. It runs in one
transaction together with the record of its number and checksum, under a lock. So any number of
processes may start it at once, and a kill leaves all of it or nothing. It has no time limit, and
waits for locks without limit.

A migration whose first line is ``-- concurrently`` builds indexes while other work goes on. Each of
its statements is a transaction, and all of them run again after a kill. So each index is dropped
first: ``drop index concurrently if exists``, then ``create index concurrently``.
"""

import hashlib
import re
import time
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import Final, Literal

import psycopg

from lakehouse.errors import SchemaDiffers
from lakehouse.postgres.connection import AT_START, connect, persistently, transact

_NAME: Final = re.compile(r"(\d{4})_\w+\.sql")
_LOCK: Final = 7_401_955_312  # arbitrary, this table's only
_ASK_AGAIN_SECONDS: Final = 0.1
_CONCURRENTLY: Final = "-- concurrently\n"


@dataclass(frozen=True, slots=True)
class Migration:
    """One step of the schema."""

    number: int
    name: str
    sql: str

    @property
    def sha256(self) -> str:
        """The checksum that is recorded: a migration that ran must never change."""
        return hashlib.sha256(self.sql.encode()).hexdigest()

    @property
    def is_concurrent(self) -> bool:
        """Whether its statements may not run within a transaction."""
        return self.sql.startswith(_CONCURRENTLY)

    @property
    def statements(self) -> list[str]:
        """The statements of a concurrent one; no text in them holds a semicolon."""
        return [each.strip() for each in self.sql.split(";") if each.strip()]


def shipped_migrations(folder: Traversable | None = None) -> list[Migration]:
    """Read the migrations that this code comes with, in order.

    Raises
    ------
    SchemaDiffers
        A file is misnamed, or a number is missing or given twice.
    """
    folder = folder if folder is not None else files("lakehouse") / "migrations"
    found: list[Migration] = []
    for file in sorted(folder.iterdir(), key=lambda file: file.name):
        named = _NAME.fullmatch(file.name)
        if named is None or int(named[1]) != len(found) + 1:
            raise SchemaDiffers(
                f"migrations/{file.name}: expected {len(found) + 1:04}_what.sql next, numbered "
                "from 0001 without holes; rename it"
            )
        found.append(Migration(int(named[1]), file.name, file.read_text(encoding="utf-8")))
    return found


def migrate(dsn: str, migrations: Sequence[Migration] | None = None) -> list[str]:
    """Bring the schema up to this code's and return the names of the migrations that ran.

    A schema that is up to date is only looked at, which needs no right to change it.

    Raises
    ------
    SchemaDiffers
        The database is newer than this code, or ran another text of one of the migrations.
    Unavailable, Denied
        The server does not answer, or does not let its user change the schema.
    """
    shipped = shipped_migrations() if migrations is None else migrations
    if transact(dsn, partial(_applied, shipped=shipped)) == len(shipped):
        return []
    transact(dsn, _begin)
    return [
        migration.name
        for migration in shipped
        if persistently(
            partial(_apply, dsn, migration=migration, shipped=shipped), patience=AT_START
        )
    ]


def require_current(dsn: str, migrations: Sequence[Migration] | None = None) -> None:
    """Refuse a database whose schema is not exactly this code's.

    Raises
    ------
    SchemaDiffers
        It is older or newer than this code, or ran another text of one of the migrations.
    """
    shipped = shipped_migrations() if migrations is None else migrations
    applied = transact(dsn, partial(_applied, shipped=shipped))
    if applied < len(shipped):
        raise SchemaDiffers(
            f"silver lacks migration {shipped[applied].name}; run `python -m lakehouse migrate`"
        )


def _begin(connection: psycopg.Connection) -> None:
    _lock(connection)
    connection.execute("create schema if not exists silver")
    connection.execute("""
        create table if not exists silver.migrations (
            number integer primary key,
            name text not null,
            sha256 text not null,
            applied_at timestamptz not null default now()
        )
    """)


def _apply(dsn: str, *, migration: Migration, shipped: Sequence[Migration]) -> bool:
    with closing(connect(dsn, is_limited=False)) as connection:
        connection.autocommit = True
        if migration.is_concurrent:
            return _apply_beside(connection, migration, shipped)
        with connection.transaction():
            _lock(connection)
            if _applied(connection, shipped) >= migration.number:
                return False
            connection.execute(migration.sql.encode())
            _record(connection, migration)
        return True


def _apply_beside(
    connection: psycopg.Connection, migration: Migration, shipped: Sequence[Migration]
) -> bool:
    _lock(connection, of="session")
    if _applied(connection, shipped) >= migration.number:
        return False
    for statement in migration.statements:
        connection.execute(statement.encode())
    _record(connection, migration)
    return True


def _record(connection: psycopg.Connection, migration: Migration) -> None:
    connection.execute(
        "insert into silver.migrations (number, name, sha256) values (%s, %s, %s)",
        (migration.number, migration.name, migration.sha256),
    )


def _lock(
    connection: psycopg.Connection, *, of: Literal["transaction", "session"] = "transaction"
) -> None:
    """Take the lock of those who migrate, for as long as the transaction or the session lasts.

    Asked for again and again: whoever waited within the server would hold a snapshot, which an
    index that is built concurrently waits for.
    """
    function = "pg_try_advisory_xact_lock" if of == "transaction" else "pg_try_advisory_lock"
    while connection.execute(f"select {function}({_LOCK})".encode()).fetchall() != [(True,)]:
        time.sleep(_ASK_AGAIN_SECONDS)


def _applied(connection: psycopg.Connection, shipped: Sequence[Migration]) -> int:
    is_there = "select to_regclass('silver.migrations') is not null"
    if connection.execute(is_there).fetchall() == [(False,)]:
        return 0
    query = "select number, name, sha256 from silver.migrations order by number"
    applied = connection.execute(query).fetchall()
    if len(applied) > len(shipped):
        raise SchemaDiffers(
            f"silver is newer than this code: it has migration {applied[len(shipped)][1]}, the "
            f"code ends at {len(shipped):04}; run the newer code"
        )
    for (_, name, sha256), migration in zip(applied, shipped, strict=False):
        if (name, sha256) != (migration.name, migration.sha256):
            raise SchemaDiffers(
                f"silver ran migration {name} with another text than {migration.name} has now; "
                "restore the file and put the change into a new migration"
            )
    return len(applied)
