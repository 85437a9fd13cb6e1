"""A proxy before an object store that fails as stores do: before a request took effect or after."""

import contextlib
import http.client
import threading
import urllib.parse
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

HOP_BY_HOP = {"connection", "content-length", "date", "server", "transfer-encoding"}


@dataclass(frozen=True)
class Fault:
    """What happens to a request: answered with `status`, or cut, after taking effect or instead.

    A fault that is only late is answered rightly.
    """

    status: int | None = None
    body: bytes = b""
    is_applied: bool = False
    hangs: bool = False
    seconds_late: float = 0.0
    drops: frozenset[str] = frozenset()


REFUSED = Fault(HTTPStatus.SERVICE_UNAVAILABLE)
LOST_ANSWER = Fault(HTTPStatus.SERVICE_UNAVAILABLE, is_applied=True)
FAILED_AFTER = Fault(HTTPStatus.INTERNAL_SERVER_ERROR, is_applied=True)
HANG_AFTER = Fault(is_applied=True, hangs=True)
CUT_AFTER = Fault(is_applied=True)
CONFLICT = Fault(HTTPStatus.CONFLICT, b"<Error><Code>ConditionalRequestConflict</Code></Error>")
FORBIDDEN = Fault(HTTPStatus.FORBIDDEN, b"<Error><Code>AccessDenied</Code></Error>")
OVERWRITES = Fault(is_applied=True, drops=frozenset({"if-none-match"}))
SLOW = Fault(seconds_late=1.0)


def is_commit(method: str, path: str) -> bool:
    return method == "PUT" and "/_delta_log/" in path


def is_put(method: str, _path: str) -> bool:
    return method == "PUT"


@dataclass
class FaultyStore:
    """The proxy; `fail` says which of the next requests go wrong, and how."""

    upstream: str
    port: int = 0
    requests: list[tuple[str, str]] = field(default_factory=list)
    is_over: threading.Event = field(default_factory=threading.Event)
    _fault: Fault | None = None
    _concerns: Callable[[str, str], bool] = is_commit
    _left: int = 0

    @property
    def endpoint(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def fail(
        self, fault: Fault, concerns: Callable[[str, str], bool] = is_commit, *, times: int = 10_000
    ) -> None:
        self._fault, self._concerns, self._left = fault, concerns, times

    def recover(self) -> None:
        self._left = 0

    def fault_of(self, method: str, path: str) -> Fault | None:
        self.requests.append((method, path))
        if self._left <= 0 or not self._concerns(method, path):
            return None
        self._left -= 1
        return self._fault


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, store: FaultyStore) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.store = store


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server

    def answer(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        fault = self.server.store.fault_of(self.command, self.path)
        if fault is not None and fault.seconds_late:
            self.server.store.is_over.wait(fault.seconds_late)
        if fault is None or fault.drops or fault.seconds_late:
            self.relay(*self.forward(body, fault.drops if fault else frozenset()))
            return
        if fault.is_applied:
            self.forward(body, frozenset())
        if fault.hangs:
            self.server.store.is_over.wait(30)
        if fault.status is None:
            self.close_connection = True
        else:
            self.relay(fault.status, {}, fault.body)

    def forward(self, body: bytes, drops: frozenset[str]) -> tuple[int, dict[str, str], bytes]:
        where = urllib.parse.urlsplit(self.server.store.upstream)
        headers = {k: v for k, v in self.headers.items() if k.lower() not in drops}
        connection = http.client.HTTPConnection(where.hostname or "", where.port, timeout=30)
        with contextlib.closing(connection):
            connection.request(self.command, self.path, body, headers)
            response = connection.getresponse()
            return response.status, dict(response.getheaders()), response.read()

    def relay(self, status: int, headers: dict[str, str], body: bytes) -> None:
        is_head = self.command == "HEAD"
        self.send_response(status)
        for name, value in headers.items():
            is_length = name.lower() == "content-length"
            if name.lower() not in HOP_BY_HOP or (is_head and is_length):
                self.send_header(name, value)
        if not is_head:
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        # The client may have gone: of an error it reads no more than it needs.
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            self.wfile.write(b"" if is_head else body)

    def handle_one_request(self) -> None:
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            super().handle_one_request()

    def log_message(self, *_: object) -> None:
        pass

    do_DELETE = do_GET = do_HEAD = do_POST = do_PUT = answer  # noqa: N815 - http.server's names


@contextlib.contextmanager
def faulty_store(upstream: str) -> Iterator[FaultyStore]:
    """Run a proxy before `upstream` as long as the context."""
    store = FaultyStore(upstream)
    server = _Server(store)
    store.port = server.server_port
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        yield store
    finally:
        store.is_over.set()
        server.shutdown()
        server.server_close()
        thread.join()
