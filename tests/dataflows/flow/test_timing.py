from __future__ import annotations

import time

import pytest

from dataflows.flow.timing import timed
from tests.dataflows.flow_cases import Clock, growth


def test_a_stage_is_measured_by_the_clock_and_by_its_own_work(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    wall, cpu = Clock(), Clock()
    monkeypatch.setattr(time, "perf_counter", wall)
    monkeypatch.setattr(time, "thread_time", cpu)
    batches = growth("risk_stage_seconds_count", stage="judge")
    seconds = growth("risk_stage_seconds_sum", stage="judge")
    cpu_seconds = growth("risk_stage_cpu_seconds_total", stage="judge")
    with timed("judge"):
        wall.now += 0.5
        cpu.now += 0.125
    monkeypatch.undo()
    assert (batches(), seconds(), cpu_seconds()) == (1, 0.5, 0.125)


@pytest.mark.parametrize("outcome", [StopIteration, ValueError])
def test_what_a_stage_raises_passes_and_is_no_batch(outcome: type[Exception]) -> None:
    batches = growth("risk_stage_seconds_count", stage="read")
    with pytest.raises(outcome), timed("read"):
        raise outcome
    assert batches() == 0
