"""The part of a dossier that tells one kind of model from another: its method and its effects."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from dataflows.dossiers import words
from dataflows.dossiers.logistic import logistic_effects, logistic_method
from dataflows.dossiers.tables import intervals, rate, table
from risk.fitting.scorecard import SMALLEST_SPREAD
from risk.frame.frame import Frame
from risk.models.boosting import bins_of, log_odds
from risk.models.boosting_document import MICRO, Boosting, Coding, Intervals, Texts
from risk.models.inputs import model_columns
from risk.models.logistic import Logistic
from risk.models.model import Model
from risk.models.scorecard_document import Bin, Characteristic, Scorecard, Steps

__all__ = ["effects", "left_out", "method"]

_STRONGEST_PAIRS = 10


def method(model: Model) -> str:
    """Return how the model works and was fitted."""
    scale, fit = model.scale, model.fit
    shared = words.POINTS.format(
        pdo=scale.pdo,
        anchor_points=scale.anchor_points,
        anchor_odds=scale.anchor_odds,
        anchor_pd=scale.pd(scale.anchor_points),
        intercept=fit.calibration_intercept,
        slope=fit.calibration_slope,
        libraries=", ".join(f"{name} {version}" for name, version in fit.libraries),
    )
    if isinstance(model, Boosting):
        own = words.BOOSTING_METHOD.format(
            bags=model.fit.bags,
            rounds=model.fit.rounds,
            learning_rate=model.fit.learning_rate,
            seed=model.fit.seed,
            features=len(model.codings),
            pairs=len(model.pairs),
        )
    elif isinstance(model, Logistic):
        own = logistic_method(model)
    else:
        lowest, highest = model.points_range
        own = words.SCORECARD_METHOD.format(
            base_points=model.base_points,
            anchor_odds=scale.anchor_odds,
            anchor_points=scale.anchor_points,
            pdo=scale.pdo,
            lowest=lowest,
            highest=highest,
        )
    return f"{own}\n{shared}"


def left_out(model: Model) -> str:
    """Return which candidates are not in the model, and why."""
    names = ", ".join(f"`{feature}`" for feature in model.fit.left_out) or "none"
    if isinstance(model, Boosting):
        return f"Candidates that no tree asks for: {names}."
    if isinstance(model, Logistic):
        return f"Candidates that hardly any loan of the fit has, or all have alike: {names}."
    return (
        "Candidates left out, as beside the others their bins differ by less than "
        f"{SMALLEST_SPREAD:g} points: {names}."
    )


def effects(model: Model, fitted_on: Frame) -> str:
    """Return what values of each feature are worth, in points."""
    if isinstance(model, Scorecard):
        return "\n\n".join(map(_points, model.characteristics))
    if isinstance(model, Logistic):
        return logistic_effects(model, fitted_on)
    return _average_effects(model, fitted_on)


def _points(part: Characteristic) -> str:
    labels = _labels(part)
    rows = (_row(label, bin_) for label, bin_ in zip([*labels, "missing"], part.bins, strict=True))
    return f"{_title(part)}\n\n" + table(["", "Loans", "Default rate", "WoE", "Points"], rows)


def _row(label: str, bin_: Bin) -> list[str]:
    shown = rate(bin_.defaults, bin_.loans)
    return [label, f"{bin_.loans:,}", shown, f"{bin_.woe:.4f}", f"{bin_.points:+d}"]


def _average_effects(model: Boosting, fitted_on: Frame) -> str:
    bins = bins_of(model, model_columns(fitted_on))
    mean = log_odds(model, bins).mean()
    points_a_micro = (model.scale.points(1.0) - model.scale.points(0.0)) / MICRO
    said = [words.AVERAGE_EFFECTS]
    for place, coding in enumerate(model.codings):
        worth = [
            points_a_micro * (mean - log_odds(model, _moved(bins, place, bin_)).mean())
            for bin_ in range(coding.bins)
        ]
        rows = (
            [label, f"{loans:,}", rate(defaults, loans), f"{points:+.1f}"]
            for label, loans, defaults, points in zip(
                [*_labels(coding), "missing"], coding.loans, coding.defaults, worth, strict=True
            )
        )
        header = ["", "Loans", "Default rate", "Points"]
        said.append(f"{_title(coding)}\n\n{table(header, rows)}")
    said.append(f"### Pairs\n\n{_strongest(model, bins, points_a_micro)}")
    return "\n\n".join(said)


def _moved(bins: NDArray[np.int64], place: int, bin_: int) -> NDArray[np.int64]:
    moved = bins.copy()
    moved[place] = bin_
    return moved


def _strongest(model: Boosting, bins: NDArray[np.int64], points_a_micro: float) -> str:
    """Return the pairs that move scores most, beyond what their two features do alone."""
    spreads = []
    for pair in model.pairs:
        first, second = (bins[model.features.index(feature)] for feature in pair.features)
        cells = np.array(pair.effects, dtype=np.float64)[first, second]
        spreads.append((float(np.std(_without_means(cells, first, second))), pair.features))
    spreads.sort(key=lambda each: (-each[0], each[1]))
    return (
        f"The {min(_STRONGEST_PAIRS, len(spreads))} of {len(spreads)} pairs that move points most "
        "beyond what either feature does alone (standard deviation over the loans of the fit):\n\n"
        + table(
            ["Pair", "Points"],
            (
                [" and ".join(f"`{name}`" for name in features), f"{points_a_micro * spread:.2f}"]
                for spread, features in spreads[:_STRONGEST_PAIRS]
            ),
        )
    )


def _without_means(
    cells: NDArray[np.float64], first: NDArray[np.int64], second: NDArray[np.int64]
) -> NDArray[np.float64]:
    left: NDArray[np.float64] = cells - cells.mean()
    for bins in (first, second):
        counts = np.bincount(bins)
        means = np.bincount(bins, weights=left) / np.maximum(counts, 1)
        left = left - means[bins]
    return left


def _title(part: Characteristic | Coding) -> str:
    if not isinstance(part, Steps | Intervals):
        return f"### `{part.feature}`"
    is_flat = len(_labels(part)) == 1
    says = "whether it is known" if is_flat else f"PD {part.direction} with it"
    return f"### `{part.feature}`: {says}"


def _labels(part: Characteristic | Coding) -> Sequence[str]:
    """Return the name of each bin but that of the missing."""
    if isinstance(part, Steps):
        return intervals([step.upto for step in part.steps if step.upto is not None])
    if isinstance(part, Intervals):
        return intervals(part.limits)
    if isinstance(part, Texts):
        return [*part.values, "any other"]
    return [*(", ".join(group.values) for group in part.groups), "any other"]
