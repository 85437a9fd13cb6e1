"""What an application scored by a logistic regression would gain by neutralising each feature.

Effects are added up, so the gain is the feature's own effect less what it is for the average loan,
or at best. Where PD moves against what the feature's reason says (`Curve.contradicts_its_reason`),
nothing true could be said of a known value, so it has no gain.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from risk.explain.shortfalls_boosting import STEPS
from risk.frame.frame import Frame
from risk.models.boosting_document import MICRO
from risk.models.logistic import effects_by_feature
from risk.models.logistic_document import Curve, Logistic

__all__ = ["gains_against_average", "gains_against_best"]

Integers = NDArray[np.int64]


def gains_against_average(model: Logistic, columns: Frame) -> Integers:
    """Return the steps that log-odds of default would fall by with each feature's mean effect.

    Rows by features; 0 or less where they would not fall by a step.
    """
    return _gains(model, columns, _means(model))


def gains_against_best(model: Logistic, columns: Frame) -> Integers:
    """Return the steps that log-odds of default would fall by with each feature's best value."""
    return _gains(model, columns, _bests(model))


def _gains(model: Logistic, columns: Frame, neutral: Integers) -> Integers:
    gains = (effects_by_feature(model, columns) - neutral) // (MICRO // STEPS)
    for place in _unspeakable(model):
        is_known = ~np.isnan(columns[model.features[place]])
        gains[is_known, place] = 0
    return gains


@lru_cache(maxsize=16)
def _means(model: Logistic) -> Integers:
    return np.array([effect.mean for effect in model.effects], dtype=np.int64)


@lru_cache(maxsize=16)
def _bests(model: Logistic) -> Integers:
    return np.array([min(effect.known) for effect in model.effects], dtype=np.int64)


@lru_cache(maxsize=16)
def _unspeakable(model: Logistic) -> tuple[int, ...]:
    return tuple(
        place
        for place, effect in enumerate(model.effects)
        if isinstance(effect, Curve) and effect.contradicts_its_reason
    )
