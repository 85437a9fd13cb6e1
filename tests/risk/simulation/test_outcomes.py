from datetime import date

import numpy as np
import pytest

from risk.frame.frame import Frame, concat, take
from risk.simulation.outcomes import MONTHS_TO_CHARGE_OFF, observe
from risk.simulation.simulator import Drift, Simulator
from tests.risk.simulated import QUIET, a_simulator

_COUNT = 8_000
_SNAPSHOT = int(np.datetime64("2019-03", "M").astype(int))


@pytest.fixture(scope="module")
def simulator() -> Simulator:
    return a_simulator(noise=QUIET)


@pytest.fixture(scope="module")
def loans(simulator: Simulator) -> Frame:
    return concat([simulator._block(number).loans for number in range(_COUNT // 1_000)])


@pytest.fixture(scope="module")
def books(loans: Frame) -> Frame:
    return observe(loans, _SNAPSHOT)


def _defaulted_share(frame: Frame) -> float:
    return float(np.nanmean(frame["defaulted"]))


def test_a_fifth_of_the_resolved_loans_defaulted(simulator: Simulator) -> None:
    outcomes = simulator.outcomes(0, _COUNT)
    assert _defaulted_share(outcomes) == pytest.approx(0.20, abs=0.02)


def test_defaults_rise_with_every_decile_of_the_lenders_price(simulator: Simulator) -> None:
    rates = simulator.applications(0, 4 * _COUNT)["rate_pct"]
    defaulted = simulator.outcomes(0, 4 * _COUNT)["defaulted"]
    quintile = np.searchsorted(np.quantile(rates, [0.2, 0.4, 0.6, 0.8]), rates)
    shares = [float(np.nanmean(defaulted[quintile == place])) for place in range(5)]
    assert shares == sorted(shares)
    assert shares[-1] > 3 * shares[0]


def test_the_books_only_ever_move_forward(simulator: Simulator) -> None:
    """A loan is open, then closed, and closed as one thing for good."""
    seen = [simulator.outcomes(0, 2_000, observed_on=date(year, 12, 1)) for year in (2018, 2021)]
    known = dict(zip(seen[1]["application_id"], seen[1]["defaulted"], strict=True))
    for name, before in zip(seen[0]["application_id"], seen[0]["defaulted"], strict=True):
        assert np.isnan(before) or known[name] == before
    assert np.isnan(seen[0]["defaulted"]).any()


def test_long_after_every_loan_is_closed(simulator: Simulator) -> None:
    outcomes = simulator.outcomes(0, 2_000, observed_on=date(2030, 1, 1))
    assert set(outcomes["status"]) == {"Fully Paid", "Charged Off"}


def test_the_snapshot_knows_every_status(books: Frame) -> None:
    assert set(books["loan_status"]) == {
        "Charged Off",
        "Current",
        "Default",
        "Fully Paid",
        "In Grace Period",
        "Late (16-30 days)",
        "Late (31-120 days)",
    }


def test_what_was_paid_is_the_sum_of_its_parts(books: Frame) -> None:
    parts = sum(
        books[name]
        for name in ("total_rec_prncp", "total_rec_int", "total_rec_late_fee", "recoveries")
    )
    assert books["total_pymnt"] == pytest.approx(parts, abs=0.005)


def test_a_paid_loan_returned_its_principal_and_owes_nothing(loans: Frame, books: Frame) -> None:
    is_paid = books["loan_status"] == "Fully Paid"
    assert (books["total_rec_prncp"][is_paid] == loans["loan_amnt"][is_paid]).all()
    assert not books["out_prncp"][is_paid].any()
    assert not books["recoveries"][is_paid].any()


def test_what_is_not_paid_back_is_outstanding_while_the_loan_is_open(
    loans: Frame, books: Frame
) -> None:
    is_current = books["loan_status"] == "Current"
    whole = books["out_prncp"] + books["total_rec_prncp"]
    assert whole[is_current] == pytest.approx(loans["loan_amnt"][is_current], abs=0.01)


def test_a_loan_is_charged_off_five_months_after_its_last_payment(loans: Frame) -> None:
    lost = take(loans, loans["fate.is_lost"])
    last = int((lost["origin.month"] + lost["fate.payments"]).max())
    for months, expected in (
        (0, "Current"),
        (2, "Late (31-120 days)"),
        (MONTHS_TO_CHARGE_OFF - 1, "Default"),
        (MONTHS_TO_CHARGE_OFF, "Charged Off"),
    ):
        newest = lost["origin.month"] + lost["fate.payments"] == last
        assert set(observe(lost, last + months)["loan_status"][newest]) == {expected}


def test_charged_off_loans_recover_little_and_lose_their_score(loans: Frame, books: Frame) -> None:
    is_lost = books["loan_status"] == "Charged Off"
    owed = loans["loan_amnt"] - books["total_rec_prncp"]
    assert (books["recoveries"] <= owed + 0.01).all()
    assert 0.02 < books["recoveries"][is_lost].sum() / owed[is_lost].sum() < 0.25
    change = books["last_fico_range_low"] - loans["fico_range_low"]
    assert change[is_lost].mean() < -80 < change[books["loan_status"] == "Fully Paid"].mean()


def test_only_charged_off_loans_are_settled(books: Frame) -> None:
    is_settled = books["debt_settlement_flag"] == "Y"
    assert is_settled.any()
    assert set(books["loan_status"][is_settled]) == {"Charged Off"}
    for name in ("settlement_date", "settlement_amount", "settlement_term"):
        assert (np.isnan(books[name]) == ~is_settled).all()


def test_months_on_book_end_with_the_loan(loans: Frame, books: Frame) -> None:
    age = _SNAPSHOT - loans["origin.month"]
    assert (books["months.on_book"] <= age).all()
    is_current = books["loan_status"] == "Current"
    assert (books["months.on_book"][is_current] == age[is_current]).all()


def test_younger_vintages_are_resolved_in_smaller_part(simulator: Simulator) -> None:
    outcomes = simulator.outcomes(0, _COUNT)
    year = outcomes["issued_on"].astype("datetime64[Y]").astype(int) + 1970
    resolved = [float((~np.isnan(outcomes["defaulted"][year == y])).mean()) for y in (2013, 2018)]
    assert resolved[0] > 0.97
    assert resolved[1] < 0.35


@pytest.mark.parametrize(("scenario", "more"), [("recession", 1.4), ("mix-shift", 1.2)])
def test_more_loans_default_where_times_or_applicants_are_worse(scenario: str, more: float) -> None:
    at_once = Drift(begins_at=0, full_at=0)
    worse = a_simulator(noise=QUIET, scenario=scenario, drift=at_once).outcomes(0, _COUNT)
    usual = a_simulator(noise=QUIET).outcomes(0, _COUNT)
    assert _defaulted_share(worse) > more * _defaulted_share(usual)
