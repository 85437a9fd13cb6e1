"""Write the part of a dossier that depends on the kind of model: its method and effects."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from dataflows.dossiers import words
from dataflows.dossiers.logistic import logistic_effects, logistic_method
from dataflows.dossiers.tables import intervals, rate, table
from risk.fitting.scorecard import SMALLEST_SPREAD
from risk.frame.frame import Frame
from risk.models.boosting import Boosting
from risk.models.boosting_document import Coding, Texts
from risk.models.document import MICRO, FeaturePart
from risk.models.inputs import model_columns
from risk.models.logistic import Logistic
from risk.models.model import Model
from risk.models.scorecard import Scorecard
from risk.models.scorecard_document import Bin, Characteristic, Groups

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
    return f"{_KINDS[model.kind].method(model)}\n{shared}"


def left_out(model: Model) -> str:
    """Return which candidates are not in the model, and why."""
    names = ", ".join(f"`{feature}`" for feature in model.fit.left_out) or "none"
    return f"{_KINDS[model.kind].left_out}: {names}."


def effects(model: Model, fitted_on: Frame) -> str:
    """Return what values of each feature are worth, in points."""
    return _KINDS[model.kind].effects(model, fitted_on)


def _scorecard_method(model: Scorecard) -> str:
    lowest, highest = model.points_range
    return words.SCORECARD_METHOD.format(
        base_points=model.base_points,
        anchor_odds=model.scale.anchor_odds,
        anchor_points=model.scale.anchor_points,
        pdo=model.scale.pdo,
        lowest=lowest,
        highest=highest,
    )


def _boosting_method(model: Boosting) -> str:
    return words.BOOSTING_METHOD.format(
        bags=model.fit.bags,
        rounds=model.fit.rounds,
        learning_rate=model.fit.learning_rate,
        seed=model.fit.seed,
        features=len(model.codings),
        pairs=len(model.pairs),
    )


def _scorecard_effects(model: Scorecard, _: Frame) -> str:
    return "\n\n".join(map(_points, model.characteristics))


def _points(part: Characteristic) -> str:
    labels = _labels(part)
    rows = (_row(label, bin_) for label, bin_ in zip([*labels, "missing"], part.bins, strict=True))
    return f"{_title(part)}\n\n" + table(["", "Loans", "Default rate", "WoE", "Points"], rows)


def _row(label: str, bin_: Bin) -> list[str]:
    shown = rate(bin_.defaults, bin_.loans)
    return [label, f"{bin_.loans:,}", shown, f"{bin_.woe:.4f}", f"{bin_.points:+d}"]


def _boosting_effects(model: Boosting, fitted_on: Frame) -> str:
    bins = model.bins_of(model_columns(fitted_on))
    mean = model.log_odds(bins).mean()
    points_a_micro = model.scale.points_a_log_odds / MICRO
    said = [words.AVERAGE_EFFECTS]
    for place, coding in enumerate(model.codings):
        worth = [
            points_a_micro * (mean - model.log_odds(_moved(bins, place, bin_)).mean())
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
    if isinstance(part, Groups | Texts):
        return f"### `{part.feature}`"
    says = f"PD {part.direction} with it" if part.limits else "whether it is known"
    return f"### `{part.feature}`: {says}"


def _labels(part: FeaturePart) -> Sequence[str]:
    """Return the name of each bin but that of the missing."""
    if part.texts is None:
        return intervals(part.limits or ())
    return [*(", ".join(texts) for texts in part.texts), "any other"]


@dataclass(frozen=True, slots=True)
class _Kind:
    """A dossier's text on one kind of model; `model` is of that kind."""

    method: Callable[[Any], str]
    left_out: str
    effects: Callable[[Any, Frame], str]


_KINDS: Final = {
    Scorecard.kind: _Kind(
        _scorecard_method,
        "Candidates left out, as beside the others their bins differ by less than "
        f"{SMALLEST_SPREAD:g} points",
        _scorecard_effects,
    ),
    Boosting.kind: _Kind(_boosting_method, "Candidates that no tree asks for", _boosting_effects),
    Logistic.kind: _Kind(
        logistic_method,
        "Candidates that hardly any loan of the fit has, or all have alike",
        logistic_effects,
    ),
}
