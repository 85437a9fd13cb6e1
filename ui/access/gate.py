"""Check every request and websocket: without a session it gets 401 and a form to sign in."""

import asyncio
import html
import math
import time
from collections import OrderedDict
from typing import Final
from urllib.parse import parse_qs, urlsplit

from starlette.datastructures import Headers
from starlette.responses import HTMLResponse, PlainTextResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from ui.access.session import COOKIE, CSRF_COOKIE, LONGEST_SECONDS, Proxy, Sessions
from ui.access.who import set_user
from ui.look.tokens import as_css

_MOST_BODY: Final = 4_096
_SAFE: Final = frozenset({"GET", "HEAD", "OPTIONS"})

_PAGE: Final = """<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><title>Sign in - Credit risk monitor</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<style>{tokens}
body{{margin:0;min-height:100vh;display:grid;place-items:center;background:var(--page);
color:var(--text);font:14px/20px Inter,system-ui,sans-serif}}
form{{width:300px;display:grid;gap:12px;padding:28px;border:1px solid var(--line);
border-radius:10px;background:var(--card);box-shadow:var(--shadow)}}
h1{{font-size:20px;line-height:28px;font-weight:600;margin:0;letter-spacing:-.015em}}
p{{margin:0;font-size:13px;color:var(--text2)}}
label{{display:grid;gap:4px;font-size:12px;font-weight:500;color:var(--text2)}}
input{{font:400 14px/20px Inter,system-ui,sans-serif;padding:8px 10px;border-radius:7px;
border:1px solid var(--axis);background:var(--card);color:var(--text)}}
button{{font:600 13px/20px Inter,system-ui,sans-serif;padding:8px;border:0;border-radius:7px;
background:var(--accent);color:var(--card);cursor:pointer}}
:focus-visible{{outline:2px solid var(--accent);outline-offset:2px}}
.said{{color:var(--bad);font-weight:500}}</style>
</head>
<body><main><form method="post" action="/login"><h1>Credit risk monitor</h1>
<p>Sign in to see the pages.</p>{said}
<label>Name<input name="name" autocomplete="username" required autofocus></label>
<label>Password<input name="password" type="password" autocomplete="current-password" required>
</label><button type="submit">Sign in</button></form></main></body></html>"""


class Throttle:
    """Slows guessing: after five failures from one address or for one name, waits double."""

    def __init__(self, *, free: int = 5, first_seconds: float = 2.0, most: int = 10_000) -> None:
        self._free = free
        self._first = first_seconds
        self._most = most
        self._failures: OrderedDict[str, tuple[int, float]] = OrderedDict()

    def wait_seconds(self, *keys: str) -> float:
        """Return how long the next attempt has to wait."""
        at = time.monotonic()
        return max([0.0, *(self._until(key) - at for key in keys)])

    def failed(self, *keys: str) -> None:
        """Count a failure."""
        for key in keys:
            count, _ = self._failures.pop(key, (0, 0.0))
            self._failures[key] = (count + 1, time.monotonic())
            while len(self._failures) > self._most:
                self._failures.popitem(last=False)

    def succeeded(self, *keys: str) -> None:
        """Forget the failures."""
        for key in keys:
            self._failures.pop(key, None)

    def _until(self, key: str) -> float:
        count, at = self._failures.get(key, (0, 0.0))
        if count < self._free:
            return 0.0
        return at + min(self._first * 2.0 ** (count - self._free), 900.0)


class Gate:
    """Lets requests pass that have a session; answers the others itself."""

    def __init__(self, app: ASGIApp, sessions: Sessions | None, proxy: Proxy | None) -> None:
        self._app = app
        self._sessions = sessions
        self._proxy = proxy
        self._throttle = Throttle()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer, or let pass."""
        if scope["type"] not in {"http", "websocket"}:
            await self._app(scope, receive, send)
            return
        user = self._proxy.user(scope) if self._proxy else None
        if user is None and self._sessions is not None:
            user = await asyncio.to_thread(self._sessions.user, scope)
        if user is None and scope["type"] == "websocket":
            await _refuse_socket(scope, receive, send)
            return
        if scope["type"] == "http":
            answer = await self._answer(scope, receive, is_known=user is not None)
            if answer is not None:
                await answer(scope, receive, send)
                return
        if user is not None:
            set_user(user)
        await self._app(scope, receive, send)

    async def _answer(  # noqa: PLR0911 - one case a line
        self, scope: Scope, receive: Receive, *, is_known: bool
    ) -> Response | None:
        """Return the answer to what must not pass; None where it may."""
        path, is_change = scope["path"], scope["method"] not in _SAFE
        if is_change and not _is_same_origin(scope):
            return PlainTextResponse("the request comes from another site", 403)
        if path == "/login" and is_change and self._sessions is not None:
            return await self._sign_in(self._sessions, scope, receive)
        if path == "/logout" and is_change:
            answer = RedirectResponse("/", 303)
            answer.delete_cookie(COOKIE, path="/")
            answer.delete_cookie(CSRF_COOKIE, path="/")
            return answer
        if not is_known:
            wants_page = "text/html" in Headers(raw=scope["headers"]).get("accept", "")
            if self._sessions is not None and (wants_page or path == "/login"):
                return _form("", 401)
            return PlainTextResponse("sign in first", 401)
        if path == "/login":
            return RedirectResponse("/", 303)
        if is_change and self._sessions is not None and not self._sessions.is_own_form(scope):
            return PlainTextResponse("the page is older than the session: reload it", 403)
        return None

    async def _sign_in(self, sessions: Sessions, scope: Scope, receive: Receive) -> Response:
        fields = parse_qs((await _body(receive)).decode("utf-8", "replace"))
        name = fields.get("name", [""])[0].strip().lower()[:40]
        password = fields.get("password", [""])[0][:1_000]
        client = scope.get("client")
        keys = (f"address {client[0] if client else ''}", f"name {name}")
        wait = self._throttle.wait_seconds(*keys)
        if wait > 0:
            answer: Response = _form(f"Too many attempts: wait {math.ceil(wait)} s.", 429)
            answer.headers["retry-after"] = str(math.ceil(wait))
            return answer
        account = await asyncio.to_thread(sessions.accounts.check, name, password)
        if account is None:
            self._throttle.failed(*keys)
            return _form("Name or password is wrong.", 401)
        self._throttle.succeeded(*keys)
        session, csrf = sessions.begin(account.name)
        answer = RedirectResponse("/", 303)
        is_secure = scope["scheme"] == "https"
        answer.set_cookie(
            COOKIE,
            session,
            max_age=LONGEST_SECONDS,
            httponly=True,
            samesite="strict",
            secure=is_secure,
        )
        answer.set_cookie(
            CSRF_COOKIE, csrf, max_age=LONGEST_SECONDS, samesite="strict", secure=is_secure
        )
        return answer


def _form(said: str, status: int) -> Response:
    line = f'<p class="said" role="alert">{html.escape(said)}</p>' if said else ""
    page = _PAGE.format(tokens=as_css(by_system=True), said=line)
    return HTMLResponse(page, status, headers={"cache-control": "no-store"})


def _is_same_origin(scope: Scope) -> bool:
    headers = Headers(raw=scope["headers"])
    origin = headers.get("origin")
    return origin is None or urlsplit(origin).netloc == headers.get("host")


async def _body(receive: Receive) -> bytes:
    body = b""
    while len(body) <= _MOST_BODY:
        message = await receive()
        body += message.get("body", b"")
        if not message.get("more_body", False):
            break
    return body[:_MOST_BODY]


async def _refuse_socket(scope: Scope, receive: Receive, send: Send) -> None:
    await receive()
    if "websocket.http.response" in scope.get("extensions", {}):
        await send({"type": "websocket.http.response.start", "status": 401, "headers": []})
        await send({"type": "websocket.http.response.body", "body": b"sign in first"})
    else:
        await send({"type": "websocket.close", "code": 4401})
