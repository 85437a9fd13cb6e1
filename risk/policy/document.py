"""A policy document: rules as data, each with a label, a unit, a reference and dated parameters."""

from collections.abc import Sequence
from datetime import date
from typing import Literal

import msgspec

from risk.contract.application import Band
from risk.contract.columns import APPLICATION_COLUMNS
from risk.errors import PolicyError

SCALES = ("dti_band", "util_band", "rate_band")
_FIGURES = frozenset(column.name for column in APPLICATION_COLUMNS if column.kind == "float")


class _Document(msgspec.Struct, frozen=True, forbid_unknown_fields=True, cache_hash=True):
    pass


class Edges(_Document, frozen=True):
    """The three right-inclusive edges between the four bands, from a date on."""

    effective_from: date
    edges: tuple[float, float, float]


class Threshold(_Document, frozen=True):
    """A condition's limit, and the reason code that names it, from a date on."""

    effective_from: date
    threshold: float
    code: str


class Scale(_Document, frozen=True):
    """How a figure is put in bands.

    Attributes
    ----------
    within
        Figures above the first number and up to the second have a band, others none; null: every
        figure has one.
    missing
        The band of a missing figure; null: none.
    """

    name: str
    column: str
    unit: str
    label: str
    reference: str
    within: tuple[float, float] | None
    missing: Literal["Missing"] | None
    versions: tuple[Edges, ...]


class Condition(_Document, frozen=True):
    """A figure against a limit; a missing figure does not meet it."""

    name: str
    column: str
    comparison: Literal["at_least", "above"]
    unit: str
    label: str
    reference: str
    versions: tuple[Threshold, ...]


class JointFigure(_Document, frozen=True):
    """A figure of both applicants that replaces the first one's on a joint application."""

    column: str
    joint_column: str
    label: str


class Elevation(_Document, frozen=True):
    """A band that makes an application Elevated, and the reason code that says so."""

    scale: str
    band: Band
    code: str | None


class PdRule(_Document, frozen=True):
    """A tier for a probability of default at or above a limit, whatever the figures are."""

    name: str
    tier: Literal["Elevated", "Watchlist"]
    label: str
    reference: str
    versions: tuple[Threshold, ...]


class Policy(_Document, frozen=True):
    """A policy document.

    Attributes
    ----------
    effective_from
        First application date that it can judge.
    required
        Columns without which an application is refused.
    early_warning
        Groups of condition names: raised when at least one condition of every group is met.
    low_code
        The reason code of the tier Low; null: none.
    pd_rules
        Which PD makes an application Elevated, and which puts it on the watchlist.

    Raises
    ------
    PolicyError
        On construction, if the document contradicts itself or the contract.
    """

    version: str
    label: str
    description: str
    reference: str
    effective_from: date
    joint_figures: tuple[JointFigure, ...]
    required: tuple[str, ...]
    scales: tuple[Scale, ...]
    conditions: tuple[Condition, ...]
    early_warning: tuple[tuple[str, ...], ...]
    elevating: tuple[Elevation, ...]
    low_code: str | None
    pd_rules: tuple[PdRule, ...] = ()

    def __post_init__(self) -> None:
        _check(self)

    @property
    def rules(self) -> tuple[Scale | Condition, ...]:
        """Everything that has dated versions."""
        return (*self.scales, *self.conditions)


def parse_policy(document: bytes) -> Policy:
    """Read a policy document (JSON).

    Raises
    ------
    PolicyError
        It is not JSON, lacks or adds a field, or contradicts itself or the contract.
    """
    try:
        return msgspec.json.decode(document, type=Policy)
    except msgspec.DecodeError as exc:
        raise PolicyError(
            f"policy document: {exc}; see risk/policy/document.py for its fields"
        ) from exc


def _check(policy: Policy) -> None:
    where = f"policy {policy.version}"
    _expect(tuple(s.name for s in policy.scales) == SCALES, where, f"the scales {SCALES} in order")
    conditions = [condition.name for condition in policy.conditions]
    _expect(len(set(conditions)) == len(conditions), where, "each condition's name once")
    named = {name for group in policy.early_warning for name in group}
    _expect(named <= set(conditions), where, f"early_warning to name conditions {conditions}")
    _expect(
        {e.scale for e in policy.elevating} <= set(SCALES), where, f"elevating to name {SCALES}"
    )
    columns = [
        *policy.required,
        *(rule.column for rule in policy.rules),
        *(name for joint in policy.joint_figures for name in (joint.column, joint.joint_column)),
    ]
    unknown = sorted(set(columns) - _FIGURES)
    _expect(not unknown, where, f"figures of the contract, not {unknown}")
    for rule in policy.rules:
        _check_dates(f"{where}, {rule.name}", policy.effective_from, rule.versions)
    for scale in policy.scales:
        for version in scale.versions:
            rising = list(version.edges) == sorted(set(version.edges))
            _expect(rising, f"{where}, {scale.name}", "edges that rise")
    for pd_rule in policy.pd_rules:
        pd_where = f"{where}, {pd_rule.name}"
        _check_dates(pd_where, policy.effective_from, pd_rule.versions)
        are_pds = all(0.0 < version.threshold <= 1.0 for version in pd_rule.versions)
        _expect(are_pds, pd_where, "limits above 0 and up to 1")
    codes = [
        *(version.code for rule in policy.pd_rules for version in rule.versions),
        *(version.code for condition in policy.conditions for version in condition.versions),
        *(elevation.code for elevation in policy.elevating),
        policy.low_code,
    ]
    fit = all(code is None or (code and "|" not in code) for code in codes)
    _expect(fit, where, "reason codes that are not empty and hold no `|`")


def _check_dates(where: str, first: date, versions: Sequence[Edges | Threshold]) -> None:
    dates = [version.effective_from for version in versions]
    _expect(dates == sorted(set(dates)), where, "versions in order of date, one a date")
    _expect(dates[:1] == [first], where, f"a first version from {first}, the policy's own date")


def _expect(holds: bool, where: str, expected: str) -> None:  # noqa: FBT001
    if not holds:
        raise PolicyError(f"{where}: expected {expected}; correct the document")
