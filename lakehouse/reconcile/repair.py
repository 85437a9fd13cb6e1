"""Rebuild a range of a table of gold: from silver, or, for the archive, from what it still holds.

Silver has every decision, duplicate, refused event and recovery, so those tables are rebuilt in
full. Only the archive holds the bytes of events. There, rows that occur twice and rows of events
that were never read are removed. A missing row comes back only if the quarantine keeps all of its
bytes.
"""

from collections.abc import Mapping
from typing import Final

import pyarrow as pa
import pyarrow.compute as pc

from lakehouse.arrow_schemas import RAW_EVENTS
from lakehouse.gold.ranges import replace_range
from lakehouse.silver.copy import stored_between
from lakehouse.silver.reconciled import RangeDifference
from lakehouse.silver.recoveries import recoveries_within

_PLACES: Final = {"decisions": 0, "quarantine": 1, "duplicates": 2}
"""By table its place in what silver gives of a range."""


def repair(
    dsn: str, lake_uri: str, difference: RangeDifference, followed: Mapping[str, int]
) -> int:
    """Rebuild the range of a difference; return how many rows it has then.

    Parameters
    ----------
    followed
        By table the recovery up to which gold has followed.

    Raises
    ------
    StoresDisagree, Unavailable, Denied, SchemaDiffers
        A store does not answer, refuses us, has another shape, or lacks the table.
    """
    span = difference.span
    where = (span.topic, span.part, span.first_off, span.next_off)
    table = difference.table

    def right(held: pa.Table) -> pa.Table:
        upto = followed.get(table, 0)
        if table == "recoveries":
            return recoveries_within(dsn, *where, last_no=upto)
        if table in _PLACES:
            return stored_between(dsn, *where, recovered_up_to=upto)[_PLACES[table]]
        return _archive(held, stored_between(dsn, *where))

    return replace_range(
        lake_uri,
        table,
        topic=span.topic,
        part=span.part,
        first_off=span.first_off,
        next_off=span.next_off,
        right=right,
    )


def _archive(held: pa.Table, stored: tuple[pa.Table, pa.Table, pa.Table]) -> pa.Table:
    """Return each event's bytes once; `stored` is silver's, without what was recovered."""
    _, quarantine, _ = stored
    read = pa.chunked_array([chunk for each in stored for chunk in each["off"].chunks], pa.int64())
    held = held.filter(pc.is_in(held["off"], value_set=read.combine_chunks()))
    # Of two rows the one with bytes stays.
    held = held.append_column("is_empty", pc.is_null(held["raw"]))
    held = held.sort_by([("off", "ascending"), ("is_empty", "ascending")]).drop_columns("is_empty")
    offs = held["off"].to_pylist()
    is_first = [place == 0 or off != offs[place - 1] for place, off in enumerate(offs)]
    held = held.filter(pa.array(is_first, pa.bool_()))
    known = set(offs)
    kept = [
        {**row, "received_at": row["first_seen_at"], "event_key": None}
        for row in quarantine.to_pylist()
        if row["off"] not in known and len(row["raw"] or b"") == row["raw_size"]
    ]
    lost = pa.Table.from_pylist(
        [{name: row[name] for name in RAW_EVENTS.names} for row in kept], schema=RAW_EVENTS
    )
    return pa.concat_tables([held.cast(RAW_EVENTS), lost]).sort_by("off")
