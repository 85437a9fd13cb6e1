"""Decided and refused events with meaning, and ways to look into silver from outside."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

import numpy as np
import psycopg
import pyarrow as pa
import pytest

from lakehouse.arrow_schemas import DECISIONS, QUARANTINE
from lakehouse.postgres.connection import Patience
from lakehouse.silver.claims import claim, record_start
from lakehouse.silver.writer import BatchCounts, SilverBatch, SilverWriter, Stored

TOPIC = "loan_applications"
PIPELINE = "score"
DECIDED_AT = datetime(2026, 11, 22, 9, 30, 0, 123456, tzinfo=UTC)

_DECISION: dict[str, Any] = {
    "event_id": "e0",
    "application_id": "a0",
    "topic": TOPIC,
    "part": 0,
    "off": 0,
    "event_at": datetime(2026, 11, 22, 9, 29, 59, 1, tzinfo=UTC),
    "applied_on": date(2026, 11, 22),
    "decided_at": DECIDED_AT,
    "amount_usd": 12_000.0,
    "is_joint": False,
    "early_warning_flag": False,
    "tier": "Low",
    "reasons": "",
    "pd": 0.125,
    "points": 612.0,
    "model_version": "scorecard-1",
    "model_sha256": "ab" * 32,
    "policy_version": "standard-1",
    "contract_version": "1",
    "reference_version": "2026-11",
    "issues": "",
    "content_hash": 7,
}


def a_decision(event_id: str, off: int, **differing: Any) -> dict[str, Any]:
    return {**_DECISION, "event_id": event_id, "application_id": event_id, "off": off, **differing}


def a_reject(off: int, **differing: Any) -> dict[str, Any]:
    reject = {
        "topic": TOPIC,
        "part": 0,
        "off": off,
        "stage": "decode",
        "code": "malformed_json",
        "reason": "the event is not JSON",
        "raw_size": 3,
        "raw_sha256": "cd" * 32,
        "raw": b"{,}",
        "first_seen_at": DECIDED_AT,
    }
    return {**reject, **differing}


def a_batch(
    *verdicts: dict[str, Any],
    first_off: int | None = None,
    next_off: int | None = None,
    part: int = 0,
    raw_of: Callable[[int], bytes | None] | None = None,
) -> SilverBatch:
    """A batch of decisions and rejects; its bounds are those of its offsets unless given."""
    rows = sorted(({**row, "part": part} for row in verdicts), key=lambda row: int(row["off"]))
    offsets = np.array([row["off"] for row in rows], dtype=np.int64)
    decided = [row for row in rows if "event_id" in row]
    refused = [row for row in rows if "code" in row]
    return SilverBatch(
        topic=TOPIC,
        part=part,
        first_off=int(offsets[0]) if first_off is None else first_off,
        next_off=int(offsets[-1]) + 1 if next_off is None else next_off,
        offsets=offsets,
        decided=pa.Table.from_pylist(decided, schema=DECISIONS),
        quarantined=pa.Table.from_pylist(refused, schema=QUARANTINE),
        read=len(rows),
        raw_of=raw_of,
    )


def with_text(batch: SilverBatch, column: str, raw: Sequence[bytes]) -> SilverBatch:
    """The batch with a text column of these bytes, which need not be text at all."""
    offsets = np.concatenate([[0], np.cumsum([len(each) for each in raw])]).astype(np.int32)
    buffers = [None, pa.py_buffer(offsets), pa.py_buffer(b"".join(raw))]
    texts = pa.Array.from_buffers(pa.string(), len(raw), buffers)
    at = DECISIONS.get_field_index(column)
    decided = batch.decided.set_column(at, DECISIONS.field(at), texts)
    return replace(batch, decided=decided)


def a_writer(dsn: str, *, parts: int = 1, seconds: float = 20.0) -> SilverWriter:
    """A writer that has claimed the pipeline, with `parts` partitions begun at offset 0."""
    token = claim(dsn, PIPELINE)
    for part in range(parts):
        record_start(dsn, PIPELINE, token, topic=TOPIC, part=part, start_off=0)
    return SilverWriter(dsn, PIPELINE, token, patience=Patience(seconds))


def ask(dsn: str, query: str) -> list[tuple[Any, ...]]:
    with psycopg.connect(dsn, autocommit=True) as connection:
        return connection.execute(query.encode()).fetchall()


def tell(dsn: str, command: str) -> None:
    with psycopg.connect(dsn, autocommit=True) as connection:
        connection.execute(command.encode())


def event_ids(dsn: str) -> list[str]:
    return [row[0] for row in ask(dsn, "select event_id from silver.decisions order by part, off")]


def waiting_backend(dsn: str) -> int | None:
    """The server process of a writer that waits for a lock, if one does."""
    rows = ask(
        dsn,
        "select pid from pg_stat_activity where application_name = 'risk' "
        "and datname = current_database() and wait_event_type = 'Lock'",
    )
    return int(rows[0][0]) if rows else None


@contextmanager
def locked(dsn: str, table: str) -> Iterator[None]:
    """Meanwhile, nobody else gets at the table."""
    with closing(psycopg.connect(dsn)) as connection:
        connection.execute(f"lock table {table} in access exclusive mode".encode())
        yield


def lose_one_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the connection fail once right after a commit has landed."""
    losing = [psycopg.OperationalError("server closed the connection unexpectedly")]
    real = SilverWriter._store_once

    def committed_but_unheard(
        self: SilverWriter,
        connection: psycopg.Connection,
        batches: Sequence[SilverBatch],
        committing: list[list[BatchCounts]],
    ) -> list[Stored]:
        stored = real(self, connection, batches, committing)
        if losing:
            raise losing.pop()
        return stored

    monkeypatch.setattr(SilverWriter, "_store_once", committed_but_unheard)
