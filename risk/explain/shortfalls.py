"""How far each feature of an application falls short, in whichever kind of model scored it.

A feature falls short by what the score would gain if the feature were neutralised: worth what it is
worth to the average loan of the fit, or to the best one, everything else being equal.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Final, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from risk.explain import shortfalls_boosting, shortfalls_logistic
from risk.frame.frame import Frame
from risk.models.boosting import Boosting
from risk.models.model import Model
from risk.models.scorecard import Scorecard, points_by_feature

__all__ = ["Against", "reference_points", "shortfalls"]

Against: TypeAlias = Literal["average", "best"]

_GAINS_OF_BOOSTING: Final = {
    "average": shortfalls_boosting.gains_against_average,
    "best": shortfalls_boosting.gains_against_best,
}
_GAINS_OF_LOGISTIC: Final = {
    "average": shortfalls_logistic.gains_against_average,
    "best": shortfalls_logistic.gains_against_best,
}


def shortfalls(model: Model, columns: Frame, *, against: Against = "average") -> NDArray[np.int64]:
    """Return what every row's score would gain by neutralising each feature.

    Parameters
    ----------
    columns
        The features of the model, as `risk.models.inputs` gives them.
    against
        What a neutral feature is worth: what it is to the average loan of the fit, by the
        document's own counts, or the most that it can be worth. A scorecard's average loan has the
        rounded mean points, a boosting's the bin nearest to the mean effect, a logistic's the mean
        effect.

    Returns
    -------
    ndarray
        Rows by features, in the model's order: points of a scorecard, thousandths of log-odds of
        the others. Above 0, neutralising lowers PD.
    """
    if isinstance(model, Scorecard):
        return reference_points(model, against) - points_by_feature(model, columns)
    if isinstance(model, Boosting):
        return _GAINS_OF_BOOSTING[against](model, columns)
    return _GAINS_OF_LOGISTIC[against](model, columns)


@lru_cache(maxsize=32)
def reference_points(model: Scorecard, against: Against = "average") -> NDArray[np.int64]:
    """Return what each feature of a scorecard is worth to the average loan, or at best."""
    points = [[bin_.points for bin_ in each.bins] for each in model.characteristics]
    if against == "best":
        return np.array([max(of_bins) for of_bins in points])
    loans = [[bin_.loans for bin_ in each.bins] for each in model.characteristics]
    return np.array([_rounded_mean(*pair) for pair in zip(points, loans, strict=True)])


def _rounded_mean(points: list[int], loans: list[int]) -> int:
    """Return the mean in whole points, halves up; the base's, 0, where no loan is counted."""
    total = sum(loans)
    earned = sum(each * count for each, count in zip(points, loans, strict=True))
    return (2 * earned + total) // (2 * total) if total else 0
