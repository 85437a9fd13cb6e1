"""What an application scored by boosting would gain by neutralising each feature: it is rescored.

A feature's effect depends on others it is paired with, so that nothing short of scoring the same
application again, with that one bin replaced, says what the feature costs it.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from risk.frame.frame import Frame
from risk.models.boosting import bins_of, log_odds
from risk.models.boosting_document import MICRO, Boosting

__all__ = ["STEPS", "gains_against_average", "gains_against_best", "reference_bins"]

STEPS = 1_000
"""Steps of a whole log-odds: PDs are looked up to the nearest one, so no smaller gain counts."""

Integers = NDArray[np.int64]


@lru_cache(maxsize=16)
def reference_bins(model: Boosting) -> tuple[int, ...]:
    """Return each feature's bin whose effect alone is nearest to that of the fit's mean loan."""
    nearest = []
    for coding in model.codings:
        effects, loans = np.array(coding.effects), np.array(coding.loans)
        distance = np.abs(effects - effects @ loans / max(loans.sum(), 1))
        nearest.append(int(np.where(loans > 0, distance, np.inf).argmin()))
    return tuple(nearest)


def gains_against_average(model: Boosting, columns: Frame) -> Integers:
    """Return the steps that log-odds of default would fall by with each feature's reference bin.

    Rows by features; 0 or less where they would not fall by a step.
    """
    bins = bins_of(model, columns)
    features, rows = bins.shape
    replaced = np.repeat(bins[:, None, :], features, axis=1)
    place = np.arange(features)
    replaced[place, place] = np.array(reference_bins(model))[:, None]
    neutral = log_odds(model, replaced.reshape(features, -1)).reshape(features, rows)
    return _steps(log_odds(model, bins) - neutral)


def gains_against_best(model: Boosting, columns: Frame) -> Integers:
    """Return the steps that log-odds of default would fall by with each feature's best bin."""
    bins = bins_of(model, columns)
    features, rows = bins.shape
    best = np.empty_like(bins)
    for place, coding in enumerate(model.codings):
        replaced = np.repeat(bins[:, None, :], coding.bins, axis=1)
        replaced[place] = np.arange(coding.bins)[:, None]
        found = log_odds(model, replaced.reshape(features, -1))
        best[place] = found.reshape(coding.bins, rows).min(axis=0)
    return _steps(log_odds(model, bins) - best)


def _steps(gains: Integers) -> Integers:
    return gains.T // (MICRO // STEPS)
