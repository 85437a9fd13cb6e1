"""Parquet files of applications, streamed a thousand rows at a time."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from dataflows.sources.lines import FileDamaged
from dataflows.sources.rows import CONTRACT_FIELDS, row_encoder
from lakehouse.errors import PositionLost, SettingsInvalid

__all__ = ["count_rows", "records"]

ROWS_AT_ONCE: Final = 1_000
READ_BUFFER: Final = 256 * 1024  # pages are streamed; without it whole column chunks are held
INFINITIES: Final = frozenset({float("inf"), float("-inf")})


def _open(path: Path) -> pq.ParquetFile:
    try:
        return pq.ParquetFile(path, buffer_size=READ_BUFFER)
    except (pa.ArrowInvalid, OSError) as error:
        raise SettingsInvalid(
            f"{path}: expected a whole Parquet file, found {str(error).splitlines()[0]}; "
            "restore the file or give it the ending of what it is"
        ) from error


def count_rows(path: Path) -> int:
    """Return how many rows the file says it has.

    Raises
    ------
    SettingsInvalid
        It is no Parquet file, or none of applications: fewer than two of its columns are known to
        the contract, or two bear the same name.
    """
    with _open(path) as file:
        names = file.schema_arrow.names
        twice = [name for name, count in Counter(names).items() if count > 1]
        if twice:
            raise SettingsInvalid(f"{path}: two columns are called {twice[0]!r}; expected one each")
        if len(CONTRACT_FIELDS.intersection(names)) < 2:  # noqa: PLR2004
            raise SettingsInvalid(
                f"{path}: expected columns such as id, loan_amnt, term; found {names[:5]}"
            )
        return int(file.metadata.num_rows)


def records(path: Path, start: int) -> Iterator[tuple[int, bytes, bool]]:
    """Yield offset, JSON and ``False`` (no record is foreign) for each row from number `start` on.

    Raises
    ------
    PositionLost
        The file has fewer than `start` rows.
    FileDamaged
        Data within the file cannot be read; rows before it were yielded.
    """
    with _open(path) as file:
        rows = file.metadata.num_rows
        if start > rows:
            raise PositionLost(
                f"{path}: expected at least {start} rows, found {rows}; it was replaced since "
                "it was last read. Restore it, or read the new one under another name"
            )
        encode = row_encoder(file.schema_arrow.names)
        groups, number = _groups_from(file, start)
        try:
            for batch in file.iter_batches(ROWS_AT_ONCE, row_groups=groups):
                skipped = min(max(0, start - number), batch.num_rows)
                number += skipped
                columns = [_values(column) for column in batch.slice(skipped).columns]
                for cells in zip(*columns, strict=True):
                    yield number, encode(cells), False
                    number += 1
        except (pa.ArrowException, OSError) as error:
            raise FileDamaged(
                f"{path}: expected {rows} rows, found damage after row {number} "
                f"({str(error).splitlines()[0]}). The rows before it were read; restore the file "
                "and start again, it goes on where it stopped"
            ) from error


def _groups_from(file: pq.ParquetFile, start: int) -> tuple[list[int], int]:
    """Return the row groups that hold rows from `start` on, and the first one's first row."""
    first_row = 0
    for group in range(file.num_row_groups):
        after = first_row + file.metadata.row_group(group).num_rows
        if start < after:
            return list(range(group, file.num_row_groups)), first_row
        first_row = after
    return [], first_row


def _values(column: pa.Array) -> list[Any]:
    """Return Python values; an infinity, which JSON has no number for, as text."""
    kind = column.type
    if pa.types.is_timestamp(kind) and kind.unit == "ns":
        column = column.cast(pa.timestamp("us", tz=kind.tz), safe=False)
    if pa.types.is_floating(kind) and pc.any(pc.is_inf(column)).as_py():
        return [str(value) if value in INFINITIES else value for value in column.to_pylist()]
    try:
        return list(column.to_pylist())
    except UnicodeDecodeError:
        raw = column.cast(pa.large_binary()).to_pylist()
        return [
            None if value is None else value.decode("utf-8", "surrogateescape") for value in raw
        ]
