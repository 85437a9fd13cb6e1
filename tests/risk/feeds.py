"""Events of one producer, and what is read of them together."""

import json
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest

from risk.contract.application import Limits
from risk.ingest.application_columns import Applications, stacked
from risk.ingest.decode import decode
from risk.ingest.event_buffer import Packed
from risk.ingest.native import reader
from risk.ingest.native.reader import read_flat
from tests.risk.applications import as_bytes

LIMITS = Limits()

needs_compiled = pytest.mark.skipif(
    not reader.IS_COMPILED, reason="no compiled code: a C compiler (cc) and ./justw make it"
)


def feed(count: int, **changes: Any) -> list[bytes]:
    """Return events of one producer: the same keys, other values."""
    return [as_bytes(id=number, loan_amnt=1_000.0 + number, **changes) for number in range(count)]


def assert_read_as_alone(raws: Sequence[bytes | None]) -> None:
    """Compare with each event alone, which is read without its neighbours."""
    together = decode(raws, limits=LIMITS)
    alone = [decode([raw], limits=LIMITS) for raw in raws]
    kept = [row for row, each in enumerate(alone) if len(each.applications)]
    expected = stacked([alone[row].applications for row in kept])
    assert together.rows.tolist() == kept
    assert together.applications.numbers.tobytes() == expected.numbers.tobytes()
    assert together.applications.times.tolist() == expected.times.tolist()
    # By `repr`: 1, 1.0 and True are equal otherwise.
    texts = together.applications.texts
    for field, values in expected.texts.items():
        assert repr(texts[field].tolist()) == repr(values.tolist())
    assert [(r.row, r.code, r.reason) for r in together.rejects] == [
        (row, r.code, r.reason) for row, each in enumerate(alone) for r in each.rejects
    ]


def read_together(raws: Sequence[bytes | None]) -> tuple[list[int], Applications]:
    """Return which events the compiled code reads, and what they hold."""
    found = read_flat(Packed.of(raws), np.arange(len(raws)), LIMITS.max_bytes)
    if found is None:
        return [], stacked([])
    rows, applications = found
    return rows.tolist(), applications


def number_read(raws: Sequence[bytes | None]) -> int:
    """Return how many events the compiled code reads."""
    return len(read_together(raws)[0])


def valued(event: bytes, field: str, text: bytes) -> bytes:
    """Return the event with this text, JSON or not, as the field's value."""
    value = json.dumps(json.loads(event)[field]).encode()
    return event.replace(f'"{field}": '.encode() + value, f'"{field}": '.encode() + text)
