"""Requests put to an ASGI application without a server, and what it answered."""

import asyncio
import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from serving.access.auth import Principal


@dataclass
class Answer:
    """What an application sent; status 0 if nothing."""

    status: int = 0
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""

    @property
    def problem(self) -> dict[str, Any]:
        """The body of a problem, without the id that differs each time."""
        return {**json.loads(self.body), "request_id": ""}


def a_principal(prefix: str = "abcdefgh", **differing: Any) -> Principal:
    values: dict[str, Any] = {"rate_per_second": 10.0, "burst": 5, "scopes": frozenset({"score"})}
    return Principal(prefix=prefix, name="the desk", **{**values, **differing})


def put(
    app: ASGIApp,
    method: str = "POST",
    path: str = "/v1/decisions",
    *,
    headers: Iterable[tuple[str, str]] = (),
    body: Iterable[bytes] = (b"{}",),
    is_cut: bool = False,
    principal: Principal | None = None,
) -> Answer:
    """Put one request, its body in these pieces; a cut one ends before its last piece."""
    raw = [(name.encode(), value.encode()) for name, value in headers]
    scope: Scope = {"type": "http", "method": method, "path": path, "headers": raw}
    if principal is not None:
        scope["principal"] = principal
    pieces = iter(body)
    held = [next(pieces, b"")]
    answer = Answer()

    async def receive() -> Message:
        if not held:
            return {"type": "http.disconnect"}
        piece = held.pop()
        following = next(pieces, None)
        if following is not None:
            held.append(following)
        more = following is not None or is_cut
        return {"type": "http.request", "body": piece, "more_body": more}

    async def send(message: Message) -> None:
        if message["type"] == "http.response.start":
            answer.status = message["status"]
            answer.headers = {n.decode(): v.decode() for n, v in message["headers"]}
        else:
            answer.body += message.get("body", b"")

    asyncio.run(_call(app, scope, receive, send))
    return answer


async def _call(app: ASGIApp, scope: Scope, receive: Receive, send: Send) -> None:
    await app(scope, receive, send)


async def echo(scope: Scope, receive: Receive, send: Send) -> None:
    """Answer 200 with the length of the body and whose request it is."""
    length, has_more = 0, True
    while has_more:
        message = await receive()
        length += len(message.get("body", b""))
        has_more = message.get("more_body", False)
    principal: Principal | None = scope.get("principal")
    said = json.dumps({"length": length, "prefix": principal and principal.prefix}).encode()
    headers = [(b"content-length", str(len(said)).encode())]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": said})
