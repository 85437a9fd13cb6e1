from __future__ import annotations

import numpy as np
import pytest

from risk.ingest import dialects
from risk.ingest.date_forms import Order, is_ambiguous, iso_of_day_number, iso_of_slashed
from risk.ingest.ids import position_id


def _day(text: str) -> str:
    days, _ = dialects.dates([text], latest=np.array(["2019-02-01"], dtype="datetime64[D]"))
    return str(days[0])


@pytest.mark.parametrize(
    "text",
    [
        "Dec-11", "11-Dec", "Dec 2011", "Dec. 2011", "December-2011", "dec 2011", "Dec2011",
        "2011-Dec", "1-Dec-11", "01-Dec-2011", "1 December 2011", "Dec 1, 2011",
        "2011-12-01", "2011-12", "2011/12/01", "2011/12", "2011.12.01", "2011-12-1",
        "2011-12-01 00:00:00", "2011-12-01T00:00:00.000Z", "20111201T000000", "20111201",
        "12/2011", "12-2011", "1-Dec-2011 0:00",
    ],
)  # fmt: skip
def test_every_unambiguous_form_of_a_day_is_read(text: str) -> None:
    assert _day(text) == "2011-12-01"


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("8-Dec", "2008-12-01"),  # what Excel makes of Dec-08
        ("13/1/2011", "2011-01-13"),
        ("1/13/2011 0:00", "2011-01-13"),
        ("1/1/2011", "2011-01-01"),
        ("15-Feb-97", "1997-02-15"),
        ("Sept-2011", "2011-09-01"),
    ],
)
def test_a_day_that_reads_one_way_only_is_read(text: str, day: str) -> None:
    assert _day(text) == day


@pytest.mark.parametrize("text", ["12/1/2011", "1-12-2011", "12.1.2011 0:00", "12/1/11"])
def test_a_day_that_reads_two_ways_is_not_guessed(text: str) -> None:
    assert _day(text) == "NaT"
    assert is_ambiguous(text)


@pytest.mark.parametrize(
    "text",
    ["13/13/2011", "40878", "Foo 2011", "Decem-2011x", "30-Feb-11", "2011-13-01", "Dezember 2011"],
)
def test_what_is_no_day_at_all_is_not_called_ambiguous(text: str) -> None:
    assert _day(text) == "NaT"
    assert not is_ambiguous(text)


@pytest.mark.parametrize(
    ("text", "order", "day"),
    [
        ("12/1/2011", "mdy", "2011-12-01"),
        ("12/1/2011", "dmy", "2011-01-12"),
        ("12/1/11", "mdy", "2011-12-01"),
        ("12/1/11", "dmy", "2011-01-12"),
        ("12/31/11", "dmy", "NaT"),
        ("13/1/2011", "mdy", "2011-01-13"),
        ("Dec-11", "mdy", "2011-12-01"),
    ],
)
def test_who_says_the_order_has_the_day_read(text: str, order: Order, day: str) -> None:
    assert _day(iso_of_slashed(text, order)) == day


def test_excel_counts_days_from_the_end_of_1899() -> None:
    assert iso_of_day_number(40878) == "2011-12-01"


def test_a_position_makes_an_id() -> None:
    assert position_id("ab" * 32, 7) == "file-abababababababab-7"
