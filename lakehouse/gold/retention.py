"""Remove the raw bytes of old events, but keep their positions and what became of them.

`check` still holds. Replaying such a decision reports that its bytes were removed.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

import obstore
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.fs
from deltalake import DeltaTable

from lakehouse.gold.file_rows import rows_of, with_values, written
from lakehouse.gold.replacement import live_files, replace_files

_RAW: Final = {
    "raw_events": ("received_at", ("event_key", "raw")),
    "quarantine": ("first_seen_at", ("raw",)),
}
"""When a row came, and its columns that hold what came."""


def forget_bytes(
    table: str,
    schema: pa.Schema,
    handle: DeltaTable,
    objects: obstore.store.ObjectStore,
    filesystem: pyarrow.fs.FileSystem,
    before: datetime,
) -> int:
    """Make raw bytes null in rows that came before an instant; return how many files that changed.

    The libraries' own errors pass through.
    """
    if table not in _RAW:
        return 0
    arrived, raw = _RAW[table]
    cut = pa.scalar(before, schema.field(arrived).type)
    changed = 0
    for file in live_files(handle):
        least = file.least.get(arrived)
        if least is not None and least >= before:
            continue
        told = rows_of([file], schema, filesystem, [arrived, *raw])
        if not any(_holds_old(rows, raw, pc.less(rows[arrived], cut)) for rows in told):
            continue
        kept = written(
            (
                with_values(rows, pc.less(rows[arrived], cut), dict.fromkeys(raw))
                for rows in rows_of([file], schema, filesystem)
            ),
            schema,
        )
        changed += replace_files(
            handle, objects, [file], [kept], operation="DELETE", is_data_changed=True
        )
    return changed


def _holds_old(rows: pa.Table, names: Sequence[str], is_old: pa.ChunkedArray) -> bool:
    return any(pc.any(pc.and_(is_old, pc.is_valid(rows[name]))).as_py() for name in names)
