"""The design matrix of a regression: which columns each feature gives, and what their weights mean.

A number gives its standardised value, with the median for a missing one. It also gives a flag for
"missing" if enough loans miss it. A text gives a flag for each value that enough loans have.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeAlias, cast

import numpy as np
from numpy.typing import NDArray

from risk.features.catalogue import CATALOGUE
from risk.fitting.binning import Candidate, GroupCoder, prepare
from risk.frame.frame import Frame
from risk.models.document import MICRO
from risk.models.logistic_document import Curve, Levels, Transform

Floats: TypeAlias = NDArray[np.float64]
Flags: TypeAlias = NDArray[np.bool_]

_GROWS_BY_MULTIPLES: Final = frozenset({"USD", "count", "ratio", "years"})
"""Units in which twice as much is a step, wherever one starts from."""

_DECIMALS: Final = 6


@dataclass(frozen=True, slots=True)
class Number:
    """A numeric feature; `scale_missing` is 0 where its absence has no column of its own."""

    feature: str
    transform: Transform
    low: float
    high: float
    centre: float
    scale: float
    median: float
    centre_missing: float
    scale_missing: float

    @property
    def width(self) -> int:
        """How many columns it has in the table."""
        return 2 if self.scale_missing else 1

    def columns(self, values: NDArray[Any]) -> Floats:
        """Return its columns."""
        inside = _transformed(np.clip(values, self.low, self.high), self.transform)
        is_missing = np.isnan(inside)
        known = (np.where(is_missing, self.median, inside) - self.centre) / self.scale
        if not self.scale_missing:
            return known[:, None]
        return np.column_stack([known, (is_missing - self.centre_missing) / self.scale_missing])

    def offset(self, weights: Floats) -> float:
        """Return what its columns add for every known value, beyond its curve."""
        if not self.scale_missing:
            return 0.0
        return -float(weights[1]) * self.centre_missing / self.scale_missing

    def effect(self, weights: Floats, values: NDArray[Any], _: Flags) -> Curve:
        """Return what it adds to log-odds: its curve, and a missing value's beyond `offset`."""
        missing = float(weights[0]) * (self.median - self.centre) / self.scale
        if self.scale_missing:
            missing += float(weights[1]) / self.scale_missing
        weight = round(float(weights[0]), _DECIMALS)
        inside = _transformed(np.clip(values, self.low, self.high), self.transform)
        added = weight * (inside - self.centre) / self.scale
        mean = np.where(np.isnan(added), missing, added).mean()
        return Curve(
            feature=self.feature,
            mean=round(mean * MICRO),
            transform=self.transform,
            low=self.low,
            high=self.high,
            centre=self.centre,
            scale=self.scale,
            weight=weight,
            missing=round(missing * MICRO),
        )


@dataclass(frozen=True, slots=True)
class Text:
    """A feature of texts; `used` are the levels that enough loans are in."""

    coder: GroupCoder
    used: tuple[int, ...]

    @property
    def width(self) -> int:
        """How many columns it has in the table."""
        return len(self.used)

    def columns(self, values: NDArray[Any]) -> Floats:
        """Return its columns."""
        is_in = self.coder.codes(values)[:, None] == np.array(self.used)
        return np.asarray(is_in, dtype=np.float64)

    def offset(self, _: Floats) -> float:
        """Return what its columns add for everybody: nothing."""
        return 0.0

    def effect(self, weights: Floats, values: NDArray[Any], defaulted: Flags) -> Levels:
        """Return what it adds to log-odds: nothing in a level that too few loans are in."""
        codes = self.coder.codes(values)
        count = self.coder.known + self.coder.neutral
        effects = np.zeros(count)
        effects[list(self.used)] = np.rint(weights * MICRO)
        return Levels(
            feature=self.coder.candidate.feature,
            mean=round(float(effects[codes].mean())),
            values=self.coder.values,
            effects=tuple(effects.astype(int).tolist()),
            loans=tuple(np.bincount(codes, minlength=count).tolist()),
            defaults=tuple(np.bincount(codes[defaulted], minlength=count).tolist()),
        )


Column: TypeAlias = Number | Text


def design(
    columns: Frame, features: Sequence[str], weights: Floats, *, fewest: int
) -> dict[str, Column]:
    """Return the columns of each feature; none if hardly any loan has it or all have the same."""
    made: dict[str, Column | None] = {
        feature: _number(feature, columns[feature], weights, fewest)
        if CATALOGUE[feature].kind == "float"
        else _text(feature, columns[feature], fewest)
        for feature in features
    }
    return {feature: column for feature, column in made.items() if column is not None}


def table(columns: Frame, made: dict[str, Column]) -> Floats:
    """Return the table: a row a loan."""
    return np.hstack([column.columns(columns[feature]) for feature, column in made.items()])


def _number(feature: str, values: Floats, weights: Floats, fewest: int) -> Number | None:
    is_missing = np.isnan(values)
    is_logarithm = CATALOGUE[feature].unit in _GROWS_BY_MULTIPLES
    known = np.maximum(values[~is_missing], 0.0 if is_logarithm else -np.inf)
    if len(known) < fewest or known.min() == known.max():
        return None
    transform: Transform = "log1p" if is_logarithm else "identity"
    transformed = _transformed(known, transform)
    each = weights[~is_missing]
    centre = float(np.average(transformed, weights=each))
    scale = float(np.sqrt(np.average((transformed - centre) ** 2, weights=each)))
    absent = float(np.average(is_missing, weights=weights))
    is_flagged = is_missing.sum() >= fewest
    return Number(
        feature=feature,
        transform=transform,
        low=float(known.min()),
        high=float(known.max()),
        centre=round(centre, _DECIMALS),
        scale=round(scale, _DECIMALS),
        median=float(np.median(transformed)),
        centre_missing=absent,
        scale_missing=float(np.sqrt(absent * (1.0 - absent))) if is_flagged else 0.0,
    )


def _text(feature: str, values: NDArray[Any], fewest: int) -> Text | None:
    coder = cast("GroupCoder", prepare(Candidate(feature), values, fewest=fewest))
    counts = np.bincount(coder.codes(values), minlength=coder.known + coder.neutral)
    used = np.flatnonzero(counts >= fewest)
    if not coder.known or counts.max() == counts.sum():
        return None
    return Text(coder, tuple(used.tolist()))


def _transformed(values: Floats, transform: Transform) -> Floats:
    return np.log1p(values) if transform == "log1p" else values
