"""The figures of an application that are drawn together, and how each is fitted.

Names are LendingClub's. A name with a dot is not a field itself; one or more fields are made from
it. Examples: a credit limit instead of a balance, a credit age instead of a date, and months since
a delinquency, apart for applicants with and without one in the last two years.
"""

from dataclasses import dataclass
from typing import Literal

from risk.simulation.parameters import GRADES

YEAR_TERM, ERA_TERM, ERA = "year_term", "era_term", "era"
_FINE = 121


@dataclass(frozen=True, slots=True)
class LatentSpec:
    """How to fit one latent.

    Attributes
    ----------
    cells
        The grouping in which its quantiles are taken: the finest that its samples can bear.
    kind
        ``curve`` for a quantile function, ``heaps`` where people choose some values over those
        beside them, ``levels`` for a short list of values.
    units
        Candidates for what a curve's values are rounded to, widest first.
    knots
        Points of a curve.
    values
        The levels, in order, where they are texts; a loan's level is then its position here.
    """

    name: str
    cells: str = ERA
    kind: Literal["curve", "heaps", "levels"] = "levels"
    units: tuple[float, ...] = ()
    knots: int = 41
    values: tuple[str | None, ...] = ()


def _curve(name: str, cells: str = ERA, *units: float, knots: int = 41) -> LatentSpec:
    return LatentSpec(name, cells, "curve", units or (1.0,), knots)


def _texts(name: str, cells: str, *values: str | None) -> LatentSpec:
    return LatentSpec(name, cells, values=values)


LATENTS: tuple[LatentSpec, ...] = (
    # What was asked for, and what the lender made of it.
    LatentSpec("loan_amnt", YEAR_TERM, "heaps", (100.0, 25.0)),
    _texts("sub_grade", YEAR_TERM, *GRADES),
    _texts("verification_status", YEAR_TERM, "Not Verified", "Source Verified", "Verified"),
    _texts("initial_list_status", YEAR_TERM, "f", "w"),
    # The applicant.
    LatentSpec("annual_inc", YEAR_TERM, "heaps", (1000.0, 100.0, 1.0)),
    _curve("dti", YEAR_TERM, 0.01, knots=_FINE),
    _texts("home_ownership", YEAR_TERM, "ANY", "RENT", "OWN", "MORTGAGE"),
    _texts(
        "emp_length",
        YEAR_TERM,
        None,
        "< 1 year",
        "1 year",
        *(f"{years} years" for years in range(2, 10)),
        "10+ years",
    ),
    # The credit file as every lender reads it.
    LatentSpec("fico_range_low", ERA_TERM),
    LatentSpec("inq_last_6mths", YEAR_TERM),
    LatentSpec("delinq_2yrs", ERA_TERM),
    LatentSpec("pub_rec", ERA_TERM),
    LatentSpec("collections_12_mths_ex_med", YEAR_TERM),
    _curve("revol_util", YEAR_TERM, 0.1, knots=_FINE),
    _curve("revolving.limit", YEAR_TERM, 100.0, knots=81),
    _curve("open_acc", YEAR_TERM, knots=81),
    _curve("total_acc", YEAR_TERM, knots=81),
    _curve("credit.age", ERA_TERM),
    _curve("delinquency.recent"),
    _curve("delinquency.old"),
    _curve("delinquency.major"),
    _curve("record.months"),
    LatentSpec("pub_rec_bankruptcies"),
    LatentSpec("tax_liens"),
    # The rest of the bureau's file, in the order of the event.
    LatentSpec("acc_now_delinq"),
    _curve("tot_coll_amt"),
    _curve("mortgage.balance"),
    LatentSpec("open_acc_6m"),
    LatentSpec("open_act_il"),
    LatentSpec("open_il_12m"),
    LatentSpec("open_il_24m"),
    _curve("mths_since_rcnt_il"),
    _curve("total_bal_il"),
    LatentSpec("open_rv_12m"),
    LatentSpec("open_rv_24m"),
    _curve("max_bal_bc"),
    LatentSpec("inq_fi"),
    LatentSpec("total_cu_tl"),
    LatentSpec("inq_last_12m"),
    LatentSpec("acc_open_past_24mths"),
    _curve("bc_util", ERA, 0.1),
    LatentSpec("chargeoff_within_12_mths"),
    _curve("mo_sin_old_il_acct"),
    _curve("mo_sin_old_rev_tl_op"),
    _curve("mo_sin_rcnt_rev_tl_op"),
    _curve("mo_sin_rcnt_tl"),
    LatentSpec("mort_acc"),
    _curve("mths_since_recent_bc"),
    _curve("mths_since_recent_bc_dlq"),
    _curve("inquiry.recent"),
    _curve("inquiry.old"),
    _curve("mths_since_recent_revol_delinq"),
    LatentSpec("num_accts_ever_120_pd"),
    LatentSpec("num_actv_bc_tl"),
    LatentSpec("num_actv_rev_tl"),
    LatentSpec("num_bc_sats"),
    LatentSpec("num_bc_tl"),
    LatentSpec("num_il_tl"),
    LatentSpec("num_op_rev_tl"),
    _curve("num_rev_accts"),
    LatentSpec("num_tl_90g_dpd_24m"),
    LatentSpec("num_tl_op_past_12m"),
    _curve("pct_tl_nvr_dlq", ERA, 0.1),
    _curve("percent_bc_gt_75", ERA, 0.1),
    _curve("total_bc_limit", ERA, 100.0),
    _curve("total_il_high_credit_limit"),
    _texts("disbursement_method", ERA, "Cash", "DirectPay"),
    # The second applicant of a joint application; incomes and balances as multiples of the first's.
    _curve("joint.income", ERA, 0.001),
    _curve("dti_joint", ERA, 0.01),
    _texts("verification_status_joint", ERA, "Not Verified", "Source Verified", "Verified"),
    _curve("joint.balance", ERA, 0.001),
    _curve("sec_app_fico_range_low", ERA, 5.0),
    LatentSpec("sec_app_inq_last_6mths"),
    LatentSpec("sec_app_mort_acc"),
    _curve("sec_app_open_acc"),
    _curve("sec_app_revol_util", ERA, 0.1),
    LatentSpec("sec_app_open_act_il"),
    _curve("sec_app_num_rev_accts"),
    _curve("sec_app.credit.age"),
    _curve("sec_app_mths_since_last_major_derog"),
)
