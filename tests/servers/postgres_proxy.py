"""A proxy before Postgres that loses the answer to a commit, is slow, or lets nothing through."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field

from psycopg.conninfo import conninfo_to_dict, make_conninfo

COMMIT = b"COMMIT\0"
PIECE = 1 << 16


@dataclass
class PostgresProxy:
    """Passes bytes on, both ways.

    Attributes
    ----------
    answers_to_lose
        So many commits reach the server, whose answer never reaches the client.
    lost
        How many that were.
    seconds_late
        How long each answer is held back.
    """

    dsn: str
    upstream: tuple[str, int]
    answers_to_lose: int = 0
    seconds_late: float = 0.0
    lost: int = 0
    is_over: threading.Event = field(default_factory=threading.Event)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def serve(self, client: socket.socket) -> None:
        """Pass one connection's bytes on until either side ends it."""
        with (
            client,
            contextlib.suppress(OSError),
            socket.create_connection(self.upstream, timeout=10) as server,
        ):
            server.settimeout(None)
            lost = threading.Event()
            back = threading.Thread(target=self._answers, args=(server, client, lost), daemon=True)
            back.start()
            while piece := client.recv(PIECE):
                if piece.endswith(COMMIT) and self._may_lose():
                    lost.set()
                server.sendall(piece)
                if lost.is_set():
                    back.join(10)
                    return

    def _answers(self, server: socket.socket, client: socket.socket, lost: threading.Event) -> None:
        with contextlib.suppress(OSError):
            while piece := server.recv(PIECE):
                if lost.is_set():
                    break
                if self.seconds_late:
                    self.is_over.wait(self.seconds_late)
                client.sendall(piece)
            client.shutdown(socket.SHUT_RDWR)

    def _may_lose(self) -> bool:
        with self._lock:
            if self.answers_to_lose <= 0:
                return False
            self.answers_to_lose -= 1
            self.lost += 1
            return True


@contextlib.contextmanager
def postgres_proxy(dsn: str) -> Iterator[PostgresProxy]:
    """Run a proxy before the server of a connection string as long as the context."""
    told = conninfo_to_dict(dsn)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        proxy = PostgresProxy(
            make_conninfo(dsn, port=port), (str(told["host"]), int(str(told["port"])))
        )

        def accept() -> None:
            with contextlib.suppress(OSError):
                while True:
                    client, _ = listener.accept()
                    threading.Thread(target=proxy.serve, args=(client,), daemon=True).start()

        threading.Thread(target=accept, daemon=True).start()
        try:
            yield proxy
        finally:
            proxy.is_over.set()
