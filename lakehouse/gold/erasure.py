"""Erase an application from gold; no other operation changes rows there.

Its decisions and duplicates are removed. Each becomes a row in quarantine that holds only the
position. Its bytes in the archive, and those in its quarantined rows, become null. Its outcomes are
removed. Files with such rows are written again without them. The old files stay until a vacuum
removes them, seven days later.
"""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, Final, TypeAlias

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.dataset as ds
from deltalake import DeltaTable
from numpy.typing import NDArray

from lakehouse.arrow_schemas import QUARANTINE
from lakehouse.gold.file_rows import as_dataset, rows_of, with_values, written
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

Position: TypeAlias = tuple[str, int, int]
"""Topic, partition and offset of an event."""

_PLACE: Final = ("topic", "part", "off")
_Change = Callable[[pa.Table], pa.Table]


def events_of(
    lake_uri: str, application_id: str, *, mentions: Callable[[bytes, str], bool]
) -> dict[Position, str | None]:
    """Return an application's events in gold, with the event ids of those that have one.

    Parameters
    ----------
    mentions
        Says whether an event's bytes name an id as their own.
    """
    found: dict[Position, str | None] = {}
    columns = [*_PLACE, "event_id"]
    ids = {application_id}
    is_own = (ds.field("application_id") == application_id) | (
        ds.field("event_id") == application_id
    )
    for row in _selected(lake_uri, "decisions", columns, is_own):
        found[_place_of(row)] = row["event_id"]
        ids.add(row["event_id"])
    for row in _selected(lake_uri, "duplicates", columns, ds.field("event_id").isin(list(ids))):
        found[_place_of(row)] = row["event_id"]
    for row in _selected(lake_uri, "quarantine", [*_PLACE, "raw"], ds.field("raw").is_valid()):
        if any(mentions(row["raw"], name) for name in ids):
            found.setdefault(_place_of(row), None)
    return found


def lagging(
    lake_uri: str, pipelines: Mapping[tuple[str, int], str], events: Collection[Position]
) -> dict[str, int]:
    """Return by table the offset that a flow has yet to reach, so that it adds no row later.

    Parameters
    ----------
    pipelines
        By topic and partition, the flow that reads it; others are in gold as a whole.
    """
    behind: dict[str, int] = {}
    for table in SCHEMAS:
        handle = _opened(lake_uri, table)
        for topic, part, off in events:
            pipeline = pipelines.get((topic, part))
            if pipeline is None:
                continue
            name = transaction_id(pipeline, topic, part)
            last = None if handle is None else handle.transaction_version(name)
            if last is None or last < off:
                behind[table] = max(off, behind.get(table, off))
    return behind


def erase_application(
    lake_uri: str,
    ids: Collection[str],
    events: Collection[Position],
    *,
    erased_at: datetime,
    erased: Mapping[str, str],
) -> int:
    """Erase these events and the outcomes of these applications; return how many files changed.

    Erasing again changes nothing.

    Parameters
    ----------
    erased
        Stage, code and reason that the quarantine gives for them.

    Raises
    ------
    Unavailable, Denied
        The lake does not answer, refuses us, or others replace the same files again and again. What
        was done stays done; run it again.
    """
    places = _Places(events)
    names = pa.array(sorted(ids), pa.string())

    def without_outcomes(rows: pa.Table) -> pa.Table:
        own = pc.is_in(rows["application_id"], names)
        return rows.filter(pc.invert(own)) if pc.any(own).as_py() else rows

    changed = _changed(
        lake_uri, "quarantine", _PLACE, places.has, lambda rows: _refused(rows, places, erased)
    )
    changed += _added(lake_uri, places, erased_at, erased)
    for table in ("decisions", "duplicates", "recoveries"):
        changed += _changed(lake_uri, table, _PLACE, places.has, places.without)
    changed += _changed(
        lake_uri, "raw_events", _PLACE, places.has, lambda rows: _emptied(rows, places)
    )
    return changed + _changed(
        lake_uri,
        "outcome_records",
        ["application_id"],
        lambda rows: without_outcomes(rows) is not rows,
        without_outcomes,
    )


class _Places:
    """Where the events came from, to be found among a table's rows."""

    def __init__(self, events: Collection[Position]) -> None:
        self.events = sorted(set(events))
        self._offs = pa.array([off for _, _, off in self.events], pa.int64())
        self._known = set(self.events)

    def among(self, rows: pa.Table) -> NDArray[np.bool_]:
        """Say which rows are of these events."""
        found = np.zeros(rows.num_rows, np.bool_)
        candidates = np.flatnonzero(_bools(pc.is_in(rows["off"], self._offs)))
        if len(candidates):
            told = rows.select(_PLACE).take(pa.array(candidates)).to_pylist()
            found[candidates] = [_place_of(row) in self._known for row in told]
        return found

    def has(self, rows: pa.Table) -> bool:
        """Say whether any row is of these events."""
        return bool(self.among(rows).any())

    def without(self, rows: pa.Table) -> pa.Table:
        """Return the other rows."""
        own = self.among(rows)
        return rows.filter(pa.array(~own)) if own.any() else rows


def _refused(rows: pa.Table, places: _Places, erased: Mapping[str, str]) -> pa.Table:
    own = places.among(rows) & _bools(pc.not_equal(rows["code"], erased["code"]))
    values: dict[str, Any] = {**erased, "raw_size": 0, "raw_sha256": None, "raw": None}
    return with_values(rows, pa.array(own), values) if own.any() else rows


def _emptied(rows: pa.Table, places: _Places) -> pa.Table:
    is_held = pc.or_(pc.is_valid(rows["raw"]), pc.is_valid(rows["event_key"]))
    own = places.among(rows) & _bools(is_held)
    empty = {"raw": None, "event_key": None}
    return with_values(rows, pa.array(own), empty) if own.any() else rows


def _changed(
    lake_uri: str,
    table: str,
    columns: Sequence[str],
    concerns: Callable[[pa.Table], bool],
    change: _Change,
) -> int:
    """Write the files again in which a change changes anything; return how many.

    Parameters
    ----------
    concerns
        Says by these columns whether any row may change.
    change
        Returns the very rows it was given where none does.
    """
    uri, schema = table_uri(lake_uri, table), VIEWS[table]
    handle = _opened(lake_uri, table)
    if handle is None:
        return 0
    changed = 0
    with as_ours(uri):
        objects, filesystem = open_objects(uri), arrow_filesystem(uri)
        for _ in range(REWRITES):
            is_lost = False
            for file in live_files(handle):
                if not any(map(concerns, rows_of([file], schema, filesystem, columns))) or all(
                    change(rows) is rows for rows in rows_of([file], schema, filesystem)
                ):
                    continue
                kept = written(map(change, rows_of([file], schema, filesystem)), schema)
                is_done = replace_files(
                    handle, objects, [file], [kept], operation="DELETE", is_data_changed=True
                )
                changed += is_done
                is_lost |= not is_done
            if not is_lost:
                return changed
    raise outpaced(uri)


def _added(lake_uri: str, places: _Places, erased_at: datetime, erased: Mapping[str, str]) -> int:
    """Put those events into the quarantine that are not there yet."""
    uri = table_uri(lake_uri, "quarantine")
    handle = _opened(lake_uri, "quarantine")
    if handle is None:
        return 0
    with as_ours(uri):
        there: set[Position] = set()
        for rows in rows_of(live_files(handle), QUARANTINE, arrow_filesystem(uri), _PLACE):
            told = rows.filter(pa.array(places.among(rows)))
            there |= set(map(_place_of, told.to_pylist()))
        lacking = [place for place in places.events if place not in there]
        if not lacking:
            return 0
        added = [
            {
                **dict(zip(_PLACE, place, strict=True)),
                **erased,
                "raw_size": 0,
                "first_seen_at": erased_at,
            }
            for place in lacking
        ]
        file = written([pa.Table.from_pylist(added, schema=QUARANTINE)], QUARANTINE)
        replace_files(
            handle, open_objects(uri), [], [file], operation="WRITE", is_data_changed=True
        )
    return 1


def _selected(
    lake_uri: str, table: str, columns: Sequence[str], is_wanted: ds.Expression
) -> Iterator[dict[str, Any]]:
    uri = table_uri(lake_uri, table)
    handle = _opened(lake_uri, table)
    if handle is None:
        return
    with as_ours(uri):
        files = as_dataset(live_files(handle), VIEWS[table], arrow_filesystem(uri))
        for batch in files.to_batches(columns=list(columns), filter=is_wanted):
            yield from batch.to_pylist()


def _opened(lake_uri: str, table: str) -> DeltaTable | None:
    uri = table_uri(lake_uri, table)
    with as_ours(uri):
        return open_table(uri)


def _bools(column: pa.ChunkedArray) -> NDArray[np.bool_]:
    values: NDArray[np.bool_] = column.to_numpy(zero_copy_only=False)
    return values


def _place_of(row: Mapping[str, Any]) -> Position:
    return row["topic"], row["part"], row["off"]
