"""A logistic regression at work: what an application's values add to log-odds is summed up.

Each effect is rounded to whole millionths of log-odds before it is added, so the sum is exact in
any order: an application scored alone and the same one among thousands get the same bits. The
document is `risk.models.logistic_document`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from risk.frame.frame import Frame, row_count
from risk.models.boosting_document import MICRO
from risk.models.inputs import Scores, scored
from risk.models.logistic_document import Curve, Logistic, from_json, to_json
from risk.models.scorecard_document import PD_DECIMALS

__all__ = ["Logistic", "effects_by_feature", "from_json", "score", "score_columns", "to_json"]

_POINTS_DECIMALS = 2

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]


def score(model: Logistic, frame: Frame) -> Scores:
    """Return PD (0 to 1) and points (higher is safer) of every row.

    A row's result depends on that row and the model alone, to the last bit. Income and DTI are both
    applicants' where the application is joint and gives them.

    Raises
    ------
    ContractError
        The frame lacks a column that the model looks at.
    """
    return scored(score_columns, model, frame)


def score_columns(model: Logistic, columns: Frame) -> Scores:
    """Return the same of a frame's `model_columns`."""
    log_odds = (effects_by_feature(model, columns).sum(axis=1) + model.base) / MICRO
    slope = model.scale.points(1.0) - model.scale.points(0.0)
    return (
        np.round(1.0 / (1.0 + np.exp(-log_odds)), PD_DECIMALS),
        np.round(model.scale.points(0.0) - slope * log_odds, _POINTS_DECIMALS),
    )


def effects_by_feature(model: Logistic, columns: Frame) -> Integers:
    """Return the millionths of log-odds that each feature adds: rows by features, in its order.

    `columns` is `risk.models.inputs` of the frame.
    """
    lookups = _lookups(model)
    effects = np.empty((len(model.features), row_count(columns)), dtype=np.int64)
    if lookups.numbers:
        effects[lookups.places] = _of_numbers(lookups, columns)
    for place, feature, effect_of_text, unseen in lookups.texts:
        effects[place] = [effect_of_text.get(text, unseen) for text in columns[feature].tolist()]
    return effects.T


@dataclass(frozen=True, slots=True)
class _Lookups:
    """Numeric features, those of a logarithm first; figures are one row a feature."""

    numbers: Sequence[str]
    places: Integers
    logarithms: int
    low: Floats
    high: Floats
    centre: Floats
    slope: Floats
    missing: Floats
    texts: Sequence[tuple[int, str, Mapping[str | None, int], int]]


def _of_numbers(lookups: _Lookups, columns: Frame) -> Floats:
    values = np.array([columns[feature] for feature in lookups.numbers])
    # Both keep NaN.
    np.maximum(values, lookups.low, out=values)
    np.minimum(values, lookups.high, out=values)
    logarithms = values[: lookups.logarithms]
    np.log1p(logarithms, out=logarithms)
    values -= lookups.centre
    values *= lookups.slope
    np.rint(values, out=values)
    return np.where(np.isnan(values), lookups.missing, values)


@lru_cache(maxsize=16)
def _lookups(model: Logistic) -> _Lookups:
    placed = list(enumerate(model.effects))
    curves = [(place, effect) for place, effect in placed if isinstance(effect, Curve)]
    curves.sort(key=lambda each: each[1].transform != "log1p")
    texts = []
    for place, effect in placed:
        if not isinstance(effect, Curve):
            *known, unseen, missing = effect.effects
            of_text: dict[str | None, int] = dict(zip(effect.values, known, strict=True))
            of_text[None] = missing
            texts.append((place, effect.feature, of_text, unseen))

    def figures(name: str) -> Floats:
        column = [getattr(curve, name) for _, curve in curves]
        return np.array(column, dtype=np.float64)[:, None]

    return _Lookups(
        numbers=[curve.feature for _, curve in curves],
        places=np.array([place for place, _ in curves], dtype=np.int64),
        logarithms=sum(curve.transform == "log1p" for _, curve in curves),
        low=figures("low"),
        high=figures("high"),
        centre=figures("centre"),
        slope=figures("slope"),
        missing=figures("missing"),
        texts=texts,
    )
