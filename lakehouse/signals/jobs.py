"""Runs of jobs, in silver: when each began, how it ended, and the figures it found.

A job lives for minutes and is gone when somebody scrapes; what it leaves here is served by
`python -m lakehouse exporter` and shown on the pages.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

import msgspec
import psycopg

from lakehouse.errors import LakehouseError
from lakehouse.postgres.connection import execute, transact

__all__ = ["JOBS", "JobRun", "LatestRun", "latest_runs", "recorded"]

JOBS: Final = ("backup", "maintain", "monitor", "outcomes", "reconcile")
"""The jobs that are expected to run again and again."""

INTERNAL: Final = "internal"


@dataclass
class JobRun:
    """One run while it lasts; `figures` are numbers by name, which the exporter shows."""

    figures: dict[str, float] = field(default_factory=dict)


class LatestRun(msgspec.Struct, frozen=True):
    """A job's newest run, and the newest that succeeded.

    Attributes
    ----------
    outcome
        ``running``, ``ok`` or ``failed``: of the newest run.
    cause
        The code of the error that ended it; null of any other.
    succeeded_at, seconds, figures
        Of the newest run that succeeded; null or empty where none did.
    """

    job: str
    began_at: datetime
    outcome: str
    cause: str | None
    succeeded_at: datetime | None
    seconds: float | None
    figures: Mapping[str, float]


@contextmanager
def recorded(dsn: str, job: str, now: Callable[[], datetime]) -> Iterator[JobRun]:
    """Keep in silver that a job runs and how it ends; the job's own errors pass through.

    A kill leaves the run as ``running``: its success is missing, and that is what alerts ask for.

    Parameters
    ----------
    now
        The present instant, with its zone.

    Raises
    ------
    Unavailable, Denied, SchemaDiffers
        Silver does not answer, or is not what this code expects.
    """
    began_at, run = now(), JobRun()

    def say(statement: str, **told: object) -> None:
        parameters: dict[str, Any] = {"job": job, "began_at": began_at, **told}
        transact(dsn, lambda connection: execute(connection, statement, parameters))

    def end(outcome: str, cause: str | None) -> None:
        figures = msgspec.json.encode(run.figures).decode()
        say("signals/end_run", ended_at=now(), outcome=outcome, cause=cause, figures=figures)

    say("signals/begin_run")
    try:
        yield run
    except BaseException as error:
        end("failed", error.code if isinstance(error, LakehouseError) else INTERNAL)
        raise
    end("ok", None)


def latest_runs(dsn: str) -> list[LatestRun]:
    """Return each job's newest run, by the job's name.

    Raises
    ------
    Unavailable, Denied, SchemaDiffers
        Silver does not answer, or is not what this code expects.
    """

    def read(connection: psycopg.Connection) -> list[tuple[Any, ...]]:
        return execute(connection, "signals/latest_runs", {}).fetchall()

    return [_latest(*row) for row in transact(dsn, read)]


def _latest(
    job: str,
    began_at: datetime,
    outcome: str,
    cause: str | None,
    succeeded_at: datetime | None,
    seconds: float | None,
    figures: str | None,
) -> LatestRun:
    found = msgspec.json.decode(figures or "{}")
    return LatestRun(job, began_at, outcome, cause, succeeded_at, seconds, found)
