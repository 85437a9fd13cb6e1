"""A DuckDB session over gold: a view for each table, and `outcomes`, the latest of each loan.

The session is in memory and sees the tables as they were when it opened (`Lake.refresh` opens them
again). It can read no file but those of the lake's tables, and no network, extension or Python
variable. Its configuration is locked. So people may type SQL into it. DuckDB reads the files of a
folder itself, several times faster than through Arrow. For S3 it would have to download an
extension, so it gets those files from Arrow. Instants are `timestamp` columns that mean UTC,
because time zones need an extension too.
"""

import re
import threading
import time
import weakref
from collections.abc import Generator, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final
from urllib.parse import unquote

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
from deltalake import DeltaTable
from deltalake.exceptions import DeltaError

from lakehouse.arrow_schemas import INSTANT
from lakehouse.errors import QueryInvalid, Unavailable
from lakehouse.gold.object_store import (
    arrow_filesystem,
    as_ours,
    is_remote,
    open_table,
    table_uri,
)
from lakehouse.gold.positions import TablePositions
from lakehouse.gold.tables import VIEWS, refuse_features
from lakehouse.gold.writer import transaction_id
from lakehouse.lake.filters import Filters
from lakehouse.lake.literal import as_literal
from lakehouse.postgres.statements import load_sql
from lakehouse.settings.settings import Settings


@dataclass(frozen=True, slots=True)
class Asked:
    """One question as it was asked, and how long its answer took."""

    statement: str
    parameters: Mapping[str, object]
    seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class TableFiles:
    """What a table consists of; `small_files` are below the size asked for."""

    table: str
    version: int
    committed_at: datetime | None
    rows: int
    files: int
    small_files: int
    bytes: int


_RECORD: Final[ContextVar[list[Asked] | None]] = ContextVar("asked_of_the_lake", default=None)

_CONFIGURATION: Final[dict[str, str | bool | int | float | list[str]]] = {
    "allow_community_extensions": "false",
    "autoinstall_known_extensions": "false",
    "autoload_known_extensions": "false",
    # `select * from settings` must not find the caller's variable of that name.
    "python_enable_replacements": "false",
}
_STORED_AS: Final = {"quarantine": "ever_quarantined"}
"""Views of a table under another name, since a derived one takes the table's."""

_DERIVED: Final = (
    "quarantine",
    "outcomes",
    "chosen",
    "loans",
    "outcomes_by",
    "is_approved",
    "in_bins",
    "held",
)
"""Views and table macros over the tables; each may use those before it."""

_UNREADABLE: Final = "reading the Arrow source failed"
_PATTERNS: Final = frozenset("*?[")
_ASKED_BY_POSITION: Final = "raw_events"
"""Arrow knows from the log which of its files holds an offset, and opens no other."""

_MOST_FILES_READ_DIRECTLY: Final = 500
"""DuckDB looks at each file for each question; Arrow knows from the log what it need not open."""

_ANALYSE: Final = re.compile("analy[sz]e")


class Lake:
    """The views over one lake; a table that does not exist yet is an empty view.

    Safe to use from several threads. Close it: a scan that a ``limit`` ended early must not
    outlive the interpreter.

    Raises
    ------
    Unavailable, Denied, SchemaDiffers
        The lake does not answer, does not let us read, or has tables that only others can read.
    """

    def __init__(
        self,
        lake_uri: str,
        *,
        memory_mb: int = 1_000,
        spill_to: str | None = None,
        prepared: Sequence[str] = (),
    ) -> None:
        self._uris = {name: table_uri(lake_uri, name) for name in VIEWS}
        self._tables: dict[str, DeltaTable | None] = {}
        self._versions: dict[str, int | None] = {}
        self._positions = {name: TablePositions(uri) for name, uri in self._uris.items()}
        self._columns: dict[str, dict[str, tuple[str, ...]]] = {}
        self._lock = threading.Lock()
        limits = {"memory_limit": f"{memory_mb}MB"}
        if spill_to is not None:
            limits["temp_directory"] = spill_to
        self._connection = duckdb.connect(":memory:", config={**_CONFIGURATION, **limits})
        self.close = weakref.finalize(self, self._connection.close)
        if not is_remote(lake_uri):
            folders = [f"{uri}/" for uri in self._uris.values()]
            self._connection.execute(f"set allowed_directories = {as_literal(folders)}")
        self._connection.execute("set enable_external_access = false")
        self.refresh()
        for name in _DERIVED:
            self._connection.execute(load_sql(f"lake/views/{name}"))
        for statement in prepared:
            self._connection.execute(statement)
        self._connection.execute("set lock_configuration = true")

    def refresh(self) -> None:
        """Look at the tables again: queries see what was committed up to now.

        What was read of a table's log before is not read again.

        Raises
        ------
        Unavailable, Denied
            The lake does not answer, or does not let us read.
        """
        with self._lock, ThreadPoolExecutor(len(VIEWS), "lake-open") as pool:
            for name, table in zip(VIEWS, pool.map(self._newest, VIEWS), strict=True):
                version = None if table is None else table.version()
                if name not in self._tables or version != self._versions[name]:
                    self._expose(name, table)
                self._tables[name], self._versions[name] = table, version

    def ask(
        self, question: str, filters: Filters | None = None, /, **parameters: object
    ) -> pa.Table:
        """Return the answer to ``lakehouse/sql/lake/{question}.sql``.

        Raises
        ------
        QueryInvalid, Unavailable
            As for `query`.
        """
        chosen = {} if filters is None else {"filters": filters.parameters()}
        return self.query(load_sql(f"lake/{question}"), {**chosen, **parameters})

    def query(self, statement: str, parameters: Mapping[str, object] | None = None) -> pa.Table:
        """Return a question's answer; instants are naive and mean UTC.

        Raises
        ------
        QueryInvalid
            The statement, or its parameters, are not valid; the message is DuckDB's.
        Unavailable
            A data file could not be read; an old one may have been vacuumed: refresh.
        """
        started = time.perf_counter()
        with self._asked(statement, parameters) as relation:
            answer = relation.to_arrow_table()
        record = _RECORD.get()
        if record is not None:
            record.append(Asked(statement, parameters or {}, time.perf_counter() - started))
        return answer

    def stream(
        self, statement: str, parameters: Mapping[str, object] | None = None, *, rows: int
    ) -> Generator[pa.RecordBatch, None, None]:
        """Yield a question's answer in parts of about so many rows: no more is held in memory.

        Raises
        ------
        QueryInvalid, Unavailable
            As for `query`.
        """
        with self._asked(statement, parameters) as relation:
            yield from relation.to_arrow_reader(rows)

    @contextmanager
    def _asked(
        self, statement: str, parameters: Mapping[str, object] | None
    ) -> Iterator[duckdb.DuckDBPyRelation]:
        with closing(self._connection.cursor()) as cursor:
            try:
                _refuse_changes(cursor.extract_statements(statement))
                yield cursor.sql(statement, params=dict(parameters) if parameters else None)
            except duckdb.Error as exc:
                said = str(exc).strip()
                if isinstance(exc, duckdb.IOException) or _UNREADABLE in said:
                    raise _unreadable(said) from exc
                raise QueryInvalid(said) from exc

    def last_off(self, table: str, pipeline: str, topic: str, part: int) -> int | None:
        """Return up to which offset a view holds a partition, in the same snapshot."""
        return self.positions(table).get(transaction_id(pipeline, topic, part))

    def positions(self, table: str) -> Mapping[str, int]:
        """Return the last offset of each partition by its transaction, in the same snapshot."""
        handle = self._tables[table]
        if handle is None:
            return {}
        with as_ours(self._uris[table]):
            return self._positions[table].of(handle)

    def versions(self) -> dict[str, int]:
        """Return the commit of each table that queries see; a table that is not there has none."""
        return {name: table.version() for name, table in self._tables.items() if table is not None}

    def committed_at(self, table: str) -> datetime | None:
        """Return when the version that a view shows was committed; None without a table."""
        handle = self._tables[table]
        if handle is None:
            return None
        with as_ours(self._uris[table]):
            stamp = handle.history(1)[0]["timestamp"]
        return datetime.fromtimestamp(stamp / 1_000, UTC)

    def table_files(self, *, small_below: int) -> list[TableFiles]:
        """Return what each table that there is consists of, in the snapshot that queries see."""
        found = []
        for name, table in self._tables.items():
            if table is not None:
                with as_ours(self._uris[name]):
                    files = pa.table(table.get_add_actions(flatten=True)).to_pydict()
                sizes = files["size_bytes"]
                found.append(
                    TableFiles(
                        table=name,
                        version=table.version(),
                        committed_at=self.committed_at(name),
                        rows=sum(each or 0 for each in files["num_records"]),
                        files=len(sizes),
                        small_files=sum(size < small_below for size in sizes),
                        bytes=sum(sizes),
                    )
                )
        return found

    def _newest(self, name: str) -> DeltaTable | None:
        with as_ours(self._uris[name]):
            table = self._tables.get(name)
            if table is not None and _is_followed(table):
                return table
            return open_table(self._uris[name])

    def _expose(self, name: str, table: DeltaTable | None) -> None:
        if table is not None:
            refuse_features(self._uris[name], table)
        schema, empty = VIEWS[name], self._connection.from_arrow(VIEWS[name].empty_table())
        source = empty if table is None else self._rows_of(name, table)
        has = set(source.columns)
        columns = [
            duckdb.ColumnExpression(field.name).cast("timestamp").alias(field.name)
            if field.type == INSTANT
            else duckdb.ColumnExpression(field.name)
            if field.name in has
            else duckdb.ConstantExpression(None).cast(kind).alias(field.name)
            for field, kind in zip(schema, empty.types, strict=True)
        ]
        source.select(*columns).create_view(_STORED_AS.get(name, name), replace=True)

    def _rows_of(self, name: str, table: DeltaTable) -> duckdb.DuckDBPyRelation:
        uri, files = self._uris[name], [unquote(each) for each in table.file_uris()]
        is_native = name != _ASKED_BY_POSITION and not is_remote(uri) and not _PATTERNS & set(uri)
        if is_native and 0 < len(files) <= _MOST_FILES_READ_DIRECTLY:
            known = self._columns.get(name, {})
            try:
                columns = {each: known.get(each) or _columns_of(each) for each in files}
                # Files from before a column was added lack it: their rows have none. To look for it
                # by name makes each question look at all files, so only where it has to be.
                differ = len(set(columns.values())) > 1
                found = self._connection.read_parquet(
                    files, union_by_name=differ, hive_partitioning=False
                )
            except (OSError, duckdb.IOException) as exc:
                raise _unreadable(str(exc)) from exc
            self._columns[name] = columns
            return found
        return self._connection.from_arrow(
            table.to_pyarrow_dataset(filesystem=arrow_filesystem(uri), schema=VIEWS[name])
        )


def as_seen(
    connection: duckdb.DuckDBPyConnection, rows: pa.Table, schema: pa.Schema
) -> duckdb.DuckDBPyRelation:
    """Return rows as the views show them: instants without a zone."""
    columns = [
        duckdb.ColumnExpression(field.name).cast("timestamp").alias(field.name)
        if field.type == INSTANT
        else duckdb.ColumnExpression(field.name)
        for field in schema
    ]
    return connection.from_arrow(rows).select(*columns)


def _columns_of(file: str) -> tuple[str, ...]:
    return tuple(pq.read_schema(file).names)


def _unreadable(said: str) -> Unavailable:
    return Unavailable(
        f"a file of the lake could not be read: {' '.join(said.split())}; ask again, and if it "
        "stays so, look whether the store still holds it"
    )


def _is_followed(table: DeltaTable) -> bool:
    """Bring a table to its newest version; false if it must be opened again."""
    try:
        table.update_incremental()
    except DeltaError:
        return False
    return True


def _refuse_changes(statements: Sequence[duckdb.Statement]) -> None:
    """Let one question pass; a dropped view would be gone for everybody who shares the session."""
    if len(statements) == 1:
        kind, text = statements[0].type, statements[0].query.lower()
        if kind == duckdb.StatementType.SELECT:
            return
        # `explain analyze` runs what it explains.
        if kind == duckdb.StatementType.EXPLAIN and not _ANALYSE.search(text):
            return
    raise QueryInvalid(
        f"expected one question (select, from, with, describe, show, summarize, explain), found "
        f"{', '.join(each.type.name.lower() for each in statements) or 'nothing'}; the lake is "
        "only read here"
    )


@contextmanager
def recording() -> Iterator[list[Asked]]:
    """Yield a list to which every question that this thread asks meanwhile is added.

    So a page can show the SQL behind a figure: the question itself, not a copy of it.
    """
    record: list[Asked] = []
    token = _RECORD.set(record)
    try:
        yield record
    finally:
        _RECORD.reset(token)


@contextmanager
def open_lake(settings: Settings) -> Iterator[Lake]:
    """Yield a session over the lake of the settings.

    Raises
    ------
    Unavailable, Denied
        The lake does not answer, or does not let us read.
    """
    lake = Lake(settings.lake_uri)
    try:
        yield lake
    finally:
        lake.close()
