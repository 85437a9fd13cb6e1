"""Simulated loans with outcomes whose true log-odds are known, for the tests of fitting."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from risk.frame.frame import Frame
from tests.risk.applications import figures

PURPOSES = ("credit_card", "debt_consolidation", "small_business")
PURPOSE_LOG_ODDS = np.array([-0.4, 0.0, 0.9])


def some_loans(count: int = 3_000, *, seed: int = 1) -> tuple[Frame, NDArray[np.bool_]]:
    """Return clean columns and outcomes; PD falls with FICO, rises with inquiries."""
    generator = np.random.default_rng(seed)
    fico = generator.integers(132, 160, count) * 5.0 + 2.0
    inquiries = generator.poisson(1.0, count).astype(np.float64)
    purpose = generator.integers(0, len(PURPOSES), count)
    log_odds = -1.6 - 0.02 * (fico - 730.0) + 0.3 * inquiries + PURPOSE_LOG_ODDS[purpose]
    defaulted = generator.random(count) < 1.0 / (1.0 + np.exp(-log_odds))
    columns: dict[str, Any] = {
        "fico": fico,
        "inquiries_6m": inquiries,
        "purpose": np.array(PURPOSES, dtype=object)[purpose],
        "amount_usd": generator.uniform(1e3, 35e3, count),
        "income_usd": generator.lognormal(11.0, 0.5, count),
        "rate_pct": generator.uniform(6.0, 24.0, count),
        "term_months": np.full(count, 36.0),
        "dti_pct": generator.uniform(0.0, 30.0, count),
        "utilisation_pct": generator.uniform(0.0, 100.0, count),
        "delinquencies_2y": np.zeros(count),
        "credit_age_years": generator.uniform(3.0, 30.0, count),
        "applied_on": np.datetime64("2010-01-01", "D") + np.arange(count) % 360,
    }
    return figures(**columns), defaulted
