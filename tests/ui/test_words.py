"""Numbers as people read them."""

import math

import pytest

from ui.look import words

NOTHING = "\N{EN DASH}"


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        (words.count(11_811), f"11{words.THIN}811"),
        (words.count(-5), f"{words.MINUS}5"),
        (words.count(math.nan), NOTHING),
        (words.percent(0.047), "4.7%"),
        (words.delta_pp(0.003), "+0.3 pp"),
        (words.delta_pp(-0.0001), "0.0 pp"),
        (words.delta_share(0.096), "+9.6%"),
        (words.points(4.31), "+4.3"),
        (words.interval(0.043, 0.051), f"4.3 {NOTHING} 5.1"),
        (words.age(9.4), "9 s"),
        (words.age(3_000), "50 min"),
        (words.age(200_000), "2 d"),
        (words.reasons("DTI>=30|INQ_LAST_6MTHS>=2"), "DTI ≥ 30% · 2+ inquiries, 6 months"),
        (words.reason("SOME_NEW_CODE"), "Some new code"),
    ],
)
def test_a_figure_reads_like_this(said: str, expected: str) -> None:
    assert said == expected


def test_a_large_amount_has_its_unit() -> None:
    assert words.amount(185_300_000) == ("185.3", "m USD")
    assert words.amount(2.5e9) == ("2.5", "bn USD")
    assert words.amount(900) == ("900", "USD")
