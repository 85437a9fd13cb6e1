"""The archive's rows: every event's bytes as they came, in pieces of bounded size."""

from __future__ import annotations

import pytest

from dataflows.flow.batch_tables import raw_table
from lakehouse.arrow_schemas import RAW_EVENTS
from tests.dataflows.flow_cases import a_micro_batch

MIB = 1 << 20


@pytest.mark.parametrize(
    "sizes",
    [
        [0],
        [0, 0, 0],
        [1, MIB - 1, 1],
        [MIB],
        [MIB, MIB],
        [3 * MIB, 5, 0, 7],
        [5, 3 * MIB, 0],
        [100_000] * 50,
        [0, 4_000, 1] * 800,
    ],
    ids=[
        "empty",
        "all empty",
        "ends with a piece",
        "a piece",
        "two pieces",
        "a long one first",
        "a long one within",
        "many to a piece",
        "mixed",
    ],
)
def test_bytes_are_kept_in_order_whatever_their_sizes(sizes: list[int]) -> None:
    events = [bytes([number % 251]) * size for number, size in enumerate(sizes)]
    raw = raw_table(a_micro_batch(*events))
    assert raw.schema.equals(RAW_EVENTS)
    assert raw["raw"].to_pylist() == events


def test_pieces_hold_about_a_megabyte_or_one_event() -> None:
    pieces = raw_table(a_micro_batch(*[b"x" * 4_000] * 2_000, b"y" * 5 * MIB))["raw"].chunks
    assert len(pieces) > 5
    for piece in pieces:
        size = sum(map(len, piece.to_pylist()))
        assert size < MIB + 4_000 or len(piece) == 1


def test_a_batch_with_a_tombstone_is_kept_too() -> None:
    assert raw_table(a_micro_batch(b"a", None, b""))["raw"].to_pylist() == [b"a", None, b""]
