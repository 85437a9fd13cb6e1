"""What a policy found in one application: each rule in force on its date, met or not."""

from dataclasses import dataclass
from datetime import date
from typing import Literal

import numpy as np

from risk.explain.values import plain_value, split_codes
from risk.frame.frame import Frame
from risk.policy.document import Condition, PdRule, Policy, Scale
from risk.policy.rules import apply, in_force, judged_figures


@dataclass(frozen=True, slots=True)
class BandFinding:
    """The band of a figure in the policy.

    Attributes
    ----------
    effective_from
        Since when the edges are in force.
    edges
        Between Low, Moderate, High and Very High; each belongs to the band below it.
    within
        Figures above the first number and up to the second have a band; None: every figure.
    figure, band
        None where missing, and where the scale gives no band.
    elevates, code
        Whether the band makes an application Elevated, and the reason code that says so.
    """

    name: str
    label: str
    column: str
    unit: str
    reference: str
    effective_from: date
    edges: tuple[float, float, float]
    within: tuple[float, float] | None
    figure: float | None
    band: str | None
    elevates: bool
    code: str | None


@dataclass(frozen=True, slots=True)
class ConditionFinding:
    """A figure against a limit of the policy; a missing figure does not meet it."""

    name: str
    label: str
    column: str
    unit: str
    reference: str
    effective_from: date
    comparison: Literal["at_least", "above"]
    threshold: float
    figure: float | None
    is_met: bool
    code: str


@dataclass(frozen=True, slots=True)
class PdFinding:
    """The PD against a limit of the policy, and the tier that it gives where it is met."""

    name: str
    label: str
    reference: str
    effective_from: date
    threshold: float
    tier: str
    pd: float
    is_met: bool
    code: str


@dataclass(frozen=True, slots=True)
class EarlyWarning:
    """The early-warning rule: at least one condition of every group.

    Attributes
    ----------
    expression
        The rule in words, by the conditions' names.
    met
        Of each group, the conditions that are met.
    is_raised
        Whether the application is on the watchlist for it.
    """

    expression: str
    met: tuple[tuple[str, ...], ...]
    is_raised: bool


@dataclass(frozen=True, slots=True)
class PolicyFindings:
    """What the policy in force on the application date says, and each rule that it looked at."""

    version: str
    label: str
    applied_on: date | None
    bands: tuple[BandFinding, ...]
    conditions: tuple[ConditionFinding, ...]
    early_warning: EarlyWarning
    pd_rules: tuple[PdFinding, ...]
    tier: str
    reasons: tuple[str, ...]


def policy_findings(policy: Policy, frame: Frame, pd: float) -> PolicyFindings:
    """Return what the policy found in the one application of the frame, with its PD."""
    figures = {**judged_figures(policy, frame), "pd": np.array([pd])}
    judged = apply(policy, figures)
    applied_on: date | None = figures["applied_on"][0].item()
    conditions = tuple(_condition(rule, figures, applied_on) for rule in policy.conditions)
    is_met = {each.name: each.is_met for each in conditions}
    groups = policy.early_warning
    return PolicyFindings(
        version=policy.version,
        label=policy.label,
        applied_on=applied_on,
        bands=tuple(_band(policy, scale, figures, judged, applied_on) for scale in policy.scales),
        conditions=conditions,
        early_warning=EarlyWarning(
            expression=" and ".join(f"({' or '.join(group)})" for group in groups),
            met=tuple(tuple(name for name in group if is_met[name]) for group in groups),
            is_raised=bool(judged["early_warning_flag"][0]),
        ),
        pd_rules=tuple(_pd_rule(rule, pd, applied_on) for rule in policy.pd_rules),
        tier=judged["tier"][0],
        reasons=split_codes(judged["reasons"][0]),
    )


def _pd_rule(rule: PdRule, pd: float, on: date | None) -> PdFinding:
    limit = in_force(rule.versions, on)
    return PdFinding(
        name=rule.name,
        label=rule.label,
        reference=rule.reference,
        effective_from=limit.effective_from,
        threshold=limit.threshold,
        tier=rule.tier,
        pd=pd,
        is_met=pd >= limit.threshold,
        code=limit.code,
    )


def _band(
    policy: Policy, scale: Scale, figures: Frame, judged: Frame, on: date | None
) -> BandFinding:
    edges = in_force(scale.versions, on)
    band = judged[scale.name][0]
    elevating = [each for each in policy.elevating if (each.scale, each.band) == (scale.name, band)]
    return BandFinding(
        name=scale.name,
        label=scale.label,
        column=scale.column,
        unit=scale.unit,
        reference=scale.reference,
        effective_from=edges.effective_from,
        edges=edges.edges,
        within=scale.within,
        figure=plain_value(figures[scale.column][0]),
        band=band,
        elevates=bool(elevating),
        code=elevating[0].code if elevating else None,
    )


def _condition(condition: Condition, figures: Frame, on: date | None) -> ConditionFinding:
    limit = in_force(condition.versions, on)
    figure = figures[condition.column][0]
    at_least = condition.comparison == "at_least"
    return ConditionFinding(
        name=condition.name,
        label=condition.label,
        column=condition.column,
        unit=condition.unit,
        reference=condition.reference,
        effective_from=limit.effective_from,
        comparison=condition.comparison,
        threshold=limit.threshold,
        figure=plain_value(figure),
        is_met=bool(figure >= limit.threshold if at_least else figure > limit.threshold),
        code=limit.code,
    )
