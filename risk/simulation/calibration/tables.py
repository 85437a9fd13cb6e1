"""Fit the simulator's tables of shares: months, terms, purposes, rates, places, step changes.

A share that rests on fewer than `SMALLEST_CELL` loans is left out, or drawn towards that of all
loans.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from risk.frame.frame import Frame, take
from risk.simulation.calibration.latents import carries, is_given
from risk.simulation.parameters import GRADES, TERMS, Availability, Cells

SMALLEST_CELL = 10
_SMALLEST_ZIP = 25
_PRIOR_LOANS = 100
_BEGUN = 0.1

_BUREAU = """
    tot_coll_amt tot_cur_bal total_rev_hi_lim avg_cur_bal mo_sin_old_il_acct mo_sin_old_rev_tl_op
    mo_sin_rcnt_rev_tl_op mo_sin_rcnt_tl mths_since_recent_bc_dlq num_accts_ever_120_pd
    num_actv_bc_tl num_actv_rev_tl num_bc_tl num_il_tl num_op_rev_tl num_rev_accts
    num_rev_tl_bal_gt_0 num_tl_120dpd_2m num_tl_30dpd num_tl_90g_dpd_24m num_tl_op_past_12m
    pct_tl_nvr_dlq tot_hi_cred_lim total_il_high_credit_limit mths_since_last_major_derog
""".split()  # noqa: SIM905  (a table reads best as words)
_BANKCARDS = """
    acc_open_past_24mths bc_open_to_buy bc_util mort_acc mths_since_recent_bc
    mths_since_recent_inq mths_since_recent_revol_delinq percent_bc_gt_75 total_bal_ex_mort
    total_bc_limit
""".split()  # noqa: SIM905  (a table reads best as words)
_RECENT = """
    open_acc_6m open_act_il open_il_12m open_il_24m mths_since_rcnt_il total_bal_il il_util
    open_rv_12m open_rv_24m max_bal_bc all_util inq_fi total_cu_tl inq_last_12m
""".split()  # noqa: SIM905  (a table reads best as words)
_SECOND_APPLICANT = """
    revol_bal_joint sec_app_fico_range_low sec_app_fico_range_high sec_app_earliest_cr_line
    sec_app_inq_last_6mths sec_app_mort_acc sec_app_open_acc sec_app_revol_util
    sec_app_open_act_il sec_app_num_rev_accts sec_app_chargeoff_within_12_mths
    sec_app_collections_12_mths_ex_med sec_app_mths_since_last_major_derog
""".split()  # noqa: SIM905  (a table reads best as words)
# Which field tells when each group began to be sent.
_STEPS = {
    "tot_cur_bal": _BUREAU,
    "acc_open_past_24mths": _BANKCARDS,
    "num_bc_sats": ["num_bc_sats", "num_sats"],
    "open_acc_6m": _RECENT,
    "sec_app_open_acc": _SECOND_APPLICANT,
}


def year_of(loans: Frame) -> NDArray[np.int64]:
    """Return the year of origination."""
    return np.asarray(loans["origin.month"] // 12 + 1970, dtype=np.int64)


def common(values: Iterable[Any], fewest: int = SMALLEST_CELL) -> dict[str, float]:
    """Return the shares of the values that at least so many loans have."""
    names, counts = np.unique([v for v in values if v is not None], return_counts=True)
    return _normalised({str(n): int(c) for n, c in zip(names, counts, strict=True) if c >= fewest})


def _normalised(weights: Mapping[str, float]) -> dict[str, float]:
    total = sum(weights.values())
    return {name: round(weight / total, 5) for name, weight in weights.items()}


def vintage_weights(volume: Frame, years: Sequence[int]) -> dict[str, float]:
    """Return the weight of each month of origination.

    Years weigh as in the samples that cover them all, quarters within a year as in every sample,
    months within a quarter the same: months of a sample are ragged.
    """
    year, quarter = year_of(volume), volume["origin.month"] // 3
    covering = volume["use.all_years"]
    weights = {}
    for number in range((years[0] - 1970) * 12, (years[-1] + 1 - 1970) * 12):
        mine = year == number // 12 + 1970
        share = (quarter[mine] == number // 3).mean()
        weights[str(np.datetime64(number, "M"))] = float((mine & covering).sum() * share)
    return _normalised(weights)


def long_term_shares(volume: Frame, years: Sequence[int]) -> list[float]:
    """Return per year the share of loans over 60 months."""
    return yearly_shares(volume, volume["term"] == TERMS[1], years)


def yearly_shares(loans: Frame, flag: NDArray[np.bool_], years: Sequence[int]) -> list[float]:
    """Return per year the share of loans with the flag."""
    year = year_of(loans)
    return [round(float(flag[year == wanted].mean()), 4) for wanted in years]


def purpose_shares(
    cell: NDArray[np.int64], purpose: NDArray[np.int64], cells: Cells, purposes: int
) -> list[list[float]]:
    """Return the shares of the purposes in each cell."""
    overall = np.bincount(purpose, minlength=purposes) / len(purpose)
    shares = []
    for code in range(len(cells)):
        counts = np.bincount(purpose[cell == code], minlength=purposes)
        smooth = (counts + _PRIOR_LOANS * overall) / (counts.sum() + _PRIOR_LOANS)
        shares.append([round(float(share), 5) for share in smooth])
    return shares


def joint_shares(rows: Frame) -> dict[str, float]:
    """Return the share of joint applications from the first one on, by half-year."""
    loans = take(rows, ~np.isnan(rows["is.joint"]))
    month = loans["origin.month"]
    first = int(month[loans["is.joint"] == 1].min())
    shares = {}
    for half in range(first // 6, int(month.max()) // 6 + 1):
        begin = max(half * 6, first)
        mine = loans["is.joint"][(month >= begin) & (month // 6 == half)]
        shares[str(np.datetime64(begin, "M"))] = round(float(mine.mean()), 4)
    return shares


def prices(loans: Frame, years: Sequence[int]) -> dict[str, list[list[tuple[float, float]]]]:
    """Return the lender's price list: per half-year and sub-grade, rates with their weights."""
    always = _price_list(loans)
    half = loans["origin.month"] // 6
    listed = {}
    for number in range((years[0] - 1970) * 2, (years[-1] + 1 - 1970) * 2):
        priced = _price_list(take(loans, half == number))
        listed[f"{number // 2 + 1970}-{number % 2 + 1}"] = _filled(
            priced if any(priced) else always
        )
    return listed


def _price_list(loans: Frame) -> list[list[tuple[float, float]]]:
    return [_common_numbers(loans["int_rate"][loans["sub_grade"] == grade]) for grade in GRADES]


def _filled(priced: list[list[tuple[float, float]]]) -> list[list[tuple[float, float]]]:
    """Give a sub-grade too rare for a price of its own one between its neighbours'."""
    known = [code for code, rates in enumerate(priced) if rates]
    usual = [max(priced[code], key=lambda rate: rate[1])[0] for code in known]
    between = np.interp(np.arange(len(GRADES)), known, usual)
    return [
        rates or [(round(float(guess), 2), 1.0)]
        for rates, guess in zip(priced, between, strict=True)
    ]


def _common_numbers(values: NDArray[np.float64]) -> list[tuple[float, float]]:
    """Return the numbers that enough loans share, with how many do."""
    numbers, counts = np.unique(values, return_counts=True)
    return [
        (float(number), float(count))
        for number, count in zip(numbers, counts, strict=True)
        if count >= SMALLEST_CELL
    ]


def states_by_home(loans: Frame, homes: Iterable[str]) -> dict[str, dict[str, float]]:
    """Return the shares of states by home ownership; a rare ownership has those of all."""
    everywhere = common(loans["addr_state"].tolist())
    by_home = {}
    for home in homes:
        mine = loans["addr_state"][loans["home_ownership"] == home]
        enough = len(mine) >= _PRIOR_LOANS
        by_home[home] = common(mine.tolist()) if enough else everywhere
    return by_home


def zips_by_state(loans: Frame, states: Iterable[str]) -> dict[str, dict[str, float]]:
    """Return the shares of three-digit postal codes by state, the rare ones as one unknown code."""
    by_state = {}
    for state in sorted(states):
        mine = loans["zip_code"][loans["addr_state"] == state]
        by_state[state] = common(mine.tolist(), _SMALLEST_ZIP) or {"000xx": 1.0}
    return by_state


def availability(loans: Frame) -> list[Availability]:
    """Return from which month on each group of fields is sent, and to which share in that month."""
    steps = []
    for lead, fields in _STEPS.items():
        # Only loans that could have the field: of samples that carry it, joint if it is theirs.
        able = carries(loans, lead)
        if lead.startswith("sec_app"):
            able &= loans["is.joint"] == 1
        is_sent, month = is_given(loans[lead][able]), loans["origin.month"][able]
        for first in np.unique(month):
            share = float(is_sent[month == first].mean())
            if share >= _BEGUN:
                steps.append(
                    Availability(
                        first_month=str(np.datetime64(int(first), "M")),
                        share=round(share, 2),
                        fields=fields,
                    )
                )
                break
    return steps
