"""Simulators with meaning, and their loans as a lender's files would hold them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from functools import cache
from typing import Any

import msgspec
import numpy as np

from risk.frame.frame import Frame, concat
from risk.simulation.noise import Noise
from risk.simulation.outcomes import observe
from risk.simulation.parameters import SimulationParameters, month_number
from risk.simulation.simulator import BLOCK, Simulator
from tests.risk.applications import SHIPPED

BEGAN = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
QUIET = Noise(
    dialect_b=0,
    missing_fields=0,
    duplicates=0,
    conflicts=0,
    truncated=0,
    wrong_type=0,
    out_of_range=0,
    missing_required=0,
)
"""A feed that sends every application once, as it is."""


@cache
def shipped_parameters() -> SimulationParameters:
    document = SHIPPED / "simulation" / "lending-club-1.json"
    return msgspec.json.decode(document.read_bytes(), type=SimulationParameters)


def a_simulator(**changes: Any) -> Simulator:
    """Return a simulator of the shipped parameters, seed 1, 100 events a second."""
    dials: dict[str, Any] = {"seed": 1, "started_at": BEGAN, "rate_per_second": 100.0} | changes
    return Simulator(dials.pop("parameters", shipped_parameters()), **dials)


def read(event: bytes) -> dict[str, Any]:
    """Return an event's fields."""
    fields: dict[str, Any] = msgspec.json.decode(event)
    return fields


def numbers(frame: Frame, name: str) -> Any:
    """Return a column without its missing values."""
    column = frame[name]
    return column[~np.isnan(column)]


def rank_correlation(first: Any, second: Any) -> float:
    """Return Spearman's correlation, ties broken by their order."""
    ranks = np.array([column.argsort().argsort() for column in (first, second)])
    return float(np.asarray(np.corrcoef(ranks.astype(np.float64)))[0, 1])


def loans_on_file(blocks: int, *, seed: int = 1, uses: Mapping[str, Any] | None = None) -> Frame:
    """Return simulated loans as `fit_simulation` takes real ones, all from one sample."""
    simulator = a_simulator(seed=seed, noise=QUIET)
    month = month_number(shipped_parameters().snapshot)
    frames = []
    for number in range(blocks):
        loans = simulator._block(number).loans
        frames.append(loans | observe(loans, month))
    loans = concat(frames)
    size = BLOCK * blocks
    given: dict[str, Any] = {
        "use.marginal": True,
        "use.volume": True,
        "use.all_years": True,
        "use.price": True,
        "use.level": float(month),
        "use.risk": 0.0,
        "use.sample": 0.0,
    } | dict(uses or {})
    loans |= {name: np.full(size, value) for name, value in given.items()}
    loans["is.joint"] = loans["is.joint"].astype(np.float64)
    return loans
