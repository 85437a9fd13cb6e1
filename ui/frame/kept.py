"""The browser's files, answered from memory: read and compressed once, not for each visitor."""

from dataclasses import dataclass
from typing import Final

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

_FOLDERS: Final = ("/_dash-component-suites/", "/assets/")
_OK: Final = 200


@dataclass(frozen=True, slots=True)
class _Answer:
    start: Message
    body: bytes


class KeptFiles:
    """Keeps what the application has answered for its files, as it was sent.

    What a file holds does not change while the process lives.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._kept: dict[tuple[str, bool], _Answer] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer from memory, if that was asked for before."""
        if not _is_file(scope):
            await self._app(scope, receive, send)
            return
        name = (scope["path"], "gzip" in Headers(scope=scope).get("accept-encoding", ""))
        answer = self._kept.get(name)
        if answer is None:
            answer = await self._answered(scope, receive)
            if answer.start["status"] == _OK:
                self._kept[name] = answer
        await send({**answer.start, "headers": list(answer.start["headers"])})
        await send({"type": "http.response.body", "body": answer.body})

    async def _answered(self, scope: Scope, receive: Receive) -> _Answer:
        sent: list[Message] = []

        async def keep(message: Message) -> None:
            sent.append(message)

        await self._app(scope, receive, keep)
        return _Answer(sent[0], b"".join(each.get("body", b"") for each in sent[1:]))


def _is_file(scope: Scope) -> bool:
    return (
        scope["type"] == "http"
        and scope["method"] == "GET"
        and scope["path"].startswith(_FOLDERS)
        and "if-none-match" not in Headers(scope=scope)
    )
