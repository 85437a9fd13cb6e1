from datetime import datetime, timedelta, timezone
from typing import Any

import numpy as np
import pytest

from risk.contract.application import DIALECT_BOUNDS, Limits, RejectCode, Stage
from risk.contract.columns import APPLICATION_COLUMNS
from risk.errors import ContractError
from risk.frame.frame import DTYPES
from risk.ingest.application_columns import stacked
from risk.ingest.lending_club import clean
from tests.risk.applications import ABSENT, NOON, an_application, clean_row, cleaned, is_missing


def test_every_column_of_the_contract_is_there_in_its_order_and_type() -> None:
    frame = cleaned().frame
    assert list(frame) == [column.name for column in APPLICATION_COLUMNS]
    for column in APPLICATION_COLUMNS:
        assert frame[column.name].dtype == DTYPES[column.kind], column.name


def test_an_application_becomes_typed_columns() -> None:
    row = clean_row()
    assert row["event_id"] == row["application_id"] == "53595000"
    assert str(row["event_at"]) == "2026-03-01T11:59:00.000000"
    assert str(row["applied_on"]) == str(row["issued_on"]) == "2015-07-01"
    assert str(row["first_credit_on"]) == "1997-04-01"
    assert row["credit_age_years"] == 6665 / 365.25
    assert (row["amount_usd"], row["term_months"], row["rate_pct"]) == (15000.0, 36.0, 11.53)
    assert (row["utilisation_pct"], row["employment_years"], row["fico"]) == (23.2, 10.0, 712.0)
    assert (row["zip3"], row["lender_grade"], row["is_joint"]) == ("921", "B5", False)
    assert row["issues"] == ""


def test_no_applications_make_an_empty_frame() -> None:
    outcome = clean(stacked([]), received_at=NOON)
    assert list(outcome.frame) == [column.name for column in APPLICATION_COLUMNS]
    assert all(len(column) == 0 for column in outcome.frame.values())


@pytest.mark.parametrize(
    ("ids", "event_id", "application_id"),
    [
        ({"id": 7}, "7", "7"),
        ({"id": "2015/07/000123"}, "2015/07/000123", "2015/07/000123"),
        ({"id": "an id of words, é and 本"}, *["an id of words, é and 本"] * 2),
        ({"loan_id": 8}, "8", "8"),
        ({"id": 7, "loan_id": 8}, "7", "7"),
        ({"event_id": "e-1", "id": 7}, "e-1", "7"),
        ({"event_id": "e-1"}, "e-1", "e-1"),
        ({"event_id": " ", "id": "", "loan_id": 8}, "8", "8"),
        ({"id": 0}, "0", "0"),
    ],
)
def test_an_event_is_known_by_its_own_id_else_by_the_applications(
    ids: dict[str, Any], event_id: str, application_id: str
) -> None:
    row = clean_row(**({"id": ABSENT} | ids))
    assert (row["event_id"], row["application_id"]) == (event_id, application_id)


_REFUSED = [
    ({"id": None}, RejectCode.MISSING_FIELD, "id"),
    ({"id": " "}, RejectCode.MISSING_FIELD, "id"),
    ({"id": "7 "}, RejectCode.UNREADABLE_TEXT, "id"),
    ({"id": "\u00a07"}, RejectCode.UNREADABLE_TEXT, "id"),
    ({"id": "7\u00a07"}, RejectCode.UNREADABLE_TEXT, "id"),
    ({"id": "7\u200b7"}, RejectCode.UNREADABLE_TEXT, "id"),
    ({"loan_id": "7\t7"}, RejectCode.UNREADABLE_TEXT, "loan_id"),
    ({"event_id": "e\n1"}, RejectCode.UNREADABLE_TEXT, "event_id"),
    ({"loan_amnt": None}, RejectCode.MISSING_FIELD, "loan_amnt"),
    ({"loan_amnt": ABSENT}, RejectCode.MISSING_FIELD, "loan_amnt"),
    ({"annual_inc": None}, RejectCode.MISSING_FIELD, "annual_inc"),
    ({"annual_inc": None, "annual_inc_joint": 9e4}, RejectCode.MISSING_FIELD, "annual_inc"),
    (
        {"annual_inc": None, "application_type": "Joint App"},
        RejectCode.MISSING_FIELD,
        "annual_inc",
    ),
    ({"annual_inc": 0}, RejectCode.OUT_OF_RANGE, "annual_inc"),
    ({"event_time": None, "issue_d": None}, RejectCode.MISSING_FIELD, "event_time"),
    ({"event_time": ABSENT, "issue_d": "n/a"}, RejectCode.MISSING_FIELD, "event_time"),
    ({"event_time": None, "issue_d": "soon"}, RejectCode.WRONG_FORMAT, "issue_d"),
    ({"issue_d": "Dec-2090"}, RejectCode.OUT_OF_RANGE, "issue_d"),
    ({"issue_d": "Dec-1969"}, RejectCode.OUT_OF_RANGE, "issue_d"),
    ({"earliest_cr_line": "Jan-2090"}, RejectCode.OUT_OF_RANGE, "earliest_cr_line"),
    ({"earliest_cr_line": "Aug-2015"}, RejectCode.OUT_OF_RANGE, "earliest_cr_line"),
    ({"earliest_cr_line": "Dec-1899"}, RejectCode.OUT_OF_RANGE, "earliest_cr_line"),
    ({"int_rate": "900%"}, RejectCode.OUT_OF_RANGE, "int_rate"),
    ({"int_rate": "-1%"}, RejectCode.OUT_OF_RANGE, "int_rate"),
    ({"int_rate": "9" * 200}, RejectCode.OUT_OF_RANGE, "int_rate"),
    ({"revol_util": "1000.1"}, RejectCode.OUT_OF_RANGE, "revol_util"),
    ({"term": "0 months"}, RejectCode.OUT_OF_RANGE, "term"),
    ({"emp_length": "200 years"}, RejectCode.OUT_OF_RANGE, "emp_length"),
    (
        {"event_time": "0001-01-01T00:00:00Z"},
        RejectCode.EVENT_TIME_OUT_OF_RANGE,
        "event_time",
    ),
    (
        {"event_time": "0001-01-01T00:00:00+14:00"},
        RejectCode.EVENT_TIME_OUT_OF_RANGE,
        "event_time",
    ),
    (
        {"event_time": "9999-12-31T23:59:59-14:00"},
        RejectCode.EVENT_TIME_OUT_OF_RANGE,
        "event_time",
    ),
    (
        {"event_time": "1969-12-31T23:59:59Z"},
        RejectCode.EVENT_TIME_OUT_OF_RANGE,
        "event_time",
    ),
    ({"event_time": "2026-03-01T13:00:00Z"}, RejectCode.EVENT_TIME_AHEAD, "event_time"),
    ({"event_time": "2099-12-31T23:59:59Z"}, RejectCode.EVENT_TIME_AHEAD, "event_time"),
]


@pytest.mark.parametrize(
    ("changes", "code", "field"),
    _REFUSED,
    ids=[f"{n} {code}" for n, (_, code, _) in enumerate(_REFUSED)],
)
def test_an_application_that_cannot_be_trusted_is_refused(
    changes: dict[str, Any], code: RejectCode, field: str
) -> None:
    outcome = cleaned(**changes)
    assert len(outcome.kept) == 0
    (reject,) = outcome.rejects
    assert (reject.row, reject.stage, reject.code) == (0, Stage.CONTRACT, code)
    assert reject.reason.startswith(f"{field}: ")


@pytest.mark.parametrize(
    ("changes", "column", "issue"),
    [
        ({"dti": -1}, "dti_pct", "dti_pct:out_of_range"),
        ({"dti": 100.01}, "dti_pct", "dti_pct:out_of_range"),
        ({"dti": 9999}, "dti_pct", "dti_pct:out_of_range"),
        ({"dti_joint": 999}, "joint_dti_pct", "joint_dti_pct:out_of_range"),
        ({"tot_cur_bal": -1}, "current_balance_usd", "current_balance_usd:out_of_range"),
        ({"mort_acc": -1}, "mortgage_accounts", "mortgage_accounts:out_of_range"),
        ({"int_rate": "cheap"}, "rate_pct", "rate_pct:unreadable"),
        ({"revol_util": "?"}, "utilisation_pct", "utilisation_pct:unreadable"),
        ({"term": "long"}, "term_months", "term_months:unreadable"),
        ({"emp_length": "ages"}, "employment_years", "employment_years:unreadable"),
        ({"earliest_cr_line": "1st"}, "first_credit_on", "first_credit_on:unreadable"),
        ({"issue_d": "soon"}, "issued_on", "issued_on:unreadable"),
        ({"zip_code": "SW1A"}, "zip3", "zip3:unreadable"),
    ],
    ids=lambda value: str(value)[:30],
)
def test_what_scoring_can_do_without_becomes_missing_and_says_so(
    changes: dict[str, Any], column: str, issue: str
) -> None:
    row = clean_row(**changes)
    assert is_missing(row[column])
    assert row["issues"] == issue


def test_several_issues_of_a_row_are_joined() -> None:
    assert clean_row(dti=999, zip_code="?")["issues"] == "dti_pct:out_of_range|zip3:unreadable"


@pytest.mark.parametrize(
    ("changes", "column", "value"),
    [
        ({"dti": 0}, "dti_pct", 0.0),
        ({"dti": 100}, "dti_pct", 100.0),
        ({"int_rate": 13.5}, "rate_pct", 13.5),
        ({"revol_util": "892.3%"}, "utilisation_pct", 892.3),
        ({"emp_length": 15}, "employment_years", 10.0),
        ({"fico_range_high": None}, "fico", 710.0),
        ({"fico_range_low": None}, "fico", 714.0),
        ({"sub_grade": " "}, "lender_grade", "B"),
        ({"sub_grade": None, "grade": None}, "lender_grade", None),
        ({"purpose": ""}, "purpose", None),
        ({"verification_status": "verified"}, "verification", "Verified"),
        ({"verification_status": None}, "verification", None),
        ({"zip_code": None}, "zip3", None),
        ({"application_type": "JOINT"}, "is_joint", True),
        ({"application_type": "Joint App"}, "is_joint", True),
        ({"application_type": None}, "is_joint", False),
        ({"annual_inc": 0, "application_type": "Joint App"}, "income_usd", 0.0),
    ],
    ids=lambda value: str(value)[:30],
)
def test_a_field_is_read_in_its_dialect(changes: dict[str, Any], column: str, value: Any) -> None:
    row = clean_row(**changes)
    assert row[column] == value
    assert row["issues"] == ""


@pytest.mark.parametrize("field", DIALECT_BOUNDS)
def test_the_bounds_of_a_dialect_are_the_same_for_numbers_and_texts(field: str) -> None:
    least, most = DIALECT_BOUNDS[field]
    for value in (least, most, f"{least}", f"{most}"):
        assert cleaned(**_only(field, value)).rejects == []
    assert cleaned(**_only(field, f"{most + 1}")).rejects[0].code is RejectCode.OUT_OF_RANGE


def _only(field: str, value: float | str) -> dict[str, Any]:
    return {field: value}


def test_without_an_issue_date_the_application_is_made_on_the_day_of_the_event() -> None:
    row = clean_row(issue_d=None, event_time="2026-02-28T23:30:00-05:00")
    assert str(row["event_at"]) == "2026-03-01T04:30:00.000000"
    assert str(row["applied_on"]) == "2026-03-01"
    assert np.isnat(row["issued_on"])


def test_without_an_event_time_the_event_happened_on_the_issue_date() -> None:
    row = clean_row(event_time=ABSENT, issue_d="Nov-08")
    assert str(row["event_at"]) == "2008-11-01T00:00:00.000000"
    assert str(row["applied_on"]) == "2008-11-01"


def test_two_digit_years_are_read_against_the_application_date() -> None:
    row = clean_row(issue_d="Feb-08", earliest_cr_line="Nov-08")
    assert str(row["first_credit_on"]) == "1908-11-01"
    row = clean_row(issue_d="Feb-19", earliest_cr_line="Nov-08")
    assert str(row["first_credit_on"]) == "2008-11-01"


def test_the_issue_date_may_follow_the_event_by_some_weeks() -> None:
    row = clean_row(issue_d="Apr-26")
    assert str(row["applied_on"]) == "2026-04-01"


def test_microseconds_of_an_event_are_kept() -> None:
    row = clean_row(event_time="2026-03-01T11:59:00.416697+00:00")
    assert str(row["event_at"]) == "2026-03-01T11:59:00.416697"


@pytest.mark.parametrize(("minutes", "refused"), [(15, 0), (16, 1)])
def test_how_far_ahead_of_its_arrival_an_event_may_be_is_a_limit(
    minutes: int, refused: int
) -> None:
    moment = (NOON + timedelta(minutes=minutes)).isoformat()
    assert len(cleaned(event_time=moment).rejects) == refused
    lenient = clean(
        an_application(event_time=moment), received_at=NOON, limits=Limits(max_ahead_minutes=60)
    )
    assert lenient.rejects == []


def test_each_event_may_have_its_own_arrival() -> None:
    application = an_application(event_time="2026-03-01T11:59:00Z")
    arrivals = np.array(["2026-03-01T12:00:00", "2026-03-01T11:00:00"], dtype="datetime64[us]")
    outcome = clean(stacked([application, application]), received_at=arrivals)
    assert outcome.kept.tolist() == [0]
    assert [(r.row, r.code) for r in outcome.rejects] == [(1, RejectCode.EVENT_TIME_AHEAD)]


def test_an_arrival_without_a_zone_or_for_other_events_is_the_callers_mistake() -> None:
    with pytest.raises(ContractError, match="zone"):
        clean(an_application(), received_at=datetime(2026, 3, 1))  # noqa: DTZ001
    with pytest.raises(ContractError, match="one instant or 1"):
        clean(an_application(), received_at=np.array([], dtype="datetime64[us]"))


def test_an_arrival_in_another_zone_is_the_same_instant() -> None:
    there = NOON.astimezone(timezone(timedelta(hours=-5)))
    assert cleaned(received_at=there).rejects == []
    late = cleaned(received_at=there, event_time="2026-03-01T12:16:00Z")
    assert late.rejects[0].code is RejectCode.EVENT_TIME_AHEAD


def test_the_first_reason_to_refuse_a_row_is_its_reason() -> None:
    (reject,) = cleaned(id=None, loan_amnt=None, annual_inc=None).rejects
    assert reject.reason.startswith("id: ")


@pytest.mark.parametrize(
    ("field", "text", "column", "word"),
    [
        ("purpose", " Small_Business ", "purpose", "small_business"),
        ("purpose", "DEBT_CONSOLIDATION", "purpose", "debt_consolidation"),
        ("home_ownership", "mortgage", "home_ownership", "MORTGAGE"),
        ("home_ownership", "Rent\u00a0", "home_ownership", "RENT"),
        ("addr_state", " ca", "state", "CA"),
        ("sub_grade", "b5 ", "lender_grade", "B5"),
    ],
)
def test_white_space_and_case_of_a_word_say_nothing(
    field: str, text: str, column: str, word: str
) -> None:
    row = clean_row(**{field: text})
    assert (row[column], row["issues"]) == (word, "")


def test_a_grade_stands_in_for_a_missing_sub_grade() -> None:
    assert clean_row(sub_grade=" ", grade="c")["lender_grade"] == "C"


@pytest.mark.parametrize(
    ("field", "column"),
    [
        ("purpose", "purpose"),
        ("home_ownership", "home_ownership"),
        ("addr_state", "state"),
        ("sub_grade", "lender_grade"),
    ],
)
def test_an_unknown_word_is_kept_and_is_an_issue_of_its_row(field: str, column: str) -> None:
    row = clean_row(**{field: " A boat "})
    assert (row[column], row["issues"]) == ("A boat", f"{column}:unknown")
    row = clean_row(**{field: " "} | ({"grade": None} if field == "sub_grade" else {}))
    assert (row[column], row["issues"]) == (None, "")
