"""Replace the rows of a range of offsets in a table of gold, in one commit.

Files that hold such rows are written again without them, and a new file adds the right rows. The
positions that a flow keeps in the table stay unchanged. A running flow goes on meanwhile.
"""

from collections.abc import Callable, Iterator
from typing import Final

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.dataset as ds
import pyarrow.fs
from deltalake import DeltaTable

from lakehouse.errors import StoresDisagree, Unavailable
from lakehouse.gold.data_file import StoredOnce
from lakehouse.gold.file_rows import as_dataset, rows_of, written
from lakehouse.gold.object_store import (
    arrow_filesystem,
    as_ours,
    open_objects,
    open_table,
    table_uri,
)
from lakehouse.gold.replacement import LiveFile, live_files, replace_files
from lakehouse.gold.tables import VIEWS

_ATTEMPTS: Final = 10


def replace_range(
    lake_uri: str,
    table: str,
    *,
    topic: str,
    part: int,
    first_off: int,
    next_off: int,
    right: Callable[[pa.Table], pa.Table],
) -> int:
    """Make the rows of a range what they should be; return how many they are then.

    Parameters
    ----------
    right
        Takes the rows that are there and returns those that should be.

    Raises
    ------
    StoresDisagree
        The table is not there.
    Unavailable, Denied, SchemaDiffers
        The lake does not answer, refuses us, or holds a table of another shape; or others replace
        the same files again and again. Nothing was changed.
    """
    uri, schema = table_uri(lake_uri, table), VIEWS[table]
    is_within = (
        (ds.field("topic") == topic)
        & (ds.field("part") == part)
        & (ds.field("off") >= first_off)
        & (ds.field("off") < next_off)
    )
    with as_ours(uri):
        handle = _opened(uri)
        objects, filesystem = open_objects(uri), arrow_filesystem(uri)

        def held(files: list[LiveFile]) -> pa.Table:
            return as_dataset(files, schema, filesystem).to_table(filter=is_within).cast(schema)

        for _ in range(_ATTEMPTS):
            files = live_files(handle)
            there = as_dataset(files, schema, filesystem).count_rows(filter=is_within)
            affected = [each for each in files if held([each]).num_rows] if there else []
            rows = right(held(affected) if affected else schema.empty_table())
            kept = [
                _without(file, schema, filesystem, topic, part, first_off, next_off)
                for file in affected
            ]
            added = [each for each in (*kept, _as_file(rows, schema)) if each is not None]
            if replace_files(
                handle, objects, affected, added, operation="WRITE", is_data_changed=True
            ):
                return int(rows.num_rows)
            handle.update_incremental()
    raise Unavailable(
        f"{uri}: its files were replaced by others in each of {_ATTEMPTS} attempts; run this again"
    )


def _opened(uri: str) -> DeltaTable:
    handle = open_table(uri)
    if handle is None:
        raise StoresDisagree(f"the table at {uri} is gone; restore it, then repair")
    return handle


def _without(
    file: LiveFile,
    schema: pa.Schema,
    filesystem: pa.fs.FileSystem,
    topic: str,
    part: int,
    first_off: int,
    next_off: int,
) -> StoredOnce | None:
    count = 0

    def others() -> Iterator[pa.Table]:
        nonlocal count
        for rows in rows_of([file], schema, filesystem):
            off = rows["off"]
            is_within = pc.and_(
                pc.and_(pc.equal(rows["topic"], topic), pc.equal(rows["part"], part)),
                pc.and_(pc.greater_equal(off, first_off), pc.less(off, next_off)),
            )
            kept = rows.filter(pc.invert(is_within))
            count += kept.num_rows
            yield kept

    stored = written(others(), schema)
    return stored if count else None


def _as_file(rows: pa.Table, schema: pa.Schema) -> StoredOnce | None:
    return written([rows], schema) if rows.num_rows else None
