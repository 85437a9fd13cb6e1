"""A small pool of connections: each statement is a transaction, and each wait is bounded."""

from typing import Any

import psycopg
from psycopg.conninfo import make_conninfo
from psycopg.rows import dict_row
from psycopg_pool import ConnectionPool, PoolClosed, PoolTimeout

from lakehouse.errors import Unavailable
from lakehouse.postgres.connection import in_plain_words
from lakehouse.postgres.session import Session
from lakehouse.postgres.statements import load_sql


class Pool:
    """Executes statements by name, at most `size` at a time, from any thread.

    The server need not answer yet, because each statement connects if necessary.
    """

    def __init__(self, dsn: str, *, name: str, size: int, options: str) -> None:
        self._pool: ConnectionPool[Session[dict[str, Any]]] = ConnectionPool(
            make_conninfo(
                dsn,
                connect_timeout=2,
                tcp_user_timeout=5_000,
                application_name=name,
                options=f"-c statement_timeout=2s -c timezone=UTC {options}",
            ),
            connection_class=Session[dict[str, Any]],
            kwargs={"autocommit": True, "row_factory": dict_row},
            min_size=0,
            max_size=size,
            timeout=2.0,
            reconnect_timeout=2.0,
            check=ConnectionPool.check_connection,
            open=True,
        )
        self.close = self._pool.close

    def execute(self, name: str, parameters: dict[str, Any]) -> list[dict[str, Any]]:
        """Return a statement's rows; raise `Unavailable` if silver does not answer within 2 s."""
        statement = load_sql(name).encode()
        try:
            with self._pool.connection() as connection, connection.limited():
                cursor = connection.execute(statement, parameters, binary=True)
                return cursor.fetchall() if cursor.description else []
        except (psycopg.Error, PoolTimeout, PoolClosed) as exc:
            raise Unavailable(
                f"silver does not answer within 2 s ({in_plain_words(exc)}); try again when it does"
            ) from exc
