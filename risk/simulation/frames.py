"""Simulated loans as clean frames: applications without noise, and the loans' outcomes."""

import numpy as np
from numpy.typing import NDArray

from risk.frame.frame import Frame, complete, text_column
from risk.simulation.outcomes import observe

_FIGURES = {
    "amount_usd": "loan_amnt",
    "term_months": "term",
    "rate_pct": "int_rate",
    "installment_usd": "installment",
    "income_usd": "annual_inc",
    "dti_pct": "dti",
    "utilisation_pct": "revol_util",
    "delinquencies_2y": "delinq_2yrs",
    "inquiries_6m": "inq_last_6mths",
    "open_accounts": "open_acc",
    "total_accounts": "total_acc",
    "public_records": "pub_rec",
    "bankruptcies": "pub_rec_bankruptcies",
    "revolving_balance_usd": "revol_bal",
    "months_since_delinquency": "mths_since_last_delinq",
    "months_since_record": "mths_since_last_record",
    "joint_income_usd": "annual_inc_joint",
    "joint_dti_pct": "dti_joint",
    "current_balance_usd": "tot_cur_bal",
    "revolving_limit_usd": "total_rev_hi_lim",
    "mortgage_accounts": "mort_acc",
    "accounts_opened_24m": "acc_open_past_24mths",
    "bankcard_utilisation_pct": "bc_util",
    "collections_12m": "collections_12_mths_ex_med",
}
_TRAITS = {
    "purpose": "purpose",
    "home_ownership": "home_ownership",
    "verification": "verification_status",
    "state": "addr_state",
    "lender_grade": "sub_grade",
}
_YEARS_EMPLOYED = {"< 1 year": 0.0, "1 year": 1.0, "10+ years": 10.0} | {
    f"{years} years": float(years) for years in range(2, 10)
}


def application_frame(
    loans: Frame, ids: NDArray[np.int64], event_at: NDArray[np.datetime64]
) -> Frame:
    """Return the columns of `APPLICATION_COLUMNS`, as cleaning would find them."""
    size = len(ids)
    names = text_column([str(number) for number in ids.tolist()], size)
    issued_on = _days(loans["origin.month"])
    first_credit_on = _days(loans["earliest_cr_line"])
    frame: Frame = {
        "event_id": names,
        "application_id": names,
        "event_at": event_at,
        "applied_on": issued_on,
        "issued_on": issued_on,
        "first_credit_on": first_credit_on,
        "credit_age_years": (issued_on - first_credit_on).astype(np.float64) / 365.25,
        "fico": (loans["fico_range_low"] + loans["fico_range_high"]) / 2,
        "employment_years": np.array(
            [_YEARS_EMPLOYED.get(text, np.nan) for text in loans["emp_length"].tolist()]
        ),
        "zip3": text_column([text[:3] for text in loans["zip_code"].tolist()], size),
        "is_joint": loans["is.joint"],
    }
    frame |= {name: loans[field] for name, field in _FIGURES.items()}
    frame |= {name: loans[field] for name, field in _TRAITS.items()}
    return complete(frame)


def outcome_frame(loans: Frame, ids: NDArray[np.int64], month: int) -> Frame:
    """Return each loan's status in the books at the end of a month (counted from January 1970).

    Columns: ``application_id``, ``issued_on``, ``observed_on``, ``status`` (LendingClub's words),
    ``defaulted`` (1 charged off, 0 fully paid, NaN while the loan is open), ``months_on_book`` (to
    the loan's end, or so far), ``paid_usd``, ``recovered_usd``.
    """
    books = observe(loans, month)
    status = books["loan_status"]
    defaulted = np.select(
        [status == "Charged Off", status == "Fully Paid"], [1.0, 0.0], default=np.nan
    )
    return {
        "application_id": text_column([str(number) for number in ids.tolist()], len(ids)),
        "issued_on": _days(loans["origin.month"]),
        "observed_on": _days(np.full(len(ids), month + 1)) - np.timedelta64(1, "D"),
        "status": status,
        "defaulted": defaulted,
        "months_on_book": books["months.on_book"],
        "paid_usd": books["total_pymnt"],
        "recovered_usd": books["recoveries"],
    }


def _days(months: NDArray[np.float64] | NDArray[np.int64]) -> NDArray[np.datetime64]:
    """Return the first day of months counted from January 1970."""
    return months.astype(np.int64).astype("datetime64[M]").astype("datetime64[D]")
