"""Progress and account of all pipelines: how far each is, and what became of the events it read."""

import msgspec
import psycopg

from lakehouse.postgres.connection import execute, transact


class PipelineProgress(msgspec.Struct, frozen=True):
    """One partition of one pipeline; read = decided + duplicates + quarantined.

    Attributes
    ----------
    recovered
        How many of the decided and the duplicates were in quarantine once.
    """

    pipeline: str
    topic: str
    part: int
    start_off: int
    next_off: int
    read: int
    decided: int
    duplicates: int
    conflicts: int
    quarantined: int
    recovered: int = 0


def all_progress(dsn: str) -> list[PipelineProgress]:
    """Return every partition of every pipeline, by pipeline, topic and partition.

    Raises
    ------
    Unavailable, Denied, SchemaDiffers
        Silver does not answer, does not let us read, or has another shape.
    """
    return transact(dsn, read_progress)


def read_progress(connection: psycopg.Connection) -> list[PipelineProgress]:
    """Return the same as `all_progress`, within the caller's transaction."""
    rows = execute(connection, "list_all_progress", {}).fetchall()
    return [PipelineProgress(*row) for row in rows]
