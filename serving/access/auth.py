"""Check the key of each request and the scope of each operation (`serving.access.scopes`).

Keys are looked up in memory. A thread reads them anew every `REFRESH_SECONDS`, so a request never
waits for the database, and a revoked key is refused within a minute. While the database is out, the
last copy holds for `TRUST_SECONDS`. After that no key can be checked, and the answer is 503.
"""

import hmac
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

import structlog
from starlette.types import ASGIApp, Message, Receive, Send
from starlette.types import Scope as Request

from lakehouse.background import Background
from lakehouse.errors import LakehouseError
from lakehouse.security.api_keys import StoredKey
from serving.access.keys import KEY_FORM, Scope, digest_of
from serving.access.scopes import methods_of, scope_of, template_of
from serving.http.problems import Problem, not_a_method, send_problem

log = structlog.get_logger()

REFRESH_SECONDS: Final = 15.0
TRUST_SECONDS: Final = 900.0

_BEARER: Final = b"bearer "


@dataclass(frozen=True, slots=True)
class Principal:
    """Whose request it is, and what it may do."""

    prefix: str
    name: str
    scopes: frozenset[str]
    rate_per_second: float
    burst: int

    def may(self, scope: str) -> bool:
        """Whether the key is good for this scope."""
        return scope in self.scopes or Scope.ADMIN in self.scopes


@dataclass(frozen=True, slots=True)
class _Live:
    digest: bytes
    principal: Principal
    expires_at: datetime | None


@dataclass(frozen=True, slots=True)
class _Snapshot:
    keys: Mapping[bytes, _Live]
    read_at: float


_NOBODY: Final = _Live(
    digest=bytes(32),
    principal=Principal("", "", frozenset(), 1.0, 1),
    expires_at=datetime.min.replace(tzinfo=UTC),
)


class Authenticator:
    """Keys by prefix, as they were at the last look; one look each `REFRESH_SECONDS`.

    Parameters
    ----------
    read_keys
        Reads every key there is; raises a `LakehouseError` while it cannot.
    pepper
        What the stored digests are keyed with.
    now
        The wall clock, for expiry.
    clock
        Seconds that never go back, for the age of the snapshot.
    """

    def __init__(
        self,
        read_keys: Callable[[], Sequence[StoredKey]],
        pepper: bytes,
        *,
        now: Callable[[], datetime],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._read_keys = read_keys
        self._pepper = pepper
        self._now = now
        self._clock = clock
        self._background = Background("api-keys", self._renew, every_seconds=REFRESH_SECONDS)
        self.refresh()

    def start(self) -> None:
        """Look again and again, in a thread, until `close`."""
        self._background.start()

    def close(self) -> None:
        """Look no more; what was seen last holds for its time."""
        self._background.stop()

    def check(self) -> None:
        """Return while keys are read regularly; raise a `LakehouseError` if not."""
        self._background.check()

    def refresh(self) -> None:
        """Take over the keys as they are now.

        Raises
        ------
        LakehouseError
            They cannot be read; what was seen last still holds.
        """
        read_at = self._clock()
        keys = {key.prefix.encode(): _live(key) for key in self._read_keys() if not key.revoked_at}
        self._snapshot = _Snapshot(keys, read_at)

    def authenticate(self, headers: Iterable[tuple[bytes, bytes]]) -> Principal:
        """Say whose key the request carries, in `Authorization: Bearer` or in `X-API-Key`.

        Raises
        ------
        Problem
            401, always the same, if there is not exactly one key, and a live one; 503 once the
            snapshot is too old to be trusted.
        """
        snapshot = self._snapshot
        if self._clock() - snapshot.read_at > TRUST_SECONDS:
            raise Problem(
                503,
                "keys_unavailable",
                "API keys could not be checked for too long; try again when silver is back",
                headers={"retry-after": str(int(REFRESH_SECONDS))},
            )
        named = KEY_FORM.fullmatch(_presented(headers))
        if named is None:
            raise _unauthenticated()
        live = snapshot.keys.get(named[1], _NOBODY)
        is_right = hmac.compare_digest(digest_of(named[2], self._pepper), live.digest)
        if not is_right or (live.expires_at is not None and self._now() >= live.expires_at):
            raise _unauthenticated()
        return live.principal

    def _renew(self) -> None:
        try:
            self.refresh()
        except LakehouseError as error:
            age = round(self._clock() - self._snapshot.read_at)
            log.warning("api_keys_not_refreshed", code=error.code, age_seconds=age)


class KeyGate:
    """Lets through who may do what the request asks, as ``scope["principal"]``; others hear why.

    A refusal closes the connection, so a body without a valid key is never read.
    """

    def __init__(self, app: ASGIApp, authenticator: Authenticator) -> None:
        self._app = app
        self._authenticator = authenticator

    async def __call__(self, scope: Request, receive: Receive, send: Send) -> None:
        """Answer 401 or 403, or hand on."""
        if scope["type"] == "http":
            template = scope["template"] = template_of(scope["path"])
            methods = methods_of(template)
            if template and scope["method"] == "OPTIONS":
                await send(_options(methods))
                await send({"type": "http.response.body", "body": b""})
                return
            try:
                if template and scope["method"] not in methods:
                    raise not_a_method(methods)
                wanted = scope_of(scope["method"], template)
                if wanted is not None:
                    scope["principal"] = self._admit(scope, wanted)
            except Problem as problem:
                problem.headers["connection"] = "close"
                await send_problem(send, problem, scope)
                return
        await self._app(scope, receive, send)

    def _admit(self, scope: Request, wanted: Scope) -> Principal:
        principal = self._authenticator.authenticate(scope["headers"])
        if not principal.may(wanted):
            raise Problem(
                403,
                "forbidden",
                "this key is not good for this operation; ask for one with the scope that the "
                "operation's description names",
            )
        return principal


def _options(methods: Iterable[str]) -> Message:
    headers = [(b"allow", ", ".join(methods).encode()), (b"cache-control", b"max-age=3600")]
    return {"type": "http.response.start", "status": 204, "headers": headers}


def _live(key: StoredKey) -> _Live:
    principal = Principal(
        prefix=key.prefix,
        name=key.name,
        scopes=frozenset(key.scopes),
        rate_per_second=key.rate_per_second,
        burst=key.burst,
    )
    return _Live(key.digest, principal, key.expires_at)


def _presented(headers: Iterable[tuple[bytes, bytes]]) -> bytes:
    found = [
        value if name == b"x-api-key" else _bearer(value)
        for name, value in headers
        if name in {b"x-api-key", b"authorization"}
    ]
    return found[0] if len(found) == 1 else b""


def _bearer(value: bytes) -> bytes:
    return value[len(_BEARER) :] if value[: len(_BEARER)].lower() == _BEARER else b""


def _unauthenticated() -> Problem:
    return Problem(
        401,
        "unauthenticated",
        "this operation wants a live API key, as `Authorization: Bearer KEY` or `X-API-Key: KEY`",
        headers={"www-authenticate": "Bearer"},
    )
