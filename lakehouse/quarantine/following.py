"""Copy recoveries from quarantine to gold: each one once, whatever is killed at any instant.

Silver numbers recoveries in the order of their commits. Each table of gold keeps the number that it
has followed in the commit of the rows, as it keeps a flow's offset, under a name that no pipeline
can have. A flow gives gold only what it stored itself, never a recovery, even if it reads the same
range again. So the two never write the same row.
"""

from typing import Final

from lakehouse.errors import Fenced, StoresDisagree
from lakehouse.gold.writer import GoldWriter
from lakehouse.lake.session import Lake
from lakehouse.postgres.connection import AT_START, Patience
from lakehouse.silver.recoveries import FOLLOWING, last_recovery, recovered_between

_PIPELINE: Final = "(recovered)"
_SLOT: Final = ("recoveries", 0)
RECOVERED: Final = (_PIPELINE, *_SLOT)
"""Under which gold keeps the number up to which it has followed: pipeline, topic, partition."""

_AT_ONCE: Final = 5_000
_ATTEMPTS: Final = 10


def follow(dsn: str, lake_uri: str, *, patience: Patience = AT_START) -> int:
    """Append to gold what it lacks of the recoveries; return the number it has followed up to.

    Several processes may do so at once; the second one finds nothing left to do.

    Raises
    ------
    StoresDisagree
        Gold has followed further than silver has recovered: silver is an older one.
    Unavailable, Denied, SchemaDiffers
        A store does not answer, refuses us, or has another shape.
    """
    last = last_recovery(dsn)
    if last:
        for table in FOLLOWING:
            _follow(dsn, lake_uri, table, last, patience)
    return last


def followed(lake: Lake) -> dict[str, int]:
    """Return by table the number up to which the lake, as this session sees it, has followed."""
    return {table: lake.last_off(table, _PIPELINE, *_SLOT) or 0 for table in FOLLOWING}


def _follow(dsn: str, lake_uri: str, table: str, last: int, patience: Patience) -> None:
    for attempt in range(1, _ATTEMPTS + 1):
        writer = GoldWriter(lake_uri, table, pipeline=_PIPELINE, patience=patience)
        try:
            _append(dsn, writer, last)
        except Fenced:  # somebody else follows too, and was quicker
            if attempt == _ATTEMPTS:
                raise
        else:
            return


def _append(dsn: str, writer: GoldWriter, last: int) -> None:
    after = writer.last_off(*_SLOT) or 0
    if after > last:
        raise StoresDisagree(
            f"{writer.uri} has followed recoveries up to number {after}, silver ends at {last}: "
            "silver was restored to an older state. Restore the silver that belongs to this lake"
        )
    while after < last:
        upto = min(after + _AT_ONCE, last)
        rows = recovered_between(dsn, writer.table, after, upto)
        writer.append(*_SLOT, upto + 1, rows, is_by_offset=False)
        writer.flush()
        after = upto
