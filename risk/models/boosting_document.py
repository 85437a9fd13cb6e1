"""A boosting model's document: bins, what they add alone and in pairs, and how it was fitted.

Trees of depth two look at no more than two features on any path, so all of them together are a sum
of tables over one feature's bins and over two features' bins (Lou, Caruana, Gehrke and Hooker,
"Accurate intelligible models with pairwise interactions", KDD 2013). The document holds the tables:
data that a person can check, where trees would have to be run.
"""

from __future__ import annotations

import math
from functools import cached_property
from hashlib import sha256
from itertools import pairwise
from typing import Literal, TypeAlias

import msgspec
import numpy as np
from numpy.typing import NDArray

from risk.contract.application import CONTRACT_VERSION
from risk.errors import ModelError
from risk.features.catalogue import CATALOGUE
from risk.models.scorecard_document import Document, Fit, Scale, expect, uses_lender_fields

__all__ = [
    "MICRO",
    "Boosting",
    "BoostingFit",
    "Coding",
    "Intervals",
    "Pair",
    "Texts",
    "from_json",
    "to_json",
]

MICRO = 1_000_000
"""Effects are whole millionths of log-odds, so that their sums are exact in any order."""

_BEYOND_DOUBT = 32 * MICRO


class _Coding(Document, frozen=True):
    """A feature's bins: of loans and defaults of the fit, and of what a bin alone adds.

    Attributes
    ----------
    effects
        Millionths of log-odds of default, one a bin; the bin of the missing is the last.
    """

    feature: str
    effects: tuple[int, ...]
    loans: tuple[int, ...]
    defaults: tuple[int, ...]


class Intervals(_Coding, frozen=True, tag="intervals"):
    """A numeric feature: up to and including the first limit, and so on, above the last, missing.

    PD only ever rises, or only ever falls, with it, whatever the other features are.
    """

    direction: Literal["rises", "falls"]
    limits: tuple[float, ...]

    @property
    def bins(self) -> int:
        """How many bins there are."""
        return len(self.limits) + 2


class Texts(_Coding, frozen=True, tag="texts"):
    """A feature of texts: a bin for each value, one for any other, one for the missing."""

    values: tuple[str, ...]

    @property
    def bins(self) -> int:
        """How many bins there are."""
        return len(self.values) + 2


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


class Boosting(Document, frozen=True, dict=True, tag_field="kind", tag="boosting"):
    """A PD model; `to_json` and `from_json` keep it, `risk.models.boosting` uses it.

    Attributes
    ----------
    features
        The features in the order of `codings`, said again: a document in which the two disagree
        was put together wrongly.
    uses_lender_fields
        Whether it looks at what the lender set. Such a model is compared with, never the champion.
    base
        Millionths of log-odds of default before any effect.

    Raises
    ------
    ModelError
        The document contradicts itself, the contract or the feature catalogue, or PD goes against
        a feature's direction somewhere.
    """

    version: str
    contract_version: str
    features: tuple[str, ...]
    uses_lender_fields: bool
    scale: Scale
    base: int
    codings: tuple[Coding, ...]
    pairs: tuple[Pair, ...]
    fit: BoostingFit

    def __post_init__(self) -> None:
        _check(self)

    @cached_property
    def sha256(self) -> str:
        """Checksum of the document, in hexadecimal."""
        return sha256(to_json(self)).hexdigest()

    @property
    def log_odds_range(self) -> tuple[int, int]:
        """Bounds of the millionths of log-odds that an application can get."""
        tables = [coding.effects for coding in self.codings]
        tables += [sum(pair.effects, ()) for pair in self.pairs]
        return (
            self.base + sum(min(table) for table in tables),
            self.base + sum(max(table) for table in tables),
        )


def to_json(model: Boosting) -> bytes:
    """Return the model's document: the same model always gives the same bytes."""
    return msgspec.json.encode(model, order="deterministic") + b"\n"


def from_json(document: bytes) -> Boosting:
    """Read a model's document.

    Raises
    ------
    ModelError
        It is not what `to_json` writes, byte for byte, or contradicts itself.
    """
    try:
        model = msgspec.json.decode(document, type=Boosting)
    except (msgspec.DecodeError, UnicodeDecodeError) as exc:
        raise ModelError(
            f"model document: {exc}; expected what risk.models.boosting writes"
        ) from exc
    if to_json(model) != document:
        raise ModelError(
            f"model {model.version}: its document was reformatted or repeats a field; "
            "restore it as risk.models.boosting wrote it"
        )
    return model


def _check(model: Boosting) -> None:
    where = f"model {model.version}"
    expect(
        model.contract_version == CONTRACT_VERSION,
        f"{where}: expected contract version {CONTRACT_VERSION}, found {model.contract_version}",
    )
    found = tuple(coding.feature for coding in model.codings)
    expect(
        found == model.features and 0 < len(set(found)) == len(found),
        f"{where}: expected the features {model.features} once each in that order, found {found}",
    )
    for coding in model.codings:
        _check_coding(coding, f"{where}, {coding.feature}")
    expect(
        model.uses_lender_fields == uses_lender_fields(found),
        f"{where}: uses_lender_fields is {model.uses_lender_fields}, its features say otherwise",
    )
    _check_pairs(model, where)
    expect(
        model.scale.pdo > 0.0 and model.scale.anchor_odds > 0.0,
        f"{where}: expected pdo and anchor_odds above 0",
    )
    lowest, highest = model.log_odds_range
    expect(
        lowest > -_BEYOND_DOUBT and highest < _BEYOND_DOUBT,
        f"{where}: log-odds from {lowest} to {highest} millionths reach a PD of 0 or 1",
    )
    _check_directions(model, where)


def _check_coding(coding: Coding, where: str) -> None:
    admitted = CATALOGUE.get(coding.feature)
    expected = "float" if isinstance(coding, Intervals) else "text"
    expect(
        admitted is not None and admitted.kind == expected,
        f"{where}: expected a feature of the catalogue, of kind {expected}",
    )
    expect(
        len(coding.effects) == len(coding.loans) == len(coding.defaults) == coding.bins,
        f"{where}: expected effects, loans and defaults of {coding.bins} bins",
    )
    if isinstance(coding, Intervals):
        edges = [*coding.limits, math.inf]
        expect(all(a < b for a, b in pairwise(edges)), f"{where}: expected rising, finite limits")
    else:
        expect(len(set(coding.values)) == len(coding.values), f"{where}: a text stands in two bins")


def _check_pairs(model: Boosting, where: str) -> None:
    bins = {coding.feature: coding.bins for coding in model.codings}
    order = {feature: place for place, feature in enumerate(model.features)}
    seen = set()
    for pair in model.pairs:
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


def _check_directions(model: Boosting, where: str) -> None:
    """Refuse a PD that goes against a direction anywhere.

    From one bin to the next the log-odds change by the bin's own effect and, for each pair it is
    in, by that of the other feature's bin. The others' bins are free of each other, so the worst
    case is the sum of the worst of each.
    """
    for coding in model.codings:
        if isinstance(coding, Texts):
            continue
        sign = 1 if coding.direction == "rises" else -1
        worst = sign * np.diff(_known(coding.effects))
        for pair in model.pairs:
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
