"""Merge many small files of a table into few large ones, so that questions open fewer files.

Files that were written one after another become one file of about 128 MB. Decisions are sorted in
it by application date and event time, at most a million at a time. The other tables keep their
order by offset. A file is rewritten only together with others that add up to half its size, so each
row is rewritten a few times in its life and not every day.
"""

from collections.abc import Sequence
from typing import Final

import obstore
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.fs
from deltalake import DeltaTable

from lakehouse.gold.data_file import GrowingFile, StoredOnce
from lakehouse.gold.file_rows import as_dataset, rows_of, written
from lakehouse.gold.replacement import LiveFile, live_files, replace_files

TARGET_BYTES: Final = 128 << 20
_LARGE_ENOUGH: Final = 96 << 20
_MOST_SORTED_ROWS: Final = 1_000_000
_GROUP_BYTES: Final = 24 << 20
_ROWS_AT_ONCE: Final = 32_768
_ORDERS: Final = {"decisions": ("applied_on", "event_at", "topic", "part", "off")}


def compact(
    table: str,
    schema: pa.Schema,
    handle: DeltaTable,
    objects: obstore.store.ObjectStore,
    filesystem: pyarrow.fs.FileSystem,
) -> int:
    """Replace small files by large ones; return how many were replaced.

    The libraries' own errors pass through.
    """
    order = _ORDERS.get(table)
    most_rows = _MOST_SORTED_ROWS if order else None
    replaced = 0
    for group in groups_of(live_files(handle), most_rows=most_rows):
        file = (
            _sorted(group, schema, filesystem, order)
            if order
            else written(rows_of(group, schema, filesystem), schema)
        )
        if replace_files(
            handle, objects, group, [file], operation="OPTIMIZE", is_data_changed=False
        ):
            replaced += len(group)
    return replaced


def groups_of(files: Sequence[LiveFile], *, most_rows: int | None) -> list[list[LiveFile]]:
    """Return which files are to become one each.

    Parameters
    ----------
    files
        In the order in which they were written.
    most_rows
        How many rows one of them may have.
    """
    groups: list[list[LiveFile]] = [[]]
    for file in files:
        if file.size >= _LARGE_ENOUGH or (most_rows and file.rows > most_rows // 2):
            groups.append([])
            continue
        together = [*groups[-1], file]
        is_too_large = sum(each.size for each in together) > TARGET_BYTES or (
            most_rows is not None and sum(each.rows for each in together) > most_rows
        )
        if is_too_large:
            groups.append([])
        groups[-1].append(file)
    return [kept for kept in map(_worth_it, groups) if len(kept) > 1]


def _worth_it(group: list[LiveFile]) -> list[LiveFile]:
    """Leave out the first files while what follows is less than half of them."""
    rest = sum(file.size for file in group)
    for place, file in enumerate(group):
        rest -= file.size
        if 2 * rest >= file.size:
            return group[place:]
    return []


def _sorted(
    files: Sequence[LiveFile],
    schema: pa.Schema,
    filesystem: pyarrow.fs.FileSystem,
    order: Sequence[str],
) -> StoredOnce:
    rows = as_dataset(files, schema, filesystem).to_table(batch_readahead=2, fragment_readahead=1)
    places = pc.sort_indices(rows.select(order), sort_keys=[(name, "ascending") for name in order])
    file = GrowingFile(schema, encoded_bytes=_GROUP_BYTES)
    for first in range(0, len(places), _ROWS_AT_ONCE):
        file.append(rows.take(places.slice(first, _ROWS_AT_ONCE)).cast(schema))
    return file.seal()
