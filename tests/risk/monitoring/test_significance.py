import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import chi2_contingency, false_discovery_control, fisher_exact

from risk.monitoring.significance import adjusted, homogeneity_p, share_p


@pytest.mark.parametrize("shift", [0.0, 0.02, 0.05])
def test_the_p_value_is_that_of_an_independent_implementation(shift: float) -> None:
    generator = np.random.default_rng(3)
    shares = np.full(8, 1 / 8)
    moved = shares + shift * np.array([1, -1] * 4) / 2
    before, now = generator.multinomial(5_000, shares), generator.multinomial(2_000, moved)
    expected = chi2_contingency(np.stack([before, now]), correction=False).pvalue
    assert homogeneity_p(before, now) == pytest.approx(expected, rel=1e-9)


def test_bins_that_hardly_hold_a_row_are_put_together() -> None:
    before, now = np.array([500, 300, 2, 1, 0, 0]), np.array([50, 30, 0, 0, 1, 0])
    pooled = homogeneity_p([500, 303], [50, 31])
    assert homogeneity_p(before, now) == pytest.approx(pooled)


@pytest.mark.parametrize(
    ("before", "now"), [([10, 10], [0, 0]), ([0, 0], [0, 0]), ([100, 0], [50, 0]), ([3], [4])]
)
def test_nothing_to_compare_is_no_evidence(before: list[int], now: list[int]) -> None:
    assert homogeneity_p(before, now) == 1.0


@given(st.lists(st.floats(0.0, 1.0), min_size=1, max_size=30))
def test_adjusted_p_values_are_those_of_an_independent_implementation(
    p_values: list[float],
) -> None:
    assert adjusted(p_values) == pytest.approx(false_discovery_control(p_values).tolist())


@pytest.mark.parametrize(
    ("before", "now"),
    [
        ((0, 1_800), (75, 75)),
        ((3, 997), (4, 96)),
        ((997, 3), (96, 4)),
        ((0, 500), (0, 50)),
        ((5, 12), (12, 5)),
        ((1, 0), (0, 1)),
    ],
)
def test_few_are_compared_exactly(before: tuple[int, int], now: tuple[int, int]) -> None:
    assert share_p(before, now) == pytest.approx(fisher_exact([before, now]).pvalue, rel=1e-6)


def test_many_are_compared_by_pearsons_test() -> None:
    assert share_p((500, 500), (300, 200)) == homogeneity_p([500, 500], [300, 200])
