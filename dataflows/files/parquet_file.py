"""Parquet files of applications, streamed a thousand rows at a time."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from dataflows.files.columns import column_names, counts_in_months, known_in
from dataflows.files.lines import FileDamaged
from dataflows.files.reading import SAMPLE_ROWS
from dataflows.files.remarks import Remark, not_a_record
from lakehouse.errors import PositionLost, SettingsInvalid

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


@dataclass(frozen=True, slots=True)
class Look:
    """A Parquet file's columns by their JSON names, its number of rows, and the first of them."""

    names: tuple[str, ...]
    rows: int
    sample: list[Sequence[Any]]
    in_months: bool


def look(path: Path) -> Look:
    """Look at a file's columns and first rows.

    Raises
    ------
    SettingsInvalid
        No Parquet, no columns of the contract, or two are the same field.
    """
    with _open(path) as file:
        cells = file.schema_arrow.names
        if known_in(cells) < 2:  # noqa: PLR2004
            raise SettingsInvalid(
                f"{path}: expected columns such as id, loan_amnt, term; found {cells[:5]}"
            )
        sample: list[Sequence[Any]] = []
        for batch in file.iter_batches(SAMPLE_ROWS):
            sample = list(zip(*map(_values, batch.columns), strict=True))
            break
        return Look(
            names=column_names(cells, path),
            rows=int(file.metadata.num_rows),
            sample=sample,
            in_months=counts_in_months(cells),
        )


def records(
    path: Path, encode: Callable[[Sequence[Any], int], bytes], start: int
) -> Iterator[tuple[int, bytes, Remark | None]]:
    """Yield number and JSON of each row from number `start` on; an empty row has a remark.

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
        groups, number = _groups_from(file, start)
        try:
            for batch in file.iter_batches(ROWS_AT_ONCE, row_groups=groups):
                skipped = min(max(0, start - number), batch.num_rows)
                number += skipped
                columns = [_values(column) for column in batch.slice(skipped).columns]
                for cells in zip(*columns, strict=True):
                    yield number, encode(cells, number), _remark(cells)
                    number += 1
        except (pa.ArrowException, OSError) as error:
            raise FileDamaged(
                f"{path}: expected {rows} rows, found damage after row {number} "
                f"({str(error).splitlines()[0]}). The rows before it were read; restore the file "
                "and start again, it goes on where it stopped"
            ) from error


def _remark(cells: Sequence[Any]) -> Remark | None:
    """Return the remark on a row of nothing, which is what pandas makes of a footer."""
    if any(cell is not None and cell == cell and cell != "" for cell in cells):  # noqa: PLR0124
        return None
    return not_a_record("an empty row")


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
        return [None if value is None else value.decode("utf-8", "replace") for value in raw]
