"""Limits against clients that are slow, silent, endless or many, over real sockets."""

import contextlib
import json
import resource
import threading
import time
from collections.abc import Iterator

import pytest
from starlette.types import Receive, Scope, Send

from serving.access.limits import BodyLimit
from tests.serving.asgi import echo
from tests.serving.sockets import PATIENCE_SECONDS, ask, connect, heard, served


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    with served(BodyLimit(echo)) as number:
        yield number


@pytest.mark.parametrize(
    "begun",
    [
        b"P",
        b"POST /v1/decisions HTTP/1.1\r\nhost: h\r\nx-slow: ",
        b"POST /v1/decisions HTTP/1.1\r\nhost: h\r\ncontent-length: 10\r\n\r\n{}",
        b"POST /v1/decisions HTTP/1.1\r\nhost: h\r\ntransfer-encoding: chunked\r\n\r\n2\r\n{}\r\n",
    ],
    ids=["first byte", "headers", "body", "chunks"],
)
def test_a_request_that_does_not_come_to_its_end_is_timed_out(port: int, begun: bytes) -> None:
    with connect(port) as client:
        started = time.monotonic()
        client.sendall(begun)
        head, _, body = heard(client).partition(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 408 ")
        assert b"connection: close" in head
        assert json.loads(body)["code"] == "request_timeout"
        assert PATIENCE_SECONDS * 0.9 < time.monotonic() - started < 5


def test_a_client_that_trickles_is_no_better_off(port: int) -> None:
    with connect(port) as client:
        client.sendall(b"POST /v1/decisions HTTP/1.1\r\nhost: h\r\ncontent-length: 9999\r\n\r\n")
        started = time.monotonic()
        client.settimeout(0.02)
        said = b""
        while not said and time.monotonic() - started < 5:
            client.sendall(b"x")
            with contextlib.suppress(TimeoutError):
                said = client.recv(65_536)
        assert said.startswith(b"HTTP/1.1 408 ")


def test_a_connection_that_says_nothing_is_closed_without_a_word() -> None:
    with served(echo, keep_alive=0.2) as port, connect(port) as client:
        assert heard(client) == b""


def test_the_second_request_of_a_connection_is_timed_too_and_the_pause_before_it_is_not(
    port: int,
) -> None:
    with connect(port) as client:
        assert ask(client, b"{}").startswith(b"HTTP/1.1 200 ")
        client.settimeout(PATIENCE_SECONDS * 2)
        with pytest.raises(TimeoutError):
            client.recv(1)
        client.settimeout(10)
        assert ask(client, b"{}").startswith(b"HTTP/1.1 200 ")
        client.sendall(b"POST /v1")
        assert heard(client).startswith(b"HTTP/1.1 408 ")


def test_the_rest_of_a_request_that_is_answered_already_is_not_waited_for() -> None:
    async def refuse(_scope: Scope, _receive: Receive, send: Send) -> None:
        headers = [(b"content-length", b"0")]
        await send({"type": "http.response.start", "status": 403, "headers": headers})
        await send({"type": "http.response.body"})

    with served(refuse) as port, connect(port) as client:
        client.sendall(b"POST / HTTP/1.1\r\nhost: h\r\ncontent-length: 10\r\n\r\n{}")
        said = heard(client)
        assert said.startswith(b"HTTP/1.1 403 ")
        assert b"408" not in said


def test_five_hundred_slow_clients_do_not_stop_the_service(port: int) -> None:
    with contextlib.ExitStack() as stack:
        threads = threading.active_count()
        for _ in range(500):
            stack.enter_context(connect(port)).sendall(b"POST /v1/decisions HTTP/1.1\r\nx-s: ")
        client = stack.enter_context(connect(port))
        started = time.monotonic()
        assert ask(client, b"{}").startswith(b"HTTP/1.1 200 ")
        assert time.monotonic() - started < 1
        assert threading.active_count() == threads


def test_a_gigabyte_in_chunks_is_refused_at_once_and_takes_no_memory(port: int) -> None:
    chunk = b"10000\r\n" + b"x" * 0x10000 + b"\r\n"
    before_kib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    sent = 0
    with connect(port) as client:
        client.sendall(
            b"POST /v1/decisions HTTP/1.1\r\nhost: h\r\ntransfer-encoding: chunked\r\n\r\n"
        )
        with contextlib.suppress(ConnectionResetError, BrokenPipeError):
            while sent < 1 << 30:
                client.sendall(chunk)
                sent += 0x10000
        head, _, body = heard(client).partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 413 ")
    assert b"connection: close" in head
    assert json.loads(body)["code"] == "body_too_large"
    assert sent < 64 << 20
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before_kib < 20 << 10
