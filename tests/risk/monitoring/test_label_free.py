import numpy as np
import pytest

from risk.errors import ContractError
from risk.monitoring.label_free import Estimated, estimate, grade
from risk.monitoring.outcomes_analysis import analyse
from risk.monitoring.outcomes_known import ScoredCounts
from risk.monitoring.performance import Estimate


def a_vintage(seed: int, *, loans: int = 3_000, drift: float = 0.0) -> ScoredCounts:
    """Loans whose PDs are right, or too low by so much in log-odds."""
    generator = np.random.default_rng(seed)
    pd = np.round(np.clip(generator.beta(2.0, 8.0, loans), 0.01, 0.99), 2)
    odds = pd / (1.0 - pd) * np.exp(drift)
    defaulted = generator.random(loans) < odds / (1.0 + odds)
    each = np.ones(loans, dtype=np.int64)
    return ScoredCounts.of(pd, each, each, defaulted)


def came_true(counts: ScoredCounts) -> tuple[float, float]:
    found = analyse(counts)
    assert found.auc is not None
    return found.auc.value, found.defaults / found.loans


def test_the_estimate_is_the_auc_of_loans_counted_twice() -> None:
    counts = a_vintage(1)
    pd, loans = counts.pd, counts.loans
    bads, goods = pd * loans, (1 - pd) * loans
    wins = (pd[:, None] > pd) + 0.5 * (pd[:, None] == pd)
    expected = bads @ wins @ goods / bads.sum() / goods.sum()
    found = estimate(counts)
    assert found.auc.value == pytest.approx(expected, abs=1e-12)
    assert found.default_rate.value == pytest.approx(bads.sum() / loans.sum())
    assert found.auc.low < found.auc.value < found.auc.high
    assert estimate(counts) == found


def test_the_band_holds_what_comes_true_where_pds_are_right() -> None:
    vintages = [a_vintage(seed) for seed in range(1_000, 1_060)]
    found = grade([estimate(each) for each in vintages], [came_true(each) for each in vintages])
    assert found.is_reliable
    assert found.auc_held >= 54
    assert found.rate_held >= 54


def test_concept_drift_is_its_blind_spot_until_outcomes_tell() -> None:
    before, after = a_vintage(1), a_vintage(1, drift=1.0)
    assert estimate(before) == estimate(after)
    expected, (_, rate) = estimate(after).default_rate, came_true(after)
    assert rate > expected.high
    found = grade([estimate(after)] * 6, [came_true(after)] * 6)
    assert found.rate_held == 0


def test_estimates_that_miss_are_called_unreliable_with_the_reason() -> None:
    missed = Estimated(100, Estimate(0.7, 0.69, 0.71), Estimate(0.1, 0.09, 0.11))
    found = grade([missed] * 10, [(0.7, 0.1)] * 8 + [(0.6, 0.2)] * 2)
    assert not found.is_reliable
    assert "held the AUC in 8 of 10 matured vintages" in found.verdict
    assert grade([missed] * 10, [(0.7, 0.1)] * 9 + [(0.6, 0.2)]).is_reliable
    assert "only 2 matured vintages" in grade([missed] * 2, [(0.7, 0.1)] * 2).verdict


def test_many_pds_are_drawn_in_parts() -> None:
    pd = np.linspace(0.01, 0.5, 400_000)
    each = np.ones(len(pd), dtype=np.int64)
    found = estimate(ScoredCounts.of(pd, each, each, each * 0), draws=5)
    assert found.auc.high - found.auc.low < 0.01


def test_a_band_that_no_draw_fills_is_all_that_an_auc_can_be() -> None:
    found = estimate(ScoredCounts.of([1e-12], [5], [5], [0]), draws=3)
    assert (found.auc.low, found.auc.high) == (0.0, 1.0)


@pytest.mark.parametrize(("pd", "loans"), [(0.3, 1), (0.0, 10), (1.0, 10)])
def test_loans_that_rank_nothing_have_no_estimate(pd: float, loans: int) -> None:
    with pytest.raises(ContractError, match="at least two loans"):
        estimate(ScoredCounts.of([pd], [loans], [0], [0]))
