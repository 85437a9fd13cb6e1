from __future__ import annotations

import sys

import pytest

from dataflows.send.pace import Pace


class Clock:
    """Seconds that pass when told to."""

    def __init__(self) -> None:
        self.now = 1_000.0

    def __call__(self) -> float:
        return self.now


def test_the_first_event_is_due_at_once_and_the_next_one_interval_later() -> None:
    clock = Clock()
    pace = Pace(4, clock)
    assert pace.due(0) == 1
    assert pace.due(1) == 0
    assert pace.seconds_to_next(1) == pytest.approx(0.25)
    clock.now += 0.25
    assert pace.due(1) == 1


def test_late_events_are_made_up_for() -> None:
    clock = Clock()
    pace = Pace(100, clock)
    clock.now += 10
    assert pace.due(1) == 1_000
    assert pace.seconds_to_next(1) == 0


def test_without_a_rate_everything_is_due() -> None:
    pace = Pace(0, Clock())
    assert pace.due(10**9) == sys.maxsize
    assert pace.seconds_to_next(10**9) == 0
