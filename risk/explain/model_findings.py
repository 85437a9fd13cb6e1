"""What a model found in one application: each feature's share of its points, and the reasons."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from risk.explain.reasons import adverse_reasons
from risk.explain.values import plain_value, split_codes
from risk.features.catalogue import CATALOGUE
from risk.features.reason_codes import REASONS, AdverseReason
from risk.frame.frame import Frame
from risk.models.inputs import model_columns
from risk.models.model import Model, score


@dataclass(frozen=True, slots=True)
class Contribution:
    """What one feature adds to the points.

    Attributes
    ----------
    value
        None where missing.
    bin
        The values that are worth the same, in words.
    points
        Whole of a scorecard; of a boosting, the feature's own effect and half of each pair's; of a
        logistic, its effect.
    reference_points
        What the feature would be worth if it were neutral, as for the average loan of the fit.
    shortfall
        Points below that; below 0, the feature speaks for the application.
    """

    feature: str
    meaning: str
    unit: str
    value: float | str | None
    bin: str
    points: float
    reference_points: float
    shortfall: float


@dataclass(frozen=True, slots=True)
class ModelFindings:
    """What the model says: `points` are `base_points` and every contribution's, added up.

    Exactly so of a scorecard; a boosting's points are looked up to the nearest step, a logistic's
    are rounded to two decimals.

    `reasons` are the adverse reasons, the weightiest first; none where the tier is Low.
    """

    version: str
    sha256: str
    base_points: float
    contributions: tuple[Contribution, ...]
    points: float
    pd: float
    reasons: tuple[AdverseReason, ...]


def model_findings(model: Model, frame: Frame, is_adverse: NDArray[np.bool_]) -> ModelFindings:
    """Return what the model found in the one application of the frame."""
    pd, points = score(model, frame)
    columns = model_columns(frame)
    codes = adverse_reasons(model, columns, is_adverse)[0]
    return ModelFindings(
        version=model.version,
        sha256=model.sha256,
        base_points=float(model.base_points),
        contributions=_contributions(model, columns),
        points=float(points[0]),
        pd=float(pd[0]),
        reasons=tuple(REASONS[code] for code in split_codes(codes)),
    )


def _contributions(model: Model, columns: Frame) -> tuple[Contribution, ...]:
    contributions = []
    for name, part in zip(model.features, model.contributions(columns), strict=True):
        feature = CATALOGUE[name]
        contributions.append(
            Contribution(
                feature=name,
                meaning=feature.meaning,
                unit=feature.unit,
                value=plain_value(columns[name][0]),
                bin=part.bin,
                points=part.points,
                reference_points=part.points + part.shortfall,
                shortfall=part.shortfall,
            )
        )
    return tuple(contributions)
