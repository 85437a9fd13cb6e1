"""What pandas, R and Spark write in place of the contract's types is read as it was meant."""

from __future__ import annotations

import json

import numpy as np
import pytest

from risk.contract.application import Limits, RejectCode
from risk.ingest.decode import decode
from tests.risk.applications import as_bytes, judge_all, refusal

_NO_ZONE = (
    'event_time: expected a time with its zone, such as "2018-03-01T12:00:00Z", found one without'
)


def _with(field: str, json_text: str) -> bytes:
    return as_bytes(**{field: "@"}).replace(b'"@"', json_text.encode())


@pytest.mark.parametrize(
    ("text", "amount"),
    [("12.5", 12.5), ("$5,000.00", 5000.0), ("24,000.00", 24000.0), ("1e+05", 1e5), (" 7 ", 7.0)],
)
def test_a_number_may_be_written_as_text(text: str, amount: float) -> None:
    assert judge_all([as_bytes(loan_amnt=text)]).decided["amount_usd"] == [amount]


@pytest.mark.parametrize("word", ["NA", "nan", "NULL", "None", "n/a", r"\N", "-", " ", "<NA>"])
def test_a_word_for_nothing_is_missing_in_a_number_a_text_and_an_id(word: str) -> None:
    event = as_bytes(dti=word, purpose=word, event_id=word, event_time="2026-03-01T11:59:00Z")
    decided = judge_all([event]).decided
    assert np.isnan(decided["dti_pct"]).all()
    assert decided["purpose"].tolist() == [None]
    assert decided["event_id"].tolist() == decided["application_id"].tolist()


def test_a_missing_word_for_the_event_time_leaves_the_issue_date() -> None:
    decided = judge_all([as_bytes(event_time="NaT")]).decided
    assert str(decided["event_at"][0]).startswith("2015-07-01")


@pytest.mark.parametrize(
    ("json_text", "expected"),
    [
        ("9000101.0", "9000101"),
        ('"9000101.0"', "9000101"),
        ('"9.000101E6"', "9000101"),
        ('"1e+05"', "100000"),
        ('"12e4"', "12e4"),
        ('"9000101.5"', "9000101.5"),
        ('"1.5e+00"', "1.5e+00"),
    ],
)
def test_a_whole_float_is_the_id_it_was_before(json_text: str, expected: str) -> None:
    assert judge_all([_with("id", json_text)]).decided["application_id"].tolist() == [expected]


@pytest.mark.parametrize(
    "json_text",
    ["1772366340", "1772366340000", "1772366340000000", '"1772366340000"', "1772366340000000000"],
)
def test_an_event_time_may_count_from_1970(json_text: str) -> None:
    decided = judge_all([_with("event_time", json_text)]).decided
    assert str(decided["event_at"][0]) == "2026-03-01T11:59:00.000000"


def test_an_issue_date_may_be_the_milliseconds_that_pandas_writes() -> None:
    decided = judge_all([_with("issue_d", "1435708800000")]).decided
    assert str(decided["applied_on"][0]) == "2015-07-01"


@pytest.mark.parametrize(
    ("field", "json_text", "says"),
    [
        ("loan_amnt", '"twelve"', "loan_amnt: expected a number, found text"),
        ("int_rate", "false", "int_rate: expected a number or text, found true or false"),
        ("purpose", "[1]", "purpose: expected text, found a list"),
        ("id", "1.5", "id: expected a whole number or text, found a number"),
        (
            "event_time",
            '"2026-03-01T11:59:00"',
            _NO_ZONE,
        ),
        ("purpose", json.dumps("x" * 257), "purpose: expected at most 256 letters, found more"),
    ],
)
def test_a_refusal_speaks_of_numbers_and_text(field: str, json_text: str, says: str) -> None:
    assert refusal(_with(field, json_text)).reason == says


def test_a_rate_below_one_percent_is_suspect() -> None:
    decided = judge_all([as_bytes(int_rate=rate) for rate in ("0.0756", 0.99, "1.0%")]).decided
    assert decided["issues"].tolist() == ["rate_pct:suspect", "rate_pct:suspect", ""]


def test_an_id_that_is_a_place_in_a_file_says_so() -> None:
    event_id = "file-0123456789abcdef-17"
    decided = judge_all([as_bytes(id=event_id), as_bytes(id="file-17")]).decided
    assert decided["application_id"].tolist() == [event_id, "file-17"]
    assert decided["issues"].tolist() == ["event_id:from_position", ""]


def test_an_application_without_an_id_takes_the_next_one_given() -> None:
    events = [as_bytes(id=None, loan_id="a"), as_bytes(id="b")]
    assert judge_all(events).decided["application_id"].tolist() == ["a", "b"]


def test_an_event_that_is_no_object_is_refused_as_before() -> None:
    (reject,) = decode([b'["id"]'], limits=Limits()).rejects
    assert reject.code == RejectCode.NOT_AN_OBJECT
