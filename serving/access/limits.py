"""Limits: how much one request may carry, and how often one key may ask.

Both are pure ASGI. A body is read completely before any other code sees the request; reading stops
at the first byte beyond the limit. `serving.http.bounded_http` limits the time.
"""

import math
import time
from collections.abc import Callable, Iterable
from typing import Final

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from serving.access.auth import Principal
from serving.http.problems import FieldError, Problem, send_problem

BODY_BYTES: Final = 64 << 10
MOST_APPLICATIONS: Final = 500
"""Of one batch."""

APPLICATION_BYTES: Final = 8 << 10
"""The largest usual application: all 151 of LendingClub's fields, with a long description."""

BATCH_BYTES: Final = MOST_APPLICATIONS * APPLICATION_BYTES
BUFFERED_BYTES: Final = 64 << 20
"""Of all requests that one worker is reading or answering."""

_READ_AS_JSON: Final = frozenset(
    {b"", b"application/json", b"application/x-www-form-urlencoded", b"text/json", b"text/plain"}
)
_READ_AS_UTF8: Final = frozenset({b"", b"utf-8", b"utf8", b"us-ascii"})
_BATCH_PATH: Final = "/v1/decisions:batch"


class _Gone(Exception):
    """The client went away in the middle of its request."""


class BodyLimit:
    """Hands on whole requests only, each with its body in one piece, none longer than allowed."""

    def __init__(self, app: ASGIApp, *, most_buffered: int = BUFFERED_BYTES) -> None:
        self._app = app
        self._most_buffered = most_buffered
        self._buffered = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer 415, or 413, or 503 while too much is being read at once, or hand on."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        chunks: list[bytes] = []
        try:
            await self._read(scope, receive, chunks)
            await self._app(scope, _once(b"".join(chunks), receive), send)
        except _Gone:
            return
        except Problem as problem:
            problem.headers["connection"] = "close"  # the body is not read to its end
            await send_problem(send, problem, scope)
        finally:
            self._buffered -= sum(map(len, chunks))

    async def _read(self, scope: Scope, receive: Receive, chunks: list[bytes]) -> None:
        expect_json(scope["headers"])
        most = BATCH_BYTES if scope["path"] == _BATCH_PATH else BODY_BYTES
        if _declared_length(scope) > most:
            raise _too_large(most)
        length, has_more = 0, True
        while has_more:
            message = await receive()
            if message["type"] == "http.disconnect":
                raise _Gone
            chunk = message.get("body", b"")
            length += len(chunk)
            if length > most:
                raise _too_large(most)
            if self._buffered + len(chunk) > self._most_buffered:
                raise _busy()
            self._buffered += len(chunk)
            chunks.append(chunk)
            has_more = message.get("more_body", False)


class TokenBucket:
    """Holds up to `burst` tokens, and `rate_per_second` more come in; a request takes one.

    Over any stretch of ``t`` seconds at most ``burst + rate_per_second * t`` are granted.
    """

    __slots__ = ("_at", "_burst", "_rate", "_tokens")

    def __init__(self, rate_per_second: float, burst: float, *, at: float) -> None:
        self._rate = rate_per_second
        self._burst = burst
        self._tokens = burst
        self._at = at

    @property
    def tokens(self) -> float:
        """How many were there after the last request."""
        return self._tokens

    @property
    def seconds_to_full(self) -> float:
        """After how many seconds without a request the bucket is full again."""
        return (self._burst - self._tokens) / self._rate

    def take(self, at: float) -> float:
        """Take a token at this instant and return 0, or return the seconds until there is one."""
        self._tokens = min(self._burst, self._tokens + max(0.0, at - self._at) * self._rate)
        self._at = max(self._at, at)
        if self._tokens >= 1.0:
            self._tokens -= 1.0
            return 0.0
        return (1.0 - self._tokens) / self._rate


class RateLimit:
    """A bucket for each key: who asks too often hears 429 and when to come back.

    Workers share nothing: each grants its part of the rate, so that a key whose requests all meet
    one worker gets no more than that part. What is open to everybody is not limited.

    Parameters
    ----------
    workers
        How many processes share the rate.
    clock
        Seconds that never go back.
    """

    def __init__(
        self, app: ASGIApp, *, workers: int = 1, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._app = app
        self._workers = workers
        self._clock = clock
        self._buckets: dict[str, tuple[TokenBucket, bytes]] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer 429, or hand on and say with the answer what is left."""
        principal: Principal | None = scope.get("principal")
        if principal is None:
            await self._app(scope, receive, send)
            return
        bucket, policy = self._bucket_of(principal)
        wait_seconds = bucket.take(self._clock())
        left = f'"key";r={int(bucket.tokens)};t={math.ceil(bucket.seconds_to_full)}'.encode()
        said = [(b"ratelimit-policy", policy), (b"ratelimit", left)]

        async def send_and_say(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message["headers"], *said]
            await send(message)

        if wait_seconds:
            problem = _too_many(wait_seconds)
            await send_problem(send_and_say, problem, scope)
        else:
            await self._app(scope, receive, send_and_say)

    def _bucket_of(self, principal: Principal) -> tuple[TokenBucket, bytes]:
        found = self._buckets.get(principal.prefix)
        if found is None:
            rate = principal.rate_per_second / self._workers
            burst = max(1, principal.burst // self._workers)
            policy = f'"key";q={burst};w={math.ceil(burst / rate)}'.encode()
            found = TokenBucket(rate, burst, at=self._clock()), policy
            self._buckets[principal.prefix] = found
        return found


def _once(body: bytes, receive: Receive) -> Receive:
    is_given = False

    async def give() -> Message:
        nonlocal is_given
        if is_given:
            return await receive()
        is_given = True
        return {"type": "http.request", "body": body, "more_body": False}

    return give


def _declared_length(scope: Scope) -> int:
    for name, value in scope["headers"]:
        if name == b"content-length":
            return int(value) if value.isdigit() else 0
    return 0


def expect_json(headers: Iterable[tuple[bytes, bytes]]) -> None:
    """Accept a body that can be read: JSON in UTF-8, not compressed.

    It may be declared as a form, as by curl's ``-d``, or as text, as by a browser's fetch.

    Raises
    ------
    Problem
        415: another type, character set or encoding.
    """
    for name, value in headers:
        if name == b"content-encoding" and value.strip().lower() not in {b"", b"identity"}:
            raise _unsupported("no Content-Encoding", {"accept-encoding": "identity"})
        if name == b"content-type" and value != b"application/json":
            kind, _, parameters = value.lower().partition(b";")
            charset = parameters.partition(b"charset=")[2].strip(b'" \t')
            if kind.strip() not in _READ_AS_JSON or charset not in _READ_AS_UTF8:
                raise _unsupported("Content-Type: application/json, in UTF-8", {})


def _unsupported(expected: str, headers: dict[str, str]) -> Problem:
    return Problem(
        415,
        "unsupported_media_type",
        f"the body cannot be read: expected {expected}",
        errors=[FieldError("header.Content-Type", expected)],
        headers=headers,
    )


def _too_large(most: int) -> Problem:
    return Problem(
        413,
        "body_too_large",
        f"the body is longer than the {most:,} bytes that this operation takes; send less at once",
    )


def _busy() -> Problem:
    return Problem(
        503,
        "busy",
        "too many bodies are being read at once; try again",
        headers={"retry-after": "1"},
    )


def _too_many(wait_seconds: float) -> Problem:
    return Problem(
        429,
        "too_many_requests",
        "this key asks more often than it may; wait as long as Retry-After says",
        headers={"retry-after": str(math.ceil(wait_seconds))},
    )
