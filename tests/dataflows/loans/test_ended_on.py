import numpy as np

from dataflows.loans.ended_on import ended_on


def days(*texts: str) -> np.ndarray[tuple[int], np.dtype[np.datetime64]]:
    return np.array(texts, dtype="datetime64[D]")


def test_a_loan_ends_with_its_last_payment_and_a_charge_off_five_months_later() -> None:
    found = ended_on(
        days("2013-02-01", "2013-02-01", "NaT", "NaT"),
        days("2012-01-01", "2012-01-01", "2012-01-01", "2012-01-01"),
        np.array([False, True, True, False]),
        observed_on=np.datetime64("2019-03-31"),
    )
    assert found.astype(str).tolist() == ["2013-02-28", "2013-07-31", "2012-06-30", "NaT"]


def test_no_loan_ends_after_the_day_on_which_it_was_seen_to_have_ended() -> None:
    found = ended_on(
        days("2019-03-01"),
        days("2018-01-01"),
        np.array([True]),
        observed_on=np.datetime64("2019-03-31"),
    )
    assert found.astype(str).tolist() == ["2019-03-31"]
