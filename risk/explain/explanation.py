"""Explain one decision in full: versions, rules, the model's contributions and reasons.

The findings of the policy and of the model are kept apart. The policy alone gives the tier. The
model alone gives the PD and the adverse reasons.
"""

from dataclasses import dataclass

import numpy as np

from risk.errors import ContractError
from risk.explain.model_findings import ModelFindings, model_findings
from risk.explain.policy_findings import PolicyFindings, policy_findings
from risk.explain.reasons import are_adverse
from risk.frame.frame import Frame, row_count
from risk.models.inputs import model_columns
from risk.models.model import Model
from risk.policy.document import Policy


@dataclass(frozen=True, slots=True)
class Explanation:
    """One decision explained."""

    policy: PolicyFindings
    model: ModelFindings


def explain(frame: Frame, *, model: Model, policy: Policy) -> Explanation:
    """Explain the decision on one application.

    Parameters
    ----------
    frame
        The one row that `risk.decision.decide.decide` takes.
    model, policy
        What it is, or was, decided by.

    Raises
    ------
    ContractError
        The frame has no row, or several.
    """
    count = row_count(frame)
    if count != 1:
        raise ContractError(f"to explain: expected one application, found {count}; take one row")
    (pd,) = model.score_columns(model_columns(frame))[0].tolist()
    by_policy = policy_findings(policy, frame, pd)
    is_adverse = are_adverse(np.array([by_policy.tier], dtype=object))
    return Explanation(by_policy, model_findings(model, frame, is_adverse))
