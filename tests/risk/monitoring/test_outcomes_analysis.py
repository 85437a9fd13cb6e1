import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.stats import ks_2samp, poisson
from sklearn.metrics import brier_score_loss, roc_auc_score

from risk.errors import ContractError
from risk.monitoring.expected_defaults import actual_over_expected
from risk.monitoring.outcomes_analysis import analyse
from risk.monitoring.outcomes_known import ScoredCounts, Standing, maturity
from risk.monitoring.performance import auc, calibration, gains


def some_loans(count: int = 3_000, seed: int = 0) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    generator = np.random.default_rng(seed)
    pd = np.round(np.clip(generator.beta(2.0, 8.0, count), 0.01, 0.99), 2).astype(np.float64)
    return pd, generator.random(count) < pd


def counted(pd: NDArray[np.float64], defaulted: NDArray[np.bool_]) -> ScoredCounts:
    each = np.ones(len(pd), dtype=np.int64)
    return ScoredCounts.of(pd, each, each, defaulted)


def test_figures_from_counts_are_those_of_independent_implementations() -> None:
    pd, defaulted = some_loans()
    found = analyse(counted(pd, defaulted))
    assert found.auc is not None
    assert found.gini is not None
    assert found.auc.value == pytest.approx(roc_auc_score(defaulted, pd), abs=1e-12)
    assert found.gini.value == pytest.approx(2 * found.auc.value - 1)
    assert found.brier == pytest.approx(brier_score_loss(defaulted, pd), abs=1e-12)
    separation = ks_2samp(pd[defaulted], pd[~defaulted]).statistic
    assert found.ks_separation == pytest.approx(separation, abs=1e-12)
    assert found.auc.low == pytest.approx(auc(pd, defaulted).low, abs=1e-12)


def test_calibration_and_gains_are_those_of_the_loans_one_by_one() -> None:
    pd, defaulted = some_loans()
    found, line = analyse(counted(pd, defaulted), bands=5), calibration(pd, defaulted)
    assert found.calibration is not None
    assert found.calibration.slope == pytest.approx(line.slope, abs=1e-9)
    assert found.calibration.in_the_large.low == pytest.approx(line.in_the_large.low, abs=1e-9)
    assert [band.captured for band in found.gains] == pytest.approx(
        [band.captured for band in gains(pd, defaulted, bands=5)]
    )
    assert (found.loans, found.defaults, found.too_few) == (3_000, int(defaulted.sum()), "")


@pytest.mark.parametrize("defaults", [0, 29, 271, 300])
def test_few_of_either_outcome_give_no_figure_but_say_how_many(defaults: int) -> None:
    pd = np.linspace(0.1, 0.4, 300)
    found = analyse(counted(pd, np.arange(300) < defaults))
    assert found.auc is None
    assert found.gains == ()
    assert f"not enough data (n = 300, {defaults} defaults" in found.too_few


def test_no_loan_at_all_gives_no_figure() -> None:
    found = analyse(ScoredCounts.of([], [], [], []))
    assert "n = 0" in found.too_few


def test_pds_that_are_all_alike_have_figures_but_no_line() -> None:
    found = analyse(counted(np.full(100, 0.4), np.arange(100) < 40))
    assert found.auc is not None
    assert found.auc.value == 0.5
    assert found.calibration is None


def test_loans_of_unknown_outcome_take_no_part() -> None:
    pd, defaulted = some_loans()
    known = ScoredCounts.of(pd, np.ones(3_000), np.ones(3_000), defaulted)
    more = ScoredCounts.of(
        np.r_[pd, 0.9], np.ones(3_001), np.r_[np.ones(3_000), 0], np.r_[defaulted, False]
    )
    assert analyse(more) == analyse(known)


@pytest.mark.parametrize(("known", "defaults"), [(1, 2), (3, 1)])
def test_counts_that_contradict_each_other_are_refused(known: int, defaults: int) -> None:
    with pytest.raises(ContractError, match="count each loan once"):
        ScoredCounts.of([0.1], [2], [known], [defaults])


@pytest.mark.parametrize(
    ("loans", "known", "has_run_out", "standing"),
    [
        (100, 100, False, Standing.TERM_RUNNING),
        (100, 84, True, Standing.TOO_FEW_KNOWN),
        (100, 85, True, Standing.MATURE),
        (0, 0, True, Standing.TOO_FEW_KNOWN),
    ],
)
def test_a_vintage_is_judged_when_its_term_is_over_and_enough_is_known(
    loans: int, known: int, standing: Standing, *, has_run_out: bool
) -> None:
    found = maturity(loans=loans, known=known, has_run_out=has_run_out)
    assert found.standing is standing
    assert found.known_share == (known / loans if loans else 0.0)


@pytest.mark.parametrize("defaults", [0, 1, 12, 400])
def test_actual_over_expected_has_nearly_the_exact_poisson_interval(defaults: int) -> None:
    found = actual_over_expected([0.1, 0.3], [100, 50], defaults)
    assert found is not None
    assert found.value == pytest.approx(defaults / 25.0)
    low = 0.0 if not defaults else poisson_limit(defaults, 0.025, below=True)
    assert found.low * 25.0 == pytest.approx(low, rel=0.02, abs=0.02)
    assert found.high * 25.0 == pytest.approx(poisson_limit(defaults, 0.025), rel=0.02, abs=0.05)


def poisson_limit(count: int, tail: float, *, below: bool = False) -> float:
    """Garwood's exact limit, by bisection on the distribution function."""
    low, high = 1e-9, 10.0 + 3.0 * count
    for _ in range(200):
        mean = (low + high) / 2.0
        beyond = poisson.sf(count - 1, mean) if below else poisson.cdf(count, mean)
        low, high = (mean, high) if (beyond < tail) == below else (low, mean)
    return low


def test_nothing_expected_gives_no_ratio() -> None:
    assert actual_over_expected([0.0], [10], 0) is None
