"""What a row of the fault suite stands on: servers, a topic, stores, a ledger, and the flow."""

from __future__ import annotations

import json
import random
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, Final

import psycopg
from deltalake import DeltaTable
from deltalake.exceptions import DeltaError
from psycopg.conninfo import make_conninfo

from tests.flow import ROOT, FlowProcess, environment, running_flow
from tests.lakehouse.faulty_store import FaultyStore, faulty_store
from tests.ledger import Ledger, send, simulated
from tests.servers.broker import Broker, choose, start_broker, start_chosen
from tests.servers.postgres import OwnPostgres
from tests.servers.postgres_proxy import PostgresProxy, postgres_proxy
from tests.servers.s3 import Bucket, make_bucket, s3_endpoint
from tests.waiting import until

MOST_MIB: Final = 512
DRAINED_WITHIN_SECONDS: Final = 300.0
STORED: Final = "select coalesce(sum(read_count), 0) from silver.progress"


class Servers:
    """The servers of one run of the suite; each starts when it is first asked for."""

    def __init__(self, folder: Path, stack: ExitStack) -> None:
        self.folder = folder
        self._stack = stack
        self._number = 0

    @cached_property
    def broker(self) -> Broker:
        """The broker that no row stops."""
        folder = self._made("broker")
        running, choice = start_chosen(choose(), folder)
        self._stack.callback(running.server.kill)
        self.broker_said = str(choice)
        return running

    @cached_property
    def postgres(self) -> OwnPostgres:
        """The Postgres; a row that stops it starts it again."""
        server = OwnPostgres(self._made("postgres"))
        server.start()
        self._stack.callback(server.stop)
        return server

    @cached_property
    def s3(self) -> str:
        """The endpoint of the object store."""
        return self._stack.enter_context(s3_endpoint())

    def own_broker(self, stack: ExitStack) -> Broker:
        """A broker that the row may stop, kill and start again."""
        self._number += 1
        running = start_broker(self.broker.flavour, self._made(f"broker-{self._number}"))
        stack.callback(running.server.kill)
        return running

    @contextmanager
    def scene(self, name: str, *, seed: int) -> Iterator[Scene]:
        """Give a row an empty database, an empty lake and a folder."""
        self._number += 1
        label = f"{name.replace('-', '_')}_{self._number}"
        with ExitStack() as stack:
            dsn = stack.enter_context(self._database(label))
            yield Scene(self, self._made(label), dsn, label, random.Random(seed), stack, seed)

    @contextmanager
    def _database(self, name: str) -> Iterator[str]:
        """Make a database, dropped afterwards, whatever became of the server meanwhile."""
        self._tell(f'create database "{name}"')
        try:
            yield make_conninfo(self.postgres.dsn, dbname=name)
        finally:
            if not self.postgres.is_running:
                self.postgres.start()
            self._tell(f'drop database "{name}" with (force)')

    def _tell(self, statement: str) -> None:
        with psycopg.connect(self.postgres.dsn, autocommit=True) as connection:
            connection.execute(statement.encode())

    def _made(self, name: str) -> Path:
        folder = self.folder / name
        folder.mkdir(parents=True, exist_ok=True)
        return folder


@dataclass
class Scene:
    """One row's stores and its flow.

    Attributes
    ----------
    dsn
        Of the database, past any proxy.
    settings
        What the flow is told.
    ledger
        What the broker acknowledged.
    direct
        How to reach an object store past its proxy.
    """

    servers: Servers
    folder: Path
    dsn: str
    label: str
    chance: random.Random
    stack: ExitStack
    seed: int
    settings: dict[str, str] = field(default_factory=dict)
    ledger: Ledger = field(default_factory=Ledger)
    sent: int = 0
    peak_mib: float = 0.0
    direct: dict[str, str] = field(default_factory=dict)
    _asking: psycopg.Connection | None = None

    def __post_init__(self) -> None:
        self.settings = {
            "RISK_HOME": str(self.folder / "home"),
            "RISK_SILVER_DSN": self.dsn,
            "RISK_LAKE_URI": str(self.folder / "lake"),
            "RISK_GOLD_FLUSH_SECONDS": "1",
        }

    @property
    def log(self) -> Path:
        return self.folder / "flow.log"

    def topic(
        self,
        *,
        partitions: int = 3,
        broker: Broker | None = None,
        config: dict[str, str] | None = None,
    ) -> str:
        """Make the topic that the flow reads, and return its address."""
        on = broker or self.servers.broker
        on.create_topic(self.label, partitions=partitions, config=config)
        self.settings["RISK_SOURCE"] = f"kafka://{on.address}/{self.label}"
        return self.settings["RISK_SOURCE"]

    def on_s3(self) -> FaultyStore:
        """Put the lake on S3, behind a proxy that fails when told; return the proxy."""
        bucket = make_bucket(self.servers.s3, self.label.replace("_", "-"))
        proxy = self.stack.enter_context(faulty_store(bucket.endpoint))
        through = Bucket(bucket.name, proxy.endpoint)
        self.settings |= through.environment | {"RISK_LAKE_URI": f"{bucket.uri}/lake"}
        self.direct = bucket.environment
        return proxy

    def behind_a_proxy(self) -> PostgresProxy:
        """Let the flow reach Postgres through a proxy that cuts when told; return that."""
        proxy = self.stack.enter_context(postgres_proxy(self.dsn))
        self.settings["RISK_SILVER_DSN"] = proxy.dsn
        return proxy

    def produce(self, count: int) -> None:
        """Send simulated applications, and note what was acknowledged."""
        self.sent += 1
        some = send(
            self.settings["RISK_SOURCE"], simulated(count, seed=self.seed * 1_000 + self.sent)
        )
        self.ledger.acknowledged |= some.acknowledged

    @contextmanager
    def producing(self, count: int, *, rate: float) -> Iterator[Path]:
        """Send at a steady rate from another process meanwhile, to the end."""
        self.sent += 1
        path = self.folder / f"ledger-{self.sent}.jsonl"
        process = subprocess.Popen(
            [
                *(sys.executable, "-m", "tests.faults.suite.producer"),
                *(self.settings["RISK_SOURCE"], "--events", str(count), "--rate", str(rate)),
                *("--seed", str(self.seed * 1_000 + self.sent), "--ledger", str(path)),
            ],
            cwd=ROOT,
            env=environment({}),
        )
        try:
            yield path
            assert process.wait(count / rate + 300) == 0, "the producer failed"
        finally:
            process.kill()
            process.wait()
        self.ledger.read(path)

    @contextmanager
    def flow(self, *arguments: str, **settings: str) -> Iterator[FlowProcess]:
        """Run the flow meanwhile."""
        with running_flow(
            self.settings | settings, log=self.log, arguments=arguments or ("-s", "1")
        ) as flow:
            yield flow

    def stored(self) -> int:
        """Return how many events silver has; -1 while it does not answer.

        It is asked many times a second: a connection each time would take from the flow's cores.
        """
        if self._asking is not None and not self._asking.closed:
            try:
                return _one(self._asking)
            except psycopg.Error:  # the server may have been away since
                self._asking.close()
        try:
            self._asking = psycopg.connect(self.dsn, connect_timeout=2, autocommit=True)
            self.stack.callback(self._asking.close)
            return _one(self._asking)
        except psycopg.Error:
            return -1

    def wait_stored(
        self, flow: FlowProcess, count: int, *, seconds: float = 120, what: str = ""
    ) -> float:
        """Wait until silver has so many events; return the seconds that took."""
        began = time.monotonic()

        def is_there() -> bool:
            self.peak_mib = max(self.peak_mib, _mib(flow))
            return self.stored() >= count

        flow.wait_until(
            is_there, seconds=seconds, what=what or f"{count:,} events stored", every=0.05
        )
        return time.monotonic() - began

    def archived(self) -> int:
        """Return how many events the archive in gold has; -1 while there is none."""
        try:
            table = DeltaTable(f"{self.settings['RISK_LAKE_URI']}/raw_events", None, self.direct)
        except DeltaError:
            return -1
        return sum(table.get_add_actions(flatten=True)["num_records"].to_pylist())

    def wait_archived(self, flow: FlowProcess, count: int, *, seconds: float = 120) -> float:
        """Wait until gold has so many events; return the seconds that took."""
        began = time.monotonic()
        flow.wait_until(
            lambda: self.archived() >= count,
            seconds=seconds,
            what=f"{count:,} events in gold",
            every=0.2,
        )
        return time.monotonic() - began

    def more(self, flow: FlowProcess, than: int, *, seconds: float = 120, what: str = "") -> float:
        """Wait for a commit beyond what there was; return the seconds that took."""
        return self.wait_stored(flow, than + 1, seconds=seconds, what=what or "a new commit")

    def finish(self, *flows: FlowProcess) -> None:
        """Drain, stop in good order, and verify the ledger.

        That silver has everything is not enough: what gold lacks of it is read again at the start.
        """
        total = len(self.ledger.acknowledged)
        for flow in flows:
            wait_started(flow)

        def is_through() -> bool:
            self.peak_mib = max(self.peak_mib, *map(_mib, flows))
            return sum(flow.total("risk_partition_position") for flow in flows) >= total

        flows[0].wait_until(
            is_through, seconds=DRAINED_WITHIN_SECONDS, what=f"at offset {total:,}", every=0.1
        )
        for flow in flows:
            flow.terminate()
        codes = [flow.wait(seconds=30) for flow in flows]
        assert not any(codes), f"exit codes {codes} at a stop in good order: {flows[0].tail()}"
        self.verify()

    def drain(self) -> None:
        """Run the flow to the end of what was sent, and verify the ledger."""
        with self.flow() as flow:
            self.finish(flow)

    def verify(self) -> dict[str, Any]:
        """Have a process of its own recompute everything from the ledger; fail where it differs."""
        path = self.folder / "ledger.jsonl"
        self.ledger.write(path)
        done = subprocess.run(
            [
                *(sys.executable, "-m", "tests.faults.suite.verifier", "--ledger", str(path)),
                *("--lake", self.settings["RISK_LAKE_URI"]),
            ],
            cwd=ROOT,
            env=environment(self.direct | {"VERIFIER_DSN": self.dsn}),
            capture_output=True,
            text=True,
            check=False,
            timeout=600,
        )
        assert done.returncode == 0, f"the ledger is not exact: {done.stdout}{done.stderr}"
        assert self.peak_mib <= MOST_MIB, f"the flow took {self.peak_mib:.0f} MiB"
        found: dict[str, Any] = json.loads(done.stdout)
        return found

    def exact(self) -> str:
        """Say that the ledger was, in the words of the table."""
        return f"ledger exact over {len(self.ledger.acknowledged):,}"


def wait_started(flow: FlowProcess) -> None:
    """Wait until the flow has found its start: a SIGTERM before that ends it as it is."""
    flow.wait_until(lambda: bool(flow.metrics()), seconds=180, what="started")


def stop(flow: FlowProcess, *, seconds: float = 30) -> float:
    """Stop the flow in good order; return the seconds that took."""
    began = time.monotonic()
    flow.terminate()
    code = flow.wait(seconds=seconds)
    assert code == 0, f"exit {code} at a stop in good order: {flow.tail()}"
    return time.monotonic() - began


def wait_for_line(flow: FlowProcess, words: str, *, seconds: float) -> float:
    """Wait until the flow has written these words; return the seconds that took."""
    began = time.monotonic()
    until(lambda: words in flow.tail(), what=f"said {words!r}", seconds=seconds, every=0.05)
    return time.monotonic() - began


def eventually(condition: Callable[[], bool], *, what: str, seconds: float) -> float:
    """Wait for a condition; return the seconds that took."""
    began = time.monotonic()
    until(condition, what=what, seconds=seconds, every=0.05)
    return time.monotonic() - began


def _one(connection: psycopg.Connection) -> int:
    ((count,),) = connection.execute(STORED).fetchall()
    return int(count)


def _mib(flow: FlowProcess) -> float:
    try:
        return flow.anonymous_mib()
    except (OSError, StopIteration):
        return 0.0
