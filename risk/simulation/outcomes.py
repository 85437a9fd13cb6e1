"""Whether, when and how simulated loans end, and what the lender's books say about them.

A loan's fate is drawn once: charged off or paid off, after a number of payments. Its status in any
month follows from that, so the same loan is current, then late, then charged off.
"""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from risk.frame.frame import Frame
from risk.simulation.draw import Choice, Floats, blank
from risk.simulation.parameters import TERMS, OutcomeParameters
from risk.simulation.scenarios import Scenario

MONTHS_TO_CHARGE_OFF = 5
"""A loan is charged off when it is 150 days past due."""

RISK_TERMS: tuple[str, ...] = (
    "rate",
    "long_term",
    "fico",
    "log_income",
    "log_amount",
    "dti",
    "utilisation",
    "inquiries",
    "delinquencies",
    "public_records",
    "log_credit_age",
    "log_open_accounts",
    "log_total_accounts",
    "renting",
    "owning",
    "small_business",
    "credit_card",
    "log_balance",
)

_HALF = 0.5
# What the books of the time usually show.
_WITH_LATE_FEE, _LATE_FEE = 0.1, 15.0
_COLLECTORS_SHARE = 0.18
_SETTLED_PCT = 45.0

_STATUSES = np.array(
    [
        "Fully Paid",
        "Charged Off",
        "Current",
        "In Grace Period",
        "Late (16-30 days)",
        "Late (31-120 days)",
        "Default",
    ],
    dtype=object,
)
_PAID, _LOST, _CURRENT, _GRACE, _LATE, _LATER, _DEFAULT = range(len(_STATUSES))


def risk_matrix(loans: Mapping[str, NDArray[np.float64]]) -> Floats:
    """Return the terms of the log-odds of a charge-off, one row per loan.

    Figures are bounded, as one loan's million of income says no more than half of it, and
    centred, so that the intercept belongs to an ordinary loan.
    """

    def log_ratio(name: str, low: float, high: float, usual: float) -> Floats:
        return np.log(np.clip(loans[name], low, high) / usual)

    def scaled(name: str, low: float, high: float, usual: float, spread: float) -> Floats:
        return (np.clip(loans[name], low, high) - usual) / spread

    home, purpose = loans["home_ownership"], loans["purpose"]
    terms = (
        scaled("rate.base", 5, 31, 13, 5),
        loans["term"] == TERMS[1],
        scaled("fico_range_low", 640, 820, 695, 30),
        log_ratio("annual_inc", 5e3, 5e5, 65e3),
        log_ratio("loan_amnt", 500, 4e4, 13e3),
        scaled("dti", 0, 45, 18, 8),
        (np.clip(np.nan_to_num(loans["revol_util"], nan=50.0), 0, 110) - 50) / 25,
        np.clip(loans["inq_last_6mths"], 0, 5),
        np.clip(loans["delinq_2yrs"], 0, 3),
        np.clip(loans["pub_rec"], 0, 2),
        log_ratio("credit.age", 24, 600, 180),
        log_ratio("open_acc", 2, 40, 11),
        log_ratio("total_acc", 3, 80, 24),
        home == "RENT",
        home == "OWN",
        purpose == "small_business",
        purpose == "credit_card",
        np.log1p(np.clip(loans["revol_bal"], 0, 3e5)) / 10 - 0.9,
    )
    return np.column_stack([np.asarray(term, dtype=np.float64) for term in terms])


class OutcomeModel:
    """Draws fates under one scenario."""

    def __init__(self, parameters: OutcomeParameters, years: list[int], scenario: Scenario) -> None:
        self._parameters = parameters
        self._scenario = scenario
        self._weights = np.array([parameters.coefficients[name] for name in RISK_TERMS])
        self._years = np.array([parameters.years[str(year)] for year in years])
        lines = [parameters.timelines[str(term)] for term in TERMS]
        self._charged_off = Choice([dict(enumerate(line.charged_off)) for line in lines])
        self._paid_off = Choice([dict(enumerate(line.paid_off)) for line in lines])

    def draw(self, loans: Frame, rng: np.random.Generator, strength: Floats) -> None:
        """Add each loan's fate, in place, as columns whose names begin with "fate."."""
        uniform = rng.random((6, len(strength)))
        logit = self._parameters.intercept + risk_matrix(loans) @ self._weights
        logit += self._years[loans["origin.year"]] + strength * self._scenario.charged_off
        is_lost = uniform[0] < 1 / (1 + np.exp(-logit))
        line = loans["is.long"].astype(np.int64)
        lost_after = self._charged_off.draw(uniform[1], line)
        paid_after = self._paid_off.draw(uniform[1], line)
        loans["fate.is_lost"] = is_lost
        loans["fate.payments"] = np.where(is_lost, lost_after, paid_after)
        loans["fate.recovered"] = _quantile(self._parameters.recovered, uniform[2])
        kept, lost = self._parameters.fico_after
        loans["fate.fico_change"] = np.where(
            is_lost, _quantile(lost, uniform[3]), _quantile(kept, uniform[3])
        )
        loans["fate.is_settled"] = is_lost & (uniform[4] < self._parameters.settled)
        loans["fate.uniform"] = uniform[5]


def _quantile(deciles: list[float], uniform: Floats) -> Floats:
    return np.interp(uniform, np.linspace(0, 1, len(deciles)), deciles)


def observe(loans: Frame, month: int) -> Frame:
    """Return what the books say at the end of a month, under LendingClub's names.

    Months are numbers, counted from January 1970. `months.on_book` counts to the end of the loan,
    or to the month looked at while it is open.
    """
    age = np.maximum(month - loans["origin.month"], 0).astype(np.float64)
    payments = np.minimum(loans["fate.payments"], age)
    is_lost = loans["fate.is_lost"]
    since = age - loans["fate.payments"]
    is_heads = loans["fate.uniform"] < _HALF
    status = np.where(
        is_lost,
        np.select(
            [since < months for months in (1, 2, 4, MONTHS_TO_CHARGE_OFF)],
            [_CURRENT, np.where(is_heads, _GRACE, _LATE), _LATER, _DEFAULT],
            _LOST,
        ),
        np.where(since < 0, _CURRENT, _PAID),
    )
    is_paid, is_charged_off = status == _PAID, status == _LOST
    is_open = ~(is_paid | is_charged_off)
    closed_after = loans["fate.payments"] + np.where(is_charged_off, MONTHS_TO_CHARGE_OFF, 0)
    last_paid = np.where(payments > 0, loans["origin.month"] + payments, np.nan)
    books: Frame = {
        "loan_status": _STATUSES[status],
        "months.on_book": np.where(is_open, age, closed_after),
        "next_pymnt_d": np.where(status == _CURRENT, month + 1.0, np.nan),
        "last_pymnt_d": last_paid,
        "last_credit_pull_d": np.where(
            is_open,
            float(month),
            np.minimum(month, loans["origin.month"] + closed_after + 1),
        ),
    }
    _add_payments(books, loans, payments, is_paid, is_charged_off)
    last_fico = loans["fico_range_low"] + np.rint(loans["fate.fico_change"] / 5) * 5
    last_fico = np.where(is_lost & (since < 1), loans["fico_range_low"], last_fico)
    books["last_fico_range_low"] = np.clip(last_fico, 500, 845)
    books["last_fico_range_high"] = books["last_fico_range_low"] + 4
    _add_settlements(books, loans, is_charged_off & loans["fate.is_settled"])
    return books


def _add_payments(
    books: Frame,
    loans: Frame,
    payments: Floats,
    is_paid: NDArray[np.bool_],
    is_charged_off: NDArray[np.bool_],
) -> None:
    """Add what was paid: an annuity's interest and principal, a payoff, what was recovered."""
    growth = 1 + loans["int_rate"] / 1200
    amount, instalment = loans["loan_amnt"], loans["installment"]
    scheduled = amount * (growth**payments - 1) / (growth ** loans["term"] - 1)
    interest = np.maximum(np.round(instalment * payments - scheduled, 2), 0.0)
    principal = np.round(np.where(is_paid, amount, scheduled), 2)
    outstanding = np.round(amount - principal, 2)
    is_charged = is_charged_off & (loans["fate.uniform"] < _WITH_LATE_FEE)
    late_fee = np.where(is_charged, _LATE_FEE, 0.0)
    recovered = np.where(is_charged_off, np.round(outstanding * loans["fate.recovered"], 2), 0.0)
    paid = np.round(principal + interest + late_fee + recovered, 2)
    payoff = np.round(instalment + amount - scheduled, 2)
    owed = np.where(is_paid | is_charged_off, 0.0, outstanding)
    books["out_prncp"] = books["out_prncp_inv"] = owed
    books["total_pymnt"] = books["total_pymnt_inv"] = paid
    books["total_rec_prncp"] = principal
    books["total_rec_int"] = interest
    books["total_rec_late_fee"] = late_fee
    books["recoveries"] = recovered
    books["collection_recovery_fee"] = np.round(_COLLECTORS_SHARE * recovered, 4)
    books["last_pymnt_amnt"] = np.where(is_paid, payoff, np.where(payments > 0, instalment, 0.0))


def _add_settlements(books: Frame, loans: Frame, is_settled: NDArray[np.bool_]) -> None:
    """Add the debt settlement of some charged-off loans, agreed on two months after it."""

    def only(values: NDArray[np.float64] | float) -> Floats:
        return np.where(is_settled, values, np.nan)

    agreed = loans["origin.month"] + loans["fate.payments"] + MONTHS_TO_CHARGE_OFF + 2
    owed = loans["loan_amnt"] - books["total_rec_prncp"]
    books["debt_settlement_flag"] = np.where(is_settled, "Y", "N").astype(object)
    books["debt_settlement_flag_date"] = only(agreed + 1)
    books["settlement_status"] = np.array(["ACTIVE"] * len(is_settled), dtype=object)
    books["settlement_status"] = blank(books["settlement_status"], ~is_settled)
    books["settlement_date"] = only(agreed)
    books["settlement_amount"] = only(np.round(_SETTLED_PCT * owed / 100, 2))
    books["settlement_percentage"] = only(_SETTLED_PCT)
    books["settlement_term"] = only(np.where(loans["fate.uniform"] < _HALF, 18.0, 24.0))
