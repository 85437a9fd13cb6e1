"""Score by a boosting model: add up the effects of an application's bins, alone and in pairs.

Effects are whole millionths of log-odds, so their sum is exact. The PD is looked up by that sum,
rounded to the nearest thousandth. An application therefore scores the same, to the bit, alone or
among thousands.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from risk.frame.frame import Frame, row_count
from risk.models.answers import STEPS, Against, Integers, Part, Scores
from risk.models.boosting_document import (
    BoostingFit,
    Coding,
    Intervals,
    Pair,
    check_coding,
    check_directions,
    check_pairs,
)
from risk.models.document import (
    MICRO,
    PD_DECIMALS,
    POINTS_DECIMALS,
    LogOddsDocument,
    expect_sound,
    expect_within,
)

_STEP = MICRO // STEPS
_BEYOND_DOUBT = 32 * MICRO


class Boosting(
    LogOddsDocument, frozen=True, dict=True, kw_only=True, tag_field="kind", tag="boosting"
):
    """A PD model of bins' effects, alone and in pairs; a `risk.models.model.Model`.

    Raises
    ------
    ModelError
        The document contradicts itself, the contract or the feature catalogue, or PD goes against
        a feature's direction somewhere.
    """

    kind: ClassVar[str] = "boosting"
    indent: ClassVar[int] = -1

    codings: tuple[Coding, ...]
    pairs: tuple[Pair, ...]
    fit: BoostingFit

    def __post_init__(self) -> None:
        where = expect_sound(self, self.codings)
        for coding in self.codings:
            check_coding(coding, f"{where}, {coding.feature}")
        check_pairs(self.codings, self.pairs, where)
        expect_within(self.log_odds_range, _BEYOND_DOUBT, where)
        check_directions(self.codings, self.pairs, where)

    @property
    def parts(self) -> tuple[Coding, ...]:
        """What it knows of each feature."""
        return self.codings

    @property
    def log_odds_range(self) -> tuple[int, int]:
        """Bounds of the millionths of log-odds that an application can get."""
        tables = [coding.effects for coding in self.codings]
        tables += [sum(pair.effects, ()) for pair in self.pairs]
        return self.base + sum(map(min, tables)), self.base + sum(map(max, tables))

    def score_columns(self, columns: Frame) -> Scores:
        """Return PD (0 to 1) and points (higher is safer) of every row."""
        lookups = _lookups(self)
        place = (self.log_odds(self.bins_of(columns)) - lookups.lowest) // _STEP
        return lookups.pd.take(place), lookups.points.take(place)

    def bins_of(self, columns: Frame) -> Integers:
        """Return each feature's bin (rows) for each application (columns)."""
        lookups = _lookups(self)
        bins = np.empty((len(self.features), row_count(columns)), dtype=np.int64)
        for place, feature, edges in lookups.numbers:
            bins[place] = edges.searchsorted(columns[feature])
        for place, feature, bin_of_text, unseen in lookups.texts:
            bins[place] = [bin_of_text.get(text, unseen) for text in columns[feature].tolist()]
        return bins

    def log_odds(self, bins: Integers) -> Integers:
        """Return the millionths of log-odds of default of applications in these bins."""
        lookups = _lookups(self)
        cells = bins.take(lookups.first, axis=0)
        cells *= lookups.stride
        cells += bins.take(lookups.second, axis=0)
        cells += lookups.start
        total: Integers = lookups.effects.take(cells).sum(axis=0)
        return total + lookups.base

    def shortfalls(self, columns: Frame, *, against: Against = "average") -> Integers:
        """Return the steps that every row's log-odds would fall by with each feature neutral.

        A feature's effect depends on others it is paired with, so that nothing short of scoring the
        same application again, with that one bin replaced, says what the feature costs it. 0 or
        less where the log-odds would not fall by a step.
        """
        bins = self.bins_of(columns)
        neutral = _averages(self, bins) if against == "average" else _bests(self, bins)
        gains: Integers = (self.log_odds(bins) - neutral).T
        return gains // _STEP

    def contributions(self, columns: Frame) -> list[Part]:
        """Return the part of each feature of the one row.

        Half of a pair's effect is what Shapley's value gives each of the two; the parts add up.
        """
        bins = dict(zip(self.features, self.bins_of(columns)[:, 0].tolist(), strict=True))
        effects = {each.feature: float(each.effects[bins[each.feature]]) for each in self.codings}
        for pair in self.pairs:
            first, second = pair.features
            shared = pair.effects[bins[first]][bins[second]] / 2.0
            effects[first] += shared
            effects[second] += shared
        slope = self.scale.points_a_log_odds
        short = self.shortfalls(columns)[0].tolist()
        return [
            Part(
                each.bin_of(columns[each.feature][0]),
                -slope * effects[each.feature] / MICRO,
                slope * lacking / STEPS,
            )
            for each, lacking in zip(self.codings, short, strict=True)
        ]


@lru_cache(maxsize=16)
def _reference_bins(model: Boosting) -> tuple[int, ...]:
    """Return each feature's bin whose effect alone is nearest to that of the fit's mean loan."""
    nearest = []
    for coding in model.codings:
        effects, loans = np.array(coding.effects), np.array(coding.loans)
        distance = np.abs(effects - effects @ loans / max(loans.sum(), 1))
        nearest.append(int(np.where(loans > 0, distance, np.inf).argmin()))
    return tuple(nearest)


def _averages(model: Boosting, bins: Integers) -> Integers:
    """Return log-odds with each feature (rows) in its reference bin."""
    features, rows = bins.shape
    replaced = np.repeat(bins[:, None, :], features, axis=1)
    place = np.arange(features)
    replaced[place, place] = np.array(_reference_bins(model))[:, None]
    return model.log_odds(replaced.reshape(features, -1)).reshape(features, rows)


def _bests(model: Boosting, bins: Integers) -> Integers:
    """Return log-odds with each feature (rows) in the bin that makes them least."""
    features, rows = bins.shape
    best = np.empty_like(bins)
    for place, coding in enumerate(model.codings):
        replaced = np.repeat(bins[:, None, :], coding.bins, axis=1)
        replaced[place] = np.arange(coding.bins)[:, None]
        found = model.log_odds(replaced.reshape(features, -1))
        best[place] = found.reshape(coding.bins, rows).min(axis=0)
    return best


@dataclass(frozen=True, slots=True)
class _Lookups:
    """All tables end to end; a table of one feature is one of a pair whose stride is 0."""

    numbers: Sequence[tuple[int, str, NDArray[np.float64]]]
    texts: Sequence[tuple[int, str, Mapping[str | None, int], int]]
    first: Integers
    second: Integers
    stride: Integers
    start: Integers
    effects: Integers
    base: int
    lowest: int
    pd: NDArray[np.float64]
    points: NDArray[np.float64]


@lru_cache(maxsize=16)
def _lookups(model: Boosting) -> _Lookups:
    numbers = []
    texts = []
    for place, coding in enumerate(model.codings):
        if isinstance(coding, Intervals):
            # NaN sorts behind infinity, so the place after the last interval is the missing's.
            numbers.append((place, coding.feature, np.array([*coding.limits, math.inf])))
        else:
            bin_of_text: dict[str | None, int] = {v: bin_ for bin_, v in enumerate(coding.values)}
            unseen = len(bin_of_text)
            bin_of_text[None] = unseen + 1
            texts.append((place, coding.feature, bin_of_text, unseen))
    tables = _tables(model)
    sizes = [len(table.effects) for table in tables]
    lowest, highest = model.log_odds_range
    # From half a step below the lowest total to half a step above the highest.
    steps = np.arange((highest - lowest) // _STEP + 2)
    at_step = (lowest + steps * _STEP) / MICRO
    slope = model.scale.points_a_log_odds
    return _Lookups(
        numbers,
        texts,
        np.array([table.first for table in tables]),
        np.array([table.second for table in tables]),
        np.array([[table.stride] for table in tables]),
        np.cumsum([0, *sizes[:-1]])[:, None],
        np.concatenate([table.effects for table in tables]),
        model.base,
        lowest - _STEP // 2,
        np.round(1.0 / (1.0 + np.exp(-at_step)), PD_DECIMALS),
        np.round(model.scale.points(0.0) - slope * at_step, POINTS_DECIMALS),
    )


@dataclass(frozen=True, slots=True)
class _Table:
    first: int
    second: int
    stride: int
    effects: Integers


def _tables(model: Boosting) -> list[_Table]:
    alone = [
        _Table(place, place, 0, np.array(coding.effects, dtype=np.int64))
        for place, coding in enumerate(model.codings)
    ]
    together = []
    for pair in model.pairs:
        first, second = map(model.features.index, pair.features)
        effects = np.array(pair.effects, dtype=np.int64)
        together.append(_Table(first, second, effects.shape[1], effects.ravel()))
    return alone + together
