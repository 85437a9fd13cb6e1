import doctest
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.optimize import brentq
from scipy.special import expit
from scipy.stats import ks_2samp
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import brier_score_loss, roc_auc_score

from risk.errors import ContractError
from risk.monitoring import performance
from risk.monitoring.performance import (
    auc,
    brier,
    calibration,
    gains,
    gini,
    ks_separation,
    lift,
)


def _loans(
    count: int = 400, *, seed: int = 0, decimals: int = 2
) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Return PDs, many of them equal, and outcomes that they are right about."""
    generator = np.random.default_rng(seed)
    pd = np.clip(generator.beta(2.0, 8.0, count), 0.01, 0.99)
    return np.round(pd, decimals), generator.random(count) < pd


_SAMPLES = [_loans(seed=seed) for seed in range(4)]
_each_sample = pytest.mark.parametrize(("pd", "defaulted"), _SAMPLES, ids=["a", "b", "c", "d"])


def test_the_examples_in_the_docstrings_hold() -> None:
    assert doctest.testmod(performance).failed == 0
    assert doctest.testmod(performance).attempted > 0


@_each_sample
def test_auc_is_that_of_an_independent_implementation(
    pd: NDArray[np.float64], defaulted: NDArray[np.bool_]
) -> None:
    assert auc(pd, defaulted).value == pytest.approx(roc_auc_score(defaulted, pd), abs=1e-12)
    assert gini(pd, defaulted).value == pytest.approx(2 * roc_auc_score(defaulted, pd) - 1)


@_each_sample
def test_the_auc_interval_is_delongs_written_out(
    pd: NDArray[np.float64], defaulted: NDArray[np.bool_]
) -> None:
    bads, goods = pd[defaulted], pd[~defaulted]
    wins = (bads[:, None] > goods) + 0.5 * (bads[:, None] == goods)
    of_bads, of_goods = wins.mean(axis=1), wins.mean(axis=0)
    variance = np.cov(of_bads) / len(bads) + np.cov(of_goods) / len(goods)
    estimate = auc(pd, defaulted, confidence=0.95)
    reach = 1.959963984540054 * np.sqrt(variance)
    assert estimate.low == pytest.approx(wins.mean() - reach)
    assert estimate.high == pytest.approx(wins.mean() + reach)


def test_an_interval_stays_within_what_a_figure_can_be() -> None:
    estimate = auc(np.array([0.1, 0.2, 0.8, 0.7, 0.3]), np.array([0, 1, 1, 1, 0], dtype=bool))
    assert 0.0 <= estimate.low <= estimate.value <= estimate.high <= 1.0


@_each_sample
def test_ks_separation_is_that_of_an_independent_implementation(
    pd: NDArray[np.float64], defaulted: NDArray[np.bool_]
) -> None:
    expected = ks_2samp(pd[defaulted], pd[~defaulted]).statistic
    assert ks_separation(pd, defaulted) == pytest.approx(expected, abs=1e-12)


@_each_sample
def test_brier_is_that_of_an_independent_implementation(
    pd: NDArray[np.float64], defaulted: NDArray[np.bool_]
) -> None:
    assert brier(pd, defaulted) == pytest.approx(brier_score_loss(defaulted, pd))


@_each_sample
def test_the_calibration_line_is_that_of_an_independent_implementation(
    pd: NDArray[np.float64], defaulted: NDArray[np.bool_]
) -> None:
    line = calibration(pd, defaulted)
    model = LogisticRegression(C=np.inf, tol=1e-10, max_iter=1000)
    model.fit(np.log(pd / (1 - pd))[:, None], defaulted)
    assert line.slope == pytest.approx(model.coef_[0, 0], abs=1e-4)
    assert line.intercept == pytest.approx(model.intercept_[0], abs=1e-4)
    assert (line.mean_pd, line.default_rate) == (pd.mean(), defaulted.mean())


def test_pds_that_are_right_lie_on_the_line_of_slope_one() -> None:
    line = calibration(*_loans(200_000, decimals=6))
    assert line.slope == pytest.approx(1.0, abs=0.02)
    assert line.intercept == pytest.approx(0.0, abs=0.03)


def test_pds_twice_as_extreme_have_half_the_slope() -> None:
    pd, defaulted = _loans(20_000, decimals=6)
    odds = pd / (1.0 - pd)
    extreme = odds**2 / (1.0 + odds**2)
    right, twice = calibration(pd, defaulted), calibration(extreme, defaulted)
    assert twice.slope == pytest.approx(right.slope / 2.0)
    assert twice.intercept == pytest.approx(right.intercept)


def test_a_pd_of_zero_or_one_is_taken_as_nearly_certain() -> None:
    pd, defaulted = _loans(1_000)
    pd[:2], defaulted[:2] = (0.0, 1.0), (False, True)
    assert 0.0 < calibration(pd, defaulted).slope < 1.0


def test_pds_that_are_all_equal_have_no_calibration_line() -> None:
    with pytest.raises(ContractError, match="no calibration line"):
        calibration(np.full(10, 0.2), np.arange(10) < 2)


def test_pds_that_split_the_outcomes_exactly_have_no_calibration_line() -> None:
    with pytest.raises(ContractError, match="no calibration line"):
        calibration(np.array([0.1, 0.2, 0.8, 0.9]), np.array([False, False, True, True]))


def test_lift_compares_the_worst_loans_with_all() -> None:
    pd = np.arange(10, 0, -1) / 20.0
    defaulted = np.array([1, 1, 0, 0, 0, 0, 0, 0, 0, 0], dtype=bool)
    assert lift(pd, defaulted, share=0.2) == pytest.approx(5.0)
    assert lift(pd, defaulted, share=0.4) == pytest.approx(2.5)
    assert lift(pd, defaulted, share=1.0) == pytest.approx(1.0)


def test_loans_of_equal_pd_at_the_cut_count_in_part() -> None:
    defaulted = np.array([1, 0, 0, 0], dtype=bool)
    assert lift(np.full(4, 0.3), defaulted, share=0.25) == pytest.approx(1.0)
    assert lift(np.array([0.4, 0.4, 0.1, 0.1]), defaulted, share=0.25) == pytest.approx(2.0)


@_each_sample
def test_the_gains_table_adds_up(pd: NDArray[np.float64], defaulted: NDArray[np.bool_]) -> None:
    table = gains(pd, defaulted)
    assert sum(band.loans for band in table) == pytest.approx(len(pd))
    assert sum(band.defaults for band in table) == pytest.approx(defaulted.sum())
    assert sum(band.loans * band.mean_pd for band in table) == pytest.approx(pd.sum())
    assert table[-1].captured == pytest.approx(1.0)
    assert table[-1].lift == pytest.approx(1.0)
    for place, band in enumerate(table, 1):
        assert band.default_rate == pytest.approx(band.defaults / band.loans)
        assert band.lift == pytest.approx(lift(pd, defaulted, share=place / 10))
    mean_pds = [band.mean_pd for band in table]
    assert mean_pds == sorted(mean_pds, reverse=True)


@given(st.integers(0, 2**32 - 1))
def test_no_figure_depends_on_the_order_of_the_loans(seed: int) -> None:
    pd, defaulted = _loans(60, seed=7)
    order = np.random.default_rng(seed).permutation(len(pd))
    assert auc(pd[order], defaulted[order]).value == pytest.approx(auc(pd, defaulted).value)
    assert ks_separation(pd[order], defaulted[order]) == ks_separation(pd, defaulted)
    assert lift(pd[order], defaulted[order], share=0.1) == lift(pd, defaulted, share=0.1)
    assert gains(pd[order], defaulted[order], bands=4) == gains(pd, defaulted, bands=4)


@pytest.mark.parametrize("outcome", [True, False])
@pytest.mark.parametrize(
    "figure",
    [auc, gini, ks_separation, calibration, gains, lambda p, d: lift(p, d, share=0.1)],
    ids=["auc", "gini", "ks_separation", "calibration", "gains", "lift"],
)
def test_loans_that_all_ended_alike_have_no_figure(figure: object, *, outcome: bool) -> None:
    assert callable(figure)
    with pytest.raises(ContractError, match="loans that defaulted and loans that did not"):
        figure(np.array([0.1, 0.2]), np.array([outcome, outcome]))


_FIGURES: dict[str, Callable[..., float]] = {
    "auc": lambda p, d, **w: auc(p, d, **w).value,
    "ks_separation": ks_separation,
    "brier": brier,
    "slope": lambda p, d, **w: calibration(p, d, **w).slope,
    "mean_pd": lambda p, d, **w: calibration(p, d, **w).mean_pd,
    "lift": lambda p, d, **w: lift(p, d, share=0.1, **w),
    "captured": lambda p, d, **w: gains(p, d, bands=5, **w)[1].captured,
    "band": lambda p, d, **w: gains(p, d, bands=5, **w)[1].default_rate,
}


@pytest.mark.parametrize("name", _FIGURES)
def test_a_loan_of_weight_three_counts_as_three_loans(name: str) -> None:
    pd, defaulted = _loans()
    copies = np.random.default_rng(1).integers(1, 4, len(pd))
    figure = _FIGURES[name]
    weighted = figure(pd, defaulted, weights=copies.astype(np.float64))
    repeated = figure(np.repeat(pd, copies), np.repeat(defaulted, copies))
    assert weighted == pytest.approx(repeated, abs=1e-9)


def test_weighted_auc_is_that_of_an_independent_implementation() -> None:
    pd, defaulted = _loans()
    weights = np.random.default_rng(1).uniform(0.5, 4.0, len(pd))
    expected = roc_auc_score(defaulted, pd, sample_weight=weights)
    assert auc(pd, defaulted, weights=weights).value == pytest.approx(expected, abs=1e-12)
    assert gini(pd, defaulted, weights=weights).value == pytest.approx(2 * expected - 1)


def test_loans_counted_by_pd_and_outcome_have_the_figures_of_the_loans_one_by_one() -> None:
    pd, defaulted = _loans(2_000)
    groups, counts = np.unique(np.stack([pd, defaulted]), axis=1, return_counts=True)
    counted = auc(groups[0], groups[1] == 1.0, counts=counts.astype(np.float64))
    one_by_one = auc(pd, defaulted)
    assert counted.value == pytest.approx(one_by_one.value, abs=1e-12)
    assert counted.low == pytest.approx(one_by_one.low, abs=1e-12)
    assert counted.high == pytest.approx(one_by_one.high, abs=1e-12)


@pytest.mark.parametrize("counts", [None, np.ones(4)])
def test_a_single_default_says_nothing_of_the_spread(counts: NDArray[np.float64] | None) -> None:
    pd, defaulted = np.array([0.1, 0.2, 0.3, 0.4]), np.array([False, False, True, False])
    found = auc(pd, defaulted, counts=counts)
    assert (found.low, found.high) == (0.0, 1.0)
    assert found.value == pytest.approx(2 / 3)


def test_calibration_in_the_large_is_an_independent_fit_with_the_slope_held_at_one() -> None:
    pd, defaulted = _loans(5_000, decimals=6)
    halved = pd / 2.0
    log_odds = np.log(halved / (1.0 - halved))
    root = brentq(lambda shift: (expit(log_odds + shift) - defaulted).sum(), -5.0, 5.0)
    found = calibration(halved, defaulted).in_the_large
    assert found.value == pytest.approx(root, abs=1e-9)
    assert found.low > 0.0
    assert calibration(np.minimum(pd * 2.0, 0.99), defaulted).in_the_large.high < 0.0


def test_the_intercept_beside_a_slope_does_not_say_that_pds_are_too_high() -> None:
    pd, defaulted = _loans(20_000, decimals=6)
    odds = (pd / (1.0 - pd)) ** 0.5 * 0.4
    line = calibration(odds / (1.0 + odds), defaulted)
    assert line.intercept > 0.0
    assert abs(line.mean_pd - line.default_rate) < 0.06
    assert line.slope == pytest.approx(2.0, abs=0.2)
