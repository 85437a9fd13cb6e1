"""The flow's own code over simulated stores: whatever is killed, suspended or unheard, at whatever
instant, each event ends once in silver and in gold; and the simulator sees it when that is not so.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pyarrow.compute as pc
import pytest

from dataflows.flow import steps
from dataflows.flow.start import starts
from dataflows.flow.start.positions import Start, start_of
from dataflows.flow.steps import JudgedBatch
from lakehouse.gold.writer import GoldWriter
from lakehouse.silver import writer as silver_writer
from lakehouse.silver.writer import Stored
from tests.faults.simulator.lake import SimulatedFile
from tests.faults.simulator.run import run_seed, run_seeds
from tests.faults.simulator.world import CALM, Violation

SEEDS = 150
MANY = 10_000
CAUGHT_WITHIN = 400
CPU_SECONDS = 120


def test_some_seeds_break_nothing() -> None:
    """One again, with its course: ``python -m tests.faults.simulator --seed N``."""
    first = int(os.environ.get("TEST_SEED", "0"))
    run_seeds(first, SEEDS)


@pytest.mark.long
@pytest.mark.timeout(900)
def test_ten_thousand_seeds_break_nothing_within_two_minutes_of_cpu() -> None:
    _, seconds = run_seeds(0, MANY)
    assert seconds < CPU_SECONDS


@pytest.mark.parametrize("seed", [3, 8, 21])
def test_a_kill_before_and_after_every_effect_breaks_nothing(seed: int) -> None:
    points = run_seed(seed, odds=CALM).points
    assert points > 20
    for kill_at in range(1, points + 1):
        run_seed(seed, odds=CALM, kill_at=kill_at)


def test_a_seed_gives_the_same_course_again() -> None:
    assert run_seed(7).trace == run_seed(7).trace


Mutate = Callable[[pytest.MonkeyPatch], None]


def tries_again_blindly(patch: pytest.MonkeyPatch) -> None:
    """Mutant A: after an error of a commit, it is made again without a look at the table."""

    def blindly(writer: GoldWriter) -> tuple[Any, bool]:
        for file in writer._sealed:
            assert isinstance(file, SimulatedFile)
            file.name, file.is_stored = f"{file.name}-again", False
        return writer._store.open_or_create(), False

    patch.setattr(GoldWriter, "_reopen", blindly)


def recomputes_for_gold(patch: pytest.MonkeyPatch) -> None:
    """Mutant B: gold takes what is decided now, not what silver has stored."""
    real = steps._gold_slices

    def recomputed(judged: JudgedBatch, stored: Stored) -> list[steps.GoldSlice]:
        is_there = pc.is_in(judged.batch.decided["off"], stored.decisions["off"].combine_chunks())
        return real(judged, replace(stored, decisions=judged.batch.decided.filter(is_there)))

    patch.setattr(steps, "_gold_slices", recomputed)


def starts_from_silver_alone(patch: pytest.MonkeyPatch) -> None:
    """Mutant C: the start is silver's position, wherever gold is."""
    real = start_of

    def of_silver(where: str, **known: Any) -> Start:
        progress = known["progress"]
        return real(where, **known) if progress is None else Start(progress.next_off)

    patch.setattr(starts, "start_of", of_silver)


def commits_by_address(patch: pytest.MonkeyPatch) -> None:
    """Each commit opens the table anew, so that another writer's commit is no conflict."""
    real = GoldWriter._commit

    def by_address(writer: GoldWriter) -> None:
        if writer._handle is not None:
            writer._handle = writer._store.open_or_create()
        real(writer)

    patch.setattr(GoldWriter, "_commit", by_address)


def takes_what_is_read_again_for_new(patch: pytest.MonkeyPatch) -> None:
    """Silver hands on what a batch decided now, not what it holds of the range."""
    real = silver_writer._read_back

    def as_handed(connection: Any, batch: Any, counted: Any) -> Stored:
        stored = real(connection, batch, counted)
        return replace(stored, decisions=batch.decided)

    patch.setattr(silver_writer, "_read_back", as_handed)


@pytest.mark.parametrize(
    "mutate",
    [
        tries_again_blindly,
        recomputes_for_gold,
        starts_from_silver_alone,
        commits_by_address,
        takes_what_is_read_again_for_new,
    ],
    ids=lambda mutate: mutate.__name__,
)
def test_a_mutant_is_caught(mutate: Mutate, monkeypatch: pytest.MonkeyPatch) -> None:
    mutate(monkeypatch)
    with pytest.raises(Violation, match=r"^seed \d+: "):
        run_seeds(0, CAUGHT_WITHIN)
