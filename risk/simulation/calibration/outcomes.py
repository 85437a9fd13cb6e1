"""Fit the simulator's outcomes: who is charged off, when loans end, how much is recovered.

Samples of resolved loans were drawn in different ways, so each has an intercept of its own and only
the slopes are shared. The level is then set on samples of all statuses, by year of origination,
with the share of charge-offs that were known in the month of observation.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from risk.frame.frame import Frame, take
from risk.simulation.calibration.latents import is_given
from risk.simulation.draw import Floats
from risk.simulation.outcomes import RISK_TERMS, risk_matrix
from risk.simulation.parameters import TERMS, OutcomeParameters, Timeline

_RIDGE = 5.0
_PRIOR_LOANS = 300
_BUCKET = 3
_PAID = "Fully Paid"
_MONTHS_TO_NOTICE = 2
_LATER_LOST = 0.7
"""Of loans 31 to 120 days late, about this share is charged off in the end."""


def fit_logistic(design: Floats, is_lost: Floats, *, ridge: float = _RIDGE) -> Floats:
    """Return the ridge logistic regression's weights, by iteratively reweighted least squares."""
    weights = np.zeros(design.shape[1])
    penalty = ridge * np.eye(design.shape[1])
    for _ in range(25):
        share = 1 / (1 + np.exp(-design @ weights))
        spread = np.maximum(share * (1 - share), 1e-9)
        gradient = design.T @ (is_lost - share) - penalty @ weights
        weights = weights + np.linalg.solve(
            design.T @ (design * spread[:, None]) + penalty, gradient
        )
    return weights


def fit_timeline(
    payments: Floats, is_lost: NDArray[np.bool_], is_paid: NDArray[np.bool_], term: int
) -> Timeline:
    """Return when loans of one term end, from loans seen for different spans of time.

    The cumulative incidence of two competing ends (Aalen and Johansen, 1978), each scaled to one;
    within a quarter months weigh the same, so that no figure rests on a few loans. What is still
    open after the last month looked at ends with the term, paid.

    Parameters
    ----------
    payments
        Months from origination to the last payment; for open loans, months they were watched.
    """
    months = term + 1
    ended = np.clip(np.nan_to_num(payments), 0, term).astype(np.int64)
    at_risk = np.bincount(ended, minlength=months)[::-1].cumsum()[::-1].astype(np.float64)
    lost, paid = np.zeros(months), np.zeros(months)
    alive = 1.0
    for first in range(0, months, _BUCKET):
        bucket = slice(first, min(first + _BUCKET, months))
        inside = (ended >= first) & (ended < first + _BUCKET)
        exposed = max(at_risk[bucket].sum(), 1.0)
        width = bucket.stop - first
        lost_rate = (inside & is_lost).sum() / exposed
        paid_rate = (inside & is_paid).sum() / exposed
        for month in range(first, first + width):
            lost[month], paid[month] = alive * lost_rate, alive * paid_rate
            alive -= lost[month] + paid[month]
    paid[term] += alive
    return Timeline(charged_off=_shares(lost), paid_off=_shares(paid))


def _shares(weights: Floats) -> list[float]:
    return [round(float(share), 5) for share in weights / weights.sum()]


def fit_outcomes(loans: Frame, years: Sequence[int]) -> OutcomeParameters:
    """Fit all outcomes.

    Parameters
    ----------
    loans
        Columns of `risk_matrix`, `loan_status`, `last_pymnt_d` (months since January 1970), the
        figures of payment and recovery, ``use.risk`` (which sample of resolved loans, -1 for
        none) and ``use.level`` (month in which a sample of all statuses was looked at, NaN for
        none).
    """
    slopes = _fit_slopes(loans)
    level = take(loans, is_given(loans["use.level"]))
    timelines = {str(term): _fit_timeline_of(level, term) for term in TERMS}
    intercept, by_year = _fit_levels(level, slopes, timelines, years)
    lost, kept = take(loans, _is_lost(loans)), take(loans, _is_any(loans, _PAID, "Current"))
    told = take(lost, is_given(lost["recoveries"]))
    outstanding = np.maximum(told["loan_amnt"] - told["total_rec_prncp"], 1.0)
    return OutcomeParameters(
        intercept=round(intercept, 4),
        coefficients={
            name: round(float(slope), 4) for name, slope in zip(RISK_TERMS, slopes, strict=True)
        },
        years={year: round(offset, 4) for year, offset in by_year.items()},
        timelines=timelines,
        recovered=_quantiles(np.clip(told["recoveries"] / outstanding, 0, 1)),
        fico_after=(_quantiles(_fico_change(kept)), _quantiles(_fico_change(lost))),
        settled=round(float((told["debt_settlement_flag"] == "Y").mean()), 3),
    )


def _is_any(loans: Frame, *statuses: str) -> NDArray[np.bool_]:
    return np.asarray(np.isin(loans["loan_status"], statuses))


def _is_lost(loans: Frame) -> NDArray[np.bool_]:
    return _is_any(loans, "Charged Off", "Default")


def _fico_change(loans: Frame) -> Floats:
    last = loans["last_fico_range_low"]
    return np.where(last > 0, last - loans["fico_range_low"], np.nan)


def _fit_timeline_of(level: Frame, term: int) -> Timeline:
    loans = take(level, np.asarray(level["term"] == term))
    loans = take(loans, is_given(loans["last_pymnt_d"]))
    is_lost, is_paid = _is_lost(loans), _is_any(loans, _PAID)
    payments = np.where(
        is_lost | is_paid,
        loans["last_pymnt_d"] - loans["origin.month"],
        np.minimum(loans["use.level"] - loans["origin.month"], term - 1),
    )
    return fit_timeline(payments, is_lost, is_paid, term)


def _fit_slopes(loans: Frame) -> Floats:
    """Fit the slopes on resolved loans, with FICO estimated from the rest where it is missing.

    A regression on the other terms stands in for a missing FICO, so that samples without it
    still say what the other figures are worth once FICO is known.
    """
    rows = take(
        loans, np.asarray(loans["use.risk"] >= 0) & (_is_lost(loans) | _is_any(loans, _PAID))
    )
    design = risk_matrix(rows)
    fico = RISK_TERMS.index("fico")
    others = np.delete(design, fico, axis=1)
    complete = np.asarray(~np.isnan(others).any(axis=1))
    design, others, rows = design[complete], others[complete], take(rows, complete)
    others = np.column_stack([np.ones(len(others)), others])
    seen = ~np.isnan(design[:, fico])
    fitted = np.linalg.lstsq(others[seen], design[seen, fico], rcond=None)[0]
    design[~seen, fico] = others[~seen] @ fitted
    samples = np.unique(rows["use.risk"])
    intercepts = (rows["use.risk"][:, None] == samples).astype(np.float64)
    is_lost = _is_lost(rows).astype(np.float64)
    return fit_logistic(np.column_stack([design, intercepts]), is_lost)[: len(RISK_TERMS)]


def _fit_levels(
    level: Frame, slopes: Floats, timelines: Mapping[str, Timeline], years: Sequence[int]
) -> tuple[float, dict[str, float]]:
    """Return the intercept, and what each year adds, shrunk as if by loans of no year."""
    design = risk_matrix(level)
    complete = np.asarray(~np.isnan(design).any(axis=1))
    score, rows = design[complete] @ slopes, take(level, complete)
    known = _known_share(rows, timelines)
    found = _is_lost(rows) + _LATER_LOST * _is_any(rows, "Late (31-120 days)")
    intercept = _solve(score, known, float(found.sum()))
    score = score + intercept
    prior = known * _PRIOR_LOANS / len(known)
    expected = float((prior / (1 + np.exp(-score))).sum())
    year = rows["origin.month"] // 12 + 1970
    by_year = {}
    for wanted in years:
        mine = year == wanted
        by_year[str(wanted)] = _solve(
            np.concatenate([score[mine], score]),
            np.concatenate([known[mine], prior]),
            float(found[mine].sum()) + expected,
        )
    return intercept, by_year


def _known_share(rows: Frame, timelines: Mapping[str, Timeline]) -> Floats:
    """Return the share of each loan's possible charge-offs that show by now, at least as late."""
    age = (rows["use.level"] - rows["origin.month"]).astype(np.int64)
    share = np.zeros(len(age))
    for term in TERMS:
        cumulative = np.cumsum(timelines[str(term)].charged_off)
        seen = np.clip(age - _MONTHS_TO_NOTICE, 0, len(cumulative) - 1)
        share = np.where(rows["term"] == term, cumulative[seen], share)
    return share


def _solve(score: Floats, weight: Floats, wanted: float) -> float:
    """Return what to add to the scores so that the expected charge-offs are those wanted."""
    low, high = -6.0, 6.0
    for _ in range(60):
        middle = (low + high) / 2
        expected = float((weight / (1 + np.exp(-(score + middle)))).sum())
        low, high = (middle, high) if expected < wanted else (low, middle)
    return (low + high) / 2


def _quantiles(values: NDArray[Any]) -> list[float]:
    """Return the means of eleven equal parts of the values, in order: no single loan's value."""
    parts = np.array_split(np.sort(values[~np.isnan(values)]), 11)
    return [round(float(part.mean()), 3) for part in parts]
