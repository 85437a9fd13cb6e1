"""The champion PD model at work: points per bin are added up, and their total has a PD.

A scorecard is a logistic model on binned features (Siddiqi, *Credit Risk Scorecards*, 2006). Its
points are whole numbers, so their sum is exact: an application scored alone and the same one among
thousands get the same bits. The total finds its PD in a table made once from the model's scale.
The document is `risk.models.scorecard_document`.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from risk.frame.frame import Frame, row_count
from risk.models.inputs import Scores, scored
from risk.models.scorecard_document import Scorecard, Steps, from_json, to_json

__all__ = ["Scorecard", "from_json", "points_by_feature", "score", "score_columns", "to_json"]


def score(model: Scorecard, frame: Frame) -> Scores:
    """Return PD (0 to 1) and points (higher is safer) of every row.

    A row's result depends on that row and the model alone, to the last bit. Income and DTI are both
    applicants' where the application is joint and gives them.

    Raises
    ------
    ContractError
        The frame lacks a column that the model looks at.
    """
    return scored(score_columns, model, frame)


def score_columns(model: Scorecard, columns: Frame) -> Scores:
    """Return the same of a frame's `model_columns`."""
    lookups = _lookups(model)
    total = points_by_feature(model, columns).sum(axis=1) + model.base_points
    return lookups.pd.take(total - lookups.lowest), total.astype(np.float64)


def points_by_feature(model: Scorecard, columns: Frame) -> NDArray[np.int64]:
    """Return what each feature adds to each row's points: rows by features, in the model's order.

    `columns` is `model_columns` of the frame.
    """
    lookups = _lookups(model)
    points = np.empty((len(model.features), row_count(columns)), dtype=np.int64)
    for place, feature, edges, points_of_bin in lookups.numbers:
        points[place] = points_of_bin.take(edges.searchsorted(columns[feature]))
    for place, feature, points_of_text, unseen in lookups.texts:
        points[place] = [points_of_text.get(text, unseen) for text in columns[feature].tolist()]
    return points.T


@dataclass(frozen=True, slots=True)
class _Lookups:
    numbers: Sequence[tuple[int, str, NDArray[np.float64], NDArray[np.int64]]]
    texts: Sequence[tuple[int, str, Mapping[str | None, int], int]]
    lowest: int
    pd: NDArray[np.float64]


@lru_cache(maxsize=16)
def _lookups(model: Scorecard) -> _Lookups:
    numbers = []
    texts = []
    for place, characteristic in enumerate(model.characteristics):
        if isinstance(characteristic, Steps):
            # NaN sorts behind infinity, so the place after the last step is that of the missing.
            edges = [math.inf if step.upto is None else step.upto for step in characteristic.steps]
            points = np.array([bin_.points for bin_ in characteristic.bins], dtype=np.int64)
            numbers.append((place, characteristic.feature, np.array(edges), points))
        else:
            by_text: dict[str | None, int] = {
                value: group.points for group in characteristic.groups for value in group.values
            }
            by_text[None] = characteristic.missing.points
            texts.append((place, characteristic.feature, by_text, characteristic.unseen.points))
    lowest, highest = model.points_range
    pd = np.array([model.scale.pd(points) for points in range(lowest, highest + 1)])
    return _Lookups(numbers, texts, lowest, pd)
