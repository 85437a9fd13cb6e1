"""Where a partition starts, given what each store holds."""

from __future__ import annotations

from typing import Any

import pytest

from dataflows.flow.start.positions import Start, is_within, start_of, stored_name
from lakehouse.errors import PositionLost, StoresDisagree
from lakehouse.silver.claims import Progress

NEVER: dict[str, Any] = {"next_off": None, "in_gold": {"decisions": None, "raw_events": None}}


def start(**changes: Any) -> Start:
    stored: dict[str, Any] = {
        "low": 0,
        "high": 1_000,
        "next_off": 100,
        "start_off": 0,
        "in_gold": {"decisions": 99, "raw_events": 99},
        "may_skip": False,
    } | changes
    next_off, start_off = stored.pop("next_off"), stored.pop("start_off")
    progress = None if next_off is None else Progress(start_off, next_off, 0, 0, 0, 0, 0)
    return start_of("loans[0]", progress=progress, **stored)


def in_gold(decisions: int | None, raw_events: int | None) -> dict[str, int | None]:
    return {"decisions": decisions, "raw_events": raw_events}


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
    assert start(in_gold=in_gold(*gold_last_offs)) == Start(expected)


def test_a_table_that_holds_nothing_yet_starts_where_the_pipeline_began() -> None:
    assert start(start_off=40, in_gold=in_gold(None, 99), low=40) == Start(40)


def test_gold_ahead_of_silver_is_refused_because_silver_must_have_been_restored() -> None:
    with pytest.raises(StoresDisagree, match=r"loans\[0\].*up to 120.*up to 99"):
        start(in_gold=in_gold(120, 99))


def test_gold_without_silver_is_refused() -> None:
    with pytest.raises(StoresDisagree, match="silver has no position"):
        start(next_off=None, in_gold=in_gold(99, None))


def test_a_position_the_source_deleted_is_refused_naming_the_range() -> None:
    with pytest.raises(PositionLost, match=r"loans\[0\].*100 to 149"):
        start(low=150)


def test_an_allowed_loss_starts_at_what_is_left_and_says_what_is_lost_to_whom() -> None:
    assert start(low=150, in_gold=in_gold(59, 79), may_skip=True) == Start(
        150,
        lost_to_silver=range(100, 150),
        lost_to_archive=range(80, 100),
        is_ahead_of_gold=True,
    )


def test_bytes_that_gold_had_not_taken_are_a_loss_though_silver_has_decided() -> None:
    with pytest.raises(PositionLost, match=r"loans\[0\].*80 to 89"):
        start(low=90, in_gold=in_gold(99, 79))
    found = start(low=90, in_gold=in_gold(99, 79), may_skip=True)
    assert (len(found.lost_to_silver), found.lost_to_archive) == (0, range(80, 90))


def test_what_silver_can_give_to_gold_is_no_loss() -> None:
    found = start(low=90, in_gold=in_gold(None, 99))
    assert (found.off, found.is_ahead_of_gold) == (90, True)
    assert not found.lost_to_silver
    assert not found.lost_to_archive


def test_a_loss_that_was_allowed_before_needs_no_second_leave() -> None:
    known = [range(80, 100), range(100, 150)]
    assert start(low=150, in_gold=in_gold(59, 79), known_losses=known).off == 150
    with pytest.raises(PositionLost):
        start(low=151, in_gold=in_gold(59, 79), known_losses=known)


@pytest.mark.parametrize(
    ("known", "is_whole"),
    [
        ([], False),
        ([range(5, 8)], True),
        ([range(7, 9), range(2, 7)], True),
        ([range(5, 6), range(7, 9)], False),
        ([range(5, 7)], False),
    ],
)
def test_a_range_lies_within_others_that_leave_no_gap(
    known: list[range],
    is_whole: bool,  # noqa: FBT001
) -> None:
    assert is_within(range(5, 8), known) is is_whole


class TestStoredName:
    def test_a_topic_never_read_keeps_its_name(self) -> None:
        assert stored_name("loans", "A", {"others": "B"}, may_skip=False) == "loans"

    @pytest.mark.parametrize("topic_id", [None, "A"])
    def test_a_topic_without_a_recorded_id_cannot_be_told_from_another(
        self, topic_id: str | None
    ) -> None:
        assert stored_name("loans", topic_id, {"loans": None}, may_skip=False) == "loans"

    def test_the_same_id_is_the_same_topic(self) -> None:
        assert stored_name("loans", "A", {"loans": "A"}, may_skip=False) == "loans"
        known = {"loans": "A", "loans@B": "B"}
        assert stored_name("loans", "B", known, may_skip=False) == "loans@B"

    def test_another_id_is_refused_by_name(self) -> None:
        with pytest.raises(PositionLost, match=r"deleted and recreated: its id is B.*of A"):
            stored_name("loans", "B", {"loans": "A"}, may_skip=False)

    def test_another_id_that_is_allowed_has_a_name_of_its_own(self) -> None:
        assert stored_name("loans", "B", {"loans": "A"}, may_skip=True) == "loans@B"

    def test_no_id_is_refused_where_several_topics_had_the_name(self) -> None:
        with pytest.raises(PositionLost, match="not given"):
            stored_name("loans", None, {"loans": "A", "loans@B": "B"}, may_skip=True)


def test_a_source_that_ends_before_the_position_was_replaced() -> None:
    with pytest.raises(PositionLost, match="ends at 60"):
        start(high=60)


def test_an_unknown_end_is_not_held_against_the_source() -> None:
    assert start(high=None) == Start(100)
