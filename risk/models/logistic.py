"""Score by a logistic regression: add up the effects of an application's values on the log-odds.

Each effect is rounded to whole millionths of log-odds before it is added, so the sum is exact in
any order. An application therefore scores the same, to the bit, alone or among thousands.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from risk.frame.frame import Frame, row_count
from risk.models.answers import STEPS, Against, Integers, Part, Scores
from risk.models.document import (
    MICRO,
    PD_DECIMALS,
    POINTS_DECIMALS,
    LogOddsDocument,
    expect,
    expect_sound,
    expect_within,
)
from risk.models.logistic_document import BEYOND_DOUBT, Curve, Effect, LogisticFit

Floats = NDArray[np.float64]


class Logistic(
    LogOddsDocument, frozen=True, dict=True, kw_only=True, tag_field="kind", tag="logistic"
):
    """A PD model of weighted values; a `risk.models.model.Model`.

    Raises
    ------
    ModelError
        The document contradicts itself, the contract or the feature catalogue.
    """

    kind: ClassVar[str] = "logistic"

    effects: tuple[Effect, ...]
    fit: LogisticFit

    def __post_init__(self) -> None:
        where = expect_sound(self, self.effects)
        for effect in self.effects:
            effect.check(f"{where}, {effect.feature}")
            least, most = min(effect.all), max(effect.all)
            expect(
                least <= effect.mean <= most,
                f"{where}, {effect.feature}: expected a mean among {least} to {most} millionths, "
                f"found {effect.mean}",
            )
        expect_within(self.log_odds_range, BEYOND_DOUBT, where)

    @property
    def parts(self) -> tuple[Effect, ...]:
        """What it knows of each feature."""
        return self.effects

    @property
    def log_odds_range(self) -> tuple[int, int]:
        """Bounds of the millionths of log-odds that an application can get."""
        least = sum(min(effect.all) for effect in self.effects)
        most = sum(max(effect.all) for effect in self.effects)
        return self.base + least, self.base + most

    def score_columns(self, columns: Frame) -> Scores:
        """Return PD (0 to 1) and points (higher is safer) of every row."""
        log_odds = (self.effects_by_feature(columns).sum(axis=1) + self.base) / MICRO
        return (
            np.round(1.0 / (1.0 + np.exp(-log_odds)), PD_DECIMALS),
            np.round(
                self.scale.points(0.0) - self.scale.points_a_log_odds * log_odds, POINTS_DECIMALS
            ),
        )

    def effects_by_feature(self, columns: Frame) -> Integers:
        """Return the millionths of log-odds that each feature adds: rows by features."""
        lookups = _lookups(self)
        effects = np.empty((len(self.features), row_count(columns)), dtype=np.int64)
        if lookups.numbers:
            effects[lookups.places] = _of_numbers(lookups, columns)
        for place, feature, of_text, unseen in lookups.texts:
            effects[place] = [of_text.get(text, unseen) for text in columns[feature].tolist()]
        return effects.T

    def shortfalls(self, columns: Frame, *, against: Against = "average") -> Integers:
        """Return the steps that every row's log-odds would fall by with each feature neutral.

        Where PD moves against what the feature's reason says (`Curve.contradicts_its_reason`),
        nothing true could be said of a known value, so it has no gain.
        """
        gains = self.effects_by_feature(columns) - _neutral(self, against)
        gains //= MICRO // STEPS
        for place in _unspeakable(self):
            gains[~np.isnan(columns[self.features[place]]), place] = 0
        return gains

    def contributions(self, columns: Frame) -> list[Part]:
        """Return the part of each feature of the one row.

        Its shortfall is the whole one, also where a reason would not be true.
        """
        slope = self.scale.points_a_log_odds / MICRO
        added = self.effects_by_feature(columns)[0].tolist()
        return [
            Part(
                each.bin_of(columns[each.feature][0]),
                -slope * effect,
                slope * (effect - each.mean),
            )
            for each, effect in zip(self.effects, added, strict=True)
        ]


@lru_cache(maxsize=32)
def _neutral(model: Logistic, against: Against) -> Integers:
    return np.array(
        [e.mean if against == "average" else min(e.known) for e in model.effects], dtype=np.int64
    )


@lru_cache(maxsize=16)
def _unspeakable(model: Logistic) -> tuple[int, ...]:
    return tuple(
        place
        for place, effect in enumerate(model.effects)
        if isinstance(effect, Curve) and effect.contradicts_its_reason
    )


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
