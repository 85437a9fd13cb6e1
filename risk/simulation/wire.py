"""Write simulated loans as LendingClub's events, in one of two dialects."""

from math import isnan
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from risk.frame.frame import Frame
from risk.simulation.draw import blank
from risk.simulation.noise import OPTIONAL, SendingPlan
from risk.simulation.parameters import TERMS
from risk.simulation.scenarios import Scenario

FIELDS: tuple[str, ...] = tuple(
    """
    id member_id loan_amnt funded_amnt funded_amnt_inv term int_rate installment grade sub_grade
    emp_title emp_length home_ownership annual_inc verification_status issue_d loan_status
    pymnt_plan url desc purpose title zip_code addr_state dti delinq_2yrs earliest_cr_line
    fico_range_low fico_range_high inq_last_6mths mths_since_last_delinq mths_since_last_record
    open_acc pub_rec revol_bal revol_util total_acc initial_list_status out_prncp out_prncp_inv
    total_pymnt total_pymnt_inv total_rec_prncp total_rec_int total_rec_late_fee recoveries
    collection_recovery_fee last_pymnt_d last_pymnt_amnt next_pymnt_d last_credit_pull_d
    last_fico_range_high last_fico_range_low collections_12_mths_ex_med mths_since_last_major_derog
    policy_code application_type annual_inc_joint dti_joint verification_status_joint
    acc_now_delinq tot_coll_amt tot_cur_bal open_acc_6m open_act_il open_il_12m open_il_24m
    mths_since_rcnt_il total_bal_il il_util open_rv_12m open_rv_24m max_bal_bc all_util
    total_rev_hi_lim inq_fi total_cu_tl inq_last_12m acc_open_past_24mths avg_cur_bal
    bc_open_to_buy bc_util chargeoff_within_12_mths delinq_amnt mo_sin_old_il_acct
    mo_sin_old_rev_tl_op mo_sin_rcnt_rev_tl_op mo_sin_rcnt_tl mort_acc mths_since_recent_bc
    mths_since_recent_bc_dlq mths_since_recent_inq mths_since_recent_revol_delinq
    num_accts_ever_120_pd num_actv_bc_tl num_actv_rev_tl num_bc_sats num_bc_tl num_il_tl
    num_op_rev_tl num_rev_accts num_rev_tl_bal_gt_0 num_sats num_tl_120dpd_2m num_tl_30dpd
    num_tl_90g_dpd_24m num_tl_op_past_12m pct_tl_nvr_dlq percent_bc_gt_75 pub_rec_bankruptcies
    tax_liens tot_hi_cred_lim total_bal_ex_mort total_bc_limit total_il_high_credit_limit
    revol_bal_joint sec_app_fico_range_low sec_app_fico_range_high sec_app_earliest_cr_line
    sec_app_inq_last_6mths sec_app_mort_acc sec_app_open_acc sec_app_revol_util
    sec_app_open_act_il sec_app_num_rev_accts sec_app_chargeoff_within_12_mths
    sec_app_collections_12_mths_ex_med sec_app_mths_since_last_major_derog hardship_flag
    hardship_type hardship_reason hardship_status deferral_term hardship_amount
    hardship_start_date hardship_end_date payment_plan_start_date hardship_length hardship_dpd
    hardship_loan_status orig_projected_additional_accrued_interest
    hardship_payoff_balance_amount hardship_last_payment_amount disbursement_method
    debt_settlement_flag debt_settlement_flag_date settlement_status settlement_date
    settlement_amount settlement_percentage settlement_term
    """.split()  # noqa: SIM905  (a table reads best as words)
)
OUTCOME_FIELDS: tuple[str, ...] = tuple(
    """
    loan_status out_prncp out_prncp_inv total_pymnt total_pymnt_inv total_rec_prncp total_rec_int
    total_rec_late_fee recoveries collection_recovery_fee last_pymnt_d last_pymnt_amnt
    next_pymnt_d last_credit_pull_d last_fico_range_high last_fico_range_low debt_settlement_flag
    debt_settlement_flag_date settlement_status settlement_date settlement_amount
    settlement_percentage settlement_term
    """.split()  # noqa: SIM905  (a table reads best as words)
)
_DATES = (
    "issue_d",
    "earliest_cr_line",
    "sec_app_earliest_cr_line",
    "last_pymnt_d",
    "next_pymnt_d",
    "last_credit_pull_d",
    "debt_settlement_flag_date",
    "settlement_date",
)
_PERCENTAGES = ("int_rate", "revol_util")
# What a malformed event says instead, one of these.
_WRONG: dict[str, tuple[tuple[str, Any], ...]] = {
    "wrong_type": (
        ("annual_inc", "seventy thousand"),
        ("loan_amnt", [12000.0]),
        ("open_acc", {"value": 11}),
        ("loan_amnt", True),
    ),
    "out_of_range": (
        ("annual_inc", -1.0),
        ("loan_amnt", 0.0),
        ("int_rate", "913.56"),
        ("fico_range_low", 7000.0),
    ),
    "missing_required": (("loan_amnt", None), ("id", None)),
}

_NAMES = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_EPOCH, _FIRST_YEAR, _END_YEAR = 1970, 1930, 2050
_MONTHS = 12 * (_END_YEAR - _FIRST_YEAR)
# First every month with four digits of the year, then with two, then none.
_MONTH_TEXTS = np.array(
    [
        *(f"{name}-{year}" for year in range(_FIRST_YEAR, _END_YEAR) for name in _NAMES),
        *(f"{name}-{year % 100:02}" for year in range(_FIRST_YEAR, _END_YEAR) for name in _NAMES),
        None,
    ],
    dtype=object,
)
_TERM_TEXTS = {float(term): f" {term} months" for term in TERMS}

_Event = msgspec.defstruct("_Event", [(name, Any) for name in FIELDS], gc=False)


def encode(
    loans: Frame, feed: SendingPlan, ids: NDArray[np.int64], scenario: Scenario
) -> list[bytes]:
    """Return each event's JSON up to its `event_time`, which the sender adds.

    Parameters
    ----------
    loans
        The application each event carries and what the books say of it, one row per event.
    ids
        The application ids, likewise.
    """
    columns = _columns(_as_sent(loans, feed, scenario), feed, ids)
    for row in np.flatnonzero(feed.forgotten >= 0).tolist():
        columns[OPTIONAL[feed.forgotten[row]]][row] = None
    for kind, values in _WRONG.items():
        for row in feed.rows_of(kind).tolist():
            name, value = values[int(feed.variant[row] * len(values))]
            columns[name][row] = value
    encoder = msgspec.json.Encoder()
    events = map(_Event, *(columns[name] for name in FIELDS))
    # With a space after each comma and colon, as the real feed's producer writes it.
    return [msgspec.json.format(encoder.encode(event), indent=0)[:-1] for event in events]


def _as_sent(loans: Frame, feed: SendingPlan, scenario: Scenario) -> Frame:
    """Return the loans with the gaps and errors of a real feed."""
    sent = dict(loans)
    if not feed.has_outcomes.all():
        for name in OUTCOME_FIELDS:
            sent[name] = blank(sent[name], ~feed.has_outcomes)
    for name, breakage in scenario.broken.items():
        spoilt = np.nan if breakage == "null" else np.round(sent[name] / 100, 4)
        sent[name] = np.where(feed.is_broken, spoilt, sent[name])
    return sent


def _columns(loans: Frame, feed: SendingPlan, ids: NDArray[np.int64]) -> dict[str, list[Any]]:
    """Return every field's values as they are written, NaN for null."""
    size = len(ids)
    nulls: list[Any] = [None] * size
    columns = {name: loans[name].tolist() if name in loans else nulls for name in FIELDS}
    columns["id"] = ids.tolist()
    columns["url"] = [
        f"https://lendingclub.com/browse/loanDetail.action?loan_id={number}"
        for number in columns["id"]
    ]
    columns["term"] = [_TERM_TEXTS[months] for months in columns["term"]]
    columns["funded_amnt"] = columns["funded_amnt_inv"] = loans["loan_amnt"].tolist()
    columns["grade"] = [grade[0] for grade in columns["sub_grade"]]
    columns["application_type"] = [
        "Joint App" if is_joint else "Individual" for is_joint in loans["is.joint"].tolist()
    ]
    columns["pymnt_plan"], columns["hardship_flag"] = ["n"] * size, ["N"] * size
    columns["policy_code"] = [1.0] * size
    columns["issue_d"] = loans["origin.month"].tolist()
    for name in _DATES:
        columns[name] = _dates(np.array(columns[name], dtype=np.float64), feed.is_dialect_b)
    for name in _PERCENTAGES:
        columns[name] = [
            None if isnan(number) else _percent(name, number) if is_b else str(number)
            for number, is_b in zip(columns[name], feed.is_dialect_b.tolist(), strict=True)
        ]
    return columns


def _percent(name: str, number: float) -> str:
    """Return "13.56%", and of a utilisation "17%"."""
    if name == "revol_util" and number.is_integer():
        return f"{number:.0f}%"
    return f"{number:.2f}%"


def _dates(months: NDArray[np.float64], is_short: NDArray[np.bool_]) -> list[Any]:
    """Return "Nov-2008", or "Nov-08", for months counted from January 1970."""
    place = np.nan_to_num(months) + 12 * (_EPOCH - _FIRST_YEAR)
    codes = np.clip(place, 0, _MONTHS - 1).astype(np.int64) + _MONTHS * is_short
    return list(_MONTH_TEXTS[np.where(np.isnan(months), 2 * _MONTHS, codes)])
