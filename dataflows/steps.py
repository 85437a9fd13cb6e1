"""The steps between source and sinks: judge a batch, store it in silver, cut it up for gold."""

from __future__ import annotations

import hashlib
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from dataflows.clock import utc_now
from dataflows.stages import timed
from lakehouse import tables
from lakehouse.silver import Batch
from risk.contract import Limits, Reject, RejectCode, Stage
from risk.frame import constant
from risk.judge import judge

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from dataflows.account import Account
    from dataflows.batches import MicroBatch
    from lakehouse.silver import SilverWriter, Stored
    from risk.judge import Rules, Verdicts


@dataclass(frozen=True, slots=True)
class Judged:
    """A batch with its verdicts, ready for silver, and its bytes, ready for the archive."""

    batch: Batch
    raw: pa.Table


@dataclass(frozen=True, slots=True)
class GoldSlice:
    """What one gold table is to append of one partition: `first_off` up to `next_off`."""

    table: str
    topic: str
    part: int
    first_off: int
    next_off: int
    rows: pa.Table


class Judge:
    """Decide a batch under the rules in force when it begins; one version a batch.

    Parameters
    ----------
    rules
        Returns the rules in force; asked once a batch, so that a replaced model or reference
        table takes effect between two batches.
    """

    def __init__(self, rules: Callable[[], Rules], limits: Limits) -> None:
        self._rules = rules
        self._limits = limits

    def __call__(self, batch: MicroBatch) -> Judged:
        """Return the verdicts on every event of the batch."""
        with timed("judge"):
            verdicts = judge(
                _records(batch),
                rules=self._rules(),
                received_at=batch.received_at,
                limits=self._limits,
            )
            return Judged(
                batch=Batch(
                    topic=batch.topic,
                    part=batch.part,
                    first_off=batch.first_off,
                    next_off=batch.next_off,
                    offsets=batch.offsets,
                    decided=decisions_table(batch, verdicts),
                    quarantined=quarantine_table(batch, verdicts.rejects),
                    read=len(batch),
                    raw_of=batch.raw_of,
                ),
                raw=raw_table(batch),
            )


def _records(batch: MicroBatch) -> Sequence[bytes | None]:
    """Return the events without what is no record, so that none of that can be decided."""
    if not batch.foreign:
        return batch.values
    return [None if row in batch.foreign else raw for row, raw in enumerate(batch.values)]


class Store:
    """Put a batch into silver, through one connection per worker thread, and count it after.

    Parameters
    ----------
    open_writer
        Opens this thread's writer.
    """

    def __init__(self, open_writer: Callable[[], SilverWriter], account: Account) -> None:
        self._open_writer = open_writer
        self._account = account
        # By the system's name of the thread: the engine's workers are no threads of Python's, so
        # that `threading.local` would begin anew with every batch, and so would the connection.
        self._writers: dict[int, SilverWriter] = {}

    def __call__(self, judged: Judged) -> list[GoldSlice]:
        """Return what each gold table is to append: the rows as silver holds them."""
        with timed("silver"):
            stored = self._writer().store(judged.batch)
        self._count(judged, stored)
        rows_of = {
            "decisions": stored.decisions,
            "quarantine": stored.quarantine,
            "duplicates": stored.duplicates,
            "raw_events": judged.raw,
        }
        batch = judged.batch
        return [
            GoldSlice(table, batch.topic, batch.part, batch.first_off, batch.next_off, rows)
            for table, rows in rows_of.items()
        ]

    def _writer(self) -> SilverWriter:
        thread = threading.get_native_id()
        if thread not in self._writers:
            self._writers[thread] = self._open_writer()
        return self._writers[thread]

    def _count(self, judged: Judged, stored: Stored) -> None:
        ages = np.zeros(0)
        if stored.is_new:
            made_at = stored.new_decisions.column("event_at").cast(pa.int64()).to_numpy()
            ages = utc_now().timestamp() - made_at / 1e6
        self._account.silver_committed(judged.batch, stored, event_ages_seconds=ages)


def decisions_table(batch: MicroBatch, verdicts: Verdicts) -> pa.Table:
    """Give the decided rows their lineage and the shape of the stored table, in offset order."""
    frame = dict(verdicts.decided)
    rows = frame.pop("row")
    frame["off"] = batch.offsets[rows]
    frame["part"] = np.full(len(rows), batch.part, dtype=np.int64)
    frame["topic"] = constant(batch.topic, len(rows))
    frame["decided_at"] = np.full(
        len(rows), batch.received_at.replace(tzinfo=None), dtype="datetime64[us]"
    )
    return tables.from_frame(frame, tables.DECISIONS)


def quarantine_table(batch: MicroBatch, rejects: Sequence[Reject]) -> pa.Table:
    """Keep what was refused: where, at which stage, why, and its bytes."""
    rows = [_quarantine_row(batch, reject) for reject in sorted(rejects, key=lambda each: each.row)]
    return pa.Table.from_pylist(rows, schema=tables.QUARANTINE)


def _quarantine_row(batch: MicroBatch, reject: Reject) -> dict[str, object]:
    raw = batch.values[reject.row]
    if reject.row in batch.foreign:
        reject = Reject(
            reject.row,
            Stage.DECODE,
            RejectCode.NOT_A_RECORD,
            "the line is no record: expected as many fields as the header has, found a remark",
        )
    return {
        "topic": batch.topic,
        "part": batch.part,
        "off": int(batch.offsets[reject.row]),
        "stage": reject.stage.value,
        "code": reject.code.value,
        "reason": reject.reason,
        "raw_size": 0 if raw is None else len(raw),
        "raw_sha256": None if raw is None else hashlib.sha256(raw).hexdigest(),
        "raw": None if raw is None else raw[: tables.QUARANTINED_RAW_BYTES],
        "first_seen_at": batch.received_at,
    }


def raw_table(batch: MicroBatch) -> pa.Table:
    """Keep every event's bytes as they came, whatever became of it."""
    count = len(batch)
    keys = pa.array(batch.keys, pa.binary()) if batch.keys else pa.nulls(count, pa.binary())
    columns = [
        pa.repeat(pa.scalar(batch.topic), count),
        pa.repeat(pa.scalar(batch.part, pa.int64()), count),
        pa.array(batch.offsets),
        keys,
        pa.repeat(pa.scalar(batch.received_at, tables.INSTANT), count),
        _laid_out(batch.values),
    ]
    return pa.table(columns, schema=tables.RAW_EVENTS)


def _laid_out(values: Sequence[bytes | None]) -> pa.Array:
    """Return the bytes as an Arrow column, copied once."""
    if None in values:
        return pa.array(values, pa.binary())
    ends = np.zeros(len(values) + 1, dtype=np.int32)
    np.cumsum([len(value) for value in values if value is not None], out=ends[1:])
    joined = b"".join(value for value in values if value is not None)
    buffers = [None, pa.py_buffer(ends), pa.py_buffer(joined)]
    return pa.Array.from_buffers(pa.binary(), len(values), buffers)
