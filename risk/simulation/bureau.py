"""Turn drawn figures into the fields of a LendingClub application, consistent with one another.

Months are numbers here, counted from January 1970. The feed writes them in its dialect.
"""

import numpy as np
from numpy.typing import NDArray

from risk.frame.frame import Frame, text_column
from risk.simulation.draw import Choice, blank
from risk.simulation.parameters import SimulationParameters, month_number

_TITLES = {
    "debt_consolidation": "Debt consolidation",
    "credit_card": "Credit card refinancing",
    "home_improvement": "Home improvement",
    "major_purchase": "Major purchase",
    "small_business": "Business",
    "car": "Car financing",
    "medical": "Medical expenses",
    "moving": "Moving and relocation",
    "vacation": "Vacation",
    "house": "Home buying",
    "wedding": "Wedding expenses",
    "renewable_energy": "Green loan",
}
_WISHES = (
    "I want to pay off my credit cards at one lower rate.",
    "This loan is to consolidate my debt into one payment.",
    "I have a steady job and have never missed a payment. Thank you for considering my request.",
    "The money is for repairs that cannot wait, and to keep something aside for emergencies.",
)

# What cannot be more than something else; in this order, as some are on both sides.
_CAPS = (
    ("pub_rec_bankruptcies", "pub_rec"),
    ("tax_liens", "pub_rec"),
    ("inq_fi", "inq_last_12m"),
    ("num_rev_accts", "total_acc"),
    ("num_il_tl", "total_acc"),
    ("mort_acc", "total_acc"),
    ("num_op_rev_tl", "num_rev_accts"),
    ("num_op_rev_tl", "open_acc"),
    ("num_actv_rev_tl", "num_op_rev_tl"),
    ("num_bc_tl", "num_rev_accts"),
    ("num_bc_sats", "num_bc_tl"),
    ("num_bc_sats", "num_op_rev_tl"),
    ("num_actv_bc_tl", "num_bc_sats"),
    ("num_actv_bc_tl", "num_actv_rev_tl"),
    ("open_act_il", "open_acc"),
    ("acc_open_past_24mths", "total_acc"),
    ("num_tl_op_past_12m", "acc_open_past_24mths"),
    ("open_acc_6m", "num_tl_op_past_12m"),
    ("open_rv_24m", "acc_open_past_24mths"),
    ("open_rv_12m", "open_rv_24m"),
    ("open_il_24m", "acc_open_past_24mths"),
    ("open_il_12m", "open_il_24m"),
    ("mo_sin_old_rev_tl_op", "credit.age"),
    ("mo_sin_old_il_acct", "credit.age"),
    ("mo_sin_rcnt_rev_tl_op", "mo_sin_old_rev_tl_op"),
    ("mo_sin_rcnt_tl", "mo_sin_rcnt_rev_tl_op"),
)
_SECOND_APPLICANT = (
    "annual_inc_joint",
    "dti_joint",
    "verification_status_joint",
    "revol_bal_joint",
    "sec_app_fico_range_low",
    "sec_app_fico_range_high",
    "sec_app_earliest_cr_line",
    "sec_app_inq_last_6mths",
    "sec_app_mort_acc",
    "sec_app_open_acc",
    "sec_app_revol_util",
    "sec_app_open_act_il",
    "sec_app_num_rev_accts",
    "sec_app_chargeoff_within_12_mths",
    "sec_app_collections_12_mths_ex_med",
    "sec_app_mths_since_last_major_derog",
)
# Nearly always zero in real files: too few loans differ to describe.
_ZEROS = (
    "delinq_amnt",
    "num_tl_120dpd_2m",
    "num_tl_30dpd",
    "sec_app_chargeoff_within_12_mths",
    "sec_app_collections_12_mths_ex_med",
)


class Bureau:
    """Completes drawn applications."""

    def __init__(self, parameters: SimulationParameters) -> None:
        self._homes = {home: code for code, home in enumerate(parameters.states)}
        self._states = Choice(list(parameters.states.values()))
        self._state_codes = {state: code for code, state in enumerate(parameters.zips)}
        self._zips = Choice(list(parameters.zips.values()))
        self._employers = Choice([parameters.employers])
        self._described = np.array(parameters.described)
        self._steps = [
            (month_number(step.first_month), step.share, step.fields)
            for step in parameters.availability
        ]

    def complete(self, loans: Frame, rng: np.random.Generator) -> None:
        """Add the fields that follow from those drawn, in place."""
        uniform = rng.random((5, len(loans["term"])))
        self._add_texts(loans, uniform)
        _add_histories(loans)
        _add_balances(loans)
        _add_second_applicant(loans)
        for narrow, wide in _CAPS:
            loans[narrow] = np.fmin(loans[narrow], loans[wide])
        loans["num_rev_tl_bal_gt_0"] = loans["num_actv_rev_tl"]
        for name in _ZEROS:
            loans[name] = np.zeros(len(loans["term"]))
        for first_month, share, fields in self._steps:
            is_early = loans["origin.month"] < first_month
            is_early |= (loans["origin.month"] == first_month) & (uniform[4] >= share)
            for name in fields:
                loans[name] = blank(loans[name], is_early)
        for name in _SECOND_APPLICANT:
            loans[name] = blank(loans[name], ~loans["is.joint"])

    def _add_texts(self, loans: Frame, uniform: NDArray[np.float64]) -> None:
        size = len(loans["term"])
        homes = np.array([self._homes[home] for home in loans["home_ownership"].tolist()])
        loans["addr_state"] = self._states.draw(uniform[0], homes)
        states = np.array([self._state_codes[state] for state in loans["addr_state"].tolist()])
        loans["zip_code"] = self._zips.draw(uniform[1], states)
        is_jobless = np.array([length is None for length in loans["emp_length"].tolist()])
        loans["emp_title"] = blank(self._employers.draw(uniform[2]), is_jobless)
        loans["title"] = text_column(
            [_TITLES.get(purpose, "Other") for purpose in loans["purpose"].tolist()], size
        )
        # The share says whether there is a description, and the same number which one.
        place = uniform[3] / np.maximum(self._described[loans["origin.year"]], 1e-9)
        wishes = np.array([*_WISHES, None], dtype=object)
        loans["desc"] = wishes[np.minimum(place * len(_WISHES), len(_WISHES)).astype(np.int64)]


def _add_histories(loans: Frame) -> None:
    """Add what the credit file says about the past."""
    loans["fico_range_high"] = loans["fico_range_low"] + 4
    loans["earliest_cr_line"] = loans["origin.month"] - loans["credit.age"]
    since = np.where(
        loans["delinq_2yrs"] > 0, loans["delinquency.recent"], loans["delinquency.old"]
    )
    loans["mths_since_last_delinq"] = since
    # A graver delinquency is a delinquency too, and no more recent than the last one.
    for name in ("mths_since_recent_bc_dlq", "mths_since_recent_revol_delinq"):
        loans[name] = np.maximum(loans[name], since)
    loans["mths_since_last_major_derog"] = np.maximum(loans["delinquency.major"], since)
    loans["mths_since_last_record"] = np.where(loans["pub_rec"] > 0, loans["record.months"], np.nan)
    loans["mths_since_recent_inq"] = np.where(
        loans["inq_last_6mths"] > 0, loans["inquiry.recent"], loans["inquiry.old"]
    )
    loans["inq_last_12m"] = np.maximum(loans["inq_last_12m"], loans["inq_last_6mths"])
    loans["total_acc"] = np.maximum(loans["total_acc"], loans["open_acc"])
    loans["num_sats"] = loans["open_acc"]


def _add_balances(loans: Frame) -> None:
    """Add limits, balances and what is left of one another."""
    limit = loans["revolving.limit"]
    revolving = np.nan_to_num(np.rint(limit * loans["revol_util"] / 100))
    instalment_limit = np.maximum(loans["total_il_high_credit_limit"], loans["total_bal_il"])
    others = revolving + loans["total_bal_il"]
    loans["revol_bal"] = revolving
    loans["total_rev_hi_lim"] = limit
    loans["total_il_high_credit_limit"] = instalment_limit
    loans["total_bal_ex_mort"] = others
    loans["tot_cur_bal"] = others + loans["mortgage.balance"]
    loans["avg_cur_bal"] = np.rint(loans["tot_cur_bal"] / loans["open_acc"])
    loans["tot_hi_cred_lim"] = limit + instalment_limit + np.rint(1.08 * loans["mortgage.balance"])
    with np.errstate(divide="ignore", invalid="ignore"):
        loans["il_util"] = np.rint(100 * loans["total_bal_il"] / instalment_limit)
        loans["all_util"] = np.rint(100 * others / (limit + instalment_limit))
    loans["total_bc_limit"] = np.fmin(loans["total_bc_limit"], limit)
    loans["max_bal_bc"] = np.fmin(loans["max_bal_bc"], revolving)
    left = loans["total_bc_limit"] * (1 - loans["bc_util"] / 100)
    loans["bc_open_to_buy"] = np.maximum(np.rint(left), 0.0)


def _add_second_applicant(loans: Frame) -> None:
    loans["annual_inc_joint"] = np.rint(loans["annual_inc"] * loans["joint.income"])
    loans["revol_bal_joint"] = np.rint(loans["revol_bal"] * loans["joint.balance"])
    loans["sec_app_fico_range_high"] = loans["sec_app_fico_range_low"] + 4
    loans["sec_app_earliest_cr_line"] = loans["origin.month"] - loans["sec_app.credit.age"]
