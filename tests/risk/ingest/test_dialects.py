from collections.abc import Callable
from datetime import date

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from risk.frame.memo import Memo
from risk.ingest import dialects


@pytest.mark.parametrize(
    ("text", "expected"),
    [("13.56%", 13.56), ("13.56", 13.56), (" 7 % ", 7.0), (".5%", 0.5), ("892.3%", 892.3)],
)
def test_a_percentage_is_read_with_and_without_its_sign(text: str, expected: float) -> None:
    assert dialects.percent(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [(" 36 months", 36.0), ("60 months", 60.0), ("36", 36.0), ("1 month", 1.0), ("60 mos", 60.0)],
)
def test_a_term_is_read_as_months(text: str, expected: float) -> None:
    assert dialects.term_months(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("< 1 year", 0.0),
        ("< 1 year or n/a", 0.0),
        ("1 year", 1.0),
        ("3 years", 3.0),
        ("10+ years", 10.0),
        ("4", 4.0),
    ],
)
def test_employment_is_read_as_years(text: str, expected: float) -> None:
    assert dialects.employment_years(text) == expected


_PARSERS = [dialects.percent, dialects.term_months, dialects.employment_years]


@pytest.mark.parametrize("parse", _PARSERS)
@pytest.mark.parametrize("text", ["", "  ", "n/a", "N/A", "null", "NaN", "none"])
def test_text_that_says_nothing_is_missing(parse: Callable[[str], float], text: str) -> None:
    assert np.isnan(parse(text))


@pytest.mark.parametrize("parse", _PARSERS)
@pytest.mark.parametrize(
    "text", ["abc", "1_000", "١٢", "1e999", "inf", "12%%", "1,5", "--3", "3 %x"]
)
def test_text_that_is_no_such_number_is_unreadable(
    parse: Callable[[str], float], text: str
) -> None:
    assert parse(text) == dialects.UNREADABLE


@pytest.mark.parametrize("parse", _PARSERS)
@pytest.mark.parametrize("number", [13.5, 0.0, -1.0, 1e9])
def test_a_number_is_left_as_it_is(parse: Callable[[float], float], number: float) -> None:
    assert parse(number) == number


@pytest.mark.parametrize("parse", _PARSERS)
@pytest.mark.parametrize("zeros", [(0.0, -0.0), (-0.0, 0.0)])
def test_a_zero_has_one_sign_whichever_was_read_first(
    parse: Memo[float | str | None, float], zeros: tuple[float, float]
) -> None:
    parse.clear()
    assert not np.signbit([parse(zero) for zero in zeros]).any()


def _dates(*texts: str | None, latest: str = "2019-02-01") -> list[str]:
    limits = np.full(len(texts), np.datetime64(latest, "D"))
    days, _ = dialects.dates(texts, latest=limits)
    return [str(day) for day in days]


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("Apr-1997", "1997-04-01"),
        ("apr-1997", "1997-04-01"),
        (" DEC-1969 ", "1969-12-01"),
        ("1997-04-15", "1997-04-15"),
        ("1997-04", "1997-04-01"),
        ("1997-04-15T10:00:00Z", "1997-04-15"),
        ("2008-02-29", "2008-02-29"),
    ],
)
def test_a_date_with_its_century_is_read_as_it_is(text: str, day: str) -> None:
    assert _dates(text) == [day]


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("Nov-08", "2008-11-01"),
        ("Dec-97", "1997-12-01"),
        ("Feb-19", "2019-02-01"),
        ("Mar-19", "1919-03-01"),
        ("Jan-00", "2000-01-01"),
        ("Jan-44", "1944-01-01"),
    ],
)
def test_a_two_digit_year_is_the_latest_that_is_not_after_the_limit(text: str, day: str) -> None:
    assert _dates(text) == [day]


def test_each_row_has_its_own_limit() -> None:
    limits = np.array(["2008-10-31", "2008-11-01", "NaT"], dtype="datetime64[D]")
    days, unreadable = dialects.dates(["Nov-08", "Nov-08", None], latest=limits)
    assert [str(day) for day in days] == ["1908-11-01", "2008-11-01", "NaT"]
    assert not unreadable.any()


def test_missing_and_unreadable_dates_are_told_apart() -> None:
    texts = [None, "", "n/a", "Foo-2008", "2008-13-01", "1/12/2008", "2008-02-30", "Apr-997"]
    limits = np.full(len(texts), np.datetime64("2019-01-01", "D"))
    days, unreadable = dialects.dates(texts, latest=limits)
    assert np.isnat(days).all()
    assert unreadable.tolist() == [False] * 3 + [True] * 5


@given(
    st.dates(min_value=date(1930, 1, 1), max_value=date(2060, 12, 31)),
    st.integers(0, 1_199),
)
def test_a_two_digit_year_lies_less_than_a_century_before_the_limit(limit: date, back: int) -> None:
    limit_month = np.datetime64(limit, "M")
    month = limit_month - back
    text = month.item().strftime("%b-%y")
    assert _dates(text, latest=str(limit)) == [str(month.astype("datetime64[D]"))]


def test_a_column_of_texts_alone_is_read_as_one_with_numbers() -> None:
    texts = ["7%", None, "?", "7%"]
    alone = dialects.numbers(texts, dialects.percent)
    mixed = dialects.numbers([*texts, 13.5], dialects.percent)
    assert alone.tobytes() == mixed[:-1].tobytes()


def test_numbers_and_texts_mix_in_a_column() -> None:
    column = dialects.numbers([13.5, "7%", None, "?"], dialects.percent)
    np.testing.assert_array_equal(column, [13.5, 7.0, np.nan, -np.inf])


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("not verified", "Not Verified"),
        ("VERIFIED - income", "Verified"),
        ("VERIFIED - income source", "Source Verified"),
        ("by a fortune teller", "by a fortune teller"),
    ],
)
def test_verification_has_one_name_for_each_way_of_saying_it(text: str, name: str) -> None:
    assert dialects.verification(text) == name
