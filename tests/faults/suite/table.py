"""The rows of the fault suite: what is done, what must hold, and what was measured."""

from __future__ import annotations

import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from tests.faults.suite.scene import Scene, Servers

Measure = Callable[[Scene], str]

NOT_RUN: Final = "not run"
"""How a row begins that lacks what it needs on this machine."""

ROWS: Final[dict[str, Row]] = {}


@dataclass(frozen=True)
class Row:
    """One fault.

    Attributes
    ----------
    measure
        Does it; returns the figures, raises where the bar is missed.
    is_short
        Whether it is in the short selection.
    is_long
        Whether it takes minutes, so that only ``--full`` or its name runs it.
    """

    name: str
    fault: str
    bar: str
    measure: Measure
    is_short: bool = False
    is_long: bool = False


@dataclass(frozen=True)
class Outcome:
    """What came of one row."""

    row: Row
    seed: int
    measured: str
    seconds: float
    why: str = ""

    @property
    def is_passed(self) -> bool:
        return not self.why


def row(
    name: str, fault: str, bar: str, *, short: bool = False, long: bool = False
) -> Callable[[Measure], Measure]:
    """Enter a function as a row."""

    def enter(measure: Measure) -> Measure:
        ROWS[name] = Row(name, fault, bar, measure, is_short=short, is_long=long)
        return measure

    return enter


def run(chosen: Row, servers: Servers, *, seed: int) -> Outcome:
    """Run one row on stores of its own."""
    began = time.monotonic()
    why, measured = "", ""
    try:
        with servers.scene(chosen.name, seed=seed) as scene:
            measured = chosen.measure(scene)
    except Exception as exc:  # noqa: BLE001 - whatever it is, the row failed and the next one runs
        why = f"{exc}\n{''.join(traceback.format_tb(exc.__traceback__)[-2:])}"
        measured = str(exc).partition("\n")[0][:120]
    return Outcome(chosen, seed, measured, time.monotonic() - began, why)


def as_table(outcomes: list[Outcome]) -> str:
    """Return the outcomes as a Markdown table."""
    lines = ["| Fault | Bar | Measured | Pass |", "| --- | --- | --- | --- |"]
    lines += [
        f"| {each.row.fault} | {each.row.bar} | {each.measured} | {verdict(each)} |"
        for each in outcomes
    ]
    return "\n".join(lines)


def verdict(outcome: Outcome) -> str:
    if outcome.measured.startswith(NOT_RUN):
        return "-"
    return "yes" if outcome.is_passed else f"NO (seed {outcome.seed})"
