"""Record once for each idempotency key, by `lakehouse.silver.idempotency`."""

import asyncio
import hashlib
from collections.abc import Awaitable, Callable
from typing import Final, TypeVar

import msgspec

from lakehouse.errors import Unavailable
from lakehouse.silver.idempotency import CONNECTIONS, Claim, IdempotencyKeys, Known
from serving.http.problems import Problem
from serving.http.threads import Threads

WAIT_SECONDS: Final = 5.0
_LOOK_EVERY_SECONDS: Final = 0.1
_MOST_WAITING: Final = 256

T = TypeVar("T")


def body_sha256(body: bytes) -> bytes:
    """Return the SHA-256 of what a body says: white space and the order of fields do not matter."""
    try:
        said = msgspec.json.encode(msgspec.json.decode(body), order="sorted")
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        said = body
    return hashlib.sha256(said).digest()


class Once:
    """Answers each key's first attempt, and everybody after it with the same answer."""

    def __init__(self, keys: IdempotencyKeys) -> None:
        self._keys = keys
        self._threads = Threads("idempotency", CONNECTIONS, most_waiting=_MOST_WAITING)

    async def answer(
        self,
        claim: Claim,
        decide: Callable[[], Awaitable[T]],
        record: Callable[[T], Awaitable[bytes]],
    ) -> tuple[bytes, bool]:
        """Return the answer, and whether it was given before.

        `decide` must have no effect: where it fails, the key is as if it had never been used. Where
        `record` fails, the same body may be tried again, and no other. No failure is ever kept.

        Raises
        ------
        Problem
            409: the key was used with another body, or its first attempt does not end; 503: silver
            does not answer.
        """
        known = await self._claimed(claim)
        if known is not None:
            return known, True
        try:
            decided = await decide()
        except BaseException:
            await self._asked(lambda: self._keys.forget(claim))
            raise
        try:
            answer = await record(decided)
        except BaseException:
            await self._asked(lambda: self._keys.release(claim))
            raise
        await self._asked(lambda: self._keys.answer(claim, answer))
        return answer, False

    def close(self) -> None:
        """Give the connections back."""
        self._threads.close()
        self._keys.close()

    async def _claimed(self, claim: Claim) -> bytes | None:
        """Return None once the key is ours, or the answer that it has."""
        for _ in range(int(WAIT_SECONDS / _LOOK_EVERY_SECONDS)):
            known: Known | None = await self._asked(lambda: self._keys.claim(claim))
            if known is None:
                return None
            if known.body_sha256 != claim.body_sha256:
                raise Problem(
                    409,
                    "idempotency_key_reused",
                    "this Idempotency-Key was used with another body; use a new key for a new "
                    "application",
                )
            if known.answer is not None:
                return known.answer
            await asyncio.sleep(_LOOK_EVERY_SECONDS)
        raise Problem(
            409,
            "idempotency_key_in_use",
            "an attempt with this Idempotency-Key is under way; send the request again, which is "
            "safe",
            headers={"Retry-After": "5"},
        )

    async def _asked(self, ask: Callable[[], T]) -> T:
        try:
            return await self._threads.run(ask)
        except Unavailable as exc:
            raise Problem(
                503,
                "silver_unavailable",
                f"recording wants silver, where idempotency keys are kept: {exc}",
                headers={"Retry-After": "5"},
            ) from exc
