from datetime import UTC, datetime
from pathlib import Path

import pytest

from lakehouse.errors import QueryInvalid
from lakehouse.monitoring.simulator import limits_of
from lakehouse.registry.artefacts import find_policy
from lakehouse.rules.candidate import save_candidate
from risk.errors import PolicyError

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


def saved(uri: str, **thresholds: float) -> str:
    return save_candidate(uri, "standard-1", thresholds, reason="a trial", by="tests", at=NOON)


def test_a_candidate_has_the_thresholds_that_the_simulator_moved(tmp_path: Path) -> None:
    version = saved(str(tmp_path), high_dti=35.0, many_inquiries=2.0)
    policy = find_policy(str(tmp_path), version)
    limits = limits_of(policy)
    assert (limits.dti_pct, limits.inquiries_6m) == (35.0, 2.0)
    assert policy.conditions[0].versions[0].code == "DTI>=35"


def test_a_candidate_that_says_nothing_new_is_refused(tmp_path: Path) -> None:
    with pytest.raises(QueryInvalid, match="nothing differs"):
        saved(str(tmp_path), high_dti=30.0)
    with pytest.raises(PolicyError, match="expected conditions among"):
        saved(str(tmp_path), tallest=2.0)
