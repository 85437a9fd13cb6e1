"""The scoring function: stream, API, backtest and replay all call `decide`."""

from collections.abc import Sequence

from risk.contract.application import CONTRACT_VERSION
from risk.decision.challengers import shadow_pds
from risk.explain.reasons import adverse_reasons, are_adverse
from risk.frame.frame import Frame, constant, content_hash, row_count
from risk.models.inputs import missing_inputs, model_columns
from risk.models.model import Model
from risk.policy.document import Policy
from risk.policy.rules import apply, judged_figures


def decide(
    frame: Frame, *, model: Model, policy: Policy, challengers: Sequence[Model] = ()
) -> Frame:
    """Decide every row: PD, points, bands, early warning, tier and reasons, the model's apart.

    A row's decision depends on that row, the model and the policy, and on nothing else: not on the
    other rows, their order, or the clock.

    Parameters
    ----------
    frame
        The columns of `APPLICATION_COLUMNS` (`risk.frame.frame.complete` adds those that are
        absent); others pass through.
    model
        Gives PD and points.
    policy
        Gives the rest. Where it judges joint applications by both applicants' figures, those are
        the figures that the decision shows.
    challengers
        Score every row too; nothing that is decided depends on them.

    Returns
    -------
    Frame
        The frame's columns and the verdict's, the versions that gave it included.
    """
    figures = judged_figures(policy, frame)
    columns = model_columns(frame)
    probabilities, points = model.score_columns(columns)
    count = row_count(frame)
    judged = apply(policy, {**figures, "pd": probabilities})
    is_adverse = are_adverse(judged["tier"])
    return {
        **figures,
        **judged,
        "pd": probabilities,
        "points": points,
        "model_version": constant(model.version, count),
        "model_sha256": constant(model.sha256, count),
        "policy_version": constant(policy.version, count),
        "contract_version": constant(CONTRACT_VERSION, count),
        "content_hash": content_hash(frame),
        "model_reasons": adverse_reasons(model, columns, is_adverse),
        "missing_inputs": missing_inputs(model.features, columns),
        "challengers": shadow_pds(challengers, columns),
    }
