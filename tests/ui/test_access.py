"""The gate: 401 without a session, over HTTP and websocket; headers; proxies; guessing."""

from __future__ import annotations

import asyncio
import ipaddress
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from lakehouse.people.accounts import Account
from ui.access.accounts import hashed
from ui.access.gate import Gate, Throttle
from ui.access.session import COOKIE, CSRF_COOKIE, Proxy, Sessions
from ui.access.who import current_user
from ui.frame.kept import KeptFiles

NOW = datetime(2026, 1, 2, tzinfo=UTC)
PASSWORD = "a long enough password"
PATHS = ("/", "/drift", "/assets/ui.js", "/_dash-layout", "/_dash-dependencies", "/vendor/x.js")


class KnownAccounts:
    """Stands where silver's accounts are."""

    def __init__(self, **more: Any) -> None:
        self.account = Account(
            **{
                "name": "ada",
                "password_hash": hashed(PASSWORD),
                "role": "analyst",
                "created_at": NOW,
                "created_by": "test",
                "disabled_at": None,
                "sessions_from": NOW - timedelta(days=1),
                **more,
            }
        )

    def live(self, name: str) -> Account | None:
        known = name == self.account.name and self.account.disabled_at is None
        return self.account if known else None

    def check(self, name: str, password: str) -> Account | None:
        return self.live(name) if password == PASSWORD else None


async def page(scope: Any, receive: Any, send: Any) -> None:
    """Answers who asks."""
    del receive
    assert scope["type"] == "http"
    body = current_user().name.encode()
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": body})


def a_gate(accounts: KnownAccounts | None = None, proxy: Proxy | None = None) -> Gate:
    sessions = Sessions("s" * 32, accounts or KnownAccounts(), now=lambda: datetime.now(UTC))  # type: ignore[arg-type]
    return Gate(page, None if proxy else sessions, proxy)


def ask(gate: Gate, *requests: tuple[str, str, dict[str, Any]]) -> list[httpx.Response]:
    async def every() -> list[httpx.Response]:
        transport = httpx.ASGITransport(app=gate, client=("10.0.0.9", 1))
        async with httpx.AsyncClient(transport=transport, base_url="http://pages") as client:
            return [await client.request(m, path, **more) for m, path, more in requests]

    return asyncio.run(every())


def sign_in(password: str = PASSWORD) -> tuple[str, str, dict[str, Any]]:
    return "POST", "/login", {"data": {"name": "ada", "password": password}}


@pytest.mark.parametrize("path", PATHS)
def test_every_path_is_401_without_a_session(path: str) -> None:
    plain, typed = ask(
        a_gate(), ("GET", path, {}), ("GET", path, {"headers": {"accept": "text/html"}})
    )
    assert plain.status_code == typed.status_code == 401
    assert "password" in typed.text


def test_the_websocket_is_401_without_a_session() -> None:
    sent: list[Any] = []

    async def connect() -> None:
        async def receive() -> Any:
            return {"type": "websocket.connect"}

        async def send(message: Any) -> None:
            sent.append(message)

        scope = {
            "type": "websocket",
            "path": "/_dash-ws-callback",
            "headers": [],
            "client": ("10.0.0.9", 1),
            "extensions": {"websocket.http.response": {}},
        }
        await a_gate()(scope, receive, send)

    asyncio.run(connect())
    assert sent[0]["status"] == 401


def test_signing_in_opens_the_pages_by_a_cookie_that_scripts_cannot_read() -> None:
    signed, seen = ask(a_gate(), sign_in(), ("GET", "/", {}))
    assert signed.status_code == 303
    cookie = next(c for c in signed.headers.get_list("set-cookie") if c.startswith(COOKIE))
    assert "HttpOnly" in cookie
    assert "SameSite=strict" in cookie
    assert (seen.status_code, seen.text) == (200, "ada")


def test_a_change_needs_the_sessions_own_token_and_origin() -> None:
    async def every() -> list[int]:
        transport = httpx.ASGITransport(app=a_gate(), client=("10.0.0.9", 1))
        async with httpx.AsyncClient(transport=transport, base_url="http://pages") as client:
            await client.request(*sign_in()[:2], **sign_in()[2])
            token = {"x-csrftoken": client.cookies[CSRF_COOKIE]}
            other = {**token, "origin": "http://elsewhere"}
            return [
                (await client.post("/_dash-update-component", headers=headers)).status_code
                for headers in (token, {}, {"x-csrftoken": "guess"}, other)
            ]

    assert asyncio.run(every()) == [200, 403, 403, 403]


@pytest.mark.parametrize(
    "changed", [{"disabled_at": NOW}, {"sessions_from": datetime(2099, 1, 1, tzinfo=UTC)}]
)
def test_an_account_that_is_disabled_or_changed_ends_its_sessions(changed: Any) -> None:
    accounts = KnownAccounts()
    gate = a_gate(accounts)

    async def both() -> list[int]:
        transport = httpx.ASGITransport(app=gate, client=("10.0.0.9", 1))
        async with httpx.AsyncClient(transport=transport, base_url="http://pages") as client:
            await client.request(*sign_in()[:2], **sign_in()[2])
            before = (await client.get("/")).status_code
            accounts.account = KnownAccounts(**changed).account
            return [before, (await client.get("/")).status_code]

    assert asyncio.run(both()) == [200, 401]


def test_guessing_is_slowed_after_five_failures() -> None:
    answers = ask(a_gate(), *[sign_in("wrong")] * 6, sign_in())
    assert [each.status_code for each in answers] == [401] * 5 + [429] * 2
    assert int(answers[-1].headers["retry-after"]) > 0


def test_the_wait_doubles_and_ends() -> None:
    throttle = Throttle(free=1, first_seconds=2.0)
    throttle.failed("a")
    first = throttle.wait_seconds("a")
    throttle.failed("a")
    assert 0 < first <= 2 < throttle.wait_seconds("a") <= 4
    throttle.succeeded("a")
    assert throttle.wait_seconds("a", "b") == 0


@pytest.mark.parametrize(
    ("network", "headers", "status"),
    [
        ("10.0.0.0/8", {"x-forwarded-user": "ada"}, 200),
        ("10.0.0.0/8", {}, 401),
        ("192.168.0.0/16", {"x-forwarded-user": "ada"}, 401),
    ],
)
def test_a_proxys_headers_count_from_its_own_addresses_only(
    network: str, headers: dict[str, str], status: int
) -> None:
    gate = a_gate(proxy=Proxy((ipaddress.ip_network(network),)))
    (answer,) = ask(gate, ("GET", "/", {"headers": headers}))
    assert answer.status_code == status


def test_a_file_is_read_and_compressed_once_for_all_who_ask() -> None:
    asked: list[str] = []

    async def files(scope: Any, receive: Any, send: Any) -> None:
        del receive
        asked.append(scope["path"])
        status = 200 if scope["path"] == "/assets/ui.js" else 404
        await send({"type": "http.response.start", "status": status, "headers": []})
        await send({"type": "http.response.body", "body": b"one", "more_body": True})
        await send({"type": "http.response.body", "body": b" two"})

    async def every() -> list[str]:
        transport = httpx.ASGITransport(app=KeptFiles(files))
        async with httpx.AsyncClient(transport=transport, base_url="http://pages") as client:
            paths = ("/assets/ui.js", "/assets/ui.js", "/assets/none.js", "/assets/none.js", "/")
            return [(await client.get(path)).text for path in paths]

    assert asyncio.run(every()) == ["one two"] * 5
    assert asked == ["/assets/ui.js", "/assets/none.js", "/assets/none.js", "/"]
