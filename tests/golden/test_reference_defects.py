"""Each defect of the reference in scoring, on a hand-made application, and what we decide."""

from typing import Any

import pytest

from tests.risk.applications import (
    NOON,
    as_bytes,
    assert_same_frame,
    clean_row,
    decided_row,
    judge_all,
)


def test_a_two_digit_year_is_neither_an_age_of_two_millennia_nor_a_reason_to_refuse() -> None:
    row = clean_row(issue_d="Feb-19", earliest_cr_line="Nov-08")
    assert row["credit_age_years"] == pytest.approx(10.25, abs=0.01)
    assert clean_row(issue_d="Feb-19", earliest_cr_line="Dec-97")["credit_age_years"] > 21


def test_credit_history_is_measured_to_the_application_and_not_to_2019() -> None:
    early = clean_row(issue_d="Jan-2010", earliest_cr_line="Jan-2000")
    late = clean_row(issue_d="Jan-2018", earliest_cr_line="Jan-2000")
    assert early["credit_age_years"] == pytest.approx(10.0, abs=0.01)
    assert late["credit_age_years"] == pytest.approx(18.0, abs=0.01)


def test_utilisation_above_100_is_very_high_and_elevates() -> None:
    assert decided_row(revol_util="101.2%", policy="reference-1")["tier"] == "Low"
    row = decided_row(revol_util="101.2%")
    assert (row["util_band"], row["tier"]) == ("Very High", "Elevated")
    assert row["reasons"] == "REVOL_UTIL_VERY_HIGH"


@pytest.mark.parametrize(
    ("field", "band"), [("revol_util", "util_band"), ("dti", "dti_band"), ("int_rate", "rate_band")]
)
def test_a_figure_of_zero_is_low(field: str, band: str) -> None:
    zero: dict[str, Any] = {field: 0}
    assert decided_row(**zero, policy="reference-1")[band] is None
    assert decided_row(**zero)[band] == "Low"


def test_a_missing_figure_has_a_band_of_its_own() -> None:
    assert decided_row(revol_util=None, policy="reference-1")["util_band"] is None
    assert decided_row(revol_util=None)["util_band"] == "Missing"
    assert decided_row(dti=None)["dti_band"] == "Missing"


@pytest.mark.parametrize("policy", ["reference-1", "standard-1"])
def test_a_dti_of_30_raises_the_warning_while_its_band_says_moderate(policy: str) -> None:
    row = decided_row(dti=30, delinq_2yrs=1, policy=policy)
    assert (row["dti_band"], row["tier"]) == ("Moderate", "Watchlist")
    assert row["reasons"] == "DTI>=30|DELINQ_2YRS>0"


def test_a_joint_application_is_judged_by_both_applicants_dti() -> None:
    joint: dict[str, Any] = {
        "application_type": "Joint App",
        "dti": 34.0,
        "dti_joint": 18.0,
        "inq_last_6mths": 2,
    }
    assert decided_row(**joint, policy="reference-1")["tier"] == "Watchlist"
    assert decided_row(**joint)["tier"] == "Low"


def test_a_joint_application_without_the_first_applicants_figures_is_decided() -> None:
    joint: dict[str, Any] = {
        "application_type": "Joint App",
        "annual_inc": 0.0,
        "dti": None,
        "annual_inc_joint": 54_500.0,
        "dti_joint": 31.55,
    }
    (reject,) = judge_all([as_bytes(**joint)], policy="reference-1").rejects
    assert reject.reason.endswith("without dti_pct")
    row = decided_row(**joint)
    assert (row["dti_band"], row["income_usd"]) == ("High", 54_500.0)


@pytest.mark.parametrize(
    "change",
    [
        {"annual_inc": -1},
        {"int_rate": 900},
        {"earliest_cr_line": "Jan-2090"},
    ],
    ids=["income of -1", "rate of 900 %", "first credit line in 2090"],
)
def test_nonsense_is_refused_and_not_called_low(change: dict[str, Any]) -> None:
    verdicts = judge_all([as_bytes(**change)])
    assert len(verdicts.rejects) == 1
    assert len(verdicts.decided["row"]) == 0


def test_an_id_is_never_invented() -> None:
    (reject,) = judge_all([as_bytes(id=None)]).rejects
    assert reject.reason.startswith("id: ")


def test_the_time_of_the_event_is_kept_and_not_overwritten_by_the_arrival() -> None:
    row = decided_row(event_time="2026-02-14T10:00:36.416696+00:00")
    assert str(row["event_at"]) == "2026-02-14T10:00:36.416696"
    assert str(row["event_at"]) < NOON.isoformat()


def test_outcomes_that_arrive_inside_an_application_are_not_looked_at() -> None:
    charged_off = as_bytes(loan_status="Charged Off", recoveries=900.0, last_fico_range_low=480.0)
    paid = as_bytes(loan_status="Fully Paid", recoveries=0.0, last_fico_range_low=820.0)
    assert_same_frame(judge_all([charged_off]).decided, judge_all([paid]).decided)


def test_one_poisonous_event_costs_no_good_row() -> None:
    poison = as_bytes(purpose="@").replace(b"@", rb"\u0000")
    verdicts = judge_all([*(as_bytes(id=n) for n in range(199)), poison, as_bytes(id=200)])
    assert len(verdicts.decided["row"]) == 200
    assert [reject.row for reject in verdicts.rejects] == [199]
