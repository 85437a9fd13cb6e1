"""The book's sums, on a lake that can be counted by hand."""

from collections.abc import Iterator
from datetime import date

import pytest

from lakehouse.lake import book
from lakehouse.lake.filters import Filters
from lakehouse.lake.session import Lake
from tests.lakehouse.history import decide_rows

JANUARY, FEBRUARY = date(2018, 1, 10), date(2018, 2, 10)


@pytest.fixture(scope="module")
def lake(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lake]:
    uri = str(tmp_path_factory.mktemp("book"))
    common = {"term_months": 36.0, "state": "CA"}
    decide_rows(
        uri,
        {
            **common,
            "applied_on": JANUARY,
            "tier": "Low",
            "pd": 0.1,
            "amount_usd": 1_000.0,
            "fico": 700.0,
        },
        {
            **common,
            "applied_on": JANUARY,
            "tier": "Low",
            "pd": 0.3,
            "amount_usd": 3_000.0,
            "fico": None,
        },
        {
            "applied_on": FEBRUARY,
            "tier": "Watchlist",
            "pd": 0.5,
            "amount_usd": 10.0,
            "fico": 600.0,
            "purpose": "no such purpose",
            "term_months": 60.0,
        },
    )
    session = Lake(uri)
    yield session
    session.close()


def test_the_extent_says_what_filters_can_choose(lake: Lake) -> None:
    (found,) = book.extent(lake).to_pylist()
    assert found["decisions"] == 3
    assert (found["first_on"], found["last_on"]) == (JANUARY, FEBRUARY)
    kinds = {(row["kind"], row["value"]) for row in book.choices(lake).to_pylist()}
    assert {value for kind, value in kinds if kind == "term"} == {"36", "60"}
    assert ("state", "CA") in kinds


def test_months_sum_risk_and_money_by_tier(lake: Lake) -> None:
    found = book.months(lake, Filters(to_on=date(2018, 2, 1))).to_pylist()
    (january,) = found
    assert january["month"] == date(2018, 1, 1)
    assert january["applications"] == 2
    assert january["pd_sum"] == pytest.approx(0.4)
    assert january["pd_square_sum"] == pytest.approx(0.1)
    assert january["amount_usd"] == 4_000
    assert january["expected_usd"] == pytest.approx(100 + 900)
