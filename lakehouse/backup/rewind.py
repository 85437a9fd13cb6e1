"""Take gold back to the state of silver, after silver was restored to an older one.

Rows behind silver's positions are removed from the tables that the flow writes, together with
gold's positions. The flow then reads those events again and decides them again. Gold also forgets
which recoveries from quarantine it has followed; the reconciliation corrects the rows of those that
it holds. The old files stay until a vacuum removes them, seven days later.
"""

from collections.abc import Mapping
from typing import Final

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from deltalake import DeltaTable

from lakehouse.gold.file_rows import rows_of, written
from lakehouse.gold.object_store import (
    arrow_filesystem,
    as_ours,
    open_objects,
    open_table,
    table_uri,
)
from lakehouse.gold.replacement import REWRITES, live_files, outpaced, replace_files
from lakehouse.gold.tables import SCHEMAS, VIEWS
from lakehouse.gold.writer import transaction_id
from lakehouse.quarantine.following import RECOVERED
from lakehouse.silver.recoveries import FOLLOWING

Places = Mapping[tuple[str, str, int], int]
"""Silver's next offset by pipeline, topic and partition; and its next recovery, by `RECOVERED`."""

_TABLES: Final = {name: VIEWS[name] for name in dict.fromkeys((*SCHEMAS, *FOLLOWING))}
_NUMBER: Final = "recovery_no"


class Ahead(msgspec.Struct, frozen=True):
    """A table that holds more of a partition than silver: from silver's next offset on."""

    table: str
    pipeline: str
    topic: str
    part: int
    silver_next_off: int
    gold_last_off: int


def ahead_of(lake_uri: str, silver: Places) -> list[Ahead]:
    """Return where gold is ahead of silver.

    Raises
    ------
    Unavailable, Denied
        The lake does not answer, or refuses us.
    """
    found = []
    for table in _TABLES:
        uri = table_uri(lake_uri, table)
        with as_ours(uri):
            handle = open_table(uri)
            found += [] if handle is None else _ahead(handle, table, silver)
    return found


def rewind(lake_uri: str, silver: Places) -> dict[str, int]:
    """Remove what silver does not hold; return how many rows went, by table.

    No flow may run meanwhile, so the caller claims its pipeline. Running it again changes nothing,
    or completes an interrupted run.

    Raises
    ------
    Unavailable, Denied
        The lake does not answer, refuses us, or others replace the same files again and again.
    """
    removed = {}
    for table in _TABLES:
        uri = table_uri(lake_uri, table)
        with as_ours(uri):
            handle = open_table(uri)
            if handle is not None and (ahead := _ahead(handle, table, silver)):
                removed[table] = _rewind(handle, uri, table, ahead)
    return removed


def _ahead(handle: DeltaTable, table: str, silver: Places) -> list[Ahead]:
    found = []
    for (pipeline, topic, part), next_off in silver.items():
        last = handle.transaction_version(transaction_id(pipeline, topic, part))
        if last is not None and last >= next_off:
            found.append(Ahead(table, pipeline, topic, part, next_off, last))
    return found


def _rewind(handle: DeltaTable, uri: str, table: str, ahead: list[Ahead]) -> int:
    schema = _TABLES[table]
    objects, filesystem = open_objects(uri), arrow_filesystem(uri)
    positions = {
        transaction_id(each.pipeline, each.topic, each.part): each.silver_next_off - 1
        for each in ahead
    }

    columns = [name for name in ("topic", "part", "off", _NUMBER) if name in schema.names]

    def kept(rows: pa.Table) -> pa.Table:
        goes = np.zeros(rows.num_rows, np.bool_)
        for each in ahead:
            if (each.pipeline, each.topic, each.part) == RECOVERED:
                if _NUMBER in columns:
                    is_later = pc.greater_equal(rows[_NUMBER], each.silver_next_off)
                    goes |= is_later.to_numpy(zero_copy_only=False)
                continue
            is_own = pc.and_(pc.equal(rows["topic"], each.topic), pc.equal(rows["part"], each.part))
            is_behind = pc.greater_equal(rows["off"], each.silver_next_off)
            goes |= pc.and_(is_own, is_behind).to_numpy(zero_copy_only=False)
        return rows.filter(pa.array(~goes)) if goes.any() else rows

    for _ in range(REWRITES):
        old, new, gone = [], [], 0
        for file in live_files(handle):
            places = rows_of([file], schema, filesystem, columns)
            lost = sum(rows.num_rows - kept(rows).num_rows for rows in places)
            if not lost:
                continue
            gone += lost
            old.append(file)
            if lost < file.rows:
                new.append(written(map(kept, rows_of([file], schema, filesystem)), schema))
        if replace_files(
            handle,
            objects,
            old,
            new,
            operation="DELETE",
            is_data_changed=True,
            positions=positions,
        ):
            return gone
    raise outpaced(uri)
