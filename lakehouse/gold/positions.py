"""The positions that a table's log holds, read commit by commit: each commit once.

A position is an application transaction of Delta's (`lakehouse.gold.writer`). The Delta library
finds one by reading the log back until it meets it. For twelve partitions of four tables that is
most of the log, forty-eight times, which takes a store tens of seconds while the log is long.
"""

import re
import threading
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Final

import msgspec
import obstore
import pyarrow as pa
import pyarrow.parquet as pq
from deltalake import DeltaTable

from lakehouse.gold.object_store import open_objects

_LOG: Final = "_delta_log"
_CHECKPOINT: Final = re.compile(rf"{_LOG}/(\d{{20}})\.checkpoint(?:\.\d+\.(\d+))?\.parquet")
_AT_ONCE: Final = 8


class _Transaction(msgspec.Struct, rename={"app_id": "appId"}):
    app_id: str
    version: int


class _Action(msgspec.Struct):
    txn: _Transaction | None = None


class TablePositions:
    """The positions of one table, as of the version that is asked for; safe to share.

    Parameters
    ----------
    uri
        The table's address. The libraries' own errors pass through.
    """

    def __init__(self, uri: str) -> None:
        self._uri = uri
        self._objects: obstore.store.ObjectStore | None = None
        self._version: int | None = None
        self._found: dict[str, int] = {}
        self._lock = threading.Lock()

    def of(self, table: DeltaTable) -> Mapping[str, int]:
        """Return each transaction's newest version as the table's snapshot holds it."""
        version = table.version()
        with self._lock:
            if self._objects is None:
                self._objects = open_objects(self._uri)
            try:
                self._follow(self._objects, version)
            except FileNotFoundError:
                # Meanwhile a clean-up removed commits that a checkpoint holds.
                self._version = None
                self._follow(self._objects, version)
            return dict(self._found)

    def _follow(self, objects: obstore.store.ObjectStore, version: int) -> None:
        if self._version is None or version < self._version:
            self._version, self._found = _from_checkpoint(objects, version)
        paths = [f"{_LOG}/{each:020}.json" for each in range(self._version + 1, version + 1)]
        with ThreadPoolExecutor(_AT_ONCE, "positions") as pool:
            for transactions in pool.map(lambda path: _transactions(objects, path), paths):
                self._found.update(transactions)
        self._version = version


def _from_checkpoint(
    objects: obstore.store.ObjectStore, version: int
) -> tuple[int, dict[str, int]]:
    """Return the newest whole checkpoint's version, and what it holds; -1 and nothing without."""
    parts: dict[int, list[str]] = {}
    needed: dict[int, int] = {}
    for page in objects.list(_LOG):
        for each in page:
            found = _CHECKPOINT.fullmatch(each["path"])
            if found and int(found[1]) <= version:
                parts.setdefault(int(found[1]), []).append(each["path"])
                needed[int(found[1])] = int(found[2] or 1)
    whole = [number for number, paths in parts.items() if len(paths) >= needed[number]]
    if not whole:
        return -1, {}
    positions: dict[str, int] = {}
    for path in parts[max(whole)]:
        content = pa.py_buffer(objects.get(path).bytes())
        held = pq.ParquetFile(pa.BufferReader(content)).read(columns=["txn"])
        for row in held.column("txn").drop_null().to_pylist():
            positions[row["appId"]] = row["version"]
    return max(whole), positions


def _transactions(objects: obstore.store.ObjectStore, path: str) -> dict[str, int]:
    lines = bytes(objects.get(path).bytes()).splitlines()
    actions = [msgspec.json.decode(line, type=_Action) for line in lines if b'"txn"' in line]
    return {each.txn.app_id: each.txn.version for each in actions if each.txn is not None}
