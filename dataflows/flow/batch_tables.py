"""Turn a judged batch into tables: decisions, refused events, and the bytes of every event."""

import hashlib
from collections.abc import Sequence

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from dataflows.sources.batches import MicroBatch
from lakehouse import arrow_schemas
from risk.contract.application import Reject, Stage
from risk.decision.judge import Verdicts
from risk.frame.frame import constant
from risk.ingest.event_buffer import Packed, Piece


def records_of(batch: MicroBatch) -> Packed:
    """Return the events without what is no record, so that none of that can be decided."""
    if not batch.foreign:
        return Packed.of(batch.values)
    return Packed.of(
        [None if row in batch.foreign else raw for row, raw in enumerate(batch.values)]
    )


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
    return arrow_schemas.from_frame(frame, arrow_schemas.DECISIONS)


def quarantine_table(batch: MicroBatch, rejects: Sequence[Reject]) -> pa.Table:
    """Keep what was refused: where, at which stage, why, and its bytes."""
    rows = [_quarantine_row(batch, reject) for reject in sorted(rejects, key=lambda each: each.row)]
    return pa.Table.from_pylist(rows, schema=arrow_schemas.QUARANTINE)


def _quarantine_row(batch: MicroBatch, reject: Reject) -> dict[str, object]:
    raw = batch.values[reject.row]
    if (remark := batch.foreign.get(reject.row)) is not None:
        reject = Reject(reject.row, Stage.DECODE, remark.code, remark.reason)
    return {
        "topic": batch.topic,
        "part": batch.part,
        "off": int(batch.offsets[reject.row]),
        "stage": reject.stage.value,
        "code": reject.code.value,
        "reason": reject.reason,
        "raw_size": 0 if raw is None else len(raw),
        "raw_sha256": None if raw is None else hashlib.sha256(raw).hexdigest(),
        "raw": None if raw is None else raw[: arrow_schemas.QUARANTINED_RAW_BYTES],
        "first_seen_at": batch.received_at,
    }


def raw_table(batch: MicroBatch) -> pa.Table:
    """Return the bytes of every event, decided or not."""
    count = len(batch)
    keys = pa.array(batch.keys, pa.binary()) if batch.keys else pa.nulls(count, pa.binary())
    columns = [
        pa.repeat(pa.scalar(batch.topic), count),
        pa.repeat(pa.scalar(batch.part, pa.int64()), count),
        pa.array(batch.offsets),
        keys,
        pa.repeat(pa.scalar(batch.received_at, arrow_schemas.INSTANT), count),
        _laid_out(Packed.of(batch.values)),
    ]
    return pa.table(columns, schema=arrow_schemas.RAW_EVENTS)


def _laid_out(events: Packed) -> pa.ChunkedArray:
    """Return the bytes as an Arrow column, where they are; copied only if tombstones are there."""
    if (events.sizes < 0).any():
        return pa.chunked_array([pa.array(list(events), pa.binary())])
    return pa.chunked_array(map(_piece, events.pieces), pa.binary())


def _piece(piece: Piece) -> pa.Array:
    ends = pa.py_buffer(piece.ends.astype(np.int32))
    return pa.Array.from_buffers(
        pa.binary(), len(piece.ends) - 1, [None, ends, pa.py_buffer(piece.body)]
    )
