"""A start that cannot succeed says so in one line; a stop loses nothing."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import psycopg
import pytest

from tests.flow import (
    ROOT,
    FlowProcess,
    environment,
    run_module,
    running_flow,
    sound_account,
)
from tests.ledger import produce
from tests.servers.broker import Broker, Flavour
from tests.servers.process import free_port

START_WITHIN_SECONDS = 15.0


@pytest.mark.parametrize(
    ("settings", "exit_code", "words"),
    [
        ({"RISK_SOURCE": "kafka://{nobody}/loans"}, 4, ("broker", "RISK_SOURCE")),
        (
            {"RISK_SILVER_DSN": "postgresql://someone@{nobody}/risk"},
            4,
            ("Postgres", "RISK_SILVER_DSN"),
        ),
        (
            {
                "RISK_LAKE_URI": "s3://lake/gold",
                "AWS_ENDPOINT_URL": "http://{nobody}",
                "AWS_ACCESS_KEY_ID": "a",
                "AWS_SECRET_ACCESS_KEY": "b",
                "AWS_REGION": "us-east-1",
                "AWS_ALLOW_HTTP": "true",
            },
            4,
            ("lake", "s3://lake/gold"),
        ),
        ({"RISK_SOURCE": "/no/such/file.csv"}, 2, ("/no/such/file.csv", "expected a file")),
        ({"RISK_POLICY": "reference-9"}, 2, ("reference-9", "standard-1")),
        ({"RISK_POLICI": "standard-1"}, 2, ("RISK_POLICI", "RISK_POLICY")),
    ],
    ids=["broker", "postgres", "lake", "file", "policy", "setting"],
)  # fmt: skip
def test_what_cannot_be_had_at_start_ends_it_with_one_line(
    settings: dict[str, str], exit_code: int, words: tuple[str, str], tmp_path: Path
) -> None:
    nobody = f"127.0.0.1:{free_port()}"
    told = {name: value.format(nobody=nobody) for name, value in settings.items()}
    began = time.monotonic()
    done = run_module(
        "bytewax.run",
        "dataflows.score",
        settings={"RISK_HOME": str(tmp_path / "home"), "RISK_METRICS_ADDRESS": "127.0.0.1:0"}
        | told,
        seconds=60,
    )
    assert done.returncode == exit_code, done.stderr
    assert len(done.stderr.strip().splitlines()) == 1, done.stderr
    assert all(word in done.stderr for word in words), done.stderr
    assert time.monotonic() - began < START_WITHIN_SECONDS


@pytest.mark.long
@pytest.mark.parametrize("name", ["nobody.invalid", "127.0.0.1"], ids=["no such name", "refused"])
def test_a_broker_that_sends_its_clients_nowhere_is_told_with_that_address(
    own_broker: Broker, name: str, tmp_path: Path
) -> None:
    if own_broker.flavour is not Flavour.KAFKA:
        pytest.skip(f"{own_broker.name} tells its address in another way")
    topic = own_broker.create_topic("loans", partitions=2)
    own_broker.server.stop()
    nowhere = f"{name}:{free_port()}"
    with (tmp_path / "broker" / "server.properties").open("a", encoding="utf-8") as properties:
        properties.write(f"advertised.listeners=PLAINTEXT://{nowhere}\n")
    own_broker.start()
    began = time.monotonic()
    done = run_module(
        "bytewax.run",
        "dataflows.score",
        settings={
            "RISK_SOURCE": f"kafka://{own_broker.address}/{topic}",
            "RISK_HOME": str(tmp_path / "home"),
            "RISK_METRICS_ADDRESS": "127.0.0.1:0",
        },
        seconds=60,
    )
    assert done.returncode == 4, done.stderr
    assert len(done.stderr.strip().splitlines()) == 1, done.stderr
    assert f"broker unreachable at {nowhere}" in done.stderr
    assert "advertised.listeners" in done.stderr
    assert time.monotonic() - began < START_WITHIN_SECONDS


@pytest.mark.timeout(180)
def test_sigterm_under_load_stores_the_last_batch_and_exits_0(
    broker: Broker, new_topic: Callable[..., str], tmp_path: Path
) -> None:
    source = f"kafka://{broker.address}/{new_topic(partitions=3)}"
    settings = {"RISK_SOURCE": source, "RISK_HOME": str(tmp_path / "home")}
    produce(source, 30_000, seed=3)
    with running_flow(settings, log=tmp_path / "flow.log") as flow:
        flow.wait_until(lambda: read(flow) > 0, seconds=60, what="at its first commit")
        flow.terminate()
        assert flow.wait(seconds=15) == 0, flow.tail()
    found = sound_account(settings)
    assert 0 < found["read"] < 30_000, "the stop came too late to prove anything"
    assert found["gold_behind"] == 0
    assert flow.process.returncode == 0


def test_a_worker_keeps_its_connection_from_batch_to_batch(tmp_path: Path, postgres: str) -> None:
    settings = {
        "RISK_SOURCE": "sim://?rate=0&seed=6&limit=12000",
        "RISK_BATCH_MAX_MESSAGES": "100",
        "RISK_HOME": str(tmp_path / "home"),
        "RISK_SILVER_DSN": postgres,
        "RISK_METRICS_ADDRESS": "127.0.0.1:0",
    }
    # Workers beside the main thread, as in a cluster: the engine makes their threads, not Python.
    done = run_module("bytewax.run", "dataflows.score", "-w", "2", settings=settings)
    assert done.returncode == 0, done.stderr
    with psycopg.connect(postgres) as connection:
        asked = "select sessions from pg_stat_database where datname = current_database()"
        (sessions,) = connection.execute(asked).fetchone() or (None,)
    assert sessions is not None
    assert 0 < sessions < 60, "120 batches were stored, each through a connection of its own"


def read(flow: FlowProcess) -> float:
    return flow.total("risk_events_read_total")


def test_a_bounded_source_ends_by_itself_and_a_second_run_finds_nothing_to_do(
    tmp_path: Path,
) -> None:
    settings = {
        "RISK_SOURCE": "sim://?rate=0&seed=5&limit=2500",
        "RISK_HOME": str(tmp_path / "home"),
        "RISK_METRICS_ADDRESS": "127.0.0.1:0",
    }
    for _ in range(2):
        done = run_module("bytewax.run", "dataflows.score", settings=settings)
        assert done.returncode == 0, done.stderr
        found = sound_account(settings)
        assert (found["read"], found["gold_behind"]) == (2_500, 0)


@pytest.mark.timeout(180)
def test_the_older_of_two_instances_is_fenced_with_exit_code_3(
    broker: Broker, new_topic: Callable[..., str], tmp_path: Path
) -> None:
    source = f"kafka://{broker.address}/{new_topic()}"
    settings = {"RISK_SOURCE": source, "RISK_HOME": str(tmp_path / "home")}
    produce(source, 1_000, seed=4)
    with running_flow(settings, log=tmp_path / "older.log") as older:
        older.wait_until(lambda: read(older) >= 1_000, seconds=60, what="drained")
        with running_flow(settings, log=tmp_path / "newer.log") as newer:
            newer.wait_until(lambda: bool(newer.metrics()), seconds=60, what="started")
            produce(source, 1_000, seed=5)
            assert older.wait(seconds=30) == 3, older.tail()
            assert "fenced by a newer instance" in older.tail()
            newer.wait_until(lambda: read(newer) >= 1_000, seconds=60, what="gone on")
            newer.terminate()
            assert newer.wait(seconds=30) == 0, newer.tail()
    assert sound_account(settings)["read"] == 2_000


@contextmanager
def mute_broker() -> Iterator[tuple[str, socket.socket]]:
    """A broker that takes connections and never answers: a start waits for it for seconds."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(60)
        host, port = server.getsockname()
        yield f"{host}:{port}", server


def first_process_of_its_own(command: list[str]) -> list[str]:
    """The command as process 1, as in a container without an init."""
    if os.geteuid() != 0 or shutil.which("unshare") is None:
        pytest.skip("needs root and unshare, to make a process number 1")
    return ["unshare", "--pid", "--fork", "--kill-child", *command]


@pytest.mark.parametrize("is_first", [False, True], ids=["a process", "process 1"])
def test_sigterm_during_the_start_ends_it_at_once_with_nothing_claimed(
    postgres: str, tmp_path: Path, *, is_first: bool
) -> None:
    command = [sys.executable, "-m", "bytewax.run", "dataflows.score"]
    log = tmp_path / "flow.log"
    with mute_broker() as (address, server), ExitStack() as stack, log.open("wb") as output:
        settings = {
            "RISK_SOURCE": f"kafka://{address}/loans",
            "RISK_HOME": str(tmp_path / "home"),
            "RISK_SILVER_DSN": postgres,
            "RISK_METRICS_ADDRESS": "127.0.0.1:0",
        }
        process = subprocess.Popen(
            first_process_of_its_own(command) if is_first else command,
            cwd=ROOT,
            env=environment(settings),
            stderr=output,
        )
        try:
            stack.enter_context(
                server.accept()[0]
            )  # the start now waits within the client's library
            children = Path(f"/proc/{process.pid}/task/{process.pid}/children")
            target = int(children.read_text("utf-8").split()[0]) if is_first else process.pid
            began = time.monotonic()
            os.kill(target, signal.SIGTERM)
            assert process.wait(timeout=20) == 0
            assert time.monotonic() - began < 2
        finally:
            process.kill()
            process.wait()
    assert log.read_text("utf-8") == "stopped during the start: nothing was read\n"
    with psycopg.connect(postgres) as connection:
        claimed = connection.execute("select to_regclass('silver.owner')").fetchone()
    assert claimed == (None,)
