"""The product's own embedded Postgres, as the server of the tests; one database a test."""

import contextlib
from collections.abc import Iterator
from pathlib import Path

import psycopg
from psycopg import sql
from psycopg.conninfo import make_conninfo

from lakehouse.embedded.server import embedded_postgres


@contextlib.contextmanager
def postgres_server(home: Path) -> Iterator[str]:
    """Yield the connection string of a server that runs as long as the context."""
    with embedded_postgres(home) as dsn:
        yield dsn


def version(server_dsn: str) -> str:
    with psycopg.connect(server_dsn) as connection:
        return str(connection.execute("show server_version").fetchone()[0])  # type: ignore[index]


@contextlib.contextmanager
def fresh_database(server_dsn: str, name: str) -> Iterator[str]:
    """Yield the connection string of an empty database, dropped afterwards even if in use."""
    identifier = sql.Identifier(name)
    with psycopg.connect(server_dsn, autocommit=True) as connection:
        connection.execute(sql.SQL("create database {}").format(identifier))
        try:
            yield make_conninfo(server_dsn, dbname=name)
        finally:
            connection.execute(sql.SQL("drop database {} with (force)").format(identifier))
