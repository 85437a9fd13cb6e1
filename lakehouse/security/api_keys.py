"""Keep API keys in silver: a keyed hash, the scopes, who made and who revoked the key.

The same transaction records in the audit log that a key was made or revoked.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import psycopg

from lakehouse.errors import QueryInvalid
from lakehouse.postgres.connection import execute, transact
from lakehouse.postgres.statements import load_sql
from lakehouse.security.audit_chain import append, entry_of


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredKey:
    """One key, without its secret.

    Attributes
    ----------
    prefix
        Public; names the key in logs, in the audit log and at the terminal.
    digest
        HMAC-SHA256 of the secret; worthless without the server's pepper, yet shown nowhere.
    rate_per_second, burst
        Requests: the steady rate, and how many at once.
    """

    prefix: str
    digest: bytes
    name: str
    scopes: tuple[str, ...]
    rate_per_second: float
    burst: int
    created_at: datetime
    created_by: str
    expires_at: datetime | None = None
    revoked_at: datetime | None = None
    revoked_by: str | None = None

    def is_live(self, at: datetime) -> bool:
        """Whether the key opens anything at this instant."""
        return self.revoked_at is None and (self.expires_at is None or at < self.expires_at)


def store_key(dsn: str, key: StoredKey) -> None:
    """Keep a new key.

    Raises
    ------
    Unavailable, Denied, SchemaDiffers
        Silver does not answer, or is not what this code expects.
    """
    details = {
        "name": key.name,
        "scopes": key.scopes,
        "rate_per_second": key.rate_per_second,
        "burst": key.burst,
        "expires_at": key.expires_at,
    }
    made = entry_of(
        at=key.created_at,
        actor=key.created_by,
        action="key_created",
        subject=key.prefix,
        details=details,
    )
    values = {name: getattr(key, name) for name in key.__slots__}

    def store(connection: psycopg.Connection) -> None:
        execute(connection, "security/store_key", {**values, "scopes": list(key.scopes)})
        append(connection, [made])

    transact(dsn, store)


def list_keys(dsn: str) -> Sequence[StoredKey]:
    """Return every key that was ever made, oldest first."""

    def read(connection: psycopg.Connection) -> list[StoredKey]:
        with connection.cursor(binary=True, row_factory=psycopg.rows.dict_row) as cursor:
            rows = cursor.execute(load_sql("security/list_keys").encode()).fetchall()
        return [StoredKey(**{**row, "scopes": tuple(row["scopes"])}) for row in rows]

    return transact(dsn, read)


def revoke_key(dsn: str, prefix: str, *, at: datetime, by: str) -> None:
    """End a key for good.

    Raises
    ------
    QueryInvalid
        There is no such key, or it has been revoked before.
    """

    def revoke(connection: psycopg.Connection) -> None:
        parameters = {"prefix": prefix, "at": at, "by": by}
        if execute(connection, "security/revoke_key", parameters).fetchone() is None:
            raise QueryInvalid(
                f"there is no live key {prefix!r} to revoke; `python -m serving keys list` shows "
                "them all"
            )
        ended = entry_of(at=at, actor=by, action="key_revoked", subject=prefix, details={})
        append(connection, [ended])

    transact(dsn, revoke)
