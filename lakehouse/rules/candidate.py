"""Register a candidate policy: the one in force with other thresholds, and a reason."""

from collections.abc import Mapping
from datetime import datetime

from lakehouse.errors import QueryInvalid
from lakehouse.registry.artefacts import find_policy
from lakehouse.registry.changes import Change, register_policy
from lakehouse.registry.store import RegistryStore
from risk.policy.candidate import candidate


def save_candidate(
    lake_uri: str,
    base: str,
    thresholds: Mapping[str, float],
    *,
    reason: str,
    by: str,
    at: datetime,
) -> str:
    """Register a policy like `base` but for these thresholds, by condition; return its version.

    It decides nothing until RISK_POLICY names it; `just backtest lake --against-policy VERSION`
    decides the past by it.

    Raises
    ------
    QueryInvalid
        Nothing differs from `base`.
    PolicyError
        A threshold is of no condition of `base`, or is no finite number.
    Unavailable, Denied
        The lake does not answer, or does not let us write.
    """
    policy = find_policy(lake_uri, base)
    standing = {each.name: each.versions[-1].threshold for each in policy.conditions}
    moved = {name: each for name, each in thresholds.items() if standing.get(name) != each}
    if not moved:
        raise QueryInvalid(f"nothing differs from {base}: move a threshold first")
    change = Change(by=by, at=at, reason=reason)
    version = f"candidate-{at:%Y%m%d%H%M%S}"
    _, document = candidate(policy, moved, version=version, reason=reason)
    register_policy(RegistryStore(lake_uri), document, change)
    return version
