from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest

from dataflows.sources.batches import MicroBatch
from dataflows.sources.sim_reader import SimReader
from lakehouse.shipped_simulation import load_simulation_parameters
from risk.simulation.simulator import Simulator
from tests.dataflows.flow_cases import Clock

TOPIC = "sim://?seed=3&scenario=none"
EVENT_TIME = re.compile(rb'"event_time": "([^"]+)"\}$')
STARTED_AT = datetime(2026, 3, 1, 12, tzinfo=UTC)


@pytest.fixture(scope="module")
def simulator() -> Simulator:
    return Simulator(load_simulation_parameters(), seed=3, started_at=STARTED_AT, rate_per_second=0)


@pytest.fixture
def clock() -> Clock:
    return Clock()


def a_reader(simulator: Simulator, clock: Clock, **differing: Any) -> SimReader:
    settings: dict[str, Any] = {"start": 0, "rate": 10.0, "limit": None, "max_messages": 1_000}
    return SimReader(simulator, TOPIC, **settings | differing, clock=clock, sleep=clock.sleep)


def taken(reader: SimReader, wait_seconds: float = 0.0) -> MicroBatch:
    batch = reader.read(wait_seconds)
    assert batch is not None
    return batch


def event_times(batch: MicroBatch) -> list[datetime]:
    found = (EVENT_TIME.search(value or b"") for value in batch.values)
    return [datetime.fromisoformat(each[1].decode()) for each in found if each]


def test_nothing_is_due_at_the_start(simulator: Simulator, clock: Clock) -> None:
    assert a_reader(simulator, clock).read(0.0) is None


def test_a_read_waits_no_longer_than_until_the_next_event_is_due(
    simulator: Simulator, clock: Clock
) -> None:
    batch = taken(a_reader(simulator, clock), 60.0)
    assert len(batch) == 1
    assert clock.slept == [pytest.approx(0.1)]


def test_a_read_waits_no_longer_than_it_may(simulator: Simulator, clock: Clock) -> None:
    assert a_reader(simulator, clock).read(0.05) is None
    assert clock.slept == [0.05]


def test_no_more_events_are_sent_than_are_due_and_late_ones_are_made_up_for(
    simulator: Simulator, clock: Clock
) -> None:
    reader, began, sent = a_reader(simulator, clock, rate=64.0), clock.now, 0
    for pause in (0.125, 0.0, 0.0078125, 3.0, 0.03125):
        clock.now += pause
        batch = reader.read(0.0)
        sent += 0 if batch is None else len(batch)
        assert sent == int((clock.now - began) * 64)


def test_a_batch_holds_at_most_as_many_as_allowed_and_the_rest_is_lag(
    simulator: Simulator, clock: Clock
) -> None:
    reader = a_reader(simulator, clock, max_messages=4)
    clock.now += 1.0
    assert reader.lag() == 10
    assert len(taken(reader)) == 4
    assert reader.lag() == 6


def test_batches_follow_each_other_without_a_hole(simulator: Simulator, clock: Clock) -> None:
    reader = a_reader(simulator, clock, rate=0, max_messages=3)
    batches = [taken(reader) for _ in range(3)]
    assert [batch.offsets.tolist() for batch in batches] == [[0, 1, 2], [3, 4, 5], [6, 7, 8]]
    assert all(one.next_off == after.first_off for one, after in pairwise(batches))
    assert (batches[0].topic, batches[0].part) == (TOPIC, 0)


def test_an_event_was_made_when_it_was_due(simulator: Simulator, clock: Clock) -> None:
    reader = a_reader(simulator, clock, rate=8.0, limit=16)
    clock.now += 2.0
    batch = taken(reader)
    times = event_times(batch)
    assert times[-1] == batch.received_at
    assert {one - other for other, one in pairwise(times)} == {timedelta(seconds=1 / 8)}


def test_without_a_rate_an_event_was_made_when_it_was_taken(
    simulator: Simulator, clock: Clock
) -> None:
    batch = taken(a_reader(simulator, clock, rate=0, max_messages=5))
    assert set(event_times(batch)) == {batch.received_at}


def test_without_a_rate_there_is_no_lag(simulator: Simulator, clock: Clock) -> None:
    assert a_reader(simulator, clock, rate=0).lag() is None


def test_the_limit_ends_it(simulator: Simulator, clock: Clock) -> None:
    reader = a_reader(simulator, clock, limit=5)
    clock.now += 60.0
    assert reader.lag() == 5
    assert len(taken(reader)) == 5
    assert reader.lag() == 0
    with pytest.raises(StopIteration):
        reader.read(0.0)


def test_a_position_at_the_limit_has_nothing_left(simulator: Simulator, clock: Clock) -> None:
    with pytest.raises(StopIteration):
        a_reader(simulator, clock, start=5, limit=5).read(0.0)


def test_reading_on_from_a_position_gives_the_same_events_but_for_when_they_were_made(
    simulator: Simulator, clock: Clock
) -> None:
    whole = taken(a_reader(simulator, clock, rate=0, max_messages=1_200))
    rest = taken(a_reader(simulator, clock, rate=0, max_messages=1_200, start=700))
    assert (rest.first_off, rest.offsets[0]) == (700, 700)
    assert timeless(rest)[:500] == timeless(whole)[700:]


def timeless(batch: MicroBatch) -> list[bytes]:
    return [EVENT_TIME.sub(b"", value or b"") for value in batch.values]


def test_after_a_start_elsewhere_the_pace_begins_anew(simulator: Simulator, clock: Clock) -> None:
    reader = a_reader(simulator, clock, start=700)
    assert reader.lag() == 0
    clock.now += 0.5
    batch = taken(reader)
    assert len(batch) == 5
    assert batch.received_at - event_times(batch)[0] <= timedelta(seconds=0.4)
