"""What was answered under each idempotency key: one account for all workers, for a day.

An attempt *claims* its key, does its work, and *answers*. Whoever comes with the same key and body
in the meantime waits; who comes later gets the answer; who comes with another body is refused. A
process that dies in between leaves a claim that the same body can take over after `HELD_SECONDS`.
"""

import time
from dataclasses import dataclass
from typing import Any, Final

import psycopg
from psycopg.conninfo import make_conninfo
from psycopg_pool import ConnectionPool, PoolClosed, PoolTimeout

from lakehouse.errors import Unavailable
from lakehouse.postgres.connection import in_plain_words
from lakehouse.postgres.session import Session
from lakehouse.postgres.statements import load_sql

CONNECTIONS: Final = 4
HELD_SECONDS: Final = 15.0
KEPT_SECONDS: Final = 24 * 3600.0

_PURGE_EVERY_SECONDS: Final = 600.0
_WITHIN_SECONDS: Final = 2.0
_NETWORK: Final[dict[str, Any]] = {
    "connect_timeout": 2,
    "tcp_user_timeout": 5_000,
    "options": "-c statement_timeout=2s -c lock_timeout=2s -c timezone=UTC",
    "application_name": "risk-api-keys",
}


@dataclass(frozen=True, slots=True)
class Claim:
    """An attempt: whose key, which key, and SHA-256 of the body it is used for."""

    owner: str
    key: str
    body_sha256: bytes


@dataclass(frozen=True, slots=True)
class Known:
    """What a key was used for; `answer` is None while there is none."""

    body_sha256: bytes
    answer: bytes | None


class IdempotencyKeys:
    """The keys in silver; from any thread.

    Every method raises `Unavailable` while silver does not answer within 2 s.
    """

    def __init__(self, dsn: str) -> None:
        self._pool: ConnectionPool[Session[Any]] = ConnectionPool(
            make_conninfo(dsn, **_NETWORK),
            connection_class=Session[Any],
            kwargs={"autocommit": True},
            min_size=0,
            max_size=CONNECTIONS,
            timeout=_WITHIN_SECONDS,
            reconnect_timeout=_WITHIN_SECONDS,
            check=ConnectionPool.check_connection,
            open=True,
        )
        self._purged_at = float("-inf")

    def claim(self, claim: Claim) -> Known | None:
        """Take the key for an attempt and return None, or return what it was used for."""
        self._purge_now_and_then()
        limits = {"held_seconds": HELD_SECONDS, "kept_seconds": KEPT_SECONDS}
        if self._execute("serving/claim_idempotency_key", _parameters(claim) | limits):
            return None
        named = {"owner": claim.owner, "key": claim.key}
        for body_sha256, answer in self._execute("serving/read_idempotency_key", named):
            return Known(bytes(body_sha256), None if answer is None else bytes(answer))
        return Known(claim.body_sha256, None)  # given back this moment: to be asked for again

    def answer(self, claim: Claim, answer: bytes) -> None:
        """Keep the answer of an attempt, for whoever asks again."""
        self._execute("serving/answer_idempotency_key", _parameters(claim) | {"answer": answer})

    def release(self, claim: Claim) -> None:
        """End an attempt that may have had an effect; the same body may be tried again at once."""
        self._execute("serving/release_idempotency_key", _parameters(claim))

    def forget(self, claim: Claim) -> None:
        """End an attempt that had no effect; the key may be used for any body."""
        self._execute("serving/forget_idempotency_key", _parameters(claim))

    def close(self) -> None:
        """Give the connections back."""
        self._pool.close()

    def _purge_now_and_then(self) -> None:
        if time.monotonic() - self._purged_at >= _PURGE_EVERY_SECONDS:
            self._purged_at = time.monotonic()
            self._execute("serving/purge_idempotency_keys", {"kept_seconds": KEPT_SECONDS})

    def _execute(self, name: str, parameters: dict[str, Any]) -> list[tuple[Any, ...]]:
        statement = load_sql(name).encode()
        try:
            with self._pool.connection() as connection, connection.limited():
                cursor = connection.execute(statement, parameters, binary=True)
                return cursor.fetchall() if cursor.description else []
        except (psycopg.Error, PoolTimeout, PoolClosed) as exc:
            raise Unavailable(
                f"silver does not answer within {_WITHIN_SECONDS:g} s ({in_plain_words(exc)}); "
                "try again when it does"
            ) from exc


def _parameters(claim: Claim) -> dict[str, Any]:
    return {"owner": claim.owner, "key": claim.key, "body_sha256": claim.body_sha256}
