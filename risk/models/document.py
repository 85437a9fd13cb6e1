"""What the documents of all kinds of model share: scale, fit, checks, reading and writing."""

import math
from collections.abc import Iterable, Sequence
from functools import cached_property
from hashlib import sha256
from typing import Any, ClassVar, Final, Protocol, TypeVar

import msgspec
import numpy as np

from risk.contract.application import CONTRACT_VERSION
from risk.errors import ModelError
from risk.features.catalogue import CATALOGUE
from risk.features.words import is_unknown

PD_DECIMALS: Final = 9
"""PDs are rounded, so that no platform's power function can change one."""

POINTS_DECIMALS: Final = 2
"""Points are rounded likewise, where they are not whole numbers anyway."""

MICRO: Final = 1_000_000
"""Effects are whole millionths of log-odds, so that their sums are exact in any order."""

_BEYOND_DOUBT = 64.0
_MISSING = "missing"
_UNSEEN = "not among the loans of the fit"
_UNKNOWN = "not a word of the catalogue"


class Document(
    msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True, cache_hash=True
):
    """A part of a model's document."""


class PointScale(Document, frozen=True):
    """What points mean: `anchor_points` are odds of `anchor_odds` to 1; `pdo` more double them.

    Odds are of repaying against defaulting.
    """

    pdo: float
    anchor_points: float
    anchor_odds: float

    def points(self, log_odds: float) -> float:
        """Return the points of log-odds of repaying."""
        return self.anchor_points + self.pdo * (log_odds - math.log(self.anchor_odds)) / math.log(2)

    @property
    def points_a_log_odds(self) -> float:
        """How many points one whole log-odds is worth."""
        return self.points(1.0) - self.points(0.0)

    def pd(self, points: float) -> float:
        """Return the PD of points."""
        doublings = min((points - self.anchor_points) / self.pdo, _BEYOND_DOUBT)
        odds: float = self.anchor_odds * 2.0**doublings
        return round(1.0 / (1.0 + odds), PD_DECIMALS)


class Fit(Document, frozen=True):
    """How the model came about.

    Attributes
    ----------
    first_month, last_month
        Issue months of the loans it was fitted on, ``YYYY-MM``.
    calibration_intercept, calibration_slope
        The line, fitted on loans that the bins and weights had not seen, which the points contain.
    left_out
        Candidate features that the model does not use.
    libraries
        Name and version of what computed it.
    """

    data_sha256: str
    loans: int
    defaults: int
    first_month: str
    last_month: str
    calibration_intercept: float
    calibration_slope: float
    left_out: tuple[str, ...]
    libraries: tuple[tuple[str, str], ...]


class FeaturePart(Document, frozen=True):
    """What a model knows of one of its features.

    A numeric feature with bins has `limits`; a feature of texts has `texts`.
    """

    feature: str

    @property
    def limits(self) -> Sequence[float] | None:
        """The bins' upper limits, each included, but for that of the last; None without bins."""
        return None

    @property
    def texts(self) -> Sequence[Sequence[str]] | None:
        """The texts of each bin, but for those of any other text and of the missing."""
        return None

    def bin_of(self, value: Any) -> str:
        """Return the values that are worth what this one is, in words."""
        if self.texts is None:
            return _MISSING if np.isnan(value) else self.figure_of(value)
        if value is None:
            return _MISSING
        unseen = _UNKNOWN if is_unknown(self.feature, value) else _UNSEEN
        return next((", ".join(texts) for texts in self.texts if value in texts), unseen)

    def figure_of(self, figure: float) -> str:
        """Return the numbers that are worth what this one is, in words."""
        limits = self.limits or ()
        place = sum(figure > limit for limit in limits)
        words = [f"above {limits[place - 1]:,.10g}"] if place else []
        words += [f"up to {limits[place]:,.10g}"] if place < len(limits) else []
        return ", ".join(words) or "any"


class ModelDocument(Document, frozen=True, dict=True, kw_only=True):
    """The properties of every kind of model.

    Attributes
    ----------
    features
        The features in the order of the model's parts, said again: a document in which the two
        disagree was put together wrongly.
    uses_lender_fields
        Whether it looks at what the lender set, and so repeats the lender's own judgement. Such a
        model is compared with, never the champion.
    """

    kind: ClassVar[str]
    indent: ClassVar[int] = 1

    version: str
    contract_version: str
    features: tuple[str, ...]
    uses_lender_fields: bool = False
    scale: PointScale

    @cached_property
    def sha256(self) -> str:
        """Checksum of the document, in hexadecimal."""
        return sha256(to_json(self)).hexdigest()


class LogOddsDocument(ModelDocument, frozen=True, dict=True, kw_only=True):
    """A model whose effects are millionths of log-odds of default.

    Attributes
    ----------
    base
        Millionths before any effect.
    """

    base: int

    @property
    def base_points(self) -> float:
        """Points before any feature's."""
        return self.scale.points(-self.base / MICRO)


_Kind = TypeVar("_Kind", bound=ModelDocument)


class _Indented(Protocol):
    indent: ClassVar[int]


def to_json(model: _Indented) -> bytes:
    """Return a model's document: the same model always gives the same bytes."""
    encoded = msgspec.json.encode(model, order="deterministic")
    return msgspec.json.format(encoded, indent=model.indent) + b"\n"


def from_json(document: bytes, kind: type[_Kind]) -> _Kind:
    """Read the document of a model of this kind.

    Raises
    ------
    ModelError
        It is not what `to_json` writes, byte for byte, or contradicts itself.
    """
    try:
        model = msgspec.json.decode(document, type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError) as exc:
        raise ModelError(
            f"model document: {exc}; expected what risk.models.model.to_json writes"
        ) from exc
    if to_json(model) != document:
        raise ModelError(
            f"model {model.version}: its document was reformatted or repeats a field; "
            "restore it as risk.models.model.to_json wrote it"
        )
    return model


def expect_sound(model: ModelDocument, parts: Sequence[FeaturePart]) -> str:
    """Refuse what no kind of model may be; return how messages name this one.

    Raises
    ------
    ModelError
        The document contradicts itself, the contract or the feature catalogue.
    """
    where = f"model {model.version}"
    expect(
        model.contract_version == CONTRACT_VERSION,
        f"{where}: expected contract version {CONTRACT_VERSION}, found {model.contract_version}",
    )
    found = tuple(part.feature for part in parts)
    expect(
        found == model.features and 0 < len(set(found)) == len(found),
        f"{where}: expected the features {model.features} once each in that order, found {found}",
    )
    for part in parts:
        admitted = CATALOGUE.get(part.feature)
        kind = "float" if part.texts is None else "text"
        expect(
            admitted is not None and admitted.kind == kind,
            f"{where}, {part.feature}: expected a feature of the catalogue, of kind {kind}",
        )
    expect(
        model.uses_lender_fields == uses_lender_fields(found),
        f"{where}: uses_lender_fields is {model.uses_lender_fields}, its features say otherwise",
    )
    expect(
        model.scale.pdo > 0.0 and model.scale.anchor_odds > 0.0,
        f"{where}: expected pdo and anchor_odds above 0",
    )
    return where


def expect_within(log_odds: tuple[int, int], bound: int, where: str) -> None:
    """Refuse log-odds, in millionths, at which a PD would be 0 or 1.

    Raises
    ------
    ModelError
        They reach the bound.
    """
    lowest, highest = log_odds
    expect(
        lowest > -bound and highest < bound,
        f"{where}: log-odds from {lowest} to {highest} millionths reach a PD of 0 or 1",
    )


def uses_lender_fields(features: Iterable[str]) -> bool:
    """Tell whether any of the features is one that the lender sets."""
    return any(CATALOGUE[feature].origin == "lender" for feature in features)


def expect(is_so: bool, message: str) -> None:  # noqa: FBT001  (a claim, then its message)
    """Refuse the model's document unless the claim holds.

    Raises
    ------
    ModelError
        It does not hold.
    """
    if not is_so:
        raise ModelError(f"{message}; fit the model again or restore its document")
