"""A candidate policy: the one in force with other thresholds, registered with a reason."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final

import msgspec

from lakehouse.errors import QueryInvalid
from lakehouse.registry.artefacts import find_policy
from lakehouse.registry.changes import Change, register_policy
from lakehouse.registry.store import RegistryStore
from risk.policy.document import Condition, Policy, Threshold
from risk.policy.rules import in_force

__all__ = ["RULES", "SimulatedRules", "save_candidate", "simulated_rules"]

RULES: Final[Mapping[str, str]] = {
    "high_dti": "DTI>={0:g}",
    "high_utilisation": "REVOL_UTIL>={0:g}",
    "many_inquiries": "INQ_LAST_6MTHS>={0:g}",
}
"""Conditions that may be changed, each with the form of its reason code."""

_DELINQUENCY: Final = "recent_delinquency"


@dataclass(frozen=True, slots=True)
class SimulatedRules:
    """Thresholds of a policy's early-warning rule on a day, as the simulator takes them."""

    high_dti: float
    high_utilisation: float
    many_inquiries: float
    recent_delinquency: float


def simulated_rules(policy: Policy, on: date) -> SimulatedRules:
    """Return a policy's thresholds on a day.

    Raises
    ------
    QueryInvalid
        Its early-warning rule is built otherwise than the simulator knows.
    """
    by_name = {each.name: each for each in policy.conditions}
    expected = (("high_dti", "high_utilisation"), ("recent_delinquency", "many_inquiries"))
    if policy.early_warning != expected:
        raise QueryInvalid(
            f"the simulator knows the early-warning rule of standard-1; {policy.version} has "
            "another one"
        )
    at = {name: in_force(each.versions, on).threshold for name, each in by_name.items()}
    return SimulatedRules(
        at["high_dti"], at["high_utilisation"], at["many_inquiries"], at[_DELINQUENCY]
    )


def save_candidate(
    lake_uri: str,
    base: str,
    thresholds: Mapping[str, float],
    *,
    reason: str,
    by: str,
    at: datetime,
) -> str:
    """Register a policy like `base` but for these thresholds of `RULES`; return its version.

    It decides nothing until RISK_POLICY names it; `just backtest lake --against-policy VERSION`
    decides the past by it.

    Raises
    ------
    QueryInvalid
        A threshold is none of `RULES`, or nothing differs from `base`.
    Unavailable, Denied
        The lake does not answer, or does not let us write.
    """
    policy = find_policy(lake_uri, base)
    unknown = sorted(set(thresholds) - set(RULES))
    if unknown:
        raise QueryInvalid(f"expected thresholds of {', '.join(RULES)}, found {unknown[0]!r}")
    conditions = tuple(_changed(each, thresholds) for each in policy.conditions)
    if conditions == policy.conditions:
        raise QueryInvalid(f"nothing differs from {base}: move a threshold first")
    candidate = msgspec.structs.replace(
        policy,
        version=f"candidate-{at:%Y%m%d%H%M%S}",
        label=f"Candidate of {by} after {base}",
        description=reason,
        conditions=conditions,
    )
    register_policy(
        RegistryStore(lake_uri), msgspec.json.encode(candidate), Change(by=by, at=at, reason=reason)
    )
    return candidate.version


def _changed(condition: Condition, thresholds: Mapping[str, float]) -> Condition:
    wanted = thresholds.get(condition.name)
    if wanted is None or wanted == condition.versions[-1].threshold:
        return condition
    first = condition.versions[0].effective_from
    code = RULES[condition.name].format(wanted)
    return msgspec.structs.replace(condition, versions=(Threshold(first, wanted, code),))
