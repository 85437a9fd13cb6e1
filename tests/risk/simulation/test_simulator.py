from datetime import UTC, date, datetime, timedelta, timezone

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from risk.errors import ModelError
from risk.simulation.noise import KINDS, Noise
from risk.simulation.simulator import BLOCK, Drift
from risk.simulation.wire import FIELDS
from tests.risk.applications import assert_same_frame
from tests.risk.simulated import BEGAN, QUIET, a_simulator, read


@given(st.integers(0, 2 * BLOCK), st.integers(1, 50))
@settings(max_examples=20, deadline=None)
def test_the_same_seed_gives_the_same_bytes_however_they_are_sliced(start: int, count: int) -> None:
    whole = a_simulator().events(0, 2 * BLOCK + 100)
    assert a_simulator().events(start, count) == whole[start : start + count]


def test_asking_in_any_order_gives_the_same_events() -> None:
    simulator = a_simulator()
    later = simulator.events(5 * BLOCK, 3)
    first = simulator.events(0, 3)
    assert a_simulator().events(0, 3) == first
    assert a_simulator().events(5 * BLOCK, 3) == later


def test_a_block_that_is_still_kept_gives_the_same_again() -> None:
    simulator = a_simulator()
    assert simulator.events(10, 5) == simulator.events(8, 9)[2:7]


def test_another_seed_gives_other_applications_under_other_ids() -> None:
    first, second = (a_simulator(seed=seed, noise=QUIET).events(0, 100) for seed in (1, 2))
    assert not {read(event)["id"] for event in first} & {read(event)["id"] for event in second}
    amounts = [[read(event)["loan_amnt"] for event in events] for events in (first, second)]
    assert amounts[0] != amounts[1]


def test_ids_are_unique_where_nothing_is_repeated() -> None:
    ids = [read(event)["id"] for event in a_simulator(noise=QUIET).events(0, 2_500)]
    assert len(set(ids)) == 2_500


def test_an_event_has_the_feeds_fields_in_its_order_and_its_size() -> None:
    events = a_simulator(noise=QUIET).events(0, 500)
    assert list(read(events[0])) == [*FIELDS, "event_time"]
    assert len(FIELDS) == 151
    assert 3_900 < np.mean([len(event) for event in events]) < 4_200
    assert events[0].startswith(b'{"id": ')
    assert b', "member_id": null, ' in events[0]


def test_events_happen_at_the_rate() -> None:
    events = a_simulator(noise=QUIET, rate_per_second=4.0).events(6, 2)
    assert [read(event)["event_time"] for event in events] == [
        "2026-03-01T12:00:01.500000+00:00",
        "2026-03-01T12:00:01.750000+00:00",
    ]


def test_without_a_rate_all_happen_at_once() -> None:
    events = a_simulator(noise=QUIET, rate_per_second=0.0).events(0, 3)
    assert {read(event)["event_time"] for event in events} == {"2026-03-01T12:00:00.000000+00:00"}


def test_events_say_the_times_that_are_handed_over() -> None:
    zone = timezone(timedelta(hours=2))
    moments = [datetime(2026, 5, 1, 2, 0, tzinfo=zone), datetime(2026, 5, 1, tzinfo=UTC)]
    first, second = a_simulator(noise=QUIET).events(BLOCK - 1, 2, event_times=moments)
    assert read(first)["event_time"] == read(second)["event_time"]
    assert read(first)["event_time"] == "2026-05-01T00:00:00.000000+00:00"


def test_a_time_too_few_is_refused() -> None:
    with pytest.raises(ModelError, match="expected 2 instants, found 1"):
        a_simulator().events(0, 2, event_times=[BEGAN])


def test_only_the_event_time_depends_on_when_it_is_sent() -> None:
    now, later = (a_simulator(started_at=BEGAN + timedelta(days=d)).events(0, 200) for d in (0, 9))
    assert [event[:3_000] for event in now] == [event[:3_000] for event in later]


@pytest.mark.parametrize(
    ("dial", "message"),
    [
        ({"scenario": "meteor"}, "'meteor' is not known: expected one of none, rate-rise"),
        ({"vintages": {"2031-01": 1.0}}, "'2031-01' is not known: expected months of 2012-01"),
        ({"started_at": datetime(2026, 1, 1)}, "no zone"),  # noqa: DTZ001
    ],
)
def test_a_dial_that_means_nothing_is_refused(dial: dict[str, object], message: str) -> None:
    with pytest.raises(ModelError, match=message):
        a_simulator(**dial)


def test_vintages_choose_the_months_of_origination() -> None:
    frame = a_simulator(vintages={"2013-05": 3.0, "2017-11": 1.0}).applications(0, 2_000)
    months, counts = np.unique(frame["applied_on"].astype("datetime64[M]"), return_counts=True)
    assert months.astype(str).tolist() == ["2013-05", "2017-11"]
    assert counts[0] / counts.sum() == pytest.approx(0.75, abs=0.04)


def test_no_more_than_two_blocks_are_kept() -> None:
    simulator = a_simulator()
    simulator.events(0, 6 * BLOCK)
    assert list(simulator._blocks) == [4, 5]


def test_applications_have_a_row_for_each_event() -> None:
    simulator = a_simulator()
    frame = simulator.applications(900, 200)
    assert len(frame["event_id"]) == 200
    whole = simulator.applications(0, 1_200)
    assert_same_frame(frame, {name: column[900:1_100] for name, column in whole.items()})
    assert set(frame["kind"]) <= set(KINDS)


def test_outcomes_have_a_row_for_each_original() -> None:
    simulator = a_simulator(noise=Noise(duplicates=0.2, truncated=0.1))
    frame, outcomes = simulator.applications(0, 1_500), simulator.outcomes(0, 1_500)
    originals = frame["event_id"][frame["kind"] == "original"]
    assert outcomes["application_id"].tolist() == originals.tolist()
    assert len(set(originals)) == len(originals) < 1_200


def test_nothing_is_known_of_loans_that_were_not_issued_yet() -> None:
    outcomes = a_simulator(noise=QUIET).outcomes(0, 2_000, observed_on=date(2014, 6, 15))
    assert 0 < len(outcomes["status"]) < 2_000
    assert (outcomes["issued_on"] <= np.datetime64("2014-06-30")).all()
    assert set(outcomes["observed_on"].astype(str)) == {"2014-06-30"}


def test_drift_grows_between_its_two_indexes() -> None:
    assert Drift(begins_at=10, full_at=20).strength(9, 13).tolist() == [
        *[0.0, 0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0, 1.0]
    ]


def test_drift_may_set_in_at_once() -> None:
    assert Drift(begins_at=5, full_at=5).strength(4, 4).tolist() == [0.0, 0.0, 1.0, 1.0]
