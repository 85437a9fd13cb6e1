"""The API on one core, with real-sized applications: ``just bench api``.

Prints one JSON document. One uvicorn worker has a core to itself, the load generator the other: it
keeps 1, 16 and 64 connections busy, each with one request at a time. A bare FastAPI route that
returns what it is sent is measured in the same run, the same way. `ratio` is at 16 connections.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
from fastapi import FastAPI, Request, Response

from lakehouse.settings.settings import Settings
from lakehouse.shipped_simulation import load_simulation_parameters
from lakehouse.silver.claims import open_silver
from risk.simulation.simulator import Simulator
from tests.flow import ROOT, environment, run_module
from tests.risk.simulated import QUIET
from tests.servers.process import free_port
from tests.waiting import until_it_answers

CHALLENGER = "boosting-1"
CONNECTIONS = (1, 16, 64)
EVENTS = 2_000
WARM_UP_SECONDS = 1.0
ROUNDS = 3
SERVER_CORE, LOAD_CORE = 0, 1


def echo() -> FastAPI:
    """Return the bare application that ours is compared with."""
    app = FastAPI(openapi_url=None)

    @app.post("/echo")
    async def give_back(request: Request) -> Response:
        return Response(await request.body(), media_type="application/json")

    return app


def main() -> None:
    parser = argparse.ArgumentParser(prog="bench api", description=__doc__)
    parser.add_argument(
        "--seconds", type=float, default=2.0, help="of each measurement, of which three are made"
    )
    options = parser.parse_args()
    os.sched_setaffinity(0, {LOAD_CORE % (os.cpu_count() or 1)})
    with tempfile.TemporaryDirectory(prefix="bench-", dir=os.environ.get("RISK_BENCH_DIR")) as name:
        print(json.dumps(run(Path(name), options.seconds), indent=2))


def run(folder: Path, seconds: float) -> dict[str, Any]:
    """Measure both, in turns, since a machine's speed drifts; return the figures."""
    bodies = events()
    with_challenger(folder)
    settings = {"RISK_HOME": str(folder), "RISK_API_ADDRESS": f"127.0.0.1:{free_port()}"}
    port = free_port()
    bare = [sys.executable, "-m", "uvicorn", "--factory", "tests.bench.api:echo"]
    bare += ["--port", str(port), "--loop", "uvloop", "--http", "httptools", "--no-access-log"]
    with ExitStack() as stack:
        # Postgres is not on the worker's core, as it would not be on its machine.
        stack.enter_context(open_silver(Settings(home=folder)))
        ours = stack.enter_context(
            server(settings, [sys.executable, "-m", "serving.app"], folder / "api.log")
        )
        echoing = stack.enter_context(
            server({"RISK_API_ADDRESS": f"127.0.0.1:{port}"}, bare, folder / "echo.log")
        )
        key = {"x-api-key": (folder / "api-key").read_text(encoding="utf-8").strip()}
        figures = measured(
            {
                "connections": (
                    ours.address,
                    asking(ours.address, "/v1/decisions", bodies, key),
                ),
                "echo": (echoing.address, asking(echoing.address, "/echo", bodies, {})),
            },
            seconds,
        )
        challenged = samples(ours.address, key, "risk_api_challenged_total")
    rates = {name: of["16"]["requests_per_second"] for name, of in figures.items()}
    return {
        **figures,
        "ratio": round(rates["connections"] / rates["echo"], 3),
        "event_bytes": round(sum(map(len, bodies)) / len(bodies), 1),
        "challenged": challenged,
        "seconds": seconds * ROUNDS,
        "cpus": os.cpu_count(),
    }


def say(what: str) -> None:
    print(f"bench api: {what}", file=sys.stderr, flush=True)


def events() -> list[bytes]:
    """Return applications as they are sent in the stream, all of them fit to be decided."""
    simulator = Simulator(
        load_simulation_parameters(),
        seed=17,
        started_at=datetime.now(UTC),
        rate_per_second=0,
        noise=QUIET,
    )
    return list(simulator.events(0, EVENTS))


def with_challenger(folder: Path) -> None:
    """Put the shipped challenger beside the champion."""
    settings = {"RISK_HOME": str(folder)}
    for arguments in (("register", CHALLENGER), ("challenge", CHALLENGER, "--reason", "bench")):
        done = run_module("lakehouse", "models", *arguments, settings=settings)
        if done.returncode:
            raise SystemExit(f"cannot {arguments[0]} a challenger: {done.stderr}")


@dataclass(frozen=True)
class Server:
    """A server that answers."""

    address: str
    pid: int


@contextmanager
def server(settings: Mapping[str, str], command: list[str], log: Path) -> Iterator[Server]:
    """Run a server on a core of its own; yield it once it answers."""
    address = settings["RISK_API_ADDRESS"]
    with log.open("wb") as output:
        process = subprocess.Popen(
            command,
            cwd=ROOT,
            env=environment(settings),
            stdout=output,
            stderr=subprocess.STDOUT,
            preexec_fn=lambda: os.sched_setaffinity(0, {SERVER_CORE}),  # noqa: PLW1509
        )
    try:
        until_it_answers(address, process, log)
        yield Server(address, process.pid)
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(30)


def samples(address: str, headers: Mapping[str, str], name: str) -> dict[str, float]:
    request = urllib.request.Request(f"http://{address}/metrics", headers=dict(headers))
    with urllib.request.urlopen(request, timeout=5) as page:
        lines = page.read().decode().splitlines()
    found = (line.rpartition(" ") for line in lines if line.startswith(f"{name}{{"))
    return {sample.removeprefix(name): float(value) for sample, _, value in found}


def asking(address: str, path: str, bodies: list[bytes], headers: Mapping[str, str]) -> list[bytes]:
    """Return the requests as they go over the wire."""
    head = f"POST {path} HTTP/1.1\r\nhost: {address}\r\n"
    head += "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    return [f"{head}content-length: {len(body)}\r\n\r\n".encode() + body for body in bodies]


def measured(
    targets: Mapping[str, tuple[str, list[bytes]]], seconds: float
) -> dict[str, dict[str, dict[str, float]]]:
    """Return each target's figures by number of connections."""
    for target in targets.values():
        asyncio.run(load(*target, 16, WARM_UP_SECONDS))
    figures: dict[str, dict[str, dict[str, float]]] = {name: {} for name in targets}
    for connections in CONNECTIONS:
        took: dict[str, list[float]] = {name: [] for name in targets}
        for number in range(1, ROUNDS + 1):
            say(f"{connections} connections, round {number} of {ROUNDS}")
            for name, target in targets.items():
                took[name] += asyncio.run(load(*target, connections, seconds))
        for name, found in took.items():
            p50, p95, p99 = np.percentile(np.array(found) * 1000, [50, 95, 99]).round(3).tolist()
            figures[name][str(connections)] = {
                "requests_per_second": round(len(found) / (seconds * ROUNDS), 1),
                "p50_ms": p50,
                "p95_ms": p95,
                "p99_ms": p99,
            }
    return figures


class Client(asyncio.Protocol):
    """One connection that is never idle: the next request follows each answer."""

    def __init__(self, requests: Iterator[bytes], until: float, took: list[float]) -> None:
        self._requests = requests
        self._until = until
        self._took = took
        self._left = 0
        self._began = 0.0
        self.ended: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._ask()

    def data_received(self, data: bytes) -> None:
        if self._left == 0:
            if not data.startswith(b"HTTP/1.1 200"):
                self.ended.set_exception(AssertionError(data[:500]))
                self._transport.close()
                return
            head, _, body = data.partition(b"\r\n\r\n")
            length = int(head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0])
            self._left = length - len(body)
        else:
            self._left -= len(data)
        if self._left == 0:
            now = time.perf_counter()
            if now < self._until:
                self._took.append(now - self._began)
                self._ask()
            elif not self.ended.done():
                self.ended.set_result(None)
                self._transport.close()

    def _ask(self) -> None:
        self._began = time.perf_counter()
        self._transport.write(next(self._requests))


async def load(
    address: str, requests: list[bytes], connections: int, seconds: float
) -> list[float]:
    """Return how long each answer took, seconds."""
    took: list[float] = []
    until = time.perf_counter() + seconds
    host, _, port = address.partition(":")
    loop = asyncio.get_running_loop()
    clients = []
    for number in range(connections):
        turn = endless(requests, number * len(requests) // connections)
        _, client = await loop.create_connection(
            lambda turn=turn: Client(turn, until, took),  # type: ignore[misc]
            host,
            int(port),
        )
        clients.append(client.ended)
    await asyncio.wait_for(asyncio.gather(*clients), seconds + 30)
    return took


def endless(requests: list[bytes], start: int) -> Iterator[bytes]:
    place = start
    while True:
        yield requests[place % len(requests)]
        place += 1


if __name__ == "__main__":
    main()
