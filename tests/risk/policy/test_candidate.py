import pytest

from lakehouse.registry.artefacts import load_policy
from risk.errors import PolicyError
from risk.policy.candidate import candidate
from risk.policy.document import parse_policy

STANDARD = load_policy("standard-1")


def test_a_candidate_differs_in_thresholds_and_the_codes_that_name_them() -> None:
    found, document = candidate(
        STANDARD, {"high_dti": 35.0, "many_inquiries": 3.5}, version="strict-1", reason="a trial"
    )
    assert parse_policy(document) == found
    assert (found.version, found.description) == ("strict-1", "a trial")
    codes = [condition.versions[0].code for condition in found.conditions]
    assert codes == ["DTI>=35", "REVOL_UTIL>=80", "DELINQ_2YRS>0", "INQ_LAST_6MTHS>=3.5"]
    assert found.conditions[1] == STANDARD.conditions[1]
    assert found.scales == STANDARD.scales


@pytest.mark.parametrize(
    ("thresholds", "says"),
    [({"high_rate": 1.0}, "found \\['high_rate'\\]"), ({"high_dti": float("inf")}, "finite")],
)
def test_a_threshold_that_cannot_be_is_refused(thresholds: dict[str, float], says: str) -> None:
    with pytest.raises(PolicyError, match=says):
        candidate(STANDARD, thresholds, version="x-1", reason="")
