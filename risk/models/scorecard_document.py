"""A scorecard's document: bins with their points and evidence, the scale, and how it was fitted."""

from __future__ import annotations

import math
from collections.abc import Iterable
from functools import cached_property
from hashlib import sha256
from itertools import pairwise
from typing import Any, Literal, TypeAlias

import msgspec

from risk.contract.application import CONTRACT_VERSION
from risk.errors import ModelError
from risk.features.catalogue import CATALOGUE

__all__ = [
    "PD_DECIMALS",
    "Bin",
    "Characteristic",
    "Document",
    "Fit",
    "Group",
    "Groups",
    "Scale",
    "Scorecard",
    "Step",
    "Steps",
    "expect",
    "from_json",
    "to_json",
    "uses_lender_fields",
]

PD_DECIMALS = 9
"""The PDs of points are rounded, so that no platform's power function can change one."""

_BEYOND_DOUBT = 64.0
_WIDEST = 10_000


class Document(
    msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True, cache_hash=True
):
    """A part of a model's document."""


class Bin(Document, frozen=True):
    """Points, and the evidence they come from.

    Attributes
    ----------
    points
        Added to the total; higher is safer.
    woe
        Weight of evidence, ``ln(share of the goods / share of the defaults)``, of this bin alone.
    loans, defaults
        Of the fit.
    """

    points: int
    woe: float
    loans: int
    defaults: int


class Step(Bin, frozen=True):
    """Numbers above the step before, up to and including `upto`; null is no limit."""

    upto: float | None


class Group(Bin, frozen=True):
    """Texts that are worth the same."""

    values: tuple[str, ...]


class Steps(Document, frozen=True, tag="steps"):
    """A numeric feature; PD only ever rises, or only ever falls, with it."""

    feature: str
    direction: Literal["rises", "falls"]
    steps: tuple[Step, ...]
    missing: Bin

    @property
    def bins(self) -> tuple[Bin, ...]:
        """Every bin an application can be in."""
        return (*self.steps, self.missing)


class Groups(Document, frozen=True, tag="groups"):
    """A feature of texts; those that no group names are `unseen`."""

    feature: str
    groups: tuple[Group, ...]
    unseen: Bin
    missing: Bin

    @property
    def bins(self) -> tuple[Bin, ...]:
        """Every bin an application can be in."""
        return (*self.groups, self.unseen, self.missing)


Characteristic: TypeAlias = Steps | Groups


class Scale(Document, frozen=True):
    """What points mean: `anchor_points` are odds of `anchor_odds` to 1; `pdo` more double them.

    Odds are of repaying against defaulting.
    """

    pdo: float
    anchor_points: float
    anchor_odds: float

    def points(self, log_odds: float) -> float:
        """Return the points of log-odds of repaying."""
        return self.anchor_points + self.pdo * (log_odds - math.log(self.anchor_odds)) / math.log(2)

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
        Candidate features whose bins differ by less than `smallest_spread` points.
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


class Scorecard(Document, frozen=True, dict=True, kw_only=True, omit_defaults=True):
    """A PD model; `to_json` and `from_json` keep it, `score` uses it.

    Attributes
    ----------
    features
        The features in the order of `characteristics`, said again: a document in which the two
        disagree was put together wrongly.
    uses_lender_fields
        Whether it looks at what the lender set, and so repeats the lender's own judgement. Such a
        model is compared with, never the champion. Not in the document where it does not.
    base_points
        Points of the average application.

    Raises
    ------
    ModelError
        The document contradicts itself, the contract or the feature catalogue.
    """

    version: str
    contract_version: str
    features: tuple[str, ...]
    uses_lender_fields: bool = False
    scale: Scale
    base_points: int
    characteristics: tuple[Characteristic, ...]
    fit: Fit

    def __post_init__(self) -> None:
        _check(self)

    @cached_property
    def sha256(self) -> str:
        """Checksum of the document, in hexadecimal."""
        return sha256(to_json(self)).hexdigest()

    @property
    def points_range(self) -> tuple[int, int]:
        """The fewest and the most points an application can get."""
        points = [[each.points for each in c.bins] for c in self.characteristics]
        fewest, most = sum(map(min, points)), sum(map(max, points))
        return self.base_points + fewest, self.base_points + most


def to_json(model: Scorecard) -> bytes:
    """Return the model's document: the same model always gives the same bytes."""
    return msgspec.json.format(msgspec.json.encode(model, order="deterministic"), indent=1) + b"\n"


def from_json(document: bytes) -> Scorecard:
    """Read a model's document.

    Raises
    ------
    ModelError
        It is not what `to_json` writes, byte for byte, or contradicts itself.
    """
    try:
        model = msgspec.json.decode(document, type=Scorecard)
    except (msgspec.DecodeError, UnicodeDecodeError) as exc:
        raise ModelError(
            f"model document: {exc}; expected what risk.models.scorecard writes"
        ) from exc
    if to_json(model) != document:
        raise ModelError(
            f"model {model.version}: its document was reformatted or repeats a field; "
            "restore it as risk.models.scorecard wrote it"
        )
    return model


def _check(model: Scorecard) -> None:
    where = f"model {model.version}"
    expect(
        model.contract_version == CONTRACT_VERSION,
        f"{where}: expected contract version {CONTRACT_VERSION}, found {model.contract_version}",
    )
    found = tuple(characteristic.feature for characteristic in model.characteristics)
    expect(
        found == model.features and len(set(found)) == len(found),
        f"{where}: expected the features {model.features} once each in that order, found {found}",
    )
    for characteristic in model.characteristics:
        _check_characteristic(characteristic, f"{where}, {characteristic.feature}")
    expect(
        model.uses_lender_fields == uses_lender_fields(found),
        f"{where}: uses_lender_fields is {model.uses_lender_fields}, its features say otherwise",
    )
    expect(
        model.scale.pdo > 0.0 and model.scale.anchor_odds > 0.0,
        f"{where}: expected pdo and anchor_odds above 0",
    )
    lowest, highest = model.points_range
    expect(highest - lowest <= _WIDEST, f"{where}: points span more than {_WIDEST}")
    expect(
        model.scale.pd(highest) > 0.0 and model.scale.pd(lowest) < 1.0,
        f"{where}: points from {lowest} to {highest} reach a PD of 0 or 1 on this scale",
    )


def _check_characteristic(characteristic: Characteristic, where: str) -> None:
    admitted = CATALOGUE.get(characteristic.feature)
    expected = "float" if isinstance(characteristic, Steps) else "text"
    expect(
        admitted is not None and admitted.kind == expected,
        f"{where}: expected a feature of the catalogue, of kind {expected}",
    )
    if isinstance(characteristic, Steps):
        edges = [math.inf if step.upto is None else step.upto for step in characteristic.steps]
        expect(
            edges[-1:] == [math.inf] and all(a < b for a, b in pairwise(edges)),
            f"{where}: expected rising limits, null at the end and nowhere else",
        )
        sign = -1 if characteristic.direction == "rises" else 1
        expect(
            all(sign * (b.points - a.points) >= 0 for a, b in pairwise(characteristic.steps)),
            f"{where}: points contradict that PD {characteristic.direction} with it",
        )
    else:
        values: list[Any] = [value for group in characteristic.groups for value in group.values]
        expect(len(set(values)) == len(values), f"{where}: a text stands in two groups")


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
