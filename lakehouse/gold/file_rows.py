"""Read the rows of data files in order, some at a time, so that they can be rewritten."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Final

import pyarrow as pa
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
) -> Iterator[pa.Table]:
    """Yield the files' rows in their order, some at a time; all columns, or those named."""
    names = list(columns or schema.names)
    expected = pa.schema([schema.field(name) for name in names])
    batches = as_dataset(files, schema, filesystem).to_batches(
        columns=names, batch_size=_ROWS_AT_ONCE, batch_readahead=2, fragment_readahead=1
    )
    for batch in batches:
        if batch.num_rows:
            yield pa.Table.from_batches([batch]).cast(expected)


def written(rows: Iterable[pa.Table], schema: pa.Schema) -> StoredOnce:
    """Return rows as a file that is whole."""
    file = GrowingFile(schema)
    for each in rows:
        file.append(each)
    return file.seal()
