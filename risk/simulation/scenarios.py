"""The drift scenarios of the simulator: what changes, and by how much, as one table."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

Breakage = Literal["null", "fraction"]


@dataclass(frozen=True, slots=True)
class Scenario:
    """A drift at its full strength; on the way there every shift is scaled down.

    Attributes
    ----------
    scores
        By latent: what is added to its score, in standard deviations of the reference.
    rate_points
        What the lender adds to each interest rate, in percentage points.
    long_term, joint, charged_off
        What is added to the log-odds of 60 months, of a joint application, of a charge-off.
    purposes
        By purpose: how many times as likely it becomes.
    broken
        By field: what the feed does to it, in as large a share of events as the drift is strong.
    """

    scores: Mapping[str, float] = field(default_factory=dict)
    rate_points: float = 0.0
    long_term: float = 0.0
    joint: float = 0.0
    charged_off: float = 0.0
    purposes: Mapping[str, float] = field(default_factory=dict)
    broken: Mapping[str, Breakage] = field(default_factory=dict)


SCENARIOS: Mapping[str, Scenario] = {
    "none": Scenario(),
    # The lender charges everyone four points more; the same people apply for a little less.
    "rate-rise": Scenario(scores={"loan_amnt": -0.15}, rate_points=4.0, charged_off=0.15),
    # Another channel: smaller businesses and thinner files, longer terms. Outcomes follow from it.
    "mix-shift": Scenario(
        scores={
            "fico_range_low": -0.7,
            "sub_grade": 0.7,
            "annual_inc": -0.4,
            "home_ownership": -0.5,
            "credit.age": -0.5,
            "revol_util": 0.4,
        },
        long_term=0.9,
        joint=0.9,
        purposes={"small_business": 8.0, "other": 3.0, "medical": 4.0, "home_improvement": 1.5},
    ),
    # Incomes fall, debts and inquiries mount, and the same figures come to mean a higher risk.
    "recession": Scenario(
        scores={
            "annual_inc": -0.5,
            "dti": 0.6,
            "revol_util": 0.6,
            "inq_last_6mths": 0.6,
            "delinq_2yrs": 0.5,
            "fico_range_low": -0.5,
            "sub_grade": 0.4,
            "emp_length": -0.4,
        },
        charged_off=0.7,
    ),
    # Producers are upgraded one by one to a version with well-meant changes.
    "broken-feed": Scenario(
        broken={"revol_util": "fraction", "dti": "fraction", "inq_last_6mths": "null"}
    ),
}
