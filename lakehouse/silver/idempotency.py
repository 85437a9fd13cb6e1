"""Keep the answer to each idempotency key for a day, for all workers together.

An attempt *claims* its key, does its work, and *answers*. A request with the same key and body
waits meanwhile, and later gets the same answer. A request with another body is refused. If a
process dies in between, a request with the same body can take over its claim after `HELD_SECONDS`.
"""

import time
from dataclasses import dataclass
from typing import Any, Final

from lakehouse.postgres.pool import Pool

CONNECTIONS: Final = 4
HELD_SECONDS: Final = 15.0
KEPT_SECONDS: Final = 24 * 3600.0

_PURGE_EVERY_SECONDS: Final = 600.0


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
        self._pool = Pool(dsn, name="risk-api-keys", size=CONNECTIONS, options="-c lock_timeout=2s")
        self.close = self._pool.close
        self._purged_at = float("-inf")

    def claim(self, claim: Claim) -> Known | None:
        """Take the key for an attempt and return None, or return what it was used for."""
        self._purge_now_and_then()
        limits = {"held_seconds": HELD_SECONDS, "kept_seconds": KEPT_SECONDS}
        if self._pool.execute("serving/claim_idempotency_key", _parameters(claim) | limits):
            return None
        named = {"owner": claim.owner, "key": claim.key}
        for row in self._pool.execute("serving/read_idempotency_key", named):
            return Known(row["body_sha256"], row["answer"])
        return Known(claim.body_sha256, None)  # given back this moment: to be asked for again

    def answer(self, claim: Claim, answer: bytes) -> None:
        """Keep the answer of an attempt for later requests with the same key."""
        self._pool.execute(
            "serving/answer_idempotency_key", _parameters(claim) | {"answer": answer}
        )

    def release(self, claim: Claim) -> None:
        """End an attempt that may have had an effect; the same body may be tried again at once."""
        self._pool.execute("serving/release_idempotency_key", _parameters(claim))

    def forget(self, claim: Claim) -> None:
        """End an attempt that had no effect; the key may be used for any body."""
        self._pool.execute("serving/forget_idempotency_key", _parameters(claim))

    def _purge_now_and_then(self) -> None:
        if time.monotonic() - self._purged_at >= _PURGE_EVERY_SECONDS:
            self._purged_at = time.monotonic()
            self._pool.execute("serving/purge_idempotency_keys", {"kept_seconds": KEPT_SECONDS})


def _parameters(claim: Claim) -> dict[str, Any]:
    return {"owner": claim.owner, "key": claim.key, "body_sha256": claim.body_sha256}
