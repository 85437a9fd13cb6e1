"""What a client may do to a connection without doing anything to its requests, or to others'."""

from __future__ import annotations

import asyncio
import contextlib
import json
import time
from collections.abc import Iterator

import pytest
from starlette.types import Receive, Scope, Send

from serving.access.limits import BODY_BYTES, BodyLimit
from serving.http.bounded_http import HEAD_BYTES, MOST_HEADERS
from tests.serving.asgi import echo
from tests.serving.sockets import (
    PATIENCE_SECONDS,
    answer,
    ask,
    connect,
    heard,
    request,
    served,
    serving,
)
from tests.waiting import until


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    with served(BodyLimit(echo)) as number:
        yield number


def problem(said: bytes) -> dict[str, object]:
    head, _, body = said.partition(b"\r\n\r\n")
    assert b"content-type: application/problem+json" in head
    assert b"\r\ndate: " in head
    found: dict[str, object] = json.loads(body)
    assert f"x-request-id: {found['request_id']}".encode() in head
    return found


@pytest.mark.parametrize("protocol", [b"h2c", b"websocket", b"h2c, websocket"])
@pytest.mark.parametrize("is_split", [False, True])
def test_an_upgrade_is_ignored_and_the_body_belongs_to_its_request(
    port: int, protocol: bytes, *, is_split: bool
) -> None:
    lines = (b"connection: Upgrade, HTTP2-Settings", b"upgrade: " + protocol, b"http2-settings: AA")
    whole = request(b'{"id": 1}', *lines)
    pieces = (whole[:40], whole[40:-9], whole[-9:-4], whole[-4:]) if is_split else (whole,)
    with connect(port) as client:
        for piece in pieces:
            client.sendall(piece)
        first = answer(client)
        assert first.startswith(b"HTTP/1.1 200 ")
        assert b'"length": 9' in first
        assert b'"length": 2' in ask(client, b"{}")  # and the connection goes on


def test_an_upgrade_with_a_body_in_chunks_is_ignored_too(port: int) -> None:
    with connect(port) as client:
        client.sendall(
            b"POST / HTTP/1.1\r\nhost: h\r\nconnection: upgrade, close\r\nupgrade: h2c\r\n"
            b"transfer-encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n"
        )
        said = heard(client)
    assert said.count(b"HTTP/1.1 ") == 1
    assert b'"length": 2' in said


def test_this_server_is_no_tunnel(port: int) -> None:
    with connect(port) as client:
        client.sendall(b"CONNECT elsewhere:443 HTTP/1.1\r\nhost: elsewhere\r\n\r\n")
        said = heard(client)
    assert said.startswith(b"HTTP/1.1 405 ")
    assert problem(said)["code"] == "method_not_allowed"


@pytest.mark.parametrize(
    "head",
    [
        b"GET /" + b"x" * HEAD_BYTES + b" HTTP/1.1\r\n\r\n",
        b"GET / HTTP/1.1\r\nx: " + b"y" * HEAD_BYTES + b"\r\n\r\n",
        b"GET / HTTP/1.1\r\n" + b"x: y\r\n" * (MOST_HEADERS + 1) + b"\r\n",
    ],
    ids=["line", "header", "headers"],
)
def test_a_head_that_is_too_large_is_refused(port: int, head: bytes) -> None:
    with connect(port) as client:
        client.sendall(head)
        said = heard(client)
    assert said.startswith(b"HTTP/1.1 431 ")
    assert b"connection: close" in said
    assert problem(said)["code"] == "head_too_large"


@pytest.mark.parametrize("form", [b"x: %b", b"x-%b: y\r\n"], ids=["one header", "many headers"])
def test_a_flood_of_headers_ends_at_the_limit(port: int, form: bytes) -> None:
    sent = 0
    with connect(port) as client:
        client.sendall(b"GET / HTTP/1.1\r\nhost: h\r\nx: ")
        with contextlib.suppress(ConnectionResetError, BrokenPipeError):
            while sent < 25 << 20:
                sent += client.send(form % (b"y" * 8_000))
        assert heard(client).startswith(b"HTTP/1.1 431 ")
    assert sent < 12 << 20  # what the system's buffers hold, and what is dropped while we part


def test_what_follows_a_body_is_no_header_and_has_its_end(port: int) -> None:
    body = b"POST / HTTP/1.1\r\nhost: h\r\ntransfer-encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n"
    with connect(port) as client:
        client.sendall(body + b"x-api-key: k\r\n\r\n")
        assert b'"length": 2' in answer(client)
        client.sendall(body)
        with contextlib.suppress(ConnectionResetError, BrokenPipeError):
            for _ in range(200):
                client.sendall(b"x: " + b"y" * 4_000 + b"\r\n")
        assert heard(client).startswith(b"HTTP/1.1 431 ")


@pytest.mark.parametrize("said", [b"nonsense\r\n\r\n", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"])
def test_what_is_no_http_is_answered_with_a_problem(port: int, said: bytes) -> None:
    with connect(port) as client:
        client.sendall(said)
        refused = heard(client)
    assert refused.startswith(b"HTTP/1.1 400 ")
    assert problem(refused)["code"] == "invalid_http"


def test_nonsense_after_a_request_does_not_take_its_answer(port: int) -> None:
    with connect(port) as client:
        client.sendall(request(b"{}") + b"nonsense\r\n\r\n")
        said = heard(client)
    assert said.startswith(b"HTTP/1.1 200 ")
    assert said.count(b"HTTP/1.1 ") == 1


def test_the_time_is_each_requests_and_not_the_connections(port: int) -> None:
    whole = request(b"{}")
    with connect(port) as client:
        client.sendall(whole[:20])
        began = time.monotonic()
        while time.monotonic() - began < 3 * PATIENCE_SECONDS:
            client.sendall(whole[20:] + whole[:20])  # the end of one, the beginning of the next
            assert answer(client).startswith(b"HTTP/1.1 200 ")


def test_a_body_that_is_too_large_is_refused_with_an_answer_that_can_be_read(port: int) -> None:
    for _ in range(10):
        with connect(port) as client:
            client.sendall(request(b"x" * (20 * BODY_BYTES)))
            assert answer(client).startswith(b"HTTP/1.1 413 ")


def test_an_end_answers_what_was_accepted() -> None:
    answering = []

    async def slow(scope: Scope, receive: Receive, send: Send) -> None:
        answering.append(scope["path"])
        await until_told.wait()
        await echo(scope, receive, send)

    until_told = asyncio.Event()
    with (
        serving(slow, patience=10) as (port, server),
        connect(port) as busy,
        connect(port) as half,
    ):
        with connect(port) as idle:
            busy.sendall(request(b"{}"))
            half.sendall(request(b"{}")[:-1])
            until(lambda: len(answering) == 2, what="answering both")
            server.should_exit = True
            assert heard(idle) == b""
        half.sendall(b"}")
        loop = next(iter(server.server_state.tasks)).get_loop()
        loop.call_soon_threadsafe(until_told.set)
        for client in (busy, half):
            said = heard(client)
            assert said.startswith(b"HTTP/1.1 200 ")
            assert b"connection: close" in said
