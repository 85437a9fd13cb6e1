"""Runs of jobs in silver: when each began, how it ended, and its figures.

A job lives for minutes and is over when Prometheus scrapes. `python -m lakehouse exporter` serves
the figures that it left here, and the pages show them.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final, TypeAlias

import msgspec
import psycopg
import structlog

from lakehouse.errors import LakehouseError
from lakehouse.postgres.connection import execute, transact
from lakehouse.postgres.migrate import require_current
from lakehouse.settings.settings import Settings
from lakehouse.silver.claims import open_silver

log = structlog.get_logger()

JOBS: Final = ("backup", "maintain", "monitor", "outcomes", "reconcile")
"""The jobs that are expected to run again and again."""

INTERNAL: Final = "internal"


@dataclass
class JobRun:
    """One run while it lasts; `figures` are numbers by name, which the exporter shows."""

    figures: dict[str, float] = field(default_factory=dict)


_End: TypeAlias = Callable[[JobRun, BaseException | None], None]


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
    run, end = JobRun(), _begun(dsn, job, now)
    try:
        yield run
    except BaseException as error:
        end(run, error)
        raise
    end(run, None)


@contextmanager
def recorded_if_silver_answers(
    settings: Settings, job: str, now: Callable[[], datetime]
) -> Iterator[JobRun]:
    """Keep in silver that a job runs, where there is a silver; the job itself needs none.

    A lake can be used without silver, and is maintained while silver is away. Then the run is not
    kept, and the log says so.
    """
    with ExitStack() as exits:
        run, ends = JobRun(), []
        with _said_if_not_kept(job):
            if not settings.is_silver_embedded or (settings.home / "postgres" / "data").exists():
                dsn = exits.enter_context(open_silver(settings))
                require_current(dsn)
                ends.append(_begun(dsn, job, now))
        try:
            yield run
        except BaseException as error:
            with _said_if_not_kept(job):
                for end in ends:
                    end(run, error)
            raise
        with _said_if_not_kept(job):
            for end in ends:
                end(run, None)


@contextmanager
def _said_if_not_kept(job: str) -> Iterator[None]:
    try:
        yield
    except LakehouseError as error:
        log.warning("run_not_recorded", job=job, code=error.code, error=str(error))


def _begun(dsn: str, job: str, now: Callable[[], datetime]) -> _End:
    """Note that a job begins; return what notes how it ended."""
    began_at = now()

    def say(statement: str, **told: object) -> None:
        parameters: dict[str, Any] = {"job": job, "began_at": began_at, **told}
        transact(dsn, lambda connection: execute(connection, statement, parameters))

    def end(run: JobRun, error: BaseException | None) -> None:
        cause = error.code if isinstance(error, LakehouseError) else INTERNAL
        figures = msgspec.json.encode(run.figures).decode()
        say(
            "signals/end_run",
            ended_at=now(),
            outcome="ok" if error is None else "failed",
            cause=None if error is None else cause,
            figures=figures,
        )

    say("signals/begin_run")
    return end


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


def made_at(dsn: str) -> datetime:
    """Return since when there is this silver: no job can have succeeded before.

    Raises
    ------
    Unavailable, Denied, SchemaDiffers
        Silver does not answer, or is not what this code expects.
    """

    def read(connection: psycopg.Connection) -> datetime:
        ((made_at,),) = execute(connection, "signals/made_at", {}).fetchall()
        return made_at  # type: ignore[no-any-return]

    return transact(dsn, read)


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
