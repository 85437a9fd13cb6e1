"""Start, tend and stop the services of compose.yaml on this machine."""

from __future__ import annotations

import fcntl
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final
from urllib.parse import quote

import psycopg
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from lakehouse.embedded.server import embedded_postgres
from tests.flow import environment
from tests.project.tree import ROOT
from tests.servers.broker import Broker, choose, start_chosen
from tests.servers.process import Server, free_port, is_free
from tests.stack.compose import COMPOSE, Layout, Service
from tests.stack.watchers import alertmanager_server, prometheus_server
from tests.waiting import until

__all__ = ["ONE_SHOTS", "PRODUCT", "Stack", "running_stack"]

TOPIC: Final = "loan_applications"
PARTITIONS: Final = 12
ONE_SHOTS: Final = ("secrets", "bucket", "migrate", "metrics-key")
PRODUCT: Final = tuple(
    name
    for name, each in COMPOSE["services"].items()
    if str(each["image"]).startswith("credit-risk-monitor")
    and each["restart"] != "no"
    and name != "s3"
)
"""The services that run on, the simulator among them."""

_START_SECONDS: Final = 120.0
_END_SECONDS: Final = 30.0
_POSTGRES_ENDS_SECONDS: Final = 30.0


@dataclass
class Stack:
    """A running stack."""

    layout: Layout
    broker: Broker
    broker_name: str
    owner_dsn: str
    servers: dict[str, Server] = field(default_factory=dict)
    services: dict[str, Service] = field(default_factory=dict)
    missing: dict[str, str] = field(default_factory=dict)
    paused: set[str] = field(default_factory=set)

    @property
    def folder(self) -> Path:
        """Everything of this run."""
        return self.layout.folder

    @property
    def source(self) -> str:
        """The topic, as ``RISK_SOURCE`` names it."""
        return f"kafka://{self.broker.address}/{TOPIC}"

    def url(self, name: str) -> str:
        """Return where a service answers."""
        return f"http://{self.layout.address(name)}"

    def secret(self, name: str) -> str:
        """Return one of the secrets of ops/secrets.sh."""
        return (self.folder / "secrets" / name).read_text(encoding="utf-8").strip()

    def run(self, name: str, *command: str, text: str = "", seconds: float = 120.0) -> str:
        """Run a service's command, or another one in its place, to its end; return what it says."""
        service = self.layout.service(name)
        told = ["sh", str(ROOT / "ops" / "entrypoint.sh"), *command] if command else service.command
        done = subprocess.run(
            told,
            cwd=ROOT,
            env=environment(service.environment),
            input=text,
            capture_output=True,
            text=True,
            timeout=seconds,
            check=False,
        )
        if done.returncode:
            raise StackFailedError(
                f"{name} ended with {done.returncode}: {done.stderr or done.stdout}"
            )
        return done.stdout

    def start(self, name: str, *command: str) -> None:
        """Start a service that runs on; return at once."""
        service = self.layout.service(name)
        if command:
            service = Service(name, list(command), service.environment, service.probe)
        self.services[name] = service
        self._set_up(service)
        self.servers[name].start()

    def change(self, name: str, **variables: str) -> None:
        """Give a service that is stopped other variables; its next start takes them."""
        self.services[name].environment.update(variables)
        self._set_up(self.services[name])

    def _set_up(self, service: Service) -> None:
        self.servers[service.name] = Server(
            service.command,
            log=self.layout.log(service.name),
            env=environment(service.environment),
            inherits=False,
            folder=ROOT,
        )

    def is_well(self, name: str) -> bool:
        """Ask a service by compose's health check; one without is well while it runs."""
        service = self.services[name]
        if service.probe is None:
            return self.servers[name].is_running
        asked = subprocess.run(
            service.probe,
            cwd=ROOT,
            env=environment(service.environment),
            capture_output=True,
            timeout=30,
            check=False,
        )
        return asked.returncode == 0

    def wait_until_well(self, *names: str) -> None:
        """Return once these services answer; fail with the log of one that ended."""
        for name in names:

            def answers(name: str = name) -> bool:
                if not self.servers[name].is_running:
                    raise self.servers[name].failure(f"{name} ended at its start")
                return self.is_well(name)

            until(answers, what=f"{name} answering", seconds=_START_SECONDS, every=0.2)

    def tend(self, say: Callable[[str], object] = print) -> None:
        """Start again what ended by itself, as compose does."""
        for name, server in self.servers.items():
            if not server.is_running and name not in self.paused:
                say(f"{name} ended; started again (log: {self.layout.log(name)})")
                server.start()

    def stop(self) -> None:
        """Stop all, what sends first and the stores last."""
        stores = ("s3",)
        services = [server for name, server in self.servers.items() if name not in stores]
        for server in services:
            server.ask_to_end()
        for server in services:
            server.end_within(_END_SECONDS)
        for name in stores:
            if name in self.servers:
                self.servers[name].stop(_END_SECONDS)


class StackFailedError(Exception):
    """A part of the stack did not do what it should; the message says which, and its last words."""


@contextmanager
def running_stack(
    folder: Path,
    *,
    keeps_ports: bool = False,
    rate: int = 200,
    haste: int = 1,
    history: int = 0,
) -> Iterator[Stack]:
    """Run the whole as long as the context; nothing of it is left afterwards.

    Parameters
    ----------
    folder
        Holds data, logs and secrets of this run; it is there and empty.
    rate
        Applications a second that the simulator sends; 0 for none.
    haste
        By how much the windows and waits of the alerts are divided.
    history
        Simulated decisions of past years, with outcomes, that are in the lake from the start.
    """
    with ExitStack() as exits:
        (folder / "broker").mkdir()
        broker, chosen = start_chosen(choose(), folder / "broker")
        exits.callback(broker.server.kill)
        broker.create_topic(TOPIC, partitions=PARTITIONS)
        dsn = exits.enter_context(_postgres(folder))
        s3_port = free_port()
        s3 = f"127.0.0.1:{s3_port}"
        addresses = {
            "http://s3:8333": f"http://{s3}",
            "kafka://redpanda:9092": f"kafka://{broker.address}",
        }
        stack = Stack(Layout(folder, addresses, keeps_ports=keeps_ports), broker, str(chosen), dsn)
        exits.callback(stack.stop)
        stack.servers["s3"] = _s3_server(s3, stack.layout.log("s3"))
        stack.servers["s3"].start()
        until(lambda: not is_free(s3_port), what="the S3 listening", seconds=_START_SECONDS)
        _make_secrets(folder / "secrets", dsn)
        for name in ONE_SHOTS:
            stack.run(name)
        if history:
            source = f"sim://?limit={history}&seed=1"
            stack.run("monitor", "python", "-m", "dataflows.history", source, seconds=300.0)
        _start_services(stack, rate)
        _start_watchers(stack, haste)
        yield stack


def _start_services(stack: Stack, rate: int) -> None:
    names = [name for name in PRODUCT if name != "simulate"]
    for name in names:
        stack.start(name)
    stack.wait_until_well(*names)
    if rate:
        command = stack.layout.service("simulate").command
        stack.start("simulate", *(re.sub(r"rate=\d+", f"rate={rate}", word) for word in command))


def _start_watchers(stack: Stack, haste: int) -> None:
    for name, server in (
        ("alertmanager", alertmanager_server(stack.layout, haste)),
        ("prometheus", prometheus_server(stack.layout, haste)),
    ):
        if isinstance(server, str):
            stack.missing[name] = server
            continue
        stack.servers[name] = server
        server.start()


@contextmanager
def _postgres(folder: Path) -> Iterator[str]:
    """Yield the connection string of a database ``risk``, as its owner."""
    with embedded_postgres(folder) as server:
        with psycopg.connect(server, autocommit=True) as connection:
            connection.execute("create database risk")
        yield make_conninfo(server, dbname="risk")
    lock = folder / "postgres" / "supervisor.lock"
    until(lambda: _is_free(lock), what="Postgres ended", seconds=_POSTGRES_ENDS_SECONDS)


def _is_free(lock: Path) -> bool:
    """Say whether the process that keeps Postgres, which holds this lock, is gone."""
    with lock.open() as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
    return True


def _s3_server(address: str, log: Path) -> Server:
    host, _, port = address.partition(":")
    return Server([sys.executable, "-m", "moto.server", "-H", host, "-p", port], log=log)


def _make_secrets(folder: Path, owner_dsn: str) -> None:
    """Make compose's secrets; those that name Postgres name this one."""
    subprocess.run(["sh", str(ROOT / "ops" / "secrets.sh"), str(folder)], check=True)
    found = conninfo_to_dict(owner_dsn)
    place = f"{found['host']}:{found['port']}/risk"
    for path in folder.glob("silver_dsn_*"):
        text = path.read_text(encoding="utf-8").replace("postgres:5432/risk", place)
        path.write_text(text, encoding="utf-8")
    password = quote(str(found["password"]), safe="")
    owner = f"postgresql://{found['user']}:{password}@{place}\n"
    (folder / "silver_dsn_owner").write_text(owner, encoding="utf-8")
