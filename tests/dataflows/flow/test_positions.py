"""Where a partition starts, given what each store holds."""

from __future__ import annotations

import pytest

from dataflows.flow.positions import Start, start_of
from lakehouse.errors import PositionLost, StoresDisagree

NEVER = {"next_off": None, "start_off": None, "gold_last_offs": [None, None]}


def start(**changes: object) -> Start:
    stored: dict[str, object] = {
        "low": 0,
        "high": 1_000,
        "next_off": 100,
        "start_off": 0,
        "gold_last_offs": [99, 99],
        "may_skip": False,
    }
    return start_of("loans[0]", **(stored | changes))  # type: ignore[arg-type]


def test_a_partition_never_read_starts_at_what_the_broker_still_holds_and_is_recorded() -> None:
    assert start(**NEVER, low=40) == Start(40, is_first=True)


@pytest.mark.parametrize(
    ("gold_last_offs", "expected"),
    [
        ([99, 99], 100),
        ([79, 99], 80),
        ([79, 49], 50),
        ([None, 99], 0),
        ([None, None], 0),
    ],
)
def test_the_store_that_is_furthest_behind_says_where_to_start(
    gold_last_offs: list[int | None], expected: int
) -> None:
    assert start(gold_last_offs=gold_last_offs) == Start(expected)


def test_a_table_that_holds_nothing_yet_starts_where_the_pipeline_began() -> None:
    assert start(start_off=40, gold_last_offs=[None, 99], low=40) == Start(40)


def test_gold_ahead_of_silver_is_refused_because_silver_must_have_been_restored() -> None:
    with pytest.raises(StoresDisagree, match=r"loans\[0\].*up to 120.*up to 99"):
        start(gold_last_offs=[120, 99])


def test_gold_without_silver_is_refused() -> None:
    with pytest.raises(StoresDisagree, match="silver has no position"):
        start(next_off=None, start_off=None, gold_last_offs=[99, None])


def test_a_position_the_source_deleted_is_refused_naming_the_range() -> None:
    with pytest.raises(PositionLost, match=r"loans\[0\].*100 to 149"):
        start(low=150)


def test_an_allowed_loss_starts_at_what_is_left_and_says_what_was_skipped() -> None:
    assert start(low=150, may_skip=True) == Start(150, skipped_from=100)


def test_a_source_that_ends_before_the_position_was_replaced() -> None:
    with pytest.raises(PositionLost, match="ends at 60"):
        start(high=60)


def test_an_unknown_end_is_not_held_against_the_source() -> None:
    assert start(high=None) == Start(100)
