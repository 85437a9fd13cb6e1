"""A data file of a Delta table: encoded while its rows arrive, stored once, then committed.

Waiting rows are kept as compressed Parquet, so a commit can be large and rare without needing
memory for its rows. The cost of a commit itself grows with the number of files of the table, not
with the number of rows. A stored file that no commit names is not part of the table; the maintainer
removes it.

`TableStore` is the interface that a writer needs; `DeltaStore` implements it.
"""

import json
import time
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Final, Protocol

import obstore
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from deltalake import CommitProperties, DeltaTable, PostCommitHookProperties, Transaction
from deltalake.transaction import AddAction

from lakehouse.errors import SchemaDiffers
from lakehouse.gold.object_store import open_objects, open_table
from lakehouse.gold.tables import BOUNDED, OF_ITS_OWN, open_or_create

ENCODED_BYTES: Final = 4 << 20
"""Rows of fewer bytes wait for more: each time costs something for every column."""

_MOST_ROWS_A_GROUP: Final = 1 << 15
"""So that a reader may skip a part of what was handed over in one large piece."""


class Handle(Protocol):
    """A table as it was at one version, until it is told to look again."""

    def version(self) -> int:
        """Return that version."""

    def transaction_version(self, app_id: str) -> int | None:
        """Return the last offset recorded under a transaction's name, up to that version."""

    def update_incremental(self) -> None:
        """Take in what was committed since."""


class Sealed(Protocol):
    """A file that grows no more."""

    @property
    def nbytes(self) -> int:
        """Bytes of memory that it takes."""


class Growing(Protocol):
    """A file that takes rows."""

    @property
    def nbytes(self) -> int:
        """Bytes of memory that its rows take."""

    def append(self, rows: pa.Table) -> None:
        """Take rows of the table's schema."""

    def seal(self) -> Sealed:
        """Return the whole file."""


class TableStore(Protocol):
    """The store that a writer needs; the libraries' own errors pass through."""

    def open_or_create(self) -> Handle:
        """Open the table at its newest version, made or widened if need be."""

    def open(self) -> Handle | None:
        """Open it at its newest version; ``None`` if there is none."""

    def file(self) -> Growing:
        """Begin a file of its rows."""

    def put(self, file: Any) -> None:
        """Store a sealed file, unless that was done."""

    def commit(self, handle: Any, files: Sequence[Any], transactions: Mapping[str, int]) -> None:
        """Make stored files part of the table, with these transactions; see `commit_files`."""


class DeltaStore:
    """The folder of one Delta table; see `TableStore`.

    Parameters
    ----------
    encoded_bytes
        As `GrowingFile`.
    """

    def __init__(self, uri: str, schema: pa.Schema, *, encoded_bytes: int) -> None:
        self._uri = uri
        self._schema = schema
        self._encoded_bytes = encoded_bytes
        self._objects: obstore.store.ObjectStore | None = None

    def open_or_create(self) -> DeltaTable:
        """Open the table, created if it is not there."""
        handle = open_or_create(self._uri, self._schema)
        self._objects = open_objects(self._uri)
        return handle

    def open(self) -> DeltaTable | None:
        """Open the table; ``None`` if there is none."""
        return open_table(self._uri)

    def file(self) -> "GrowingFile":
        """Begin a file of its rows."""
        return GrowingFile(self._schema, encoded_bytes=self._encoded_bytes)

    def put(self, file: "StoredOnce") -> None:
        """Store a sealed file, unless that was done."""
        self._objects = self._objects or open_objects(self._uri)
        file.put(self._objects)

    def commit(
        self, handle: DeltaTable, files: "Sequence[StoredOnce]", transactions: Mapping[str, int]
    ) -> None:
        """Make stored files part of the table."""
        commit_files(handle, files, transactions)


class GrowingFile:
    """A Parquet file in memory; ZSTD 1 is the fastest as well as the smallest.

    Parameters
    ----------
    encoded_bytes
        Rows wait until they take so many bytes of memory; together they are a row group, or a few.

    Attributes
    ----------
    rows
        How many it holds, those that are still to be encoded included.
    """

    def __init__(self, schema: pa.Schema, *, encoded_bytes: int = ENCODED_BYTES) -> None:
        self._encoded_bytes = encoded_bytes
        self._sink = pa.BufferOutputStream()
        self._writer = pq.ParquetWriter(
            self._sink,
            schema,
            compression="zstd",
            compression_level=1,
            # If nearly all values differ, a dictionary only costs time and bytes.
            use_dictionary=[each.name for each in schema if _repeats_itself(each)],
            write_statistics=_bounded(schema),
            store_schema=False,
        )
        self._unencoded: list[pa.Table] = []
        self._unencoded_bytes = 0
        self._bounds = {name: _Bounds() for name in _bounded(schema)}
        self.rows = 0

    @property
    def nbytes(self) -> int:
        """Bytes of memory that its rows take."""
        return int(self._sink.tell()) + self._unencoded_bytes

    def append(self, rows: pa.Table) -> None:
        """Take rows of the file's schema.

        Raises
        ------
        SchemaDiffers
            A column that must not be null is; the file is of no use any more.
        """
        self._unencoded.append(rows)
        self._unencoded_bytes += rows.nbytes
        self.rows += rows.num_rows
        if self._unencoded_bytes >= self._encoded_bytes:
            self._encode()

    def seal(self) -> "StoredOnce":
        """Return the whole file, which grows no more; raises what `append` does."""
        self._encode()
        self._writer.close()
        body = self._sink.getvalue()
        added = AddAction(
            path=f"part-00000-{uuid.uuid4()}-c000.zstd.parquet",
            size=body.size,
            partition_values={},
            modification_time=time.time_ns() // 1_000_000,
            data_change=True,
            stats=_statistics(self.rows, self._bounds),
        )
        return StoredOnce(added, body)

    def _encode(self) -> None:
        if not self._unencoded:
            return
        rows = _in_one_piece(pa.concat_tables(self._unencoded))
        self._unencoded, self._unencoded_bytes = [], 0
        try:
            self._writer.write_table(rows, row_group_size=_MOST_ROWS_A_GROUP)
        except pa.ArrowInvalid as exc:
            raise SchemaDiffers(f"rows do not fit their table in the lake: {exc}") from exc
        for name, bounds in self._bounds.items():
            bounds.widen(rows[name])


@dataclass(slots=True)
class StoredOnce:
    """A complete file: its entry for a commit, and its bytes until they are stored."""

    added: AddAction
    _body: pa.Buffer | None

    @property
    def nbytes(self) -> int:
        """Bytes of memory that it takes: none once it is stored."""
        return self._body.size if self._body is not None else 0

    def put(self, table: obstore.store.ObjectStore) -> None:
        """Store it in the folder of its table, unless that was done; the library's errors pass."""
        if self._body is not None:
            table.put(self.added.path, memoryview(self._body).cast("B"), use_multipart=False)
            self._body = None


def commit_files(
    handle: DeltaTable, files: Sequence[StoredOnce], transactions: Mapping[str, int]
) -> None:
    """Make stored files part of a table, with application transactions, in one commit.

    The handle stays at the version it had; the library's errors pass through.

    Raises
    ------
    deltalake.exceptions.CommitFailedError
        Somebody committed under one of these transactions since the handle was read.
    """
    handle.create_write_transaction(
        [each.added for each in files],
        "append",
        handle.schema(),
        commit_properties=CommitProperties(
            app_transactions=[Transaction(name, number) for name, number in transactions.items()]
        ),
        # Expired logs are the maintainer's: here it would take time and the right to delete.
        post_commithook_properties=PostCommitHookProperties(cleanup_expired_logs=False),
    )


@dataclass(slots=True)
class _Bounds:
    least: Any = None
    greatest: Any = None
    nulls: int = 0

    def widen(self, column: pa.ChunkedArray) -> None:
        found = pc.min_max(column).as_py()
        self.nulls += column.null_count
        if found["min"] is not None:
            is_first = self.least is None
            self.least = found["min"] if is_first else min(self.least, found["min"])
            self.greatest = found["max"] if is_first else max(self.greatest, found["max"])


def _in_one_piece(rows: pa.Table) -> pa.Table:
    """Join what small batches left, but for bytes: there the copy costs more than it saves."""
    columns = [
        column
        if pa.types.is_binary(column.type) or column.num_chunks == 1
        else pa.chunked_array([column.combine_chunks()])
        for column in rows.columns
    ]
    return pa.Table.from_arrays(columns, schema=rows.schema)


def _repeats_itself(column: pa.Field) -> bool:
    is_number = pa.types.is_floating(column.type) or pa.types.is_boolean(column.type)
    return not is_number and column.name not in OF_ITS_OWN


def _bounded(schema: pa.Schema) -> list[str]:
    return [name for name in schema.names if name in BOUNDED]


def _statistics(rows: int, bounds: Mapping[str, _Bounds]) -> str:
    known = {name: each for name, each in bounds.items() if each.least is not None}
    return json.dumps(
        {
            "numRecords": rows,
            "minValues": {name: _in_words(each.least) for name, each in known.items()},
            "maxValues": {name: _in_words(_above(each.greatest)) for name, each in known.items()},
            "nullCount": {name: each.nulls for name, each in bounds.items()},
        },
        separators=(",", ":"),
    )


def _above(value: object) -> object:
    """Return a value that is still an upper bound when an instant is cut to milliseconds."""
    if isinstance(value, datetime) and value.microsecond % 1_000:
        return value + timedelta(milliseconds=1)
    return value


def _in_words(value: object) -> object:
    """Write a bound as Delta does: instants to the millisecond, which is cut."""
    if isinstance(value, datetime):
        return value.isoformat(timespec="milliseconds").replace("+00:00", "Z")
    return value.isoformat() if isinstance(value, date) else value
