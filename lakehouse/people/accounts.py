"""Accounts of the pages; each change is recorded in the audit log by the same transaction."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal, TypeAlias

import psycopg
from psycopg.rows import dict_row

from lakehouse.errors import QueryInvalid
from lakehouse.postgres.connection import execute, transact
from lakehouse.postgres.statements import load_sql
from lakehouse.security.audit_chain import append, entry_of

Role: TypeAlias = Literal["viewer", "analyst", "admin"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """One account.

    Attributes
    ----------
    password_hash
        Argon2id's own text, salt included; shown nowhere.
    role
        A viewer looks; an analyst also disposes of applications and saves candidates; an admin
        likewise.
    disabled_at
        Since when it opens nothing; None: it is live.
    sessions_from
        Sessions that began before this instant are over.
    """

    name: str
    password_hash: str = field(repr=False)
    role: Role
    created_at: datetime
    created_by: str
    disabled_at: datetime | None
    sessions_from: datetime

    @property
    def may_write(self) -> bool:
        """Whether it may do more than look."""
        return self.role in {"analyst", "admin"}


def store_account(
    dsn: str, name: str, password_hash: str, role: Role, *, at: datetime, by: str
) -> None:
    """Keep a new account.

    Raises
    ------
    QueryInvalid
        The name is taken.
    """
    made = entry_of(
        at=at, actor=by, action="ui_account_created", subject=name, details={"role": role}
    )
    values = {"name": name, "password_hash": password_hash, "role": role, "at": at, "by": by}

    def store(connection: psycopg.Connection) -> None:
        if execute(connection, "ui/store_account", values).fetchone() is None:
            raise QueryInvalid(f"there is an account {name!r} already")
        append(connection, [made])

    transact(dsn, store)


def change_account(
    dsn: str,
    name: str,
    *,
    password_hash: str | None = None,
    disabled_at: datetime | None = None,
    at: datetime,
    by: str,
) -> None:
    """Give an account another password, or end or reopen it; its sessions are over either way.

    Raises
    ------
    QueryInvalid
        There is no such account.
    """
    what = "password" if password_hash else "disabled" if disabled_at else "enabled"
    done = entry_of(
        at=at, actor=by, action="ui_account_changed", subject=name, details={"what": what}
    )
    values = {"name": name, "password_hash": password_hash, "disabled_at": disabled_at, "at": at}

    def change(connection: psycopg.Connection) -> None:
        if execute(connection, "ui/change_account", values).fetchone() is None:
            raise QueryInvalid(f"there is no account {name!r}; `python -m ui users list` shows all")
        append(connection, [done])

    transact(dsn, change)


def list_accounts(dsn: str) -> Sequence[Account]:
    """Return every account, by name."""

    def read(connection: psycopg.Connection) -> list[Account]:
        with connection.cursor(binary=True, row_factory=dict_row) as cursor:
            rows = cursor.execute(load_sql("ui/list_accounts").encode()).fetchall()
        return [Account(**row) for row in rows]

    return transact(dsn, read)


def record_sign_in(dsn: str, name: str, *, at: datetime, succeeded: bool) -> None:
    """Record in the audit log that somebody signed in, or tried to."""
    action = "ui_signed_in" if succeeded else "ui_sign_in_refused"
    entry = entry_of(at=at, actor=name or "unknown", action=action, subject=name, details={})
    transact(dsn, lambda connection: append(connection, [entry]))
