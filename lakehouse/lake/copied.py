"""A lake with a copy of decisions and outcomes in memory, for pages that ask often.

Views, columns and answers are those of `Lake`; only the scan behind them differs. DuckDB reads its
own compressed columns many times faster than Parquet through Arrow. After a new commit only the
added files are read, not the whole table.
"""

import weakref
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, suppress
from functools import partial
from tempfile import TemporaryDirectory
from typing import Final

import duckdb
import pyarrow as pa
import structlog
from deltalake import DeltaTable

from lakehouse.errors import LakehouseError
from lakehouse.gold.file_rows import as_dataset
from lakehouse.gold.object_store import arrow_filesystem, raise_as_ours
from lakehouse.gold.replacement import LiveFile, live_files
from lakehouse.gold.tables import VIEWS
from lakehouse.lake.session import Lake, as_seen

COPIED: Final = ("decisions", "outcome_records")
"""The tables of which a copy is kept."""

_KEYS: Final[Mapping[str, str]] = {"decisions": "topic, part, off"}
"""What tells the rows of a table apart."""

_ROWS_AT_ONCE: Final = 122_880
"""One of DuckDB's row groups: fewer rows are slow to insert, and not worth compressing."""

_log = structlog.get_logger()


class CopiedLake(Lake):
    """A `Lake` that keeps a copy of `COPIED` once `copy` was called, and follows their commits.

    The copy is compressed and in memory; what exceeds `memory_mb` spills into a temporary folder
    that is gone with the process. Where there is no room either, the copy is dropped and the views
    read the files as `Lake` does.

    Raises
    ------
    Unavailable, Denied
        The lake does not answer, or does not let us read.
    """

    def __init__(self, lake_uri: str, *, memory_mb: int) -> None:
        self._held: dict[str, frozenset[str]] = {}
        self._loose = 0
        folder = TemporaryDirectory(prefix="risk-pages-")
        super().__init__(
            lake_uri,
            memory_mb=memory_mb,
            spill_to=folder.name,
            prepared=("attach ':memory:' as copied (compress)",),
        )
        self.close = weakref.finalize(self, partial(_close, self._connection, folder))

    def copy(self) -> bool:
        """Copy what the views show now; return whether it fits into the memory.

        Raises
        ------
        Unavailable, Denied
            The lake does not answer, or does not let us read.
        """
        with self._lock:
            fits = [self._copied(name, self._tables[name]) for name in COPIED]
        return all(fits)

    @property
    def is_copied(self) -> bool:
        """Whether all questions to the tables of `COPIED` go to the copy."""
        return all(name in self._held for name in COPIED)

    def _expose(self, name: str, table: DeltaTable | None) -> None:
        if name not in self._held or not self._copied(name, table):
            super()._expose(name, table)

    def _copied(self, name: str, table: DeltaTable | None) -> bool:
        """Bring a table's copy to a version; false where it does not fit, and there is none."""
        try:
            files = [] if table is None else live_files(table)
            if not self._is_followed(name, files):
                self._drop(name, table)
                self._load(name, files)
        except duckdb.OutOfMemoryException:
            _log.warning("copy_does_not_fit", table=name)
        except duckdb.Error as exc:
            # A file of this version is gone: the views over files say what is wrong.
            _log.warning("copy_failed", table=name, what=str(exc)[:200])
        except LakehouseError:
            raise
        except Exception as exc:  # noqa: BLE001 - every failure of the store is translated
            raise_as_ours(self._uris[name], exc)
        else:
            return True
        self._drop(name, table)
        return False

    def _drop(self, name: str, table: DeltaTable | None) -> None:
        """Ask the files again, and let the copy go."""
        self._held.pop(name, None)
        super()._expose(name, table)
        with closing(self._connection.cursor()) as cursor:
            cursor.execute(f"drop table if exists {_copy_of(name)}")

    def _is_followed(self, name: str, files: Sequence[LiveFile]) -> bool:
        """Add new commits to the copy; false if it must be made from scratch."""
        held = self._held.get(name)
        names = frozenset(file.path for file in files)
        # Without a key, rows that were written again cannot be told from new ones.
        if held is None or not (held <= names or name in _KEYS):
            return False
        added = [file for file in files if file.path not in held]
        with closing(self._connection.cursor()) as cursor:
            cursor.begin()
            for part in self._parts(name, added):
                rows = as_seen(cursor, part, VIEWS[name])
                if not held <= names:
                    rows = rows.join(cursor.table(_copy_of(name)), _KEYS[name], how="anti")
                rows.insert_into(_copy_of(name))
            # Fewer rows: some were erased.
            is_whole = self._rows(cursor, name) == sum(file.rows for file in files)
            if is_whole:
                cursor.commit()
        if is_whole:
            self._held[name] = names
            self._compress(sum(file.rows for file in added))
        return is_whole

    def _load(self, name: str, files: Sequence[LiveFile]) -> None:
        with closing(self._connection.cursor()) as cursor:
            empty = as_seen(cursor, VIEWS[name].empty_table(), VIEWS[name])
            empty.create(_copy_of(name))
            for rows in self._parts(name, files):
                as_seen(cursor, rows, VIEWS[name]).insert_into(_copy_of(name))
                self._compress(rows.num_rows)
        self._connection.table(_copy_of(name)).create_view(name, replace=True)
        self._held[name] = frozenset(file.path for file in files)
        pa.default_memory_pool().release_unused()

    def _parts(self, name: str, files: Sequence[LiveFile]) -> Iterator[pa.Table]:
        """Yield the rows of files, some row groups at a time: a small memory is enough."""
        schema, read = VIEWS[name], list[pa.Table]()
        filesystem = arrow_filesystem(self._uris[name])
        fragments = as_dataset(files, schema, filesystem).get_fragments() if files else ()
        for fragment in fragments:
            for group in fragment.split_by_row_group():
                read.append(group.to_table(schema=schema, use_threads=False))
                if sum(each.num_rows for each in read) >= _ROWS_AT_ONCE:
                    yield pa.concat_tables(read)
                    read.clear()
        if read:
            yield pa.concat_tables(read)

    def _compress(self, rows: int) -> None:
        """Compress what was added, once that is much."""
        self._loose += rows
        if self._loose >= _ROWS_AT_ONCE:
            self._loose = 0
            with closing(self._connection.cursor()) as cursor, suppress(duckdb.Error):
                cursor.execute("checkpoint copied")

    @staticmethod
    def _rows(cursor: duckdb.DuckDBPyConnection, name: str) -> int:
        return int(cursor.table(_copy_of(name)).count("*").fetchall()[0][0])


def _close(connection: duckdb.DuckDBPyConnection, folder: TemporaryDirectory[str]) -> None:
    connection.close()
    folder.cleanup()


def _copy_of(name: str) -> str:
    return f"copied.main.{name}"
