"""Replace the rows of a range of offsets in a table of gold, in one commit.

Files that hold such rows are written again without them, and a new file adds the right rows. The
positions that a flow keeps in the table stay unchanged. A running flow goes on meanwhile.
"""

from collections.abc import Callable

import pyarrow as pa
import pyarrow.dataset as ds
import pyarrow.fs
from deltalake import DeltaTable

from lakehouse.errors import StoresDisagree
from lakehouse.gold.file_rows import as_dataset, rows_of, written
from lakehouse.gold.object_store import (
    arrow_filesystem,
    as_ours,
    open_objects,
    open_table,
    table_uri,
)
from lakehouse.gold.replacement import (
    REWRITES,
    LiveFile,
    live_files,
    outpaced,
    replace_files,
)
from lakehouse.gold.tables import VIEWS


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

        for _ in range(REWRITES):
            files = live_files(handle)
            there = as_dataset(files, schema, filesystem).count_rows(filter=is_within)
            affected = [each for each in files if held([each]).num_rows] if there else []
            rows = right(held(affected) if affected else schema.empty_table())
            added = [
                written(rows_of([file], schema, filesystem, where=~is_within), schema)
                for file in affected
                if as_dataset([file], schema, filesystem).count_rows(filter=~is_within)
            ]
            if rows.num_rows:
                added.append(written([rows], schema))
            if replace_files(
                handle, objects, affected, added, operation="WRITE", is_data_changed=True
            ):
                return int(rows.num_rows)
            handle.update_incremental()
    raise outpaced(uri)


def _opened(uri: str) -> DeltaTable:
    handle = open_table(uri)
    if handle is None:
        raise StoresDisagree(f"the table at {uri} is gone; restore it, then repair")
    return handle
