"""Reason codes of a decision: one set of codes for both of its lists."""

from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import Annotated

import msgspec
from msgspec import Meta

from risk.explain.values import split_codes
from risk.features.reason_codes import REASONS
from risk.policy.document import Policy


class Reason(msgspec.Struct, frozen=True, gc=False):
    """One reason, by its code: the same code is about the same figure in both lists."""

    code: Annotated[str, Meta(description="Stable; one of the set `ReasonCode`.")]
    says: Annotated[
        str | None,
        Meta(
            description="In `reasons` the policy's rule, for staff: null where another policy than "
            "the one in force gave it. In `model_reasons` a sentence for the applicant."
        ),
    ]


@lru_cache(maxsize=4_096)
def policy_reasons(codes: str, policy: Policy | None) -> tuple[Reason, ...]:
    """Return the rules that gave a tier, each as its policy says it."""
    says = {} if policy is None else _said_by(policy)
    return tuple(Reason(code, says.get(code)) for code in split_codes(codes))


@lru_cache(maxsize=4_096)
def model_reasons(codes: str | None) -> tuple[Reason, ...]:
    """Return the principal reasons of a model, each as the applicant is told."""
    known = ((code, REASONS.get(code)) for code in split_codes(codes))
    return tuple(Reason(code, reason.sentence if reason else None) for code, reason in known)


def reason_codes(policies: Iterable[Policy]) -> dict[str, str]:
    """Return the set: every code that these policies and any model may give, and what it says."""
    by_policy = {code: says for policy in policies for code, says in _said_by(policy).items()}
    by_model = {code: reason.sentence for code, reason in REASONS.items()}
    return {
        code: "; ".join(
            f"in `{name}`: {says[code].rstrip('.')}"
            for name, says in (("reasons", by_policy), ("model_reasons", by_model))
            if code in says
        )
        for code in sorted(by_policy.keys() | by_model.keys())
    }


@lru_cache(maxsize=16)
def _said_by(policy: Policy) -> dict[str, str]:
    return dict(_rules_of(policy))


def _rules_of(policy: Policy) -> Iterator[tuple[str, str]]:
    for condition in policy.conditions:
        comparison = condition.comparison.replace("_", " ")
        for version in condition.versions:
            limit = f"{comparison} {version.threshold:g} {condition.unit}"
            yield version.code, f"{condition.label}: {limit}"
    labels = {scale.name: scale.label for scale in policy.scales}
    for elevation in policy.elevating:
        if elevation.code is not None:
            yield elevation.code, f"{labels[elevation.scale]}: {elevation.band.value}"
    for rule in policy.pd_rules:
        for version in rule.versions:
            yield version.code, f"{rule.label}: at least {version.threshold:g}"
    if policy.low_code is not None:
        yield policy.low_code, "Every figure is within the policy's limits"
