from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from risk.errors import ContractError
from risk.monitoring.drift import (
    bin_counts,
    category_counts,
    csi,
    ks_noise_floor,
    ks_shift,
    psi,
    psi_noise_floor,
    reference_edges,
)

_COUNTS = st.lists(st.integers(0, 500), min_size=2, max_size=12).filter(any)
_PAIRS = st.integers(2, 12).flatmap(
    lambda bins: st.tuples(*[st.lists(st.integers(0, 500), min_size=bins, max_size=bins)] * 2)
)


def test_psi_of_a_worked_example() -> None:
    """(.15-.1)ln(1.5) + (.25-.2)ln(1.25) + (.6-.7)ln(6/7), by hand."""
    by_hand = 0.05 * 0.4054651081 + 0.05 * 0.2231435513 - 0.1 * -0.1541506798
    assert psi([100, 200, 700], [150, 250, 600]) == pytest.approx(by_hand, abs=1e-9)


@given(_PAIRS.filter(lambda pair: any(pair[0]) and any(pair[1])))
def test_psi_is_finite_symmetric_and_not_negative(pair: tuple[list[int], list[int]]) -> None:
    there, back = psi(*pair), psi(*reversed(pair))
    assert np.isfinite(there)
    assert there >= 0
    assert there == pytest.approx(back, abs=1e-12)


@given(_PAIRS.filter(lambda pair: any(pair[0]) and any(pair[1])))
def test_psi_is_zero_only_where_the_shares_are_equal(pair: tuple[list[int], list[int]]) -> None:
    first, second = (np.array(counts) / sum(counts) for counts in pair)
    assert (psi(*pair) < 1e-15) == bool(np.allclose(first, second, rtol=0, atol=1e-9))


@given(_COUNTS, st.integers(2, 50))
def test_psi_looks_at_shares_and_not_at_sizes(counts: list[int], times: int) -> None:
    assert psi(counts, [times * count for count in counts]) == pytest.approx(0, abs=1e-15)


def test_an_empty_bin_counts_as_half_an_observation_of_the_smaller_sample() -> None:
    reference, current = np.array([500, 500, 0]) / 1000, np.array([40, 40, 20]) / 100
    smoothed = [(shares + 0.005) / 1.015 for shares in (reference, current)]
    expected = float(((smoothed[1] - smoothed[0]) * np.log(smoothed[1] / smoothed[0])).sum())
    assert psi([500, 500, 0], [40, 40, 20]) == pytest.approx(expected, rel=1e-12)
    assert expected < 1


def test_a_bin_that_neither_sample_fills_changes_nothing() -> None:
    assert psi([10, 0, 30], [20, 0, 30]) == psi([10, 30], [20, 30])


def test_an_outlier_of_today_cannot_hide_a_shift() -> None:
    generator = np.random.default_rng(5)
    reference = generator.lognormal(11, 0.5, 5_000)
    current = np.append(1.5 * generator.lognormal(11, 0.5, 5_000), 9e6)
    edges = reference_edges(reference)
    assert psi(bin_counts(reference, edges), bin_counts(current, edges)) > 0.25


def test_noise_stays_below_the_floor_as_often_as_it_says() -> None:
    generator = np.random.default_rng(3)
    edges = reference_edges(generator.normal(size=100_000))
    floor = psi_noise_floor(10, 2_000, 1_000)
    below = [
        psi(
            bin_counts(generator.normal(size=2_000), edges)[:-1],
            bin_counts(generator.normal(size=1_000), edges)[:-1],
        )
        < floor
        for _ in range(500)
    ]
    assert np.mean(below) == pytest.approx(0.95, abs=0.03)


@pytest.mark.parametrize(("bins", "chi_square"), [(2, 3.841), (5, 9.488), (10, 16.919)])
def test_the_floor_is_the_chi_square_quantile_over_the_sample_sizes(
    bins: int, chi_square: float
) -> None:
    floor = psi_noise_floor(bins, 1_000, 4_000)
    assert floor == pytest.approx(chi_square * (1 / 1_000 + 1 / 4_000), rel=0.03)


def test_a_single_bin_has_no_noise() -> None:
    assert psi_noise_floor(1, 100, 100) == 0.0


def test_csi_is_the_psi_of_each_characteristic() -> None:
    reference = {"dti_pct": [50, 50], "fico": [30, 70]}
    current = {"dti_pct": [60, 40], "fico": [30, 70]}
    assert csi(reference, current) == {"dti_pct": psi([50, 50], [60, 40]), "fico": 0.0}


def test_csi_refuses_samples_of_other_characteristics() -> None:
    with pytest.raises(ContractError, match="fico"):
        csi({"dti_pct": [1, 2], "fico": [1, 2]}, {"dti_pct": [1, 2]})


def test_ks_shift_is_the_largest_gap_of_the_cumulative_shares() -> None:
    assert ks_shift([25, 25, 25, 25], [10, 20, 30, 40]) == pytest.approx(0.2)
    assert ks_shift([0, 10], [10, 0]) == 1.0


@given(_COUNTS)
def test_ks_shift_of_a_sample_to_itself_is_nothing(counts: list[int]) -> None:
    assert ks_shift(counts, counts) == 0.0


def test_the_noise_floor_of_ks_shift_is_smirnovs() -> None:
    assert ks_noise_floor(1_000, 1_000) == pytest.approx(1.358 * np.sqrt(2 / 1_000), rel=1e-3)


def test_edges_are_the_references_deciles() -> None:
    assert reference_edges(np.arange(1, 101)).tolist() == [10, 20, 30, 40, 50, 60, 70, 80, 90]


def test_repeated_values_make_fewer_bins_and_none_that_must_be_empty() -> None:
    reference = [0.0] * 60 + [1.0] * 30 + [2.0] * 10
    edges = reference_edges(reference)
    assert edges.tolist() == [0.0, 1.0]
    assert bin_counts(reference, edges).tolist() == [60, 30, 10, 0]


def test_missing_values_have_a_bin_of_their_own() -> None:
    edges = reference_edges([1.0, 2.0, np.nan, 3.0], bins=3)
    assert bin_counts([np.nan, 0.0, 1.0, 1.5, 99.0, np.nan], edges).tolist() == [2, 1, 1, 2]


def test_a_reference_without_values_has_no_edges() -> None:
    with pytest.raises(ContractError, match="without values"):
        reference_edges([np.nan, np.nan])


def test_categories_the_reference_never_had_and_missing_ones_are_counted_apart() -> None:
    counts = category_counts(["car", "yacht", None, "car", "house"], ["house", "car"])
    assert counts.tolist() == [1, 2, 1, 1]


@pytest.mark.parametrize(
    ("reference", "current"),
    [
        ([1, 2, 3], [1, 2]),
        ([[1, 2]], [[1, 2]]),
        ([0, 0], [1, 2]),
        ([1, 2], [-1, 3]),
        ([1, 2], [np.nan, 3]),
    ],
)
def test_what_are_not_counts_of_the_same_bins_is_refused(
    reference: Sequence[float], current: Sequence[float]
) -> None:
    with pytest.raises(ContractError, match="expected"):
        psi(reference, current)
