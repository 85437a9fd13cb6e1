"""Write a dossier's part about a logistic regression: its method, and the effects of values."""

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from dataflows.dossiers import words
from dataflows.dossiers.tables import rate, table
from risk.frame.frame import Frame
from risk.models.document import MICRO
from risk.models.inputs import model_columns
from risk.models.logistic import Logistic
from risk.models.logistic_document import Curve, Levels

_SHARES: Final = (0.05, 0.25, 0.5, 0.75, 0.95)
_WHOLE_FROM: Final = 1_000.0


def logistic_method(model: Logistic) -> str:
    """Return how the model works and was fitted."""
    numbers = _curves(model)
    contrary = [f"`{curve.feature}`" for curve in numbers if curve.contradicts_its_reason]
    tried = "; ".join(
        f"{one.inverse_penalty:g}: {one.auc:.4f} and {one.log_loss:.5f}" for one in model.fit.tried
    )
    return words.LOGISTIC_METHOD.format(
        numbers=len(numbers),
        texts=len(model.effects) - len(numbers),
        logarithms=", ".join(f"`{c.feature}`" for c in numbers if c.transform == "log1p") or "none",
        contrary=", ".join(contrary) or "none",
        inverse_penalty=model.fit.inverse_penalty,
        tried=tried,
    )


def logistic_effects(model: Logistic, fitted_on: Frame) -> str:
    """Return what values of each feature are worth, in points."""
    points_a_micro = model.scale.points_a_log_odds / MICRO
    levels = [effect for effect in model.effects if isinstance(effect, Levels)]
    parts = [words.LOGISTIC_EFFECTS, _of_numbers(model, fitted_on, points_a_micro)]
    return "\n\n".join([*parts, *(_of_levels(each, points_a_micro) for each in levels)])


def _curves(model: Logistic) -> list[Curve]:
    return [effect for effect in model.effects if isinstance(effect, Curve)]


def _of_numbers(model: Logistic, fitted_on: Frame, points_a_micro: float) -> str:
    """Return a table: one row per feature, one column per share of loans below the value."""
    columns = model_columns(fitted_on)
    nobody = np.full(len(_SHARES) + 1, None, dtype=object)
    shown: Frame = dict.fromkeys(model.features, nobody)
    shown |= {curve.feature: _quantiles(columns, curve.feature) for curve in _curves(model)}
    worth = model.effects_by_feature(shown)
    rows = []
    for place, effect in enumerate(model.effects):
        if isinstance(effect, Curve):
            points = (-points_a_micro * (worth[:, place] - effect.mean)).tolist()
            cells = [
                f"{_figure(value)}: {each:+.1f}"
                for value, each in zip(shown[effect.feature], points[:-1], strict=False)
            ]
            rows.append([f"`{effect.feature}`", *cells, f"{points[-1]:+.1f}"])
    return table(["", *(f"{share:.0%} below" for share in _SHARES), "missing"], rows)


def _quantiles(columns: Frame, feature: str) -> NDArray[np.float64]:
    values = columns[feature]
    known = np.quantile(values[~np.isnan(values)], _SHARES, method="inverted_cdf")
    return np.append(known, np.nan)


def _figure(value: float) -> str:
    return f"{value:,.0f}" if value >= _WHOLE_FROM else f"{value:.4g}"


def _of_levels(levels: Levels, points_a_micro: float) -> str:
    labels: Sequence[str] = [*levels.values, "any other", "missing"]
    rows = (
        [label, f"{loans:,}", rate(defaults, loans), f"{worth:+.1f}"]
        for label, loans, defaults, worth in zip(
            labels,
            levels.loans,
            levels.defaults,
            (-points_a_micro * (effect - levels.mean) for effect in levels.effects),
            strict=True,
        )
    )
    body = table(["", "Loans", "Default rate", "Points"], rows)
    return f"### `{levels.feature}`\n\n{body}"
