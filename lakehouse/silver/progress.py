"""How far every pipeline is, and what became of what it read: the account of events, at once."""

import msgspec

from lakehouse.postgres.connection import execute, transact

__all__ = ["PipelineProgress", "all_progress"]


class PipelineProgress(msgspec.Struct, frozen=True):
    """One partition of one pipeline; read = decided + duplicates + quarantined."""

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


def all_progress(dsn: str) -> list[PipelineProgress]:
    """Return every partition of every pipeline, by pipeline, topic and partition.

    Raises
    ------
    Unavailable, Denied, SchemaDiffers
        Silver does not answer, does not let us read, or has another shape.
    """
    return transact(
        dsn,
        lambda connection: [
            PipelineProgress(*row)
            for row in execute(connection, "list_all_progress", {}).fetchall()
        ],
    )
