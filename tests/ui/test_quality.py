"""Which cells of the figure of missing fields are coloured."""

from datetime import date

from ui.figures.quality import WITHIN_CHANCE, levels

MONTHS = [date(2018, month, 1) for month in range(1, 13)]


def test_one_missing_value_in_a_month_of_a_hundred_is_no_sign() -> None:
    held = dict.fromkeys(MONTHS, (0, 100)) | {MONTHS[4]: (1, 110)}
    assert set(levels({"instalment_usd": held}).values()) == {WITHIN_CHANCE}


def test_a_month_without_the_field_stands_out_and_the_others_do_not() -> None:
    held = dict.fromkeys(MONTHS, (5, 100)) | {MONTHS[4]: (60, 100)}
    found = levels({"dti_pct": held})
    assert found.pop(("dti_pct", MONTHS[4])) == "twice as often"
    assert set(found.values()) == {WITHIN_CHANCE}


def test_more_and_less_often_are_told_apart() -> None:
    held = dict.fromkeys(MONTHS, (2_000, 10_000)) | {
        MONTHS[0]: (1_000, 10_000),
        MONTHS[1]: (3_000, 10_000),
        MONTHS[2]: (0, 0),
    }
    found = levels({"dti_pct": held})
    assert (found["dti_pct", MONTHS[0]], found["dti_pct", MONTHS[1]]) == (
        "less often",
        "more often",
    )
    assert ("dti_pct", MONTHS[2]) not in found
