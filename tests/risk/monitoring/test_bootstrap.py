import numpy as np
import pytest

from risk.monitoring.bootstrap import bootstrap
from risk.monitoring.performance import brier, lift
from tests.risk.monitoring.test_performance import _loans


def test_the_same_seed_draws_the_same_intervals() -> None:
    pd, defaulted = _loans()
    statistics = {"Brier": brier, "lift": lambda p, d: lift(p, d, share=0.1)}
    one = bootstrap(statistics, pd, defaulted, draws=50, seed=3)
    assert bootstrap(statistics, pd, defaulted, draws=50, seed=3) == one
    assert bootstrap(statistics, pd, defaulted, draws=50, seed=4) != one
    assert one["Brier"].low < one["Brier"].value == brier(pd, defaulted) < one["Brier"].high


def test_the_bootstrap_interval_of_a_mean_is_that_of_the_normal_distribution() -> None:
    pd, defaulted = _loans(2_000)
    rate = defaulted.mean()
    drawn = bootstrap({"rate": lambda _, d: float(d.mean())}, pd, defaulted, draws=2_000)["rate"]
    reach = 1.96 * np.sqrt(rate * (1.0 - rate) / len(pd))
    assert drawn.low == pytest.approx(rate - reach, abs=reach / 5)
    assert drawn.high == pytest.approx(rate + reach, abs=reach / 5)


def test_a_bootstrap_of_weighted_loans_weighs_each_sample() -> None:
    pd, defaulted = _loans()
    weights = np.where(defaulted, 0.5, 1.0)
    drawn = bootstrap({"Brier": brier}, pd, defaulted, weights=weights, draws=50)["Brier"]
    assert drawn.value == brier(pd, defaulted, weights=weights)
    assert drawn.low < drawn.value < drawn.high


def test_few_defaults_are_drawn_until_there_are_both_outcomes() -> None:
    pd = np.linspace(0.05, 0.5, 40)
    defaulted = np.arange(40) == 39
    drawn = bootstrap({"lift": lambda p, d: lift(p, d, share=0.1)}, pd, defaulted, draws=200)
    assert drawn["lift"].value == 10.0
    assert drawn["lift"].low > 0.0
