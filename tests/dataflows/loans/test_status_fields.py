from __future__ import annotations

import pytest

from dataflows.loans.status_fields import Reported, reported
from risk.contract.application import Limits
from risk.ingest.decode import decode
from risk.ingest.lending_club import clean
from tests.risk.applications import ABSENT, NOON, as_bytes


@pytest.mark.parametrize(
    "ids",
    [
        {"id": 7},
        {"id": None, "loan_id": 8},
        {"id": " ", "loan_id": "8"},
        {"id": ABSENT, "event_id": "e-9"},
        {"id": 7, "loan_id": 8, "event_id": "e-9"},
    ],
)
def test_a_loan_is_named_as_cleaning_names_its_application(ids: dict[str, object]) -> None:
    raw = as_bytes(**ids)
    cleaned = clean(decode([raw], limits=Limits()).applications, received_at=NOON)
    assert reported(raw).application_id == cleaned.frame["application_id"][0]


@pytest.mark.parametrize("odd", ["\u00a07", "7\u200b", "7\t8", " 7"])
def test_an_id_that_the_contract_refuses_names_no_loan(odd: str) -> None:
    assert reported(as_bytes(id=odd)).application_id == ""


def test_what_became_of_the_loan_is_read_as_it_is_written() -> None:
    found = reported(as_bytes(loan_status="Charged Off", last_pymnt_d="Mar-2013"))
    assert (found.loan_status, found.last_pymnt_d) == ("Charged Off", "Mar-2013")


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"{",
        b"[]",
        b"\xff",
        as_bytes(loan_status=3),
        b'{"id": 7, "loan_status": "Fully Pa\xfd"}',
        b'{"id": 7, "desc": ' + b"[" * 100_000 + b"]" * 100_000 + b"}",
        b"[" * 100_000,
    ],
    ids=["empty", "open", "array", "byte", "type", "byte in a text", "deep", "deep array"],
)
def test_what_cannot_be_read_reports_nothing(raw: bytes) -> None:
    assert reported(raw) == Reported()
    assert reported(raw).application_id == ""
