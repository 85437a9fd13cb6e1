"""The document of a boosting model: bins, and their effects alone and in pairs.

A tree of depth two uses at most two features on a path. The sum of such trees therefore equals a
sum of tables over the bins of one feature and of two features (Lou, Caruana, Gehrke and Hooker,
"Accurate intelligible models with pairwise interactions", KDD 2013). The document holds these
tables, because a person can check data but would have to run trees.
"""

import math
from collections.abc import Sequence
from itertools import pairwise
from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from risk.models.document import Document, FeaturePart, Fit, expect


class _Coding(FeaturePart, frozen=True, kw_only=True):
    """A feature's bins: of loans and defaults of the fit, and of what a bin alone adds.

    Attributes
    ----------
    effects
        Millionths of log-odds of default, one a bin; the bin of the missing is the last.
    """

    effects: tuple[int, ...]
    loans: tuple[int, ...]
    defaults: tuple[int, ...]


class Intervals(_Coding, frozen=True, tag="intervals", kw_only=True):
    """A numeric feature: up to and including the first limit, and so on, above the last, missing.

    PD only ever rises, or only ever falls, with it, whatever the other features are.
    """

    direction: Literal["rises", "falls"]
    limits: tuple[float, ...]

    @property
    def bins(self) -> int:
        """How many bins there are."""
        return len(self.limits) + 2


class Texts(_Coding, frozen=True, tag="texts", kw_only=True):
    """A feature of texts: a bin for each value, one for any other, one for the missing."""

    values: tuple[str, ...]

    @property
    def bins(self) -> int:
        """How many bins there are."""
        return len(self.values) + 2

    @property
    def texts(self) -> tuple[tuple[str, ...], ...]:
        """Each value in a bin of its own."""
        return tuple((value,) for value in self.values)


Coding: TypeAlias = Intervals | Texts


class Pair(Document, frozen=True):
    """What two features' bins add together, beyond what each adds alone: a row a bin of the first.

    Millionths of log-odds of default.
    """

    features: tuple[str, str]
    effects: tuple[tuple[int, ...], ...]


class BoostingFit(Fit, frozen=True):
    """How the model came about.

    Attributes
    ----------
    rounds
        How many trees a bag has, as chosen by folds of the loans it was fitted on.
    bags
        How many ensembles, each of another part of the loans, it is the mean of.
    learning_rate, seed
        As they were.
    """

    rounds: int
    bags: int
    learning_rate: float
    seed: int


def check_coding(coding: Coding, where: str) -> None:
    """Refuse figures of another number of bins, limits that do not rise, or a text twice."""
    expect(
        len(coding.effects) == len(coding.loans) == len(coding.defaults) == coding.bins,
        f"{where}: expected effects, loans and defaults of {coding.bins} bins",
    )
    if isinstance(coding, Intervals):
        edges = [*coding.limits, math.inf]
        expect(all(a < b for a, b in pairwise(edges)), f"{where}: expected rising, finite limits")
    else:
        expect(len(set(coding.values)) == len(coding.values), f"{where}: a text stands in two bins")


def check_pairs(codings: Sequence[Coding], pairs: Sequence[Pair], where: str) -> None:
    """Refuse a pair of unknown features, a repeated pair, or effects that do not fit the bins."""
    bins = {coding.feature: coding.bins for coding in codings}
    order = {feature: place for place, feature in enumerate(bins)}
    seen = set()
    for pair in pairs:
        first, second = pair.features
        expect(
            order.get(first, len(order)) < order.get(second, -1) and pair.features not in seen,
            f"{where}: expected two features of the model in its order, each pair once, found "
            f"{pair.features}",
        )
        seen.add(pair.features)
        expect(
            len(pair.effects) == bins[first]
            and all(len(row) == bins[second] for row in pair.effects),
            f"{where}, {first} and {second}: expected effects of {bins[first]} by {bins[second]} "
            "bins",
        )


def check_directions(codings: Sequence[Coding], pairs: Sequence[Pair], where: str) -> None:
    """Refuse a PD that goes against a direction anywhere.

    From one bin to the next the log-odds change by the bin's own effect and, for each pair it is
    in, by that of the other feature's bin. The others' bins are free of each other, so the worst
    case is the sum of the worst of each.
    """
    for coding in codings:
        if isinstance(coding, Texts):
            continue
        sign = 1 if coding.direction == "rises" else -1
        worst = sign * np.diff(_known(coding.effects))
        for pair in pairs:
            if coding.feature in pair.features:
                effects = np.array(pair.effects, dtype=np.int64)
                table = effects if pair.features[0] == coding.feature else effects.T
                worst = worst + (sign * np.diff(_known(table), axis=0)).min(axis=1)
        against = np.flatnonzero(worst < 0)
        expect(
            not len(against),
            f"{where}, {coding.feature}: effects contradict that PD {coding.direction} with it, "
            f"first at bin {against[:1].tolist()}",
        )


def _known(effects: tuple[int, ...] | NDArray[np.int64]) -> NDArray[np.int64]:
    return np.asarray(effects, dtype=np.int64)[:-1]
