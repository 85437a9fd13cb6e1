"""Open silver at a start: connect, claim the pipeline, read the start positions.

This happens once, at a start; `lakehouse.silver.writer` does what happens with every batch.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import psycopg

from lakehouse.embedded.server import embedded_postgres
from lakehouse.errors import Fenced
from lakehouse.postgres.connection import execute, transact
from lakehouse.settings.settings import Settings


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a pipeline has stored one partition, and what became of what it read there.

    Attributes
    ----------
    start_off, next_off
        The first offset ever to be read, and the next one.
    read, decided, duplicates, conflicts, quarantined
        Events so far; read = decided + duplicates + quarantined, conflicts being duplicates too.
    topic_id
        Which topic of that name it is, or which file; ``None`` where that is not known.
    """

    start_off: int
    next_off: int
    read: int
    decided: int
    duplicates: int
    conflicts: int
    quarantined: int
    topic_id: str | None = None


@contextmanager
def open_silver(settings: Settings) -> Iterator[str]:
    """Yield silver's connection string, running an embedded server for as long as that is needed.

    Raises
    ------
    Unavailable
        The embedded server could not be started. Whether another server answers is not looked at.
    """
    if settings.is_silver_embedded:
        with embedded_postgres(settings.home) as dsn:
            yield dsn
    else:
        yield settings.silver_dsn.get_secret_value()


def claim(dsn: str, pipeline: str) -> int:
    """Take the pipeline over and return the token; every earlier holder is fenced from now on.

    Waits for a batch that is being stored right now.
    """

    def raise_token(connection: psycopg.Connection) -> int:
        (token,) = execute(connection, "claim_pipeline", {"pipeline": pipeline}).fetchall()[0]
        return int(token)

    return transact(dsn, raise_token)


def held(dsn: str, pipeline: str) -> int:
    """Return the pipeline's token, for further processes of the cluster that claimed it.

    Raises
    ------
    Fenced
        Nobody has claimed the pipeline.
    """

    def read(connection: psycopg.Connection) -> int:
        token = _token(connection, pipeline)
        if token is None:
            raise Fenced(f"pipeline {pipeline} is claimed by nobody; start its first process, 0")
        return token

    return transact(dsn, read)


def positions(dsn: str, pipeline: str) -> dict[tuple[str, int], Progress]:
    """Return how far the pipeline has stored each partition (topic, part) it ever read."""

    def read(connection: psycopg.Connection) -> dict[tuple[str, int], Progress]:
        rows = execute(connection, "list_progress", {"pipeline": pipeline}).fetchall()
        return {(topic, part): Progress(*figures) for topic, part, *figures in rows}

    return transact(dsn, read)


def record_start(
    dsn: str,
    pipeline: str,
    token: int,
    *,
    topic: str,
    part: int,
    start_off: int,
    topic_id: str | None = None,
) -> None:
    """Record where the pipeline begins a partition it never read; a known one is left alone.

    The topic's id is kept where none is known yet.

    Raises
    ------
    Fenced
        A newer instance has claimed the pipeline.
    """

    def record(connection: psycopg.Connection) -> None:
        refuse_if_fenced(connection, pipeline, token)
        where = {"pipeline": pipeline, "topic": topic, "part": part}
        execute(connection, "record_start", {**where, "start_off": start_off, "topic_id": topic_id})

    transact(dsn, record)


def refuse_if_fenced(connection: psycopg.Connection, pipeline: str, token: int) -> None:
    """Hold the claim until the transaction ends, or refuse.

    Raises
    ------
    Fenced
        The pipeline has another token than ours.
    """
    held_by = _token(connection, pipeline)
    if held_by != token:
        raise Fenced(
            f"pipeline {pipeline} is fenced by a newer instance: its token is {held_by}, ours is "
            f"{token}; this instance stops, the newer one goes on"
        )


def _token(connection: psycopg.Connection, pipeline: str) -> int | None:
    row = execute(connection, "lock_owner", {"pipeline": pipeline}).fetchone()
    return None if row is None else int(row[0])
