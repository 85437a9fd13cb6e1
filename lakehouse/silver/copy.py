"""Copy rows between Arrow and Postgres, thousands at a time."""

import re
from typing import Any, Final

import psycopg
import pyarrow as pa
from pgpq import ArrowToPostgresBinaryEncoder

from lakehouse.arrow_schemas import DECISIONS, DUPLICATES, QUARANTINE
from lakehouse.postgres.connection import execute, transact
from lakehouse.postgres.statements import load_sql

_ROWS_AT_ONCE: Final = 512
"""Rows that are encoded and sent at once: Postgres takes them in while the next are encoded."""

_ESCAPED: Final = re.compile(r'["\\]')
_READ: Final = {
    "read_decisions": DECISIONS,
    "read_quarantine": QUARANTINE,
    "read_duplicates": DUPLICATES,
}


def copy_decisions(connection: psycopg.Connection, rows: pa.Table) -> None:
    """Add decided rows, all or none.

    They are sent as binary, so nothing is formatted or parsed and floats stay exact. Copying
    straight into the table takes half the time of a temporary table and an ``insert``:
    docs/adr/0020.
    """
    encoder = ArrowToPostgresBinaryEncoder(rows.schema)
    statement = load_sql("silver/copy_decisions").encode()
    with connection.cursor() as cursor, cursor.copy(statement) as copy:
        copy.write(encoder.write_header())
        for some in rows.combine_chunks().to_batches(max_chunksize=_ROWS_AT_ONCE):
            copy.write(encoder.write_batch(some))
        copy.write(encoder.finish())


def array_literal(values: pa.Array | pa.ChunkedArray) -> str:
    """Write values as one Postgres array literal; psycopg would walk a list value by value.

    That is texts, whole numbers, booleans and instants, which Arrow writes as Postgres reads them.
    """
    listed = values.cast(pa.string()).to_pylist()
    if listed and not values.null_count and not _ESCAPED.search("".join(listed)):
        return '{"' + '","'.join(listed) + '"}'  # ids come in thousands, hardly one is escaped
    return "{" + ",".join(map(_element, listed)) + "}"


def _element(text: str | None) -> str:
    return "null" if text is None else '"' + _ESCAPED.sub(r"\\\g<0>", text) + '"'


def insert_quarantine(connection: psycopg.Connection, rows: pa.Table) -> int:
    """Add refused rows that are not there yet, and return how many those were."""
    if not rows.num_rows:
        return 0
    return execute(connection, "insert_quarantine", _arrays(rows)).rowcount


def insert_duplicates(connection: psycopg.Connection, rows: pa.Table) -> int:
    """Add rows of events decided before that are not there yet, and return how many those were."""
    if not rows.num_rows:
        return 0
    return execute(connection, "insert_duplicates", _arrays(rows)).rowcount


def _arrays(rows: pa.Table) -> dict[str, Any]:
    """Give each column as one parameter."""
    return {
        name: column.to_pylist() if column.type == pa.binary() else array_literal(column)
        for name, column in zip(rows.column_names, rows.columns, strict=True)
    }


def read_range(
    connection: psycopg.Connection,
    topic: str,
    part: int,
    first_off: int,
    next_off: int,
    *,
    recovered_up_to: int = 0,
) -> tuple[pa.Table, pa.Table, pa.Table]:
    """Return decisions, quarantine and duplicates in [first_off, next_off), each by offset.

    As the flow stored them, and with what was recovered from quarantine up to a number.
    """
    span: dict[str, Any] = {"topic": topic, "part": part, "last_no": recovered_up_to}
    span |= {"first_off": first_off, "next_off": next_off}
    decisions, quarantine, duplicates = (
        as_table(execute(connection, name, span).fetchall(), schema)
        for name, schema in _READ.items()
    )
    return decisions, quarantine, duplicates


def stored_between(
    dsn: str, topic: str, part: int, first_off: int, next_off: int, *, recovered_up_to: int = 0
) -> tuple[pa.Table, pa.Table, pa.Table]:
    """Return the same on a connection of its own."""
    return transact(
        dsn,
        lambda connection: read_range(
            connection, topic, part, first_off, next_off, recovered_up_to=recovered_up_to
        ),
    )


def as_table(rows: list[tuple[Any, ...]], schema: pa.Schema) -> pa.Table:
    """Return rows of a statement, in the columns of `schema`, as a table."""
    if not rows:
        return schema.empty_table()
    columns = zip(*rows, strict=True)
    arrays = [pa.array(each, field.type) for each, field in zip(columns, schema, strict=True)]
    return pa.table(arrays, schema=schema)
