"""The API under ten times what its key may ask, for a minute: ``just bench overload``.

Prints one JSON document. Sixteen connections ask with real-sized applications, each at its own
pace, whatever they hear: a client that ignores Retry-After. A connection that is late because its
answer was asks at once, and that answer's time counts from when it should have been asked.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import re
import sys
import tempfile
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from lakehouse.settings.settings import Settings
from lakehouse.silver.claims import open_silver
from tests.bench.api import LOAD_CORE, asking, endless, events, server
from tests.flow import run_module
from tests.servers.process import free_port

ALLOWED_PER_SECOND = 200
BURST = 200
TIMES_TOO_OFTEN = 10
CONNECTIONS = 16

_WHOLE_SECONDS = re.compile(rb"\r\nretry-after: [1-9][0-9]*\r\n", re.IGNORECASE)
_LENGTH = re.compile(rb"\r\ncontent-length: ([0-9]+)\r\n", re.IGNORECASE)


@dataclass
class Heard:
    """What the answers were."""

    took: defaultdict[int, list[float]] = field(default_factory=lambda: defaultdict(list))
    without_retry_after: int = 0
    seconds: float = 0.0

    def p99_ms(self, status: int) -> float | None:
        took = self.took.get(status)
        return round(float(np.percentile(took, 99)) * 1000, 3) if took else None


def main() -> None:
    parser = argparse.ArgumentParser(prog="bench overload", description=__doc__)
    parser.add_argument("--seconds", type=float, default=60.0, help="of overload")
    options = parser.parse_args()
    os.sched_setaffinity(0, {LOAD_CORE % (os.cpu_count() or 1)})
    with tempfile.TemporaryDirectory(prefix="bench-", dir=os.environ.get("RISK_BENCH_DIR")) as name:
        print(json.dumps(run(Path(name), options.seconds), indent=2))


def run(folder: Path, seconds: float) -> dict[str, Any]:
    """Ask a real server too often for so many seconds; return the figures."""
    settings = {"RISK_HOME": str(folder), "RISK_API_ADDRESS": f"127.0.0.1:{free_port()}"}
    command = [sys.executable, "-m", "serving.app"]
    with open_silver(Settings(home=folder)):
        key = {"x-api-key": modest_key(settings)}
        with server(settings, command, folder / "api.log") as api:
            requests = asking(api.address, "/v1/decisions", events(), key)
            before_mib = resident_mib(api.pid)
            heard = asyncio.run(overload(api.address, requests, seconds))
            after_mib = resident_mib(api.pid)
    answers = {status: len(took) for status, took in sorted(heard.took.items())}
    return {
        "offered_per_second": round(sum(answers.values()) / heard.seconds, 1),
        "allowed_per_second": ALLOWED_PER_SECOND,
        "burst": BURST,
        "answers": {str(status): number for status, number in answers.items()},
        "server_errors": sum(number for status, number in answers.items() if status >= 500),
        "without_retry_after": heard.without_retry_after,
        "granted_per_second": round(answers.get(200, 0) / heard.seconds, 1),
        "p99_ms_of_200": heard.p99_ms(200),
        "p99_ms_of_429": heard.p99_ms(429),
        "server_rss_mib_before": before_mib,
        "server_rss_mib_after": after_mib,
        "seconds": round(heard.seconds, 3),
        "cpus": os.cpu_count(),
    }


def modest_key(settings: dict[str, str]) -> str:
    arguments = ["--name", "bench", "--scope", "score", "--json"]
    arguments += ["--rate", str(ALLOWED_PER_SECOND), "--burst", str(BURST)]
    done = run_module("serving", "keys", "create", *arguments, settings=settings)
    if done.returncode:
        raise SystemExit(f"cannot make a key: {done.stderr}")
    return str(json.loads(done.stdout)["key"])


def resident_mib(pid: int) -> float:
    status = Path(f"/proc/{pid}/status").read_text(encoding="utf-8")
    line = next(line for line in status.splitlines() if line.startswith("VmRSS:"))
    return round(int(line.split()[1]) / 1024, 1)


class PacedClient(asyncio.Protocol):
    """One connection that asks every `period` seconds, but not before it has its answer."""

    def __init__(
        self, requests: Iterator[bytes], heard: Heard, *, due: float, period: float, until: float
    ) -> None:
        self._requests = requests
        self._heard = heard
        self._due = due
        self._period = period
        self._until = until
        self._loop = asyncio.get_running_loop()
        self._said = b""
        self._began = 0.0
        self.ended: asyncio.Future[None] = self._loop.create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._ask_when_due()

    def connection_lost(self, exc: Exception | None) -> None:
        if not self.ended.done():
            self.ended.set_exception(exc or ConnectionError(f"closed after {self._said[:500]!r}"))

    def data_received(self, data: bytes) -> None:
        self._said += data
        head, end, body = self._said.partition(b"\r\n\r\n")
        if not end:
            return
        head += b"\r\n"
        length = _LENGTH.search(head)
        assert length is not None, head
        if len(body) < int(length[1]):
            return
        self._said = b""
        self._hear(head)
        self._due += self._period
        if self._due < self._until:
            self._ask_when_due()
        else:
            self.ended.set_result(None)
            self._transport.close()

    def _hear(self, head: bytes) -> None:
        status = int(head.split(b" ", 2)[1])
        self._heard.took[status].append(self._loop.time() - self._began)
        if status == 429 and _WHOLE_SECONDS.search(head) is None:
            self._heard.without_retry_after += 1

    def _ask_when_due(self) -> None:
        if self._loop.time() < self._due:
            self._loop.call_at(self._due, self._ask_on_time)
        else:
            self._ask(began=self._due)

    def _ask_on_time(self) -> None:
        # A timer that fires late is the load generator's delay, not the server's.
        self._ask(began=self._loop.time())

    def _ask(self, *, began: float) -> None:
        self._began = began
        self._transport.write(next(self._requests))


async def overload(address: str, requests: list[bytes], seconds: float) -> Heard:
    """Offer far more than is allowed, evenly; return what was heard."""
    heard = Heard()
    host, _, port = address.partition(":")
    loop = asyncio.get_running_loop()
    offered_per_second = ALLOWED_PER_SECOND * TIMES_TOO_OFTEN
    start = loop.time() + 0.1
    clients = []
    for number in range(CONNECTIONS):
        turn = endless(requests, number * len(requests) // CONNECTIONS)
        client = PacedClient(
            turn,
            heard,
            due=start + number / offered_per_second,
            period=CONNECTIONS / offered_per_second,
            until=start + seconds,
        )
        await loop.create_connection(lambda client=client: client, host, int(port))  # type: ignore[misc]
        clients.append(client.ended)
    await asyncio.wait_for(asyncio.gather(*clients), seconds + 30)
    heard.seconds = loop.time() - start
    return heard


if __name__ == "__main__":
    main()
