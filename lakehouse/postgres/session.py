"""A connection whose time limits and time zone also hold behind a transaction pooler.

Settings of a session are sent to the server in the start parameter `options`. A pooler in
transaction mode (PgBouncer, RDS Proxy) lends a server session for one transaction only. It refuses
`options`, or drops it without an error. In that case each transaction sets what it needs.
"""

import re
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Any, Final, Self, TypeVar

import psycopg
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from psycopg.pq import TransactionStatus

_OPTION: Final = re.compile(r"(?:-c\s*|--)([\w.-]+)=((?:\\.|\S)*)")
_REFUSED: Final = re.compile("unsupported startup parameter|command-line options")
# A server accepts this value and a pooler drops it, so it shows whether options arrive.
_MARK: Final = "risk.is_set"

Row = TypeVar("Row", covariant=True)  # noqa: PLC0105 - psycopg's own name


class Session(psycopg.Connection[Row]):
    """A connection to Postgres, directly or through a pooler; no statement is prepared."""

    _to_set: sql.Composed | None = None

    @classmethod
    def connect(cls, conninfo: str = "", **named: Any) -> Self:
        """Connect once; the options that a pooler does not pass on are set by each transaction."""
        # A database in SQL_ASCII would hand texts over as bytes.
        told: dict[str, Any] = {"client_encoding": "UTF8", **conninfo_to_dict(conninfo)}
        named.setdefault("prepare_threshold", None)  # they would not survive a pooler
        options = told.pop("options", None)
        if not options:
            return super().connect(make_conninfo("", **told), **named)
        marked = make_conninfo("", **told, options=f"{options} -c {_MARK}=on")
        try:
            connection = super().connect(marked, **named)
        except psycopg.OperationalError as exc:
            if not _REFUSED.search(str(exc)):
                raise
            connection = super().connect(make_conninfo("", **told), **named)
        else:
            if connection.came_through():
                return connection
        connection.set_in_each(options)
        return connection

    @contextmanager
    def transaction(
        self,
        savepoint_name: str | None = None,
        force_rollback: bool = False,  # noqa: FBT001, FBT002 (psycopg's signature)
    ) -> Iterator[psycopg.Transaction]:
        """Begin a transaction, or a savepoint within one, as psycopg does."""
        is_idle = self.info.transaction_status == TransactionStatus.IDLE
        with super().transaction(savepoint_name, force_rollback) as transaction:
            if is_idle and self._to_set is not None:
                self.execute(self._to_set)
            yield transaction

    def limited(self) -> AbstractContextManager[object]:
        """Give single statements their limits: by a transaction where there is a pooler."""
        return nullcontext() if self._to_set is None else self.transaction()

    def came_through(self) -> bool:
        """Ask the server whether it was told the options."""
        asked = sql.SQL("select current_setting({}, true)").format(_MARK)
        with psycopg.Cursor(self) as cursor:
            (found,) = cursor.execute(asked).fetchall()
        if not self.autocommit:
            self.rollback()
        return found == ("on",)

    def set_in_each(self, options: str) -> None:
        """Set in each transaction from now on what start options would set for the session."""
        each = [
            sql.SQL("set_config({}, {}, true)").format(
                name.replace("-", "_"), re.sub(r"\\(.)", r"\1", value)
            )
            for name, value in _OPTION.findall(options)
        ]
        self._to_set = sql.SQL("select ") + sql.SQL(", ").join(each)
