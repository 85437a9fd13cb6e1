"""What becomes of a batch as tables: decisions, what was refused, and every event's bytes."""

from __future__ import annotations

import hashlib
from itertools import pairwise
from typing import TYPE_CHECKING, Final, cast

import numpy as np
import pyarrow as pa

from lakehouse import tables
from risk.contract import Reject, RejectCode, Stage
from risk.frame import constant

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from dataflows.batches import MicroBatch
    from risk.judge import Verdicts

_PIECE_BYTES: Final = 1 << 20


def decisions_table(
    group: Sequence[MicroBatch], verdicts: Verdicts, arrived: NDArray[np.datetime64]
) -> pa.Table:
    """Give the decided rows their lineage and the shape of the stored table, in order.

    Parameters
    ----------
    group
        Batches of one topic.
    arrived
        When each of their events was received (UTC, microseconds).
    """
    frame = dict(verdicts.decided)
    rows = frame.pop("row")
    sizes = [len(batch) for batch in group]
    frame["off"] = np.concatenate([batch.offsets for batch in group])[rows]
    frame["part"] = np.repeat([batch.part for batch in group], sizes)[rows]
    frame["topic"] = constant(group[0].topic, len(rows))
    frame["decided_at"] = arrived[rows]
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


def _laid_out(values: Sequence[bytes | None]) -> pa.ChunkedArray:
    """Return the bytes as an Arrow column, copied once, in pieces of about a megabyte.

    A piece of that size goes where the one before it was: memory that the system has to hand over
    anew, page by page, costs more than the copy.
    """
    if None in values:
        return pa.chunked_array([pa.array(values, pa.binary())])
    texts = cast("Sequence[bytes]", values)
    ends = np.zeros(len(texts) + 1, dtype=np.int64)
    np.cumsum(np.fromiter(map(len, texts), np.int64, len(texts)), out=ends[1:])
    cuts = np.flatnonzero(np.diff(ends[1:] // _PIECE_BYTES)) + 1
    pieces = [
        _piece(texts[first:after], ends[first : after + 1] - ends[first])
        for first, after in pairwise([0, *cuts.tolist(), len(texts)])
    ]
    return pa.chunked_array(pieces, pa.binary())


def _piece(texts: Sequence[bytes], ends: NDArray[np.int64]) -> pa.Array:
    buffers = [None, pa.py_buffer(ends.astype(np.int32)), pa.py_buffer(b"".join(texts))]
    return pa.Array.from_buffers(pa.binary(), len(texts), buffers)
