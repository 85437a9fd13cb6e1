"""A logistic regression's document: what each feature adds to log-odds, and how it was fitted.

The weights are free: no direction that credit sense gives a feature binds them, unlike those of a
scorecard or of boosting. `Curve.contradicts_its_reason` says where they go against it.
"""

from __future__ import annotations

import math
from functools import cached_property
from hashlib import sha256
from typing import Literal, TypeAlias

import msgspec

from risk.contract.application import CONTRACT_VERSION
from risk.errors import ModelError
from risk.features.catalogue import CATALOGUE
from risk.features.reason_codes import REASONS, codes_of
from risk.models.boosting_document import MICRO
from risk.models.scorecard_document import Document, Fit, Scale, expect, uses_lender_fields

__all__ = [
    "Curve",
    "Effect",
    "Levels",
    "Logistic",
    "LogisticFit",
    "Transform",
    "Tried",
    "from_json",
    "to_json",
]

Transform: TypeAlias = Literal["identity", "log1p"]

_BEYOND_DOUBT = 20 * MICRO
"""A PD of 9 decimals is above 0 and below 1 up to here."""

_HELD_AGAINST = {"HIGH": 1, "LOW": -1}


class _Effect(Document, frozen=True):
    """What a feature adds to log-odds of default.

    Attributes
    ----------
    mean
        Millionths that it adds for the average loan of the fit.
    """

    feature: str
    mean: int


class Curve(_Effect, frozen=True, tag="curve"):
    """A numeric feature: straight in its value or in the logarithm of it.

    Adds ``weight * (transform(value) - centre) / scale``, in whole millionths.

    Attributes
    ----------
    low, high
        Range among the loans of the fit; values beyond it are worth what its end is.
    centre, scale
        Mean and standard deviation there, of transformed values.
    weight
        Log-odds a standard deviation.
    missing
        Millionths that a missing value adds.
    """

    transform: Transform
    low: float
    high: float
    centre: float
    scale: float
    weight: float
    missing: int

    @property
    def slope(self) -> float:
        """Millionths a unit of the transformed value."""
        return self.weight / self.scale * MICRO

    @property
    def known(self) -> tuple[int, ...]:
        """Millionths at either end of the range: the least and the most of a known value."""
        ends = (self.low, self.high)
        if self.transform == "log1p":
            ends = (math.log1p(self.low), math.log1p(self.high))
        return tuple(round((end - self.centre) * self.slope) for end in ends)

    @property
    def all(self) -> tuple[int, ...]:
        """`known`, and what a missing value adds."""
        return (*self.known, self.missing)

    @property
    def contradicts_its_reason(self) -> bool:
        """Whether PD moves against what `reason_codes` says to applicants of the feature."""
        of_value = codes_of(self.feature).value
        return _HELD_AGAINST.get(REASONS[of_value].when, 0) * self.weight < 0


class Levels(_Effect, frozen=True, tag="levels"):
    """A feature of texts: one level for each value, one for any other, one for the missing.

    Attributes
    ----------
    effects
        Millionths, one a level.
    loans, defaults
        Of the fit, one a level.
    """

    values: tuple[str, ...]
    effects: tuple[int, ...]
    loans: tuple[int, ...]
    defaults: tuple[int, ...]

    @property
    def known(self) -> tuple[int, ...]:
        """Millionths of the values that have a level of their own."""
        return self.effects[:-2]

    @property
    def all(self) -> tuple[int, ...]:
        """Millionths of every level."""
        return self.effects


Effect: TypeAlias = Curve | Levels


class Tried(Document, frozen=True):
    """One strength of the penalty, judged on loans not seen (folds of the loans of the fit).

    Attributes
    ----------
    inverse_penalty
        scikit-learn's C: less is stricter.
    log_loss
        Mean, before calibration.
    """

    inverse_penalty: float
    auc: float
    log_loss: float


class LogisticFit(Fit, frozen=True):
    """How the model came about.

    Attributes
    ----------
    inverse_penalty
        The one of `tried` with the least loss.
    """

    inverse_penalty: float
    tried: tuple[Tried, ...]


class Logistic(Document, frozen=True, dict=True, tag_field="kind", tag="logistic"):
    """A PD model; `to_json` and `from_json` keep it, `risk.models.logistic` uses it.

    Attributes
    ----------
    features
        The features in the order of `effects`, said again: a document in which the two disagree
        was put together wrongly.
    uses_lender_fields
        Whether it looks at what the lender set. Such a model is compared with, never the champion.
    base
        Millionths of log-odds of default before any effect.

    Raises
    ------
    ModelError
        The document contradicts itself, the contract or the feature catalogue.
    """

    version: str
    contract_version: str
    features: tuple[str, ...]
    uses_lender_fields: bool
    scale: Scale
    base: int
    effects: tuple[Effect, ...]
    fit: LogisticFit

    def __post_init__(self) -> None:
        _check(self)

    @cached_property
    def sha256(self) -> str:
        """Checksum of the document, in hexadecimal."""
        return sha256(to_json(self)).hexdigest()

    @property
    def log_odds_range(self) -> tuple[int, int]:
        """Bounds of the millionths of log-odds that an application can get."""
        least = sum(min(effect.all) for effect in self.effects)
        most = sum(max(effect.all) for effect in self.effects)
        return self.base + least, self.base + most


def to_json(model: Logistic) -> bytes:
    """Return the model's document: the same model always gives the same bytes."""
    return msgspec.json.format(msgspec.json.encode(model, order="deterministic"), indent=1) + b"\n"


def from_json(document: bytes) -> Logistic:
    """Read a model's document.

    Raises
    ------
    ModelError
        It is not what `to_json` writes, byte for byte, or contradicts itself.
    """
    try:
        model = msgspec.json.decode(document, type=Logistic)
    except (msgspec.DecodeError, UnicodeDecodeError) as exc:
        raise ModelError(
            f"model document: {exc}; expected what risk.models.logistic writes"
        ) from exc
    if to_json(model) != document:
        raise ModelError(
            f"model {model.version}: its document was reformatted or repeats a field; "
            "restore it as risk.models.logistic wrote it"
        )
    return model


def _check(model: Logistic) -> None:
    where = f"model {model.version}"
    expect(
        model.contract_version == CONTRACT_VERSION,
        f"{where}: expected contract version {CONTRACT_VERSION}, found {model.contract_version}",
    )
    found = tuple(effect.feature for effect in model.effects)
    expect(
        found == model.features and 0 < len(set(found)) == len(found),
        f"{where}: expected the features {model.features} once each in that order, found {found}",
    )
    for effect in model.effects:
        _check_effect(effect, f"{where}, {effect.feature}")
    expect(
        model.uses_lender_fields == uses_lender_fields(found),
        f"{where}: uses_lender_fields is {model.uses_lender_fields}, its features say otherwise",
    )
    expect(
        model.scale.pdo > 0.0 and model.scale.anchor_odds > 0.0,
        f"{where}: expected pdo and anchor_odds above 0",
    )
    lowest, highest = model.log_odds_range
    expect(
        lowest > -_BEYOND_DOUBT and highest < _BEYOND_DOUBT,
        f"{where}: log-odds from {lowest} to {highest} millionths reach a PD of 0 or 1",
    )


def _check_effect(effect: Effect, where: str) -> None:
    admitted = CATALOGUE.get(effect.feature)
    expected = "float" if isinstance(effect, Curve) else "text"
    expect(
        admitted is not None and admitted.kind == expected,
        f"{where}: expected a feature of the catalogue, of kind {expected}",
    )
    if isinstance(effect, Curve):
        _check_curve(effect, where)
    else:
        _check_levels(effect, where)
    expect(
        min(effect.all) <= effect.mean <= max(effect.all),
        f"{where}: expected a mean among {min(effect.all)} to {max(effect.all)} millionths, found "
        f"{effect.mean}",
    )


def _check_curve(curve: Curve, where: str) -> None:
    figures = (curve.low, curve.high, curve.centre, curve.scale, curve.weight)
    expect(all(map(math.isfinite, figures)), f"{where}: expected finite numbers, found {figures}")
    lowest = -math.inf if curve.transform == "identity" else 0.0
    expect(
        lowest <= curve.low < curve.high and curve.scale > 0.0,
        f"{where}: expected low below high, neither below {lowest}, and a scale above 0, found "
        f"{curve.low}, {curve.high} and {curve.scale}",
    )
    expect(
        math.isfinite(curve.slope) and max(map(abs, curve.known)) < _BEYOND_DOUBT,
        f"{where}: expected effects within {_BEYOND_DOUBT} millionths",
    )


def _check_levels(levels: Levels, where: str) -> None:
    count = len(levels.values) + 2
    expect(
        len(levels.effects) == len(levels.loans) == len(levels.defaults) == count,
        f"{where}: expected effects, loans and defaults of {count} levels",
    )
    expect(
        0 < len(set(levels.values)) == len(levels.values),
        f"{where}: expected at least one value, each once",
    )
