"""A history's events come in order, over the months of origination by their weights."""

import numpy as np
import pytest

from risk.errors import ModelError
from risk.simulation.calendar import Calendar
from tests.risk.simulated import a_simulator, read, shipped_parameters

MONTHS = {"2014-01": 1.0, "2014-02": 3.0, "2015-01": 4.0}


def test_each_month_has_its_share_of_the_events_in_order() -> None:
    calendar = Calendar(MONTHS, 800)
    months = calendar.instants(0, 800).astype("datetime64[M]")
    assert (np.diff(calendar.instants(0, 800)) > np.timedelta64(0)).all()
    found, counts = np.unique(months, return_counts=True)
    assert dict(zip(found.astype(str), counts, strict=True)) == {
        "2014-01": 100,
        "2014-02": 300,
        "2015-01": 400,
    }
    assert (months.astype(np.int64) == calendar.months(0, 800)).all()


def test_any_part_of_it_can_be_asked_for() -> None:
    calendar = Calendar(MONTHS, 800)
    assert (calendar.instants(350, 60) == calendar.instants(0, 800)[350:410]).all()


def test_what_lies_beyond_the_end_happens_with_the_last_event() -> None:
    calendar = Calendar(MONTHS, 8)
    assert calendar.instants(6, 4).tolist()[1:] == calendar.instants(7, 1).tolist() * 3


def test_a_history_without_events_is_refused() -> None:
    with pytest.raises(ModelError, match="expected 1 event or more, found 0"):
        Calendar(MONTHS, 0)


def test_a_simulator_under_a_calendar_issues_loans_in_the_month_of_their_events() -> None:
    vintages = shipped_parameters().vintages
    simulator = a_simulator(vintages=Calendar(vintages, 500))
    frame = simulator.applications(0, 500)
    is_first = frame["kind"] == "original"
    months = frame["event_at"].astype("datetime64[M]")
    assert (frame["issued_on"].astype("datetime64[M]") == months)[is_first].all()
    assert len(np.unique(months)) > 40
    first = read(simulator.events(0, 1)[0])
    assert first["event_time"] == f"{np.datetime_as_string(simulator.instants(0, 1)[0])}+00:00"
