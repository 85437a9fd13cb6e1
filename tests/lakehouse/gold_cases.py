"""Rows for gold with meaning, and ways to look into a Delta table from outside."""

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

import pyarrow as pa
from deltalake import DeltaTable

from lakehouse.arrow_schemas import DECISIONS, DUPLICATES, QUARANTINE, RAW_EVENTS, RECOVERIES
from lakehouse.gold.data_file import GrowingFile, StoredOnce
from lakehouse.gold.object_store import table_uri
from lakehouse.gold.writer import GoldWriter
from lakehouse.postgres.connection import Patience
from tests.lakehouse.silver_cases import DECIDED_AT, PIPELINE, TOPIC, a_decision, a_reject

BRIEF = Patience(10.0)
RECEIVED_AT = datetime(2026, 11, 22, 9, 30, tzinfo=UTC)


def raw_rows(offsets: Iterable[int], *, part: int = 0, raw: bytes = b"{}") -> pa.Table:
    rows = [
        {"topic": TOPIC, "part": part, "off": off, "received_at": RECEIVED_AT, "raw": raw}
        for off in offsets
    ]
    return pa.Table.from_pylist(rows, schema=RAW_EVENTS)


def decided_rows(offsets: Iterable[int], **differing: Any) -> pa.Table:
    rows = [a_decision(f"e{off}", off, **differing) for off in offsets]
    return pa.Table.from_pylist(rows, schema=DECISIONS)


def refused_rows(offsets: Iterable[int], **differing: Any) -> pa.Table:
    return pa.Table.from_pylist([a_reject(off, **differing) for off in offsets], schema=QUARANTINE)


def recovered_rows(offsets: Iterable[int]) -> pa.Table:
    rows = [
        {
            "topic": TOPIC,
            "part": 0,
            "off": off,
            "recovery_no": off + 1,
            "outcome": "decided",
            "code": "encoding",
            "recovered_at": DECIDED_AT,
        }
        for off in offsets
    ]
    return pa.Table.from_pylist(rows, schema=RECOVERIES)


def repeated_rows(offsets: Iterable[int], **differing: Any) -> pa.Table:
    rows = [
        {
            "topic": TOPIC,
            "part": 0,
            "off": off,
            "event_id": "e0",
            "is_conflict": False,
            "first_topic": TOPIC,
            "first_part": 0,
            "first_off": 0,
            "seen_at": DECIDED_AT,
            **differing,
        }
        for off in offsets
    ]
    return pa.Table.from_pylist(rows, schema=DUPLICATES)


def a_gold_writer(
    lake_uri: str, table: str = "raw_events", *, patience: Patience = BRIEF
) -> GoldWriter:
    """A writer that waits between attempts without letting time pass."""
    return GoldWriter(
        lake_uri, table, pipeline=PIPELINE, patience=patience, pause=lambda _seconds: None
    )


def a_file_of(offsets: Iterable[int]) -> StoredOnce:
    file = GrowingFile(RAW_EVENTS)
    file.append(raw_rows(offsets))
    return file.seal()


def append(writer: GoldWriter, first_off: int, next_off: int, *, part: int = 0) -> None:
    writer.append(TOPIC, part, next_off, raw_rows(range(first_off, next_off), part=part))


def delta(lake_uri: str, table: str = "raw_events") -> DeltaTable:
    return DeltaTable(table_uri(lake_uri, table))


def offsets(lake_uri: str, table: str = "raw_events", *, part: int = 0) -> list[int]:
    """What the table holds of a partition, as a fresh reader sees it, repetitions included."""
    rows = delta(lake_uri, table).to_pyarrow_table(columns=["part", "off"]).to_pylist()
    return sorted(row["off"] for row in rows if row["part"] == part)
