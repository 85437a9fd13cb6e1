"""HTTP whose clients may take `REQUEST_SECONDS` to send a request, headers and body.

uvicorn waits for the rest of a request for ever. A slow client costs a socket and a few hundred
bytes here, and for a limited time; a request that comes in one piece costs no timer at all.
"""

from __future__ import annotations

import asyncio
from typing import Any, Final

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from serving.http.problems import MEDIA_TYPE, Problem, body_of

__all__ = ["REQUEST_SECONDS", "TimedHttp"]

REQUEST_SECONDS: Final = 10.0

_BODY: Final = body_of(
    Problem(
        408,
        "request_timeout",
        f"the request was not complete within {REQUEST_SECONDS:.0f} s; send it again, whole",
    ),
    request_id="",
)
_ANSWER: Final = (
    b"HTTP/1.1 408 Request Timeout\r\ncontent-type: %b\r\ncache-control: no-store\r\n"
    b"content-length: %d\r\nconnection: close\r\n\r\n%b"
) % (MEDIA_TYPE.encode(), len(_BODY), _BODY)


class TimedHttp(HttpToolsProtocol):
    """uvicorn's protocol, ``uvicorn.Config(http=TimedHttp)``, with an end to its patience."""

    seconds = REQUEST_SECONDS

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._deadline: asyncio.TimerHandle | None = None
        self._has_spoken = False
        self._has_headers = False
        self._is_whole = False

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Expect a first request."""
        super().connection_made(transport)
        self._deadline = self.loop.call_later(self.seconds, self._give_up)

    def connection_lost(self, exc: Exception | None) -> None:
        """Expect nothing any more."""
        self._forget()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Take bytes in; the clock runs while a request is begun and not complete."""
        self._has_spoken = True
        super().data_received(data)
        if self._is_whole:
            self._forget()
        elif self._deadline is None:
            self._deadline = self.loop.call_later(self.seconds, self._give_up)

    def on_message_begin(self) -> None:
        """Note that a request has begun."""
        super().on_message_begin()
        self._has_headers = self._is_whole = False

    def on_headers_complete(self) -> None:
        """Note that the request can be answered from now on."""
        super().on_headers_complete()
        self._has_headers = True

    def on_message_complete(self) -> None:
        """Note that a request is there as a whole."""
        super().on_message_complete()
        self._is_whole = True

    def _forget(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def _give_up(self) -> None:
        self._deadline = None
        if self.flow.read_paused:  # it is we who do not read on
            self._deadline = self.loop.call_later(self.seconds, self._give_up)
        elif not self.transport.is_closing():
            is_answered = self._has_headers and self.cycle.response_started
            if self._has_spoken and not is_answered:
                self.transport.write(_ANSWER)
            self.transport.close()
