"""The feed's noise, against the readers that must bear it."""

from datetime import timedelta

import numpy as np
import pytest

from risk.contract.application import Limits, RejectCode
from risk.errors import ModelError
from risk.frame.frame import content_hash, take
from risk.ingest.decode import decode
from risk.ingest.lending_club import clean
from risk.simulation.noise import MALFORMED, OPTIONAL, Noise
from risk.simulation.wire import FIELDS, OUTCOME_FIELDS
from tests.risk.applications import assert_same_frame, judge_all
from tests.risk.simulated import BEGAN, QUIET, a_simulator, read

_LATER = BEGAN + timedelta(hours=1)


def _only(**shares: float) -> Noise:
    return Noise(**dict.fromkeys(QUIET.__struct_fields__, 0.0) | shares)


def _cleaned_alike(noise: Noise, count: int = 1_200) -> None:

    simulator = a_simulator(noise=noise)
    decoded = decode(simulator.events(0, count), limits=Limits())
    cleaned = clean(decoded.applications, received_at=_LATER)
    truth = simulator.applications(0, count)
    del truth["kind"]
    assert decoded.rejects == cleaned.rejects == []
    assert_same_frame(cleaned.frame, truth)


def test_cleaning_an_event_finds_the_application_behind_it() -> None:
    _cleaned_alike(QUIET)


def test_the_second_dialect_says_the_same() -> None:
    _cleaned_alike(_only(dialect_b=1.0))


def test_without_outcome_columns_it_is_the_same_application() -> None:
    _cleaned_alike(_only(outcome_columns=0.0))


def test_the_second_dialect_writes_short_years_and_percent_signs() -> None:
    event = read(a_simulator(noise=_only(dialect_b=1.0), vintages={"2018-11": 1}).events(0, 1)[0])
    assert event["issue_d"] == "Nov-18"
    assert len(event["earliest_cr_line"]) == len("Nov-08")
    assert event["int_rate"].endswith("%")
    assert len(event["int_rate"].split(".")[1]) == len("56%")


def test_the_second_dialect_writes_a_whole_utilisation_without_decimals() -> None:
    events = a_simulator(noise=_only(dialect_b=1.0)).events(0, 400)
    written = {read(event)["revol_util"] for event in events} - {None}
    assert any("." not in text for text in written)
    assert not any(text.endswith(".00%") for text in written)


def test_every_policy_decides_every_normal_event() -> None:
    simulator = a_simulator(noise=Noise(**dict.fromkeys(MALFORMED, 0.0)))
    events = simulator.events(0, 6_000)
    for policy in ("standard-1", "reference-1"):
        assert judge_all(events, policy=policy, received_at=_LATER).rejects == []


@pytest.mark.parametrize(
    ("kind", "codes"),
    [
        # The cut may go through a number, and what is left of it may be out of bounds.
        ("truncated", {RejectCode.MALFORMED_JSON, RejectCode.OUT_OF_RANGE}),
        ("wrong_type", {RejectCode.WRONG_TYPE}),
        ("out_of_range", {RejectCode.OUT_OF_RANGE}),
        ("missing_required", {RejectCode.MISSING_FIELD}),
    ],
)
def test_each_malformed_event_is_refused_for_what_it_is(kind: str, codes: set[RejectCode]) -> None:
    events = a_simulator(noise=_only(**{kind: 1.0})).events(0, 300)
    verdicts = judge_all(events, received_at=_LATER)
    assert len(verdicts.rejects) == 300
    assert {reject.code for reject in verdicts.rejects} == codes


def test_the_account_of_a_feed_is_the_one_that_its_kinds_foretell() -> None:
    simulator = a_simulator()
    events, truth = simulator.events(0, 8_000), simulator.applications(0, 8_000)
    verdicts = judge_all(events, received_at=_LATER)
    refused = [truth["kind"][reject.row] for reject in verdicts.rejects]
    assert sorted(refused) == sorted(kind for kind in truth["kind"] if kind in MALFORMED)
    ids, decided = np.unique(verdicts.decided["event_id"]), verdicts.decided["row"]
    is_repeat = np.isin(truth["kind"][decided], ("duplicate", "conflict"))
    assert len(ids) == len(decided) - is_repeat.sum()


def test_a_duplicate_repeats_an_application_but_not_its_event_time() -> None:
    simulator = a_simulator(noise=_only(duplicates=0.3))
    events, truth = simulator.events(0, 500), simulator.applications(0, 500)
    first = {read(event)["id"]: event for event in reversed(events)}
    repeats = np.flatnonzero(truth["kind"] == "duplicate")
    assert len(repeats) > 100
    for row in repeats.tolist():
        again, before = read(events[row]), read(first[read(events[row])["id"]])
        assert again.pop("event_time") > before.pop("event_time")
        assert again == before


def test_a_conflict_has_an_id_again_with_other_content() -> None:
    simulator = a_simulator(noise=_only(conflicts=0.3))
    truth = simulator.applications(0, 500)
    hashes = content_hash(truth)
    first = {name: row for row, name in reversed(list(enumerate(truth["event_id"].tolist())))}
    for row in np.flatnonzero(truth["kind"] == "conflict").tolist():
        assert hashes[row] != hashes[first[truth["event_id"][row]]]


def test_a_repeat_with_nothing_before_it_is_an_original() -> None:
    assert a_simulator(noise=_only(duplicates=1.0)).applications(0, 10)["kind"][0] == "original"


def test_a_forgotten_field_is_one_that_an_application_can_do_without() -> None:
    quiet = [read(event) for event in a_simulator(noise=QUIET).events(0, 400)]
    forgetful = a_simulator(noise=_only(missing_fields=1.0, outcome_columns=1.0)).events(0, 400)
    lost = set()
    for before, after in zip(quiet, map(read, forgetful), strict=True):
        different = {name for name in before if before[name] != after[name]}
        assert len(different) <= 1
        assert all(after[name] is None for name in different)
        lost |= different
    assert lost == set(OPTIONAL)


def test_outcomes_ride_along_in_the_share_asked_for() -> None:
    events = a_simulator(noise=_only(outcome_columns=0.5)).events(0, 1_000)
    known = [any(read(event)[name] is not None for name in OUTCOME_FIELDS) for event in events]
    assert np.mean(known) == pytest.approx(0.5, abs=0.05)
    assert set(OUTCOME_FIELDS) < set(FIELDS)


def test_noise_leaves_the_applications_as_they_are() -> None:
    noisy = a_simulator(noise=Noise(truncated=0.2, wrong_type=0.2, dialect_b=0.7))
    quiet = a_simulator(noise=QUIET).applications(0, 1_000)
    frame = noisy.applications(0, 1_000)
    rows = np.flatnonzero(frame["kind"] == "original")
    del frame["kind"], quiet["kind"]
    assert_same_frame(take(frame, rows), take(quiet, rows))


def test_the_shares_of_the_noise_are_kept() -> None:
    noise = Noise(duplicates=0.1, conflicts=0.05, truncated=0.02, out_of_range=0.08)
    kinds = a_simulator(noise=noise).applications(0, 20_000)["kind"]
    for name, share in (("duplicate", 0.1), ("conflict", 0.05), ("truncated", 0.02)):
        assert (kinds == name).mean() == pytest.approx(share, abs=0.01)


@pytest.mark.parametrize(
    ("shares", "message"),
    [
        ({"truncated": 1.2}, "truncated: expected a share of 0 to 1, found 1.2"),
        ({"dialect_b": -0.1}, "dialect_b"),
        ({"duplicates": 0.7, "conflicts": 0.4}, "at most 1 together"),
    ],
)
def test_shares_that_are_none_are_refused(shares: dict[str, float], message: str) -> None:
    with pytest.raises(ModelError, match=message):
        _only(**shares)
