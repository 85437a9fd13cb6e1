"""Confidence intervals by resampling, for figures without a formula for theirs."""

from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

import numpy as np

from risk.monitoring.performance import Estimate, Flags, Floats

Statistic: TypeAlias = Callable[..., float]
"""PD and outcomes, and weights by name where there are any, to a figure."""


def bootstrap(
    statistics: Mapping[str, Statistic],
    pd: Floats,
    defaulted: Flags,
    *,
    weights: Floats | None = None,
    draws: int = 500,
    seed: int = 0,
    confidence: float = 0.95,
) -> dict[str, Estimate]:
    """Return each statistic with its percentile interval (Efron, *Annals of Statistics* 7, 1979).

    All statistics are taken on the same resamples; the same seed gives the same intervals. Where
    both outcomes are there, a resample without one of them is drawn again. Not for `ks_separation`:
    it is biased upwards in a sample and again in a resample, and no such interval covers it (91 of
    100 at 4,000 loans, 85 of 100 at 400, whichever the correction).

    Raises
    ------
    ContractError
        A statistic refuses a resample, as a calibration line does where hardly a loan defaulted.
    """
    generator = np.random.default_rng(seed)

    def take(statistic: Statistic, rows: Any) -> float:
        weighted = {} if weights is None else {"weights": weights[rows]}
        return statistic(pd[rows], defaulted[rows], **weighted)

    is_mixed = 0 < defaulted.sum() < len(pd)
    drawn = np.empty((draws, len(statistics)))
    for draw in range(draws):
        rows = generator.integers(0, len(pd), len(pd))
        while is_mixed and not 0 < defaulted[rows].sum() < len(pd):
            rows = generator.integers(0, len(pd), len(pd))
        drawn[draw] = [take(statistic, rows) for statistic in statistics.values()]
    tail = (1.0 - confidence) / 2.0
    low, high = np.quantile(drawn, [tail, 1.0 - tail], axis=0)
    return {
        name: Estimate(take(statistic, slice(None)), float(low[place]), float(high[place]))
        for place, (name, statistic) in enumerate(statistics.items())
    }
