"""The filter bar's state: what a browser sends is checked, and says the same in the URL."""

from datetime import date

import pytest

from ui.data.filters import Book, PageFilters, parse

BOOK = Book(decisions=9, first_month=date(2015, 3, 1), last_month=date(2018, 12, 1))


@pytest.mark.parametrize(
    ("period", "since", "until"),
    [
        ("12m", date(2018, 1, 1), date(2019, 1, 1)),
        ("3m", date(2018, 10, 1), date(2019, 1, 1)),
        ("all", date(2015, 3, 1), date(2019, 1, 1)),
        ("2016-02:2016-02", date(2016, 2, 1), date(2016, 3, 1)),
        ("2017-05:2016-12", date(2016, 12, 1), date(2017, 6, 1)),
    ],
)
def test_a_period_is_whole_months_of_the_book(period: str, since: date, until: date) -> None:
    assert PageFilters(period=period).months(BOOK) == (since, until)


@pytest.mark.parametrize(
    ("filters", "before"),
    [
        (PageFilters(period="3m"), (date(2017, 10, 1), date(2018, 1, 1))),
        (PageFilters(period="3m", compare="previous"), (date(2018, 7, 1), date(2018, 10, 1))),
        (PageFilters(period="24m"), (date(2015, 1, 1), date(2017, 1, 1))),
    ],
)
def test_it_is_compared_with_as_many_months(
    filters: PageFilters, before: tuple[date, date]
) -> None:
    chosen = filters.compared(BOOK)
    assert chosen is not None
    assert (chosen.from_on, chosen.to_on) == before


@pytest.mark.parametrize(
    "filters",
    [PageFilters(period="all"), PageFilters(compare="none"), PageFilters(period="2015-03:2015-04")],
)
def test_without_an_earlier_time_there_is_nothing_to_compare_with(filters: PageFilters) -> None:
    assert filters.compared(BOOK) is None


def test_what_is_not_valid_is_left_out() -> None:
    said = {
        "period": "2018-13:x",
        "compare": "'; drop table",
        "tier": ["Low", "Lower"],
        "term": ["36", "x"],
        "purpose": ["a" * 65, "car", "car"],
        "state": None,
        "model": 7,
    }
    assert parse(said) == PageFilters(tier=("Low",), term=(36,), purpose=("car",))
    assert parse(None) == PageFilters()


def test_the_url_says_only_what_differs_from_the_default() -> None:
    assert PageFilters().query() == ""
    said = PageFilters(period="3m", tier=("Low", "Watchlist"), term=(36,))
    assert said.query() == "?period=3m&tier=Low&tier=Watchlist&term=36"
    assert said.query(period="2018-01:2018-02").startswith("?period=2018-01:2018-02&")
