"""Write an answer: as a table for people, or as CSV, JSON or Parquet for programs.

Applicants' texts are shown and never executed. A terminal gets control characters escaped. A CSV
cell that a spreadsheet would take for a formula gets an apostrophe in front. Bytes are shown as
text, with escapes where they are not UTF-8. Only Parquet keeps every value exactly.
"""

import csv
import json
import re
from collections.abc import Callable, Mapping
from datetime import date, datetime
from pathlib import Path
from typing import Final, TextIO

import pyarrow as pa
import pyarrow.parquet as pq
from rich.console import Console
from rich.table import Table
from rich.text import Text

from lakehouse.errors import QueryInvalid

FORMATS: Final = ("table", "csv", "json", "parquet")

SHOWN_ROWS: Final = 100
"""How many rows a table shows; the other formats hold all."""

_WIDEST: Final = 12
_PIPED_WIDTH: Final = 100_000
_FORMULA: Final = re.compile(r"\s*[=+\-@\uff1d\uff0b\uff0d\uff20]|[\t\r\n]")


def format_of(path: Path) -> str:
    """Return the format that a file's name asks for.

    Raises
    ------
    QueryInvalid
        The ending is none of .csv, .json and .parquet.
    """
    ending = path.suffix.removeprefix(".").lower()
    if ending not in FORMATS[1:]:
        raise QueryInvalid(
            f"{path} does not say its format: end it in .csv, .json or .parquet, or give --format"
        )
    return ending


def save(answer: pa.Table, path: Path, form: str) -> None:
    """Write an answer to a file.

    Raises
    ------
    QueryInvalid
        The file cannot be written, or the format cannot hold the answer.
    """
    answer = _with_unique_names(answer)
    try:
        if form == "parquet":
            pq.write_table(answer, path, compression="zstd")
        else:
            with path.open("w", encoding="utf-8", newline="") as file:
                write(answer, file, form)
    except (OSError, pa.ArrowException) as exc:
        raise QueryInvalid(f"cannot write {path}: {exc}") from exc


def write(answer: pa.Table, file: TextIO, form: str) -> None:
    """Write an answer as text: ``table``, ``csv`` or ``json``."""
    writers: Mapping[str, Callable[[pa.Table, TextIO], None]] = {
        "table": lambda table, to: show(table, _console(to)),
        "csv": _write_csv,
        "json": _write_json,
    }
    writers[form](_with_unique_names(answer), file)


def _console(to: TextIO) -> Console:
    """Return a console as wide as the terminal; what goes into a pipe is not cut at all."""
    return Console(file=to, width=None if to.isatty() else _PIPED_WIDTH)


def show(answer: pa.Table, console: Console) -> None:
    """Print the first rows; an answer of many columns as one block a row."""
    shown = answer.slice(0, SHOWN_ROWS)
    if answer.num_columns > _WIDEST:
        for number, row in enumerate(shown.to_pylist(), 1):
            block = Table(title=f"row {number}", title_justify="left", show_header=False)
            for name, value in row.items():
                block.add_row(_printable(name), _printable(_plain(value)))
            console.print(block)
    else:
        table = Table()
        for field in answer.schema:
            is_number = pa.types.is_integer(field.type) or pa.types.is_floating(field.type)
            table.add_column(_printable(field.name), justify="right" if is_number else "left")
        for row in shown.to_pylist():
            table.add_row(*(_printable(_plain(value)) for value in row.values()))
        console.print(table)
    more = answer.num_rows - shown.num_rows
    console.print(
        f"{answer.num_rows} row{'' if answer.num_rows == 1 else 's'}"
        + (f", {more} of them not shown (--format csv)" if more else ""),
        style="dim",
    )


def neutralised(cell: str) -> str:
    """Return a text cell that no spreadsheet takes for a formula."""
    return f"'{cell}" if _FORMULA.match(cell) else cell


def _write_csv(answer: pa.Table, file: TextIO) -> None:
    # RFC 4180's line ends; with bare ones the writer would not quote a carriage return in a cell.
    rows = csv.writer(file, lineterminator="\r\n")
    rows.writerow(neutralised(name) for name in answer.column_names)
    for batch in answer.to_batches(max_chunksize=10_000):
        rows.writerows(
            [_csv_cell(value) for value in values]
            for values in zip(*(column.to_pylist() for column in batch.columns), strict=True)
        )


def _csv_cell(value: object) -> object:
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    return value if isinstance(value, int | float) else neutralised(_plain(value))


def _write_json(answer: pa.Table, file: TextIO) -> None:
    # One row a line: `json.load` reads it, and so does a person.
    separator = "[\n"
    for batch in answer.to_batches(max_chunksize=10_000):
        for row in batch.to_pylist():
            file.write(separator + json.dumps(_json_value(row), ensure_ascii=False))
            separator = ",\n"
    file.write("[]\n" if separator == "[\n" else "\n]\n")


def _json_value(value: object) -> object:
    if isinstance(value, dict):
        return {str(key): _json_value(each) for key, each in value.items()}
    if isinstance(value, list):
        return [_json_value(each) for each in value]
    if isinstance(value, float) and value - value != 0:
        return None  # JSON has neither NaN nor Infinity
    return value if value is None or isinstance(value, bool | int | float) else _plain(value)


def _plain(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, bytes):
        return value.decode("utf-8", "backslashreplace")
    if isinstance(value, datetime):
        return value.replace(tzinfo=None).isoformat(sep="T", timespec="microseconds") + "Z"
    if isinstance(value, date):
        return value.isoformat()
    return str(value)


def _printable(text: str) -> Text:
    return Text("".join(each if each.isprintable() else ascii(each)[1:-1] for each in text))


def _with_unique_names(answer: pa.Table) -> pa.Table:
    names: list[str] = []
    for name in answer.column_names:
        count, unique = 1, name
        while unique in names:
            count += 1
            unique = f"{name}_{count}"
        names.append(unique)
    return answer.rename_columns(names)
