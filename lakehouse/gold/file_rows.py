"""Read the rows of data files in order, some at a time, so that they can be rewritten."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Final

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.dataset as ds
import pyarrow.fs

from lakehouse.gold.data_file import GrowingFile, StoredOnce
from lakehouse.gold.replacement import LiveFile

_ROWS_AT_ONCE: Final = 4_096


def as_dataset(
    files: Sequence[LiveFile], schema: pa.Schema, filesystem: pyarrow.fs.FileSystem
) -> ds.Dataset:
    """Return files of a table as one set of rows; columns that they lack are null."""
    paths = [file.path for file in files]
    return ds.dataset(paths, schema=schema, filesystem=filesystem, format="parquet")


def rows_of(
    files: Sequence[LiveFile],
    schema: pa.Schema,
    filesystem: pyarrow.fs.FileSystem,
    columns: Sequence[str] | None = None,
    *,
    where: ds.Expression | None = None,
) -> Iterator[pa.Table]:
    """Yield the files' rows in their order, some at a time; all of them, or what is named."""
    names = list(columns or schema.names)
    expected = pa.schema([schema.field(name) for name in names])
    batches = as_dataset(files, schema, filesystem).to_batches(
        columns=names,
        filter=where,
        batch_size=_ROWS_AT_ONCE,
        batch_readahead=2,
        fragment_readahead=1,
    )
    for batch in batches:
        if batch.num_rows:
            yield pa.Table.from_batches([batch]).cast(expected)


def with_values(
    rows: pa.Table, is_changed: pa.Array | pa.ChunkedArray, values: Mapping[str, Any]
) -> pa.Table:
    """Return the rows with these values in the columns of that name, where a row is changed."""
    for name, value in values.items():
        place = rows.schema.get_field_index(name)
        column = pc.if_else(is_changed, pa.scalar(value, rows[name].type), rows[name])
        rows = rows.set_column(place, rows.schema.field(name), column)
    return rows


def written(rows: Iterable[pa.Table], schema: pa.Schema) -> StoredOnce:
    """Return rows as a file that is whole."""
    file = GrowingFile(schema)
    for each in rows:
        file.append(each)
    return file.seal()
