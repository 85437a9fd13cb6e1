"""Scoring with the shipped models, alone and a thousand at once: ``just bench models``.

Prints one JSON document: microseconds, the median of many calls, for each model and number of rows,
and for the whole of `decide` with the champion and one challenger.
"""

from __future__ import annotations

import json
import statistics
import time
from collections.abc import Callable
from datetime import UTC, datetime

from lakehouse.registry.artefacts import SHIPPED, load_model, load_policy
from lakehouse.shipped_simulation import load_simulation_parameters
from risk.decision.decide import decide
from risk.frame.frame import complete, take
from risk.models.model import score
from risk.simulation.simulator import Simulator

SIZES = {1: 3_000, 1_000: 300}


def main() -> None:
    simulator = Simulator(
        load_simulation_parameters(),
        seed=1,
        started_at=datetime(2026, 3, 1, tzinfo=UTC),
        rate_per_second=0.0,
    )
    frame = complete(simulator.applications(0, max(SIZES)))
    models = {
        path.stem: load_model(path.stem) for path in sorted((SHIPPED / "models").glob("*.json"))
    }
    champion, challenger, policy = load_model(), models["boosting-1"], load_policy("standard-1")
    found: dict[str, dict[str, float]] = {}
    for rows, calls in SIZES.items():
        some = take(frame, slice(0, rows))
        work: dict[str, Callable[[], object]] = {
            f"score {name}": lambda model=model, some=some: score(model, some)  # type: ignore[misc]
            for name, model in models.items()
        }
        work["decide with a challenger"] = lambda some=some: decide(  # type: ignore[misc]
            some, model=champion, policy=policy, challengers=(challenger,)
        )
        for name, call in work.items():
            found.setdefault(name, {})[f"{rows} rows"] = microseconds(call, calls)
    print(json.dumps({"microseconds": found}, indent=2))


def microseconds(call: Callable[[], object], times: int) -> float:
    """Return the median of so many calls, the first of which may prepare lookups."""
    taken = []
    for _ in range(times + 1):
        began = time.perf_counter()
        call()
        taken.append(time.perf_counter() - began)
    return round(1e6 * statistics.median(taken[1:]), 1)


if __name__ == "__main__":
    main()
