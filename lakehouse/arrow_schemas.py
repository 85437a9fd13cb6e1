"""Arrow schemas of the stored tables; the contract gives the columns of a decision.

Names are the same in silver (Postgres), in gold (Delta) and in the views. Instants are UTC
microseconds with a zone, because a naive timestamp would raise the protocol version of a Delta
table.
"""

from typing import Any, Final

import pyarrow as pa
from numpy.typing import NDArray

from risk.contract.columns import DECISION_COLUMNS, Column

INSTANT: Final = pa.timestamp("us", tz="UTC")

QUARANTINED_RAW_BYTES: Final = 64 * 1024
"""How much of a rejected event quarantine keeps; the raw archive in gold holds all of it."""

_ARROW_TYPES: Final[dict[str, pa.DataType]] = {
    "text": pa.string(),
    "float": pa.float64(),
    "int": pa.int64(),
    "bool": pa.bool_(),
    "date": pa.date32(),
    "instant": INSTANT,
}


def _field(column: Column) -> pa.Field:
    return pa.field(column.name, _ARROW_TYPES[column.kind], nullable=column.nullable)


def _required(name: str, kind: pa.DataType) -> pa.Field:
    return pa.field(name, kind, nullable=False)


_POSITION: Final = (
    _required("topic", pa.string()),
    _required("part", pa.int64()),
    _required("off", pa.int64()),
)

DECISIONS: Final = pa.schema([_field(column) for column in DECISION_COLUMNS])
"""One row per decided event, each event_id once."""

RAW_EVENTS: Final = pa.schema(
    [
        *_POSITION,
        pa.field("event_key", pa.binary()),
        _required("received_at", INSTANT),
        pa.field("raw", pa.binary()),
    ]
)
"""One row per event read, whatever became of it; ``raw`` is null for a tombstone."""

QUARANTINE: Final = pa.schema(
    [
        *_POSITION,
        _required("stage", pa.string()),
        _required("code", pa.string()),
        _required("reason", pa.string()),
        _required("raw_size", pa.int64()),
        pa.field("raw_sha256", pa.string()),
        pa.field("raw", pa.binary()),
        _required("first_seen_at", INSTANT),
    ]
)
"""One row per event that could not be read or trusted.

``raw`` is cut at QUARANTINED_RAW_BYTES; ``raw_size`` and ``raw_sha256`` are those of all of it.
"""

DUPLICATES: Final = pa.schema(
    [
        *_POSITION,
        _required("event_id", pa.string()),
        _required("is_conflict", pa.bool_()),
        _required("first_topic", pa.string()),
        _required("first_part", pa.int64()),
        _required("first_off", pa.int64()),
        _required("seen_at", INSTANT),
    ]
)
"""One row per event whose id was decided before; in a conflict the content differs too.

The first decision stands in either case.
"""

RECOVERIES: Final = pa.schema(
    [
        *_POSITION,
        _required("recovery_no", pa.int64()),
        _required("outcome", pa.string()),
        _required("code", pa.string()),
        _required("recovered_at", INSTANT),
    ]
)
"""One row per event that was refused, and that a replay of the quarantine decided after all.

``outcome`` says what it became, decided or a duplicate; ``code`` why it had been refused.
"""


def from_frame(frame: dict[str, NDArray[Any]], schema: pa.Schema) -> pa.Table:
    """Give NumPy columns the shape of `schema`; NaN, NaT and None become null, the rest is left."""
    columns = [_column(frame[field.name], field.type) for field in schema]
    return pa.table(columns, schema=schema)


def _column(values: NDArray[Any], kind: pa.DataType) -> pa.Array:
    if values.strides == (0,) and len(values):  # one value throughout: `risk.frame.frame.constant`
        return pa.repeat(pa.scalar(values[0], kind), len(values))
    return pa.array(values, type=kind, from_pandas=True)
