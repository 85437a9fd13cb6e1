"""Alerts of the stores, the account and the jobs, fired by their real faults on a running stack."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
import pytest
from psycopg import sql

from tests.ops.firing import Watch, name_in_silver, stopped
from tests.stack.stack import Stack, StackFailedError
from tests.stack.watchers import ask_prometheus
from tests.waiting import until

pytestmark = [pytest.mark.long, pytest.mark.server, pytest.mark.timeout(900)]


def test_alerts_of_a_silver_that_takes_no_more_connections(stack: Stack) -> None:
    watch = Watch(stack)
    with connections_of(stack, "score", most=0):
        watch.fires("StoreRetrying")
    watch.resolves("StoreRetrying")


def test_alerts_of_gold_that_does_not_follow(stack: Stack) -> None:
    """A flow that was killed leaves gold behind silver, and nobody goes on."""
    watch = Watch(stack)
    stack.paused.add("score")
    stack.servers["score"].kill()
    try:
        watch.fires("GoldStalled")
    finally:
        stack.paused.discard("score")
    watch.resolves("GoldStalled")


def test_alerts_of_a_decision_that_is_gone_from_silver(stack: Stack) -> None:
    """It is unaccounted for, and gold has a row that silver lacks; a restored row ends both."""
    watch = Watch(stack)
    compare = ("python", "-m", "lakehouse", "reconcile", "--all")
    follows = "max(risk_gold_behind_offsets) < 2000 and max(risk_gold_stalled_seconds) < 20"
    until(
        lambda: ask_prometheus(stack.url("prometheus"), follows),
        what="gold following silver",
        seconds=120,
        every=1,
    )
    with stopped(stack, "reconcile"):
        with a_decision_gone(stack):
            with pytest.raises(StackFailedError):
                stack.run("reconcile", *compare)
            watch.fires("EventsUnaccounted", "GoldDiffersFromSilver")
        stack.run("reconcile", *compare)
        watch.resolves("EventsUnaccounted", "GoldDiffersFromSilver")


def test_alerts_of_a_job_that_fails(stack: Stack) -> None:
    watch = Watch(stack)
    monitor = ("python", "-m", "dataflows.monitor")
    with pytest.raises(StackFailedError):
        stack.run("monitor", "env", "RISK_LAKE_URI=s3://no-such-bucket/gold", *monitor)
    watch.fires("JobFailed")
    stack.run("monitor", *monitor)
    watch.resolves("JobFailed")


def test_alerts_of_a_job_that_never_ran(stack: Stack) -> None:
    """No backup was made yet: silent on the first day, late after 26 hours."""
    watch = Watch(stack)
    with made_before(stack, hours=27):
        watch.fires("JobLate")
        stack.run("backup")
        watch.resolves("JobLate")


@contextmanager
def connections_of(stack: Stack, service: str, *, most: int) -> Iterator[None]:
    """Let Postgres take no more connections of a service's user, those that are there included."""
    limit = sql.SQL("alter role {} connection limit {}").format
    user = name_in_silver(stack, service)
    with psycopg.connect(stack.owner_dsn, autocommit=True) as connection:
        connection.execute(limit(sql.Identifier(user), most))
        ends = "select pg_terminate_backend(pid) from pg_stat_activity where usename = %s"
        connection.execute(ends, [user])
        try:
            yield
        finally:
            connection.execute(limit(sql.Identifier(user), -1))


@contextmanager
def a_decision_gone(stack: Stack) -> Iterator[None]:
    """Take one decision out of silver."""
    with psycopg.connect(stack.owner_dsn, autocommit=True) as connection:
        connection.execute(
            "create table public.gone as select * from silver.decisions order by decided_at limit 1"
        )
        connection.execute(
            "delete from silver.decisions where event_id in (select event_id from public.gone)"
        )
        try:
            yield
        finally:
            connection.execute("insert into silver.decisions select * from public.gone")
            connection.execute("drop table public.gone")


@contextmanager
def made_before(stack: Stack, *, hours: int) -> Iterator[None]:
    """Let silver have been made so many hours earlier."""
    move = "update silver.migrations set applied_at = applied_at - make_interval(hours => %s)"
    with psycopg.connect(stack.owner_dsn, autocommit=True) as connection:
        connection.execute(move, [hours])
        try:
            yield
        finally:
            connection.execute(move, [-hours])
