"""Runs of jobs are kept in silver, whatever becomes of them."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import psycopg
import pytest

from lakehouse.errors import Unavailable
from lakehouse.signals.jobs import latest_runs, recorded

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


@pytest.fixture
def dsn(migrated: str) -> str:
    with psycopg.connect(migrated) as connection:
        connection.execute("truncate silver.job_runs")
    return migrated


def ticking(begin: datetime = NOON) -> Iterator[datetime]:
    while True:
        yield begin
        begin += timedelta(seconds=90)


def test_a_run_leaves_how_it_ended_how_long_it_took_and_what_it_found(dsn: str) -> None:
    instants = ticking()
    with recorded(dsn, "monitor", lambda: next(instants)) as run:
        (under_way,) = latest_runs(dsn)
        run.figures["psi_worst"] = 0.25
    assert (under_way.outcome, under_way.succeeded_at) == ("running", None)
    (ended,) = latest_runs(dsn)
    assert (ended.job, ended.outcome, ended.cause) == ("monitor", "ok", None)
    assert (ended.succeeded_at, ended.seconds) == (NOON + timedelta(seconds=90), 90.0)
    assert ended.figures == {"psi_worst": 0.25}


def test_a_failure_is_named_by_its_code_and_the_last_success_stays(dsn: str) -> None:
    instants = ticking()
    with recorded(dsn, "monitor", lambda: next(instants)) as run:
        run.figures["read"] = 7
    with pytest.raises(Unavailable), recorded(dsn, "monitor", lambda: next(instants)):
        raise Unavailable("the lake is away")
    (latest,) = latest_runs(dsn)
    assert (latest.outcome, latest.cause) == ("failed", "unavailable")
    assert latest.figures == {"read": 7}
    assert latest.succeeded_at == NOON + timedelta(seconds=90)


def test_an_error_that_nobody_expected_is_internal(dsn: str) -> None:
    instants = ticking()
    with pytest.raises(ZeroDivisionError), recorded(dsn, "reconcile", lambda: next(instants)):
        raise ZeroDivisionError
    (latest,) = latest_runs(dsn)
    assert (latest.outcome, latest.cause, latest.figures) == ("failed", "internal", {})
