"""The listing's names and its months of employment."""

import pytest

from risk.contract.application import LoanApplication
from risk.ingest.listing import LISTING_NAMES, employment_years_of_months


def test_each_name_stands_for_a_field_of_the_contract() -> None:
    assert set(LISTING_NAMES.values()) - {"loan_status"} <= set(LoanApplication.__struct_fields__)


@pytest.mark.parametrize(
    ("months", "years"),
    [("0", "0"), ("11", "0"), ("12", "1"), (" 127.0 ", "10"), ("n/a", "n/a"), ("-3", "-3")],
)
def test_employment_is_counted_in_whole_years(months: str, years: str) -> None:
    assert employment_years_of_months(months) == years
