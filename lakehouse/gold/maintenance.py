"""Keep the lake small and fast: fewer files, a short log, no files that were replaced long ago.

All of it is safe beside running flows and readers. Rows and positions stay unchanged. A reader that
opened a table before can read its files for seven more days.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

import msgspec
import structlog
from deltalake import DeltaTable

from lakehouse.errors import SettingsInvalid
from lakehouse.gold.compaction import compact
from lakehouse.gold.object_store import (
    arrow_filesystem,
    as_ours,
    open_objects,
    open_table,
    table_uri,
)
from lakehouse.gold.replacement import live_files
from lakehouse.gold.retention import forget_bytes
from lakehouse.gold.tables import VIEWS, describe
from lakehouse.telemetry import LAKE_BYTES, LAKE_FILES, LAKE_MAINTAINED_AT

LEAST_HOURS: Final = 168
"""A reader may have opened the lake seven days ago; younger files are never removed."""

log = structlog.get_logger()


class Maintained(msgspec.Struct, frozen=True):
    """What was done to one table, and what it is now.

    Attributes
    ----------
    compacted, removed, emptied
        Files that became part of larger ones; replaced ones that were deleted; those whose raw
        bytes were forgotten.
    """

    table: str
    compacted: int
    removed: int
    emptied: int
    files: int
    bytes: int
    rows: int
    version: int


@dataclass(frozen=True, slots=True)
class Tasks:
    """What to do.

    Attributes
    ----------
    vacuum_hours
        How long replaced files stay; ``None`` leaves them all.
    forget_before
        Raw bytes that arrived earlier are forgotten; ``None`` keeps them all.
    """

    compact: bool = True
    vacuum_hours: int | None = LEAST_HOURS
    forget_before: datetime | None = None

    def __post_init__(self) -> None:
        """Refuse a vacuum that would take files away from readers.

        Raises
        ------
        SettingsInvalid
            It is shorter than seven days.
        """
        if self.vacuum_hours is not None and self.vacuum_hours < LEAST_HOURS:
            raise SettingsInvalid(
                f"vacuum after {self.vacuum_hours} hours: expected {LEAST_HOURS} or more, as "
                "readers and writers may still use files that were replaced since"
            )


def maintain(lake_uri: str, tasks: Tasks) -> list[Maintained]:
    """Do what is to be done to each table that there is.

    Raises
    ------
    Unavailable, Denied, SchemaDiffers
        The lake does not answer, refuses us, or holds a table of another shape. What was done
        before stays done.
    """
    done = []
    for table in VIEWS:
        uri = table_uri(lake_uri, table)
        with as_ours(uri):
            handle = open_table(uri)
            if handle is not None:
                done.append(_maintain(table, uri, handle, tasks))
    LAKE_MAINTAINED_AT.set_to_current_time()
    return done


def _maintain(table: str, uri: str, handle: DeltaTable, tasks: Tasks) -> Maintained:
    schema, objects, filesystem = VIEWS[table], open_objects(uri), arrow_filesystem(uri)
    describe(table, handle)
    emptied = 0
    if tasks.forget_before is not None:
        emptied = forget_bytes(table, schema, handle, objects, filesystem, tasks.forget_before)
    compacted = compact(table, schema, handle, objects, filesystem) if tasks.compact else 0
    removed: list[str] = []
    if tasks.vacuum_hours is not None:
        removed = handle.vacuum(tasks.vacuum_hours, dry_run=False, full=True)
        handle.update_incremental()
    if tasks.compact or tasks.vacuum_hours is not None or emptied:
        # A reader begins with the checkpoint, and need not read what led to it.
        handle.create_checkpoint()
        handle.cleanup_metadata()
    files = live_files(handle)
    told = Maintained(
        table=table,
        compacted=compacted,
        removed=len(removed),
        emptied=emptied,
        files=len(files),
        bytes=sum(file.size for file in files),
        rows=sum(file.rows for file in files),
        version=handle.version(),
    )
    LAKE_FILES.labels(table).set(told.files)
    LAKE_BYTES.labels(table).set(told.bytes)
    log.info("table_maintained", **msgspec.structs.asdict(told))
    return told
