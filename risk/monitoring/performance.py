"""Measure how well a PD separates, ranks and fits the outcomes.

In all functions `pd` is the probability of default of each loan and `defaulted` whether it did
default. Loans with equal PDs form one group, so no figure depends on the order of rows. `weights`
say how many loans of the population each loan stands for; they correct a sample that holds too many
defaults. Without them each loan stands for one. `counts` say instead how many loans have this PD
and this outcome; figures and intervals then equal those of the single loans.

>>> import numpy as np
>>> pd = np.array([0.1, 0.2, 0.3, 0.4])
>>> defaulted = np.array([False, True, False, True])
>>> round(auc(pd, defaulted).value, 2), round(gini(pd, defaulted).value, 2)
(0.75, 0.5)
>>> round(ks_separation(pd, defaulted), 2), round(lift(pd, defaulted, share=0.25), 2)
(0.5, 2.0)
"""

import math
from dataclasses import dataclass
from statistics import NormalDist
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from risk.errors import ContractError

Floats: TypeAlias = NDArray[np.float64]
Flags: TypeAlias = NDArray[np.bool_]
_NEWTON_STEPS = 50
_CONVERGED = 1e-12
_NEAREST_TO_CERTAIN = 1e-12


@dataclass(frozen=True, slots=True)
class Estimate:
    """A figure and the interval that holds it with the confidence asked for."""

    value: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Calibration:
    """The line of the outcomes' log-odds on the PD's log-odds: 0 and 1 when the PD is right.

    Cox, "Two further applications of a model for binary regression", *Biometrika* 45 (1958).

    Attributes
    ----------
    intercept, slope
        Of the line. A slope below 1 says that the PDs are too extreme. The intercept alone does not
        say whether they are too high: that depends on the slope beside it.
    mean_pd, default_rate
        Of all loans.
    in_the_large
        How far the log-odds of all PDs have to be moved, the slope held at 1, for the mean PD to be
        the default rate, with its interval: below 0 the PDs are too high.
    """

    in_the_large: Estimate
    intercept: float
    slope: float
    mean_pd: float
    default_rate: float


@dataclass(frozen=True, slots=True)
class LiftBand:
    """A share of the loans, by PD, worst first.

    Attributes
    ----------
    loans, defaults
        How many; fractions where loans of equal PD lie on both sides of the cut.
    mean_pd, default_rate
        Of this band.
    captured
        Share of all defaults in this band and the worse ones.
    lift
        Default rate of this band and the worse ones over that of all loans.
    """

    loans: float
    defaults: float
    mean_pd: float
    default_rate: float
    captured: float
    lift: float


def auc(
    pd: Floats,
    defaulted: Flags,
    *,
    weights: Floats | None = None,
    counts: Floats | None = None,
    confidence: float = 0.95,
) -> Estimate:
    """Return the area under the ROC curve with DeLong's interval.

    DeLong, DeLong and Clarke-Pearson, *Biometrics* 44 (1988), computed from midranks as in Sun and
    Xu, "Fast implementation of DeLong's algorithm", *IEEE Signal Processing Letters* 21 (2014);
    with weights, ranks and means are weighted ones. A single default, or a single other loan, says
    nothing of the spread: the interval is then all that an area can be.

    Raises
    ------
    ContractError
        All loans have the same outcome.
    """
    _expect_both_outcomes(defaulted)
    each = _each(pd, weights if counts is None else counts)
    ranks = _midranks(pd, each)
    bads, goods = each[defaulted], each[~defaulted]
    # For each default the share of goods that it beats, for each good that of defaults it loses to.
    bad_share = (ranks[defaulted] - _midranks(pd[defaulted], bads)) / goods.sum()
    good_share = 1.0 - (ranks[~defaulted] - _midranks(pd[~defaulted], goods)) / bads.sum()
    value = float(bads @ bad_share / bads.sum())
    variance_of_mean = _variance_of_mean if counts is None else _variance_of_counted
    variance = variance_of_mean(bad_share, bads) + variance_of_mean(good_share, goods)
    reach = NormalDist().inv_cdf(0.5 + confidence / 2.0) * math.sqrt(variance)
    return Estimate(value, max(value - reach, 0.0), min(value + reach, 1.0))


def gini(
    pd: Floats,
    defaulted: Flags,
    *,
    weights: Floats | None = None,
    counts: Floats | None = None,
    confidence: float = 0.95,
) -> Estimate:
    """Return the Gini coefficient, ``2 * AUC - 1``, with its interval."""
    area = auc(pd, defaulted, weights=weights, counts=counts, confidence=confidence)
    return Estimate(*(2.0 * bound - 1.0 for bound in (area.value, area.low, area.high)))


def ks_separation(pd: Floats, defaulted: Flags, *, weights: Floats | None = None) -> float:
    """Return the largest gap between the PD distributions of defaults and of the others."""
    _expect_both_outcomes(defaulted)
    groups = _groups(pd, defaulted, weights)
    bads = np.cumsum(groups.defaults)
    goods = np.cumsum(groups.loans) - bads
    return float(np.abs(bads / bads[-1] - goods / goods[-1]).max())


def brier(pd: Floats, defaulted: Flags, *, weights: Floats | None = None) -> float:
    """Return the mean squared distance of PD and outcome (Brier, *Mon. Weather Rev.* 78, 1950)."""
    return float(np.average(np.square(pd - defaulted), weights=weights))


def calibration(pd: Floats, defaulted: Flags, *, weights: Floats | None = None) -> Calibration:
    """Return the calibration line by maximum likelihood (Newton's method on two parameters).

    Raises
    ------
    ContractError
        All loans have the same outcome, or one PD splits the outcomes exactly: no line fits best.
    """
    _expect_both_outcomes(defaulted)
    each = _each(pd, weights)
    inside = np.clip(pd, _NEAREST_TO_CERTAIN, 1.0 - _NEAREST_TO_CERTAIN)
    design = np.stack([np.ones_like(inside), np.log(inside / (1.0 - inside))])
    line = np.array([0.0, 1.0])
    for _ in range(_NEWTON_STEPS):
        fitted = 1.0 / (1.0 + np.exp(-np.clip(line @ design, -40.0, 40.0)))
        information = (design * (each * fitted * (1.0 - fitted))) @ design.T
        if np.linalg.cond(information) > 1.0 / np.finfo(np.float64).eps:
            break
        step = np.linalg.solve(information, design @ (each * (defaulted - fitted)))
        line = line + step
        if np.abs(step).max() < _CONVERGED:
            means = (np.average(column, weights=weights) for column in (pd, defaulted))
            figures = map(float, (*line, *means))
            return Calibration(_in_the_large(design[1], defaulted, each), *figures)
    raise ContractError(
        "no calibration line fits best: expected PDs that differ and overlap between outcomes; "
        "hand over more loans"
    )


def lift(pd: Floats, defaulted: Flags, *, share: float, weights: Floats | None = None) -> float:
    """Return the default rate of the worst `share` of loans over that of all loans.

    Where the cut falls within loans of equal PD, they count as a fraction each.
    """
    _expect_both_outcomes(defaulted)
    groups = _groups(pd, defaulted, weights)
    cut = np.array([share * groups.loans.sum()])
    captured = _among_worst(groups.loans, groups.defaults, cut)[0]
    return float(captured / (share * groups.defaults.sum()))


def gains(
    pd: Floats, defaulted: Flags, *, bands: int = 10, weights: Floats | None = None
) -> list[LiftBand]:
    """Return the gains table: equal shares of the loans by PD, the worst first."""
    _expect_both_outcomes(defaulted)
    groups = _groups(pd, defaulted, weights)
    cuts = np.linspace(0.0, groups.loans.sum(), bands + 1)
    loans = np.diff(cuts)
    defaults = _among_worst(groups.loans, groups.defaults, cuts)
    expected = _among_worst(groups.loans, groups.loans * groups.pd, cuts)
    captured = defaults[1:] / defaults[-1]
    columns = (
        loans,
        np.diff(defaults),
        np.diff(expected) / loans,
        np.diff(defaults) / loans,
        captured,
        captured * cuts[-1] / cuts[1:],
    )
    return [LiftBand(*row) for row in zip(*(column.tolist() for column in columns), strict=True)]


@dataclass(frozen=True, slots=True)
class _Groups:
    """Loans by distinct PD, worst first."""

    pd: Floats
    loans: Floats
    defaults: Floats


def _groups(pd: Floats, defaulted: Flags, weights: Floats | None) -> _Groups:
    distinct, group = np.unique(-pd, return_inverse=True)
    each = _each(pd, weights)
    loans, defaults = (
        np.bincount(group, weights=amounts, minlength=len(distinct)).astype(np.float64)
        for amounts in (each, each * defaulted)
    )
    return _Groups(-distinct, loans, defaults)


def _each(pd: Floats, weights: Floats | None) -> Floats:
    return np.ones(len(pd)) if weights is None else weights


def _among_worst(loans: Floats, amounts: Floats, cuts: Floats) -> Floats:
    """Return how much of the amounts the worst so many loans have; a group at a cut in part."""
    return np.interp(cuts, _from_zero(loans), _from_zero(amounts))


def _from_zero(counts: Floats) -> Floats:
    return np.concatenate([[0.0], np.cumsum(counts)])


def _midranks(values: Floats, weights: Floats) -> Floats:
    """Return the weight below each value, equal values sharing the middle of theirs."""
    _, group = np.unique(values, return_inverse=True)
    each = np.bincount(group, weights=weights)
    midranks: Floats = np.cumsum(each) - each / 2.0
    return midranks[group]


def _in_the_large(log_odds: Floats, defaulted: Flags, each: Floats) -> Estimate:
    """Return the shift of log-odds that makes the mean PD the default rate, by Newton's method.

    Both outcomes are there, so the shift exists; the mean PD is strictly between 0 and 1 and rises
    with it, and the steps are kept short where it is flat.
    """
    shift, rate = 0.0, float(each @ defaulted)
    information = 0.0
    for _ in range(_NEWTON_STEPS):
        fitted = 1.0 / (1.0 + np.exp(-np.clip(log_odds + shift, -40.0, 40.0)))
        information = float(each @ (fitted * (1.0 - fitted)))
        shift += min(max((rate - float(each @ fitted)) / information, -2.0), 2.0)
    reach = NormalDist().inv_cdf(0.975) / math.sqrt(information)
    return Estimate(shift, shift - reach, shift + reach)


def _variance_of_mean(values: Floats, weights: Floats) -> float:
    if len(values) == 1:
        return math.inf
    shares = weights / weights.sum()
    spread = float(np.square(shares * (values - shares @ values)).sum())
    return spread * len(values) / (len(values) - 1)


def _variance_of_counted(values: Floats, counts: Floats) -> float:
    loans = float(counts.sum())
    if loans <= 1.0:
        return math.inf
    spread = float(counts @ np.square(values - counts @ values / loans))
    return spread / (loans * (loans - 1.0))


def _expect_both_outcomes(defaulted: Flags) -> None:
    defaults = int(defaulted.sum())
    if defaults in (0, len(defaulted)):
        raise ContractError(
            f"expected loans that defaulted and loans that did not, found {defaults} defaults "
            f"among {len(defaulted)}; hand over a longer period"
        )
