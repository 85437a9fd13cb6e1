"""Arrow's shapes say what the contract says."""

import numpy as np
import pyarrow as pa
import pytest

from lakehouse import arrow_schemas
from risk.contract.columns import DECISION_COLUMNS
from risk.frame.frame import constant


def test_a_decision_has_the_contracts_columns_in_its_order() -> None:
    assert arrow_schemas.DECISIONS.names == [column.name for column in DECISION_COLUMNS]
    assert [each.nullable for each in arrow_schemas.DECISIONS] == [
        column.nullable for column in DECISION_COLUMNS
    ]


@pytest.mark.parametrize(
    "schema",
    [
        arrow_schemas.DECISIONS,
        arrow_schemas.RAW_EVENTS,
        arrow_schemas.QUARANTINE,
        arrow_schemas.DUPLICATES,
    ],
)
def test_every_row_knows_where_it_came_from(schema: pa.Schema) -> None:
    for name, kind in (("topic", pa.string()), ("part", pa.int64()), ("off", pa.int64())):
        assert schema.field(name) == pa.field(name, kind, nullable=False)


def test_what_is_missing_in_a_frame_is_null_in_a_table() -> None:
    schema = pa.schema(
        [
            ("pd", pa.float64()),
            ("on", pa.date32()),
            ("at", arrow_schemas.INSTANT),
            ("text", pa.string()),
        ]
    )
    frame = {
        "text": np.array(["a", None], dtype=object),
        "pd": np.array([0.5, np.nan]),
        "on": np.array(["2026-11-22", "NaT"], dtype="datetime64[D]"),
        "at": np.array(["2026-11-22T09:30:00.000001", "NaT"], dtype="datetime64[us]"),
        "not_stored": np.array([1, 2]),
    }
    table = arrow_schemas.from_frame(frame, schema)
    assert table.schema == schema
    first, second = table.to_pylist()
    assert (first["pd"], first["text"], str(first["on"])) == (0.5, "a", "2026-11-22")
    assert first["at"].isoformat() == "2026-11-22T09:30:00.000001+00:00"
    assert set(second.values()) == {None}


@pytest.mark.parametrize("value", ["champion-1", None])
@pytest.mark.parametrize("count", [0, 1, 3])
def test_a_column_of_one_value_is_stored_as_any_other(value: str | None, count: int) -> None:
    schema = pa.schema([("version", pa.string())])
    written_out = np.full(count, value, dtype=object)
    table = arrow_schemas.from_frame({"version": constant(value, count)}, schema)
    assert table == arrow_schemas.from_frame({"version": written_out}, schema)
