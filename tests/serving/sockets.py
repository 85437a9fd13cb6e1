"""An ASGI application over real sockets, and the few words of a client that is not polite."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Iterator
from typing import Literal

import uvicorn
from starlette.types import ASGIApp

from serving.http.bounded_http import BoundedHttp

PATIENCE_SECONDS = 0.3


@contextlib.contextmanager
def served(
    app: ASGIApp, *, keep_alive: float = 5, lifespan: Literal["on", "off"] = "off"
) -> Iterator[int]:
    """Serve on a free port from a thread; yield the port."""
    with serving(app, keep_alive=keep_alive, lifespan=lifespan) as (port, _):
        yield port


@contextlib.contextmanager
def serving(
    app: ASGIApp,
    *,
    keep_alive: float = 5,
    patience: float = PATIENCE_SECONDS,
    lifespan: Literal["on", "off"] = "off",
) -> Iterator[tuple[int, uvicorn.Server]]:
    """Serve on a free port from a thread; yield the port and the server."""

    class Impatient(BoundedHttp):
        seconds = patience

    with socket.create_server(("127.0.0.1", 0), backlog=1024) as listener:
        config = uvicorn.Config(
            app,
            http=Impatient,
            lifespan=lifespan,
            log_config=None,
            ws="none",
            timeout_keep_alive=keep_alive,  # type: ignore[arg-type]  # parts of a second, for tests
        )
        server = uvicorn.Server(config)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        try:
            yield listener.getsockname()[1], server
        finally:
            server.should_exit = True
            thread.join(20)


def connect(port: int) -> socket.socket:
    return socket.create_connection(("127.0.0.1", port), timeout=10)


def heard(client: socket.socket) -> bytes:
    """Everything up to the end of the connection."""
    said = b""
    with contextlib.suppress(ConnectionResetError):
        while part := client.recv(65_536):
            said += part
    return said


def ask(client: socket.socket, body: bytes, *lines: bytes) -> bytes:
    """Put one request, and return its answer, which comes in one or two pieces."""
    client.sendall(request(body, *lines))
    return answer(client)


def request(body: bytes, *lines: bytes) -> bytes:
    head = [b"POST /v1/decisions HTTP/1.1", b"host: h", b"content-length: %d" % len(body), *lines]
    return b"\r\n".join(head) + b"\r\n\r\n" + body


def answer(client: socket.socket) -> bytes:
    """Read one answer with a length, and not a byte more."""
    said = b""
    while not said.endswith(b"\r\n\r\n"):
        part = client.recv(1)
        if not part:
            return said
        said += part
    length = int(said.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0])
    while length:
        part = client.recv(length)
        said += part
        length -= len(part)
    return said
