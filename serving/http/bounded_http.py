"""HTTP with limits: on the time a request takes to arrive, and on the size of its headers.

uvicorn waits for the rest of a request without limit, accepts headers of any size, and reads the
body of a request with ``Upgrade: h2c`` as a second request. Here a slow client costs a socket and a
few hundred bytes for a limited time, headers end at `HEAD_BYTES`, and an upgrade is ignored, as RFC
9110 (7.8) allows. A request that arrives in one piece needs no timer.
"""

import asyncio
from typing import Any, Final

import httptools
from uvicorn.protocols.http.httptools_impl import (
    STATUS_LINE,
    HttpToolsProtocol,
    RequestResponseCycle,
)

from serving.http.metrics import REQUESTS
from serving.http.problems import MEDIA_TYPE, Problem, body_of
from serving.http.request_ids import NO_OPERATION, next_request_id

REQUEST_SECONDS: Final = 10.0
HEAD_BYTES: Final = 64 << 10
"""Of request line and headers together, of trailers too."""

MOST_HEADERS: Final = 100

_OF_A_CONNECTION: Final = frozenset({b"connection", b"http2-settings", b"upgrade"})
_CLOSING_SECONDS: Final = 0.25
_LINGERING_SECONDS: Final = 1.0
_LINGERING_BYTES: Final = 8 << 20


class BoundedHttp(HttpToolsProtocol):
    """uvicorn's protocol, ``uvicorn.Config(http=BoundedHttp)``, with an end to its patience."""

    seconds = REQUEST_SECONDS

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._deadline: asyncio.TimerHandle | None = None
        self._is_whole = True
        self._has_headers = False
        self._is_refused = False
        self._is_ending = False
        self._head_bytes = 0  # of the parts of the head that are complete
        self._silent_bytes = 0  # that came since without a byte of body
        self._has_progressed = False
        self._upgrading: bytes | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Wait for a first request as long as for a next one."""
        super().connection_made(transport)
        self._lingering = _Lingering(transport, self)
        self.transport = self._lingering  # type: ignore[assignment]
        self.timeout_keep_alive_task = self.loop.call_later(
            self.timeout_keep_alive, self.timeout_keep_alive_handler
        )

    def connection_lost(self, exc: Exception | None) -> None:
        """Expect nothing any more."""
        self._forget_deadline()
        self._unset_keepalive_if_required()
        super().connection_lost(exc)

    @property
    def is_whole(self) -> bool:
        """Whether nothing of a request is still to come, as far as is known."""
        return self._is_whole and not self._is_refused

    def data_received(self, data: bytes) -> None:
        """Take bytes in; the clock runs while a request is begun and not complete."""
        if self._is_refused or self._lingering.is_closing():
            self._lingering.ignored(len(data))
            return
        self._unset_keepalive_if_required()
        self._has_progressed = False
        self._feed(data)
        if not self._is_whole:
            self._expect_more(len(data))

    def on_message_begin(self) -> None:
        """Note that a request has begun."""
        super().on_message_begin()
        self._has_headers = self._is_whole = False
        self._has_progressed = True
        self._head_bytes = self._silent_bytes = 0

    def on_url(self, url: bytes) -> None:
        """Take a part of the request line in."""
        super().on_url(url)
        self._head_bytes += len(url)

    def on_header(self, name: bytes, value: bytes) -> None:
        """Take a header in; what follows a body (a trailer) is counted and ignored."""
        self._head_bytes += len(name) + len(value)
        if not self._has_headers:
            super().on_header(name, value)

    def on_headers_complete(self) -> None:
        """Begin to answer, unless the head is too large or asks for another protocol."""
        if self._head_bytes > HEAD_BYTES or len(self.headers) > MOST_HEADERS:
            self._refuse(_head_too_large())
        elif self._is_refused:
            return
        elif self.parser.should_upgrade():
            self._upgrading = self._head_without_upgrade()
        else:
            self._has_headers = True
            super().on_headers_complete()
            if self._is_ending:
                self.cycle.keep_alive = False

    def on_body(self, body: bytes) -> None:
        """Take a part of the body in."""
        self._has_progressed = True
        if not self._is_refused:
            super().on_body(body)

    def on_message_complete(self) -> None:
        """Note that a request is there as a whole."""
        if self._is_refused or self._upgrading is not None:
            return
        self._is_whole = True
        self._forget_deadline()
        super().on_message_complete()

    def shutdown(self) -> None:
        """End once what has been sent is answered; what arrives in this moment is answered too."""
        self._is_ending = True
        cycle: RequestResponseCycle | None = self.cycle
        if cycle is not None and not cycle.response_complete:
            cycle.keep_alive = False
        elif self._is_whole:
            self._unset_keepalive_if_required()
            self.timeout_keep_alive_task = self.loop.call_later(
                _CLOSING_SECONDS, self.timeout_keep_alive_handler
            )

    def send_400_response(self, msg: str) -> None:
        """Answer what is no HTTP/1.1."""
        self._refuse(Problem(400, "invalid_http", f"{msg} Expected HTTP/1.1; send it anew."))

    def _feed(self, data: bytes) -> None:
        try:
            self.parser.feed_data(data)
        except httptools.HttpParserUpgrade as pause:
            # The parser stops before the body and cannot be told to go on: another reads the same
            # head without the upgrade, and then the rest.
            head, self._upgrading = self._upgrading, None
            if head is not None and not self._is_refused:
                self.parser = httptools.HttpRequestParser(self)
                self._feed(head + data[pause.args[0] :])
        except httptools.HttpParserError:
            if not self._is_refused:
                self.send_400_response("This is not valid HTTP.")

    def _expect_more(self, length: int) -> None:
        if self._is_refused:
            return
        if self._deadline is None:
            self._deadline = self.loop.call_later(self.seconds, self._give_up)
        self._silent_bytes = 0 if self._has_progressed else self._silent_bytes + length
        if self._head_bytes + self._silent_bytes > HEAD_BYTES:
            self._refuse(_head_too_large())

    def _head_without_upgrade(self) -> bytes | None:
        method, version = self.parser.get_method(), self.parser.get_http_version().encode()
        if method == b"CONNECT":
            self._refuse(Problem(405, "method_not_allowed", "this server is no proxy"))
            return None
        kept = [pair for pair in self.headers if pair[0] not in _OF_A_CONNECTION]
        if not self.parser.should_keep_alive():
            kept.append((b"connection", b"close"))
        lines = [b"%b %b HTTP/%b" % (method, self.url, version)]
        lines += [b"%b: %b" % pair for pair in kept]
        return b"\r\n".join(lines) + b"\r\n\r\n"

    def _forget_deadline(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def _give_up(self) -> None:
        self._deadline = None
        if self.flow.read_paused:  # it is we who do not read on
            self._deadline = self.loop.call_later(self.seconds, self._give_up)
        else:
            self._refuse(_too_slow(self.seconds))

    def _refuse(self, problem: Problem) -> None:
        """Answer with a problem, unless an answer is under way, and close."""
        self._is_refused = True
        self._forget_deadline()
        if self.transport.is_closing():
            return
        REQUESTS.labels(NO_OPERATION, str(problem.status)).inc()
        cycle: RequestResponseCycle | None = self.cycle
        if cycle is not None and not cycle.response_complete and not self._has_headers:
            cycle.keep_alive = False  # an earlier request, whose answer comes first and is the last
            return
        if cycle is None or not (self._has_headers and cycle.response_started):
            self.transport.write(self._answer(problem))
        if cycle is not None and not cycle.response_complete:
            cycle.disconnected = True
            cycle.message_event.set()
        self.transport.close()

    def _answer(self, problem: Problem) -> bytes:
        request_id = next_request_id()
        scope = {"request_id": request_id, "root_path": self.app_state.get("root_path", "")}
        body = body_of(problem, scope)
        headers = [
            *self.server_state.default_headers,
            (b"content-type", MEDIA_TYPE.encode()),
            (b"cache-control", b"no-store"),
            (b"content-length", str(len(body)).encode()),
            (b"x-request-id", request_id.encode()),
            (b"connection", b"close"),
        ]
        lines = b"".join(b"%b: %b\r\n" % header for header in headers)
        return STATUS_LINE[problem.status] + lines + b"\r\n" + body


class _Lingering:
    """A transport that lets a client which is still sending read its answer before it closes.

    Closing a socket with unread bytes resets it, and the client may lose the answer to the reset.
    So nothing more is written, and what comes is dropped, for a moment.
    """

    def __init__(self, transport: asyncio.Transport, protocol: BoundedHttp) -> None:
        self._transport = transport
        self._protocol = protocol
        self._left = _LINGERING_BYTES
        self._end: asyncio.TimerHandle | None = None
        self.write = transport.write
        self.get_extra_info = transport.get_extra_info

    def is_closing(self) -> bool:
        return self._end is not None or self._transport.is_closing()

    def close(self) -> None:
        if self._protocol.is_whole or not self._transport.can_write_eof():
            self._transport.close()
        elif not self.is_closing():
            self._transport.write_eof()
            self._protocol.flow.resume_reading()
            self._end = self._protocol.loop.call_later(_LINGERING_SECONDS, self._transport.close)

    def ignored(self, length: int) -> None:
        self._left -= length
        if self._left < 0:
            self._transport.close()


def _head_too_large() -> Problem:
    return Problem(
        431,
        "head_too_large",
        f"expected at most {MOST_HEADERS} headers, and at most {HEAD_BYTES:,} bytes of request "
        "line and headers; send fewer",
    )


def _too_slow(seconds: float) -> Problem:
    return Problem(
        408,
        "request_timeout",
        f"the request was not complete within {seconds:g} s; send it again, whole",
    )
