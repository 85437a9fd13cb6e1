"""Rules on the PD: a tier and a reason of their own, beside the rules on figures."""

from __future__ import annotations

from typing import Any

import msgspec
import numpy as np
import pytest

from risk.errors import PolicyError
from risk.policy.document import parse_policy
from risk.policy.rules import apply
from tests.risk.applications import decided_row, figures, shipped_policy

_MILD = {"dti_pct": 5.0, "utilisation_pct": 10.0, "rate_pct": 7.0}
_FLAGGED = {"dti_pct": 35.0, "utilisation_pct": 10.0, "inquiries_6m": 3.0}


def _judged(
    pd: float, values: dict[str, float], policy: str = "standard-2"
) -> tuple[str, str, bool]:
    frame = figures(**{name: [value] for name, value in values.items()})
    judged = apply(shipped_policy(policy), {**frame, "pd": np.array([pd])})
    return judged["tier"][0], judged["reasons"][0], bool(judged["early_warning_flag"][0])


@pytest.mark.parametrize(
    ("pd", "tier", "reasons"),
    [
        (0.2999, "Low", "WITHIN_LIMITS"),
        (0.30, "Elevated", "PD_HIGH"),
        (0.4999, "Elevated", "PD_HIGH"),
        (0.50, "Watchlist", "PD_VERY_HIGH"),
        (0.94, "Watchlist", "PD_VERY_HIGH"),
    ],
)
def test_an_application_within_every_limit_is_judged_by_its_pd(
    pd: float, tier: str, reasons: str
) -> None:
    assert _judged(pd, _MILD) == (tier, reasons, False)
    assert _judged(pd, _MILD, "standard-1")[0] == "Low"


def test_a_pd_adds_its_reason_to_those_of_the_figures() -> None:
    high = _MILD | {"dti_pct": 35.0}
    assert _judged(0.4, high) == ("Elevated", "DTI_HIGH|PD_HIGH", False)
    assert _judged(0.4, _FLAGGED) == ("Watchlist", "DTI>=30|INQ_LAST_6MTHS>=2", True)
    assert _judged(0.6, _FLAGGED)[1] == "DTI>=30|INQ_LAST_6MTHS>=2|PD_VERY_HIGH"


def test_a_decision_looks_at_its_own_pd() -> None:
    row = decided_row(policy="standard-2")
    assert (row["tier"], row["policy_version"]) == ("Low", "standard-2")


@pytest.mark.parametrize("changes", [{"threshold": 0.0}, {"threshold": 1.5}, {"code": "A|B"}])
def test_a_rule_that_cannot_be_meant_is_refused(changes: dict[str, Any]) -> None:
    document = msgspec.json.decode(msgspec.json.encode(shipped_policy("standard-2")))
    document["pd_rules"][0]["versions"][0] |= changes
    with pytest.raises(PolicyError):
        parse_policy(msgspec.json.encode(document))
