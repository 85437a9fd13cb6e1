"""Record offsets that a start skipped because the source had lost them, and who allowed it.

If an event was never stored, silver and gold both lose it. If silver holds it and gold did not yet,
only the archive loses it, because its bytes existed only in the source.
"""

from collections.abc import Sequence
from typing import Final

import msgspec
import psycopg

from lakehouse.postgres.connection import execute, transact
from lakehouse.silver.claims import refuse_if_fenced

TO_ITS_END: Final = 2**63 - 1
"""The end of a range of which nobody knows how long it was: the rest of a topic that is gone."""


class Loss(msgspec.Struct, frozen=True):
    """One skipped range, `from_off` up to, not including, `to_off`.

    Attributes
    ----------
    store
        ``silver``: never stored; ``archive``: decided, but its bytes are not in gold.
    """

    pipeline: str
    topic: str
    part: int
    store: str
    from_off: int
    to_off: int
    reason: str

    @property
    def offsets(self) -> range:
        """The range."""
        return range(self.from_off, self.to_off)


def losses(dsn: str) -> list[Loss]:
    """Return what was skipped, of all pipelines."""
    return transact(dsn, list_losses)


def list_losses(connection: psycopg.Connection) -> list[Loss]:
    """Return the same within an open transaction."""
    rows = execute(connection, "list_losses", {}).fetchall()
    return [Loss(*row[: len(Loss.__struct_fields__)]) for row in rows]


def accept_loss(
    dsn: str, token: int, skipped: Sequence[Loss], *, topic: str, part: int, to_off: int
) -> None:
    """Keep what is skipped, for the auditor, and go on at `to_off`, never back.

    Ranges without an offset are left out.

    Raises
    ------
    Fenced
        A newer instance has claimed the pipeline.
    """
    (pipeline,) = {each.pipeline for each in skipped}

    def skip(connection: psycopg.Connection) -> None:
        refuse_if_fenced(connection, pipeline, token)
        for each in skipped:
            if each.offsets:
                execute(connection, "record_loss", msgspec.structs.asdict(each))
        where = {"pipeline": pipeline, "topic": topic, "part": part}
        execute(connection, "skip_to", {**where, "to_off": to_off})

    transact(dsn, skip)
