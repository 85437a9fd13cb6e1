"""Make a candidate policy: an existing policy with other thresholds, for all dates."""

import math
import re
from collections.abc import Mapping

import msgspec

from risk.errors import PolicyError
from risk.policy.document import Policy, Threshold, parse_policy

_LIMIT = re.compile(r"(?<=[<>=])-?[0-9.]+$")


def candidate(
    policy: Policy, thresholds: Mapping[str, float], *, version: str, reason: str
) -> tuple[Policy, bytes]:
    """Return a policy with other thresholds, by the condition's name, and its document.

    A reason code that ends in the old threshold, such as ``DTI>=30``, ends in the new one.

    Raises
    ------
    PolicyError
        A condition is not the policy's, a threshold is no finite number, or the document that comes
        of it contradicts itself.
    """
    known = {condition.name for condition in policy.conditions}
    if unknown := sorted(set(thresholds) - known):
        raise PolicyError(
            f"candidate of {policy.version}: expected conditions among {sorted(known)}, found "
            f"{unknown}"
        )
    if not all(map(math.isfinite, thresholds.values())):
        raise PolicyError(f"candidate of {policy.version}: expected finite thresholds")
    conditions = tuple(
        condition
        if condition.name not in thresholds
        else msgspec.structs.replace(
            condition,
            versions=(_threshold(policy, condition.versions[-1].code, thresholds[condition.name]),),
        )
        for condition in policy.conditions
    )
    changed = msgspec.structs.replace(
        policy,
        version=version,
        label=f"Candidate after {policy.version}",
        description=reason,
        reference=f"{policy.version} with other thresholds",
        conditions=conditions,
    )
    document = msgspec.json.format(msgspec.json.encode(changed), indent=2) + b"\n"
    return parse_policy(document), document


def _threshold(policy: Policy, code: str, threshold: float) -> Threshold:
    return Threshold(policy.effective_from, threshold, _LIMIT.sub(f"{threshold:g}", code))
