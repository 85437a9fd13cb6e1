"""Score by a scorecard: add up the points of an application's bins and look up the PD.

A scorecard is a logistic model on binned features (Siddiqi, *Credit Risk Scorecards*, 2006). Points
are whole numbers, so their sum is exact: an application scores the same, to the bit, alone or among
thousands. A table made once from the model's scale gives the PD of each total.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from risk.frame.frame import Frame, row_count
from risk.models.answers import Against, Integers, Part, Scores
from risk.models.document import Fit, ModelDocument, expect, expect_sound
from risk.models.scorecard_document import Characteristic, Steps

_WIDEST = 10_000


class Scorecard(ModelDocument, frozen=True, dict=True, kw_only=True, omit_defaults=True):
    """A PD model of whole points; a `risk.models.model.Model`.

    Attributes
    ----------
    uses_lender_fields
        Not in the document where it does not.
    base_points
        Points of the average application.

    Raises
    ------
    ModelError
        The document contradicts itself, the contract or the feature catalogue.
    """

    kind: ClassVar[str] = "scorecard"

    base_points: int
    characteristics: tuple[Characteristic, ...]
    fit: Fit

    def __post_init__(self) -> None:
        where = expect_sound(self, self.characteristics)
        for characteristic in self.characteristics:
            characteristic.check(f"{where}, {characteristic.feature}")
        lowest, highest = self.points_range
        expect(highest - lowest <= _WIDEST, f"{where}: points span more than {_WIDEST}")
        expect(
            self.scale.pd(highest) > 0.0 and self.scale.pd(lowest) < 1.0,
            f"{where}: points from {lowest} to {highest} reach a PD of 0 or 1 on this scale",
        )

    @property
    def parts(self) -> tuple[Characteristic, ...]:
        """What it knows of each feature."""
        return self.characteristics

    @property
    def points_range(self) -> tuple[int, int]:
        """The fewest and the most points an application can get."""
        points = [[each.points for each in c.bins] for c in self.characteristics]
        fewest, most = sum(map(min, points)), sum(map(max, points))
        return self.base_points + fewest, self.base_points + most

    def score_columns(self, columns: Frame) -> Scores:
        """Return PD (0 to 1) and points (higher is safer) of every row."""
        lookups = _lookups(self)
        total = self.points_by_feature(columns).sum(axis=1) + self.base_points
        return lookups.pd.take(total - lookups.lowest), total.astype(np.float64)

    def points_by_feature(self, columns: Frame) -> Integers:
        """Return what each feature adds to each row's points: rows by features, in their order."""
        lookups = _lookups(self)
        points = np.empty((len(self.features), row_count(columns)), dtype=np.int64)
        for place, feature, edges, points_of_bin in lookups.numbers:
            points[place] = points_of_bin.take(edges.searchsorted(columns[feature]))
        for place, feature, points_of_text, unseen in lookups.texts:
            points[place] = [points_of_text.get(text, unseen) for text in columns[feature].tolist()]
        return points.T

    def shortfalls(self, columns: Frame, *, against: Against = "average") -> Integers:
        """Return the points that every row would gain by neutralising each feature."""
        return reference_points(self, against) - self.points_by_feature(columns)

    def contributions(self, columns: Frame) -> list[Part]:
        """Return the part of each feature of the one row."""
        points = self.points_by_feature(columns)[0].tolist()
        short = self.shortfalls(columns)[0].tolist()
        return [
            Part(each.bin_of(columns[each.feature][0]), float(worth), float(lacking))
            for each, worth, lacking in zip(self.characteristics, points, short, strict=True)
        ]


@lru_cache(maxsize=32)
def reference_points(model: Scorecard, against: Against = "average") -> Integers:
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
            edges = [*characteristic.limits, math.inf]
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
