"""Postgres is killed, away, locked, full, or not heard."""

from __future__ import annotations

import itertools
import statistics
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, closing, contextmanager

import psycopg
from psycopg.conninfo import conninfo_to_dict

from tests.faults.suite.scene import Scene
from tests.faults.suite.table import row
from tests.flow import FlowProcess

RECOVERED_WITHIN_SECONDS = 15.0
BAR = f"no half batch, recovery within {RECOVERED_WITHIN_SECONDS:.0f} s; ledger exact"
BACKENDS = (
    "select pg_terminate_backend(pid) from pg_stat_activity "
    "where datname = current_database() and application_name = 'risk'"
)


def tell(dsn: str, *statements: str) -> None:
    with psycopg.connect(dsn, autocommit=True) as connection:
        for statement in statements:
            connection.execute(statement.encode())


@row("postgres-backends", "Postgres: the flow's backends are killed, 20 times", BAR, short=True)
def backends_killed(scene: Scene) -> str:
    return troubled(scene, 20, lambda: tell(scene.dsn, BACKENDS))


@row("postgres-crash", "Postgres: immediate shutdown and restart, 20 times", BAR)
def crashed(scene: Scene) -> str:
    def crash() -> None:
        scene.servers.postgres.crash()
        scene.servers.postgres.start()

    return troubled(scene, 20, crash)


@row("postgres-answer-lost", "Postgres: the answer to COMMIT is lost, 20 times", BAR, short=True)
def answer_lost(scene: Scene) -> str:
    proxy = scene.behind_a_proxy()

    def lose() -> None:
        proxy.answers_to_lose += 1

    measured = troubled(scene, 20, lose)
    assert proxy.lost > 10, f"only {proxy.lost} answers were lost"
    return f"{proxy.lost} lost; {measured}"


@row("postgres-altered", "Postgres: a column is added to silver's tables, 20 times", BAR)
def altered(scene: Scene) -> str:
    number = itertools.count()

    def alter() -> None:
        column = f"theirs_{next(number)}"
        tables = ("decisions", "quarantine", "duplicates", "progress")
        tell(scene.dsn, *(f"alter table silver.{table} add {column} int" for table in tables))

    return troubled(scene, 20, alter)


def troubled(scene: Scene, times: int, trouble: Callable[[], None]) -> str:
    """Make trouble again and again while events come in; measure each recovery."""
    scene.topic()
    waits = []
    with scene.flow(RISK_BATCH_MAX_MESSAGES="200") as flow:
        scene.produce(500)
        scene.more(flow, 0)
        for _ in range(times):
            scene.produce(500)
            trouble()
            scene.produce(500)
            before = scene.stored()
            waits.append(scene.wait_stored(flow, min(before + 1, acknowledged(scene))))
        scene.finish(flow)
    measured = recovery(waits, scene)
    assert max(waits) <= RECOVERED_WITHIN_SECONDS, measured
    return measured


def acknowledged(scene: Scene) -> int:
    return len(scene.ledger.acknowledged)


def recovery(waits: list[float], scene: Scene) -> str:
    return (
        f"went on after {statistics.median(waits):.1f} s (median), {max(waits):.1f} s (longest); "
        f"{scene.exact()}"
    )


@row("postgres-down", "Postgres: down for 120 s", f"the flow waits and says so; {BAR}")
def down(scene: Scene) -> str:
    @contextmanager
    def outage() -> Iterator[None]:
        scene.servers.postgres.crash()
        try:
            yield
        finally:
            scene.servers.postgres.start()

    return held_up(scene, outage(), seconds=120, words="SQLSTATE")


@row("postgres-lock", "Postgres: a table is locked for 30 s", f"the flow waits; {BAR}")
def locked(scene: Scene) -> str:
    @contextmanager
    def lock() -> Iterator[None]:
        with closing(psycopg.connect(scene.dsn)) as connection:
            connection.execute("lock table silver.decisions in access exclusive mode")
            yield

    return held_up(scene, lock(), seconds=30, words="55P03")


@row("postgres-read-only", "Postgres: read-only for 30 s", f"SQLSTATE in the message; {BAR}")
def read_only(scene: Scene) -> str:
    @contextmanager
    def readable() -> Iterator[None]:
        name = conninfo_to_dict(scene.dsn)["dbname"]
        option = f'alter database "{name}" set default_transaction_read_only = '
        tell(scene.dsn, f"{option} on", BACKENDS)
        try:
            yield
        finally:
            tell(
                scene.servers.postgres.dsn,
                f"{option} off",
                BACKENDS.replace("current_database()", f"'{name}'"),
            )

    return held_up(scene, readable(), seconds=30, words="25006")


RAISES = (
    "create function fail_as_told() returns trigger language plpgsql as "
    "$$ begin raise exception 'as told' using errcode = '{state}'; end $$"
)
TRIGGER = (
    "create trigger fails before insert on silver.decisions "
    "for each statement execute function fail_as_told()"
)


@row(
    "postgres-disk-full",
    "Postgres: disk full (53100, raised by a trigger) for 30 s",
    f"SQLSTATE in the message; {BAR}",
)
def disk_full(scene: Scene) -> str:
    return held_up(scene, raising(scene, "53100"), seconds=30, words="53100")


@row("postgres-deadlock", "Postgres: every insert ends in a deadlock (40P01) for 15 s", BAR)
def deadlock(scene: Scene) -> str:
    return held_up(scene, raising(scene, "40P01"), seconds=15, words="40P01")


@contextmanager
def raising(scene: Scene, state: str) -> Iterator[None]:
    tell(scene.dsn, RAISES.format(state=state), TRIGGER)
    try:
        yield
    finally:
        tell(scene.dsn, "drop trigger fails on silver.decisions", "drop function fail_as_told")


def held_up(
    scene: Scene, trouble: AbstractContextManager[None], *, seconds: float, words: str
) -> str:
    """Keep the trouble up so long while events come in; measure how soon the flow goes on."""
    scene.topic()
    with scene.flow() as flow:
        scene.produce(1_000)
        scene.wait_stored(flow, 1_000)
        with trouble:
            scene.produce(1_000)
            over = time.monotonic() + seconds
            flow.wait_until(
                lambda: time.monotonic() >= over, seconds=seconds + 30, what="the time is over"
            )
            assert is_retrying(flow), flow.tail()
        before = max(scene.stored(), 0)
        assert before == 1_000, f"{before - 1_000} events went through"
        waited = scene.more(flow, before)
        said = flow.log.read_text(encoding="utf-8", errors="replace")
        scene.finish(flow)
    measured = f"went on after {waited:.1f} s; {scene.exact()}"
    if seconds >= 15:
        assert words in said, f"{words} is not in what the flow said"
        measured += f"; said {words}"
    assert waited <= RECOVERED_WITHIN_SECONDS, measured
    return measured


def is_retrying(flow: FlowProcess) -> bool:
    return flow.total("risk_store_retries_total") > 0
