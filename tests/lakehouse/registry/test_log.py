"""What the log amounts to, entry by entry."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lakehouse.errors import ArtefactInvalid, ChangeRefused
from lakehouse.registry.log import Action, LogEntry, State, apply, before, fold
from tests.lakehouse.registry_cases import an_entry

TWO_CHAMPIONS = ("register a-1", "register b-1", "promote a-1", "promote b-1")


def log(*steps: str) -> list[LogEntry]:
    """Entries from words such as ``promote a-1``."""
    return [an_entry(number, *step.split()) for number, step in enumerate(steps, start=1)]


def test_an_empty_log_promotes_nobody() -> None:
    assert fold([]) == State()


def test_the_last_promoted_is_champion_and_those_before_are_remembered() -> None:
    state = fold(log(*TWO_CHAMPIONS))
    assert (state.champion, state.previous, state.number) == ("b-1", ("a-1",), 4)


def test_challengers_keep_the_order_of_their_appointment() -> None:
    state = fold(log("register a-1", "register b-1", "challenge b-1", "challenge a-1"))
    assert state.challengers == ("b-1", "a-1")


@pytest.mark.parametrize("step", ["promote b-1", "retire b-1"])
def test_a_challenger_that_is_promoted_or_retired_challenges_no_more(step: str) -> None:
    state = fold(log("register b-1", "challenge b-1", step))
    assert state.challengers == ()


def test_rolling_back_goes_back_one_champion_at_a_time() -> None:
    steps = ["register c-1", "promote c-1", "roll_back b-1", "roll_back a-1"]
    state = fold(log(*TWO_CHAMPIONS, *steps))
    assert (state.champion, state.previous) == ("a-1", ())


def test_a_challenger_that_becomes_champion_by_rolling_back_challenges_no_more() -> None:
    state = fold(log(*TWO_CHAMPIONS, "challenge a-1", "roll_back a-1"))
    assert (state.champion, state.challengers) == ("a-1", ())


def test_policies_are_registered_apart_from_models() -> None:
    state = fold([an_entry(1, "register"), an_entry(2, "register", kind="policy")])
    assert (list(state.models), list(state.policies)) == (["a-1"], ["a-1"])


@pytest.mark.parametrize(
    ("steps", "said"),
    [
        (["promote a-1"], "cannot promote a-1: it is not registered; registered are none"),
        (["register a-1", "register a-1"], "model a-1 is registered with the checksum"),
        (["register a-1", "promote a-1", "promote a-1"], "it is the champion already"),
        (["register a-1", "promote a-1", "retire a-1"], "cannot retire a-1: it is the champion"),
        (["register a-1", "promote a-1", "challenge a-1"], "a-1: it is the champion"),
        (["register a-1", "challenge a-1", "challenge a-1"], "it is a challenger already"),
        (["register a-1", "retire a-1", "promote a-1"], "a-1: it is retired for good"),
        (["register a-1", "retire a-1", "retire a-1"], "a-1: it is retired for good"),
        (["register a-1", "promote a-1", "roll_back a-1"], "a-1 is the first champion"),
        (
            [*TWO_CHAMPIONS, "retire a-1", "roll_back a-1"],
            "cannot roll back to a-1: it is retired",
        ),
        (
            [*TWO_CHAMPIONS, "register c-1", "roll_back c-1"],
            "the champion before was a-1",
        ),
    ],
)
def test_a_change_against_the_rules_is_refused_by_name(steps: list[str], said: str) -> None:
    entries = log(*steps)
    with pytest.raises(ChangeRefused, match=said):
        apply(fold(entries[:-1]), entries[-1])
    with pytest.raises(ArtefactInvalid, match=f"contradicts itself: .*{said}"):
        fold(entries)


def test_a_gap_in_the_log_is_refused() -> None:
    with pytest.raises(ArtefactInvalid, match="entry 3 cannot follow entry 1"):
        fold([an_entry(1, "register"), an_entry(3, "promote")])


def test_another_checksum_than_the_registered_one_is_refused() -> None:
    with pytest.raises(ArtefactInvalid, match="model a-1 is registered with the checksum"):
        fold([an_entry(1, "register"), an_entry(2, "promote", sha256="f" * 64)])


def test_a_policy_is_never_promoted() -> None:
    entries = [an_entry(1, "register", kind="policy"), an_entry(2, "promote", kind="policy")]
    with pytest.raises(ArtefactInvalid, match="a policy is chosen by RISK_POLICY"):
        fold(entries)


def test_nothing_lies_before_the_first_champion() -> None:
    with pytest.raises(ChangeRefused, match="the shipped champion is the first champion"):
        before(State())


VERSIONS = st.sampled_from(["a-1", "b-1", "c-1"])


@given(st.lists(st.tuples(st.sampled_from(list(Action)), VERSIONS), max_size=40))
def test_whatever_is_tried_a_version_plays_one_part_at_most(
    attempts: list[tuple[Action, str]],
) -> None:
    state = State()
    for action, version in attempts:
        try:
            state = apply(state, an_entry(state.number + 1, action, version))
        except ChangeRefused:
            continue
        parts = [state.champion, *state.challengers, *state.retired]
        playing = [part for part in parts if part is not None]
        assert len(playing) == len(set(playing))
        assert set(playing) <= set(state.models)
