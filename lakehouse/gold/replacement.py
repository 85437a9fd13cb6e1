"""Replace data files of a Delta table by others, in one commit, beside running writers.

The Delta library can replace all files of a table, or delete rows by a predicate, but not this. So
this module writes one entry of Delta's log as the protocol defines it: the files to remove and the
files to add. The entry is created as the next version, on condition that no other writer created
that version first. Appends do not conflict with it. If one of the files is gone by then, another
maintainer has replaced it, and nothing is written.
"""

import json
import time
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import obstore
import pyarrow as pa
from deltalake import DeltaTable
from obstore.exceptions import AlreadyExistsError

from lakehouse.errors import Unavailable
from lakehouse.gold.data_file import StoredOnce
from lakehouse.gold.tables import refuse_features

REWRITES: Final = 10
"""How often files are rewritten anew because another maintainer replaced one meanwhile."""

_ATTEMPTS: Final = 50


@dataclass(frozen=True, slots=True)
class LiveFile:
    """A data file that is part of a table's newest version; `least` by column, where known."""

    path: str
    size: int
    rows: int
    changed_at_ms: int
    least: dict[str, Any] = field(default_factory=dict, compare=False)


def live_files(handle: DeltaTable) -> list[LiveFile]:
    """Return a table's files in the order in which they were written."""
    found = pa.table(handle.get_add_actions(flatten=True)).to_pylist()
    files = [
        LiveFile(
            path=each["path"],
            size=each["size_bytes"],
            rows=each["num_records"],
            changed_at_ms=each["modification_time"],
            least={
                name.removeprefix("min."): value
                for name, value in each.items()
                if name.startswith("min.")
            },
        )
        for each in found
    ]
    return sorted(files, key=lambda file: (file.changed_at_ms, file.path))


def replace_files(
    handle: DeltaTable,
    objects: obstore.store.ObjectStore,
    removed: Collection[LiveFile],
    added: Sequence[StoredOnce],
    *,
    operation: str,
    is_data_changed: bool,
    positions: Mapping[str, int] | None = None,
) -> bool:
    """Commit the replacement; false, and nothing done, where a file is not live any more.

    The handle is at the newest version afterwards; the libraries' own errors pass through.

    Parameters
    ----------
    objects
        The table's folder.
    is_data_changed
        Whether rows differ; else streaming readers leave the commit aside.
    positions
        Application transactions that get another version in the same commit.

    Raises
    ------
    Unavailable
        Others were quicker again and again.
    SchemaDiffers
        Others have switched something on, such as deletion vectors: the rows that they deleted
        would come back.
    """
    refuse_features(handle.table_uri, handle)
    for file in added:
        file.put(objects)
    for _ in range(_ATTEMPTS):
        if not {file.path for file in removed} <= {file.path for file in live_files(handle)}:
            return False
        entry = _entry(
            removed,
            added,
            positions or {},
            operation=operation,
            is_data_changed=is_data_changed,
        )
        try:
            objects.put(
                f"_delta_log/{handle.version() + 1:020d}.json",
                entry,
                mode="create",
                use_multipart=False,
            )
        except AlreadyExistsError:
            handle.update_incremental()
            continue
        handle.update_incremental()
        return True
    raise Unavailable(
        f"{handle.table_uri}: others committed in each of {_ATTEMPTS} attempts to replace files; "
        "run this again: nothing was changed"
    )


def outpaced(uri: str) -> Unavailable:
    """Return the error of a maintainer that lost against others in each of its rewrites."""
    return Unavailable(
        f"{uri}: its files were replaced by others in each of {REWRITES} attempts; run this again"
    )


def now_milliseconds() -> int:
    """Return the instant that a commit carries, Unix time."""
    return time.time_ns() // 1_000_000


def _entry(
    removed: Collection[LiveFile],
    added: Sequence[StoredOnce],
    positions: Mapping[str, int],
    *,
    operation: str,
    is_data_changed: bool,
) -> bytes:
    now_ms = now_milliseconds()
    actions: list[dict[str, object]] = [
        {
            "commitInfo": {
                "timestamp": now_ms,
                "operation": operation,
                "operationParameters": {},
                "engineInfo": "lakehouse.gold",
            }
        }
    ]
    actions += [
        {
            "remove": {
                "path": file.path,
                "deletionTimestamp": now_ms,
                "dataChange": is_data_changed,
                "extendedFileMetadata": True,
                "partitionValues": {},
                "size": file.size,
            }
        }
        for file in removed
    ]
    actions += [
        {
            "add": {
                "path": file.added.path,
                "partitionValues": {},
                "size": file.added.size,
                "modificationTime": file.added.modification_time,
                "dataChange": is_data_changed,
                "stats": file.added.stats,
            }
        }
        for file in added
    ]
    actions += [
        {"txn": {"appId": name, "version": version, "lastUpdated": now_ms}}
        for name, version in positions.items()
    ]
    return "".join(json.dumps(each, separators=(",", ":")) + "\n" for each in actions).encode()
