"""What each feature adds to one application's points, in any kind of model."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from risk.explain.shortfalls import shortfalls
from risk.explain.shortfalls_boosting import STEPS
from risk.features.words import is_unknown
from risk.frame.frame import Frame
from risk.models.boosting import Boosting, bins_of
from risk.models.boosting_document import MICRO, Intervals
from risk.models.logistic import effects_by_feature
from risk.models.logistic_document import Curve, Logistic
from risk.models.model import Model
from risk.models.scorecard import Scorecard, points_by_feature
from risk.models.scorecard_document import Characteristic, Scale, Steps

__all__ = ["Part", "base_points", "parts_of"]

_MISSING = "missing"
_UNSEEN = "not among the loans of the fit"
_UNKNOWN = "not a word of the catalogue"


@dataclass(frozen=True, slots=True)
class Part:
    """A feature's bin in words, its points, and by how many it falls short of the average."""

    bin: str
    points: float
    shortfall: float


def base_points(model: Model) -> float:
    """Return the points before any feature's."""
    if isinstance(model, Scorecard):
        return float(model.base_points)
    return model.scale.points(-model.base / MICRO)


def parts_of(model: Model, columns: Frame) -> list[Part]:
    """Return the part of each feature of the one row, in the model's order."""
    if isinstance(model, Scorecard):
        return _parts_of_scorecard(model, columns)
    if isinstance(model, Boosting):
        return _parts_of_boosting(model, columns)
    return _parts_of_logistic(model, columns)


def _parts_of_scorecard(model: Scorecard, columns: Frame) -> list[Part]:
    points = points_by_feature(model, columns)[0].tolist()
    short = shortfalls(model, columns)[0].tolist()
    return [
        Part(_bin_of(each, columns[each.feature][0]), float(worth), float(lacking))
        for each, worth, lacking in zip(model.characteristics, points, short, strict=True)
    ]


def _parts_of_boosting(model: Boosting, columns: Frame) -> list[Part]:
    # Half of a pair's effect is what Shapley's value gives each of the two; the parts add up.
    bins = dict(zip(model.features, bins_of(model, columns)[:, 0].tolist(), strict=True))
    effects = {each.feature: float(each.effects[bins[each.feature]]) for each in model.codings}
    for pair in model.pairs:
        first, second = pair.features
        shared = pair.effects[bins[first]][bins[second]] / 2.0
        effects[first] += shared
        effects[second] += shared
    slope = _points_a_log_odds(model.scale)
    short = shortfalls(model, columns)[0].tolist()
    return [
        Part(
            _interval_of(each.limits, columns[each.feature][0])
            if isinstance(each, Intervals)
            else _level_of(each.feature, each.values, columns[each.feature][0]),
            -slope * effects[each.feature] / MICRO,
            slope * lacking / STEPS,
        )
        for each, lacking in zip(model.codings, short, strict=True)
    ]


def _parts_of_logistic(model: Logistic, columns: Frame) -> list[Part]:
    # Not `shortfalls`, which has none of a feature whose reason would not be true.
    slope = _points_a_log_odds(model.scale) / MICRO
    added = effects_by_feature(model, columns)[0].tolist()
    return [
        Part(
            _figure_of(each, columns[each.feature][0])
            if isinstance(each, Curve)
            else _level_of(each.feature, each.values, columns[each.feature][0]),
            -slope * effect,
            slope * (effect - each.mean),
        )
        for each, effect in zip(model.effects, added, strict=True)
    ]


def _points_a_log_odds(scale: Scale) -> float:
    return scale.points(1.0) - scale.points(0.0)


def _bin_of(characteristic: Characteristic, value: Any) -> str:
    if isinstance(characteristic, Steps):
        limits = [step.upto for step in characteristic.steps if step.upto is not None]
        return _interval_of(limits, value)
    groups = [group.values for group in characteristic.groups]
    return _text_of(characteristic.feature, groups, value)


def _figure_of(curve: Curve, figure: float) -> str:
    if np.isnan(figure):
        return _MISSING
    if figure >= curve.high:
        return f"{curve.high:,.10g} or more"
    return f"{curve.low:,.10g} or less" if figure <= curve.low else f"{figure:,.10g}"


def _interval_of(limits: Sequence[float], figure: float) -> str:
    if np.isnan(figure):
        return _MISSING
    place = sum(figure > limit for limit in limits)
    words = [f"above {limits[place - 1]:,.10g}"] if place else []
    words += [f"up to {limits[place]:,.10g}"] if place < len(limits) else []
    return ", ".join(words) or "any"


def _level_of(feature: str, values: Sequence[str], text: str | None) -> str:
    return _text_of(feature, [(value,) for value in values], text)


def _text_of(feature: str, groups: Sequence[Sequence[str]], text: str | None) -> str:
    if text is None:
        return _MISSING
    unseen = _UNKNOWN if is_unknown(feature, text) else _UNSEEN
    return next((", ".join(group) for group in groups if text in group), unseen)
