"""The list of gold's Delta tables, and how each is created.

They are created with their schema and with no feature that raises the protocol version, so any
engine that reads Delta (reader version 1) can read them.
"""

from collections.abc import Iterable
from typing import Final

import pyarrow as pa
from deltalake import DeltaTable, Field
from deltalake.exceptions import TableNotFoundError

from lakehouse import arrow_schemas
from lakehouse.descriptions import TABLES, columns_of
from lakehouse.errors import SchemaDiffers
from lakehouse.gold.object_store import (
    DELTA_OPTIONS,
    delta_address,
    open_table,
    raise_as_ours,
    table_uri,
)

SCHEMAS: Final[dict[str, pa.Schema]] = {
    "decisions": arrow_schemas.DECISIONS,
    "duplicates": arrow_schemas.DUPLICATES,
    "quarantine": arrow_schemas.QUARANTINE,
    "raw_events": arrow_schemas.RAW_EVENTS,
}
"""The tables that the flow writes, by name; each commit carries the position of its rows."""

OUTCOME_RECORDS: Final = pa.schema(
    [
        pa.field("application_id", pa.string(), nullable=False),
        pa.field("outcome", pa.string(), nullable=False),
        pa.field("defaulted", pa.bool_(), nullable=False),
        pa.field("issued_on", pa.date32()),
        pa.field("observed_on", pa.date32(), nullable=False),
        pa.field("source", pa.string(), nullable=False),
        pa.field("recorded_at", arrow_schemas.INSTANT, nullable=False),
        pa.field("ended_on", pa.date32()),
        pa.field("recovered_usd", pa.float64()),
    ]
)
"""One row per final outcome that was reported of a loan, corrections included.

``outcome`` is LendingClub's word, ``observed_on`` the day as of which it was so, ``source`` what
reported it. ``ended_on`` is when the loan ended, derived from its last payment
(`dataflows.loans.ended_on`); ``recovered_usd`` what collectors got back after a charge-off. Both
are null where the source does not say. The rows come from no topic, so they have no position:
`lakehouse.lake.outcomes` writes them.
"""

FIGURES: Final = pa.schema(
    [
        pa.field("period", pa.date32(), nullable=False),
        pa.field("grain", pa.string(), nullable=False),
        pa.field("model_version", pa.string(), nullable=False),
        pa.field("subject", pa.string(), nullable=False),
        pa.field("figure", pa.string(), nullable=False),
        pa.field("value", pa.float64()),
        pa.field("low", pa.float64()),
        pa.field("high", pa.float64()),
        pa.field("rows_seen", pa.int64(), nullable=False),
        pa.field("is_alarm", pa.bool_(), nullable=False),
        pa.field("note", pa.string(), nullable=False),
        pa.field("recorded_at", arrow_schemas.INSTANT, nullable=False),
    ]
)
"""One row a figure of the monitoring job: of a period and a model, about a subject.

``subject`` is a feature, a field, a vintage or ``all``; ``rows_seen`` how many decisions, or loans
of known outcome, it rests on; ``note`` why there is no value. Of one figure the row recorded last
stands. `lakehouse.monitoring.figures` writes them.
"""

REPORTS: Final = pa.schema(
    [
        pa.field("period", pa.date32(), nullable=False),
        pa.field("grain", pa.string(), nullable=False),
        pa.field("model_version", pa.string(), nullable=False),
        pa.field("kind", pa.string(), nullable=False),
        pa.field("path", pa.string(), nullable=False),
        pa.field("size_bytes", pa.int64(), nullable=False),
        pa.field("sha256", pa.string(), nullable=False),
        pa.field("rows_seen", pa.int64(), nullable=False),
        pa.field("recorded_at", arrow_schemas.INSTANT, nullable=False),
    ]
)
"""One row a rendered report: where it is, relative to the lake, and of how many rows."""

MONITORED: Final = ("drift", "performance", "data_quality")
"""The tables of figures."""

VIEWS: Final[dict[str, pa.Schema]] = {
    **SCHEMAS,
    "recoveries": arrow_schemas.RECOVERIES,
    "outcome_records": OUTCOME_RECORDS,
    **dict.fromkeys(MONITORED, FIGURES),
    "monitoring_reports": REPORTS,
}
"""Every table of gold that readers see under its own name."""

OF_ITS_OWN: Final = frozenset(
    {"event_id", "application_id", "off", "content_hash", "event_at", "raw"}
)
"""Columns in which nearly every row has a value of its own."""

BOUNDED: Final = (
    "topic",
    "part",
    "off",
    "event_at",
    "applied_on",
    "decided_at",
    "received_at",
    "recovered_at",
    "observed_on",
    "recorded_at",
)
"""Columns whose bounds a commit says of each file, so that a reader may leave it closed."""


def refuse_features(uri: str, handle: DeltaTable) -> None:
    """Refuse a table of which others have switched something on that changes how it is read.

    Raises
    ------
    SchemaDiffers
        It asks for more than version 1 of Delta's protocol for readers.
    """
    if features := _features(handle):
        raise SchemaDiffers(
            f"the table at {uri} has {features} switched on, by another program: this code, like "
            "any reader of version 1, would read rows that are deleted or not see others. Drop "
            "the feature there (ALTER TABLE ... DROP FEATURE), or restore the table, and take "
            "that program's right to write away"
        )


def changed_by_others(lake_uri: str) -> list[str]:
    """Say, a line a table, what others changed of its shape: a start of the flow refuses it.

    Raises
    ------
    Unavailable, Denied
        The lake does not answer, or does not let us read.
    """
    lines = []
    for name, schema in VIEWS.items():
        uri = table_uri(lake_uri, name)
        try:
            handle = open_table(uri)
            if handle is not None:
                refuse_features(uri, handle)
                _lacking_columns(uri, pa.schema(handle.schema().to_arrow()), schema)
        except SchemaDiffers as exc:
            lines.append(str(exc))
        except Exception as exc:  # noqa: BLE001 - every failure of the store is translated
            raise_as_ours(uri, exc)
    return lines


def _features(handle: DeltaTable) -> str:
    protocol = handle.protocol()
    if protocol.min_reader_version <= 1:
        return ""
    named = ", ".join(sorted(protocol.reader_features or []))
    return named or f"version {protocol.min_reader_version} of the protocol for readers"


def open_or_create(uri: str, schema: pa.Schema) -> DeltaTable:
    """Open a table, created if it is not there and widened if it lacks nullable columns.

    The libraries' own errors pass through.

    Raises
    ------
    SchemaDiffers
        The table differs in any other way.
    """
    handle = open_table(uri)
    if handle is None:
        name = uri.rstrip("/").rpartition("/")[2]
        DeltaTable.create(
            delta_address(uri),
            schema=_described(name, schema),
            mode="ignore",
            name=name,
            description=TABLES.get(name),
            configuration={
                # Compaction may rewrite files; nobody may delete or change a row.
                "delta.appendOnly": "true",
                # Bounds of every column would make each log entry as large as a small data file.
                "delta.dataSkippingStatsColumns": ",".join(
                    name for name in schema.names if name in BOUNDED
                ),
            },
            storage_options=dict(DELTA_OPTIONS),
        )
        # Somebody else may have created it at the same moment: what is there counts.
        handle = open_table(uri)
        if handle is None:
            raise TableNotFoundError(uri)
    refuse_features(uri, handle)
    lacking = _lacking_columns(uri, pa.schema(handle.schema().to_arrow()), schema)
    if lacking:
        handle.alter.add_columns([Field.from_arrow(field) for field in lacking])
    return handle


def describe(table: str, handle: DeltaTable) -> bool:
    """Write what a table and its columns mean into one that does not say it; return whether so.

    A table that was made before is described by one commit more, or two. A writer whose own commit
    meets them makes it again.
    """
    known = {field.name: field.metadata.get("comment") for field in handle.schema().fields}
    wanted = [
        field
        for field in _described(table, VIEWS[table])
        if field.metadata and field.name in known and _comment(field) != known[field.name]
    ]
    lacking = [Field.from_arrow(field) for field in wanted if known[field.name] is None]
    if lacking:
        handle.alter.add_columns(lacking)
    for field in wanted:
        if known[field.name] is not None:
            handle.alter.set_column_metadata(field.name, {"comment": _comment(field)})
    said = TABLES.get(table)
    is_other = said is not None and handle.metadata().description != said
    if said is not None and is_other:
        handle.alter.set_table_description(said)
    return bool(wanted) or is_other


def _comment(field: pa.Field) -> str:
    return str(field.metadata[b"comment"].decode())


def _described(table: str, schema: pa.Schema) -> pa.Schema:
    """Return the schema with what each column means, where engines look for it."""
    if table not in TABLES:
        return schema
    meaning = columns_of(table)
    return pa.schema(
        [
            field.with_metadata({"comment": meaning[field.name]})
            if field.name in meaning
            else field
            for field in schema
        ]
    )


def _lacking_columns(uri: str, found: pa.Schema, expected: pa.Schema) -> list[pa.Field]:
    lacking = [field for field in expected if field.name not in found.names]
    different = [
        f"{field.name} is {found.field(field.name).type}, expected {field.type}"
        for field in expected
        if field.name in found.names and found.field(field.name).type != field.type
    ]
    different += [f"{name} is not known here" for name in found.names if name not in expected.names]
    different += [f"{field.name} is missing" for field in lacking if not field.nullable]
    if different:
        raise SchemaDiffers(
            f"the table at {uri} has another shape than this code writes: {'; '.join(different)}. "
            "Run the code that wrote it, or give this one another RISK_LAKE_URI"
        )
    return lacking


def command_for_quarantined(topics: Iterable[str], *, but_code: str) -> str:
    """Return the command that shows what of these topics was quarantined, but for one code."""
    quoted = ", ".join("'" + topic.replace("'", "''") + "'" for topic in topics)
    # To be read and run by a person, who may ask the lake anything.
    question = (
        "select part, off, code, reason from quarantine "  # noqa: S608
        f"where topic in ({quoted}) and code <> '{but_code}' order by part, off"
    )
    return f'./justw sql "{question}"'
