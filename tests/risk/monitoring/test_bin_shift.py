"""A characteristic's shift: its PSI, what chance reaches, and what it did to the mean score."""

import numpy as np
import pytest

from risk.monitoring.bin_shift import shift
from risk.monitoring.drift import psi

REFERENCE = np.array([500, 300, 200])
POINTS = np.array([20.0, 0.0, -30.0])


def test_the_effect_is_what_the_mean_score_changed_by() -> None:
    current = np.array([250, 300, 450])
    found = shift(REFERENCE, current, POINTS)
    assert found is not None
    mean_before = POINTS @ REFERENCE / 1_000
    mean_now = POINTS @ current / 1_000
    assert found.effect_points == pytest.approx(mean_now - mean_before)
    assert found.effects.sum() == pytest.approx(found.effect_points)
    assert found.psi == pytest.approx(psi(REFERENCE, current))
    assert found.applications == 1_000


@pytest.mark.parametrize(
    ("current", "level"),
    [
        ([500, 300, 200], "chance"),
        ([470, 290, 240], "small"),
        ([340, 310, 350], "watch"),
        ([150, 300, 550], "act"),
    ],
)
def test_the_level_follows_the_index_and_chance(current: list[int], level: str) -> None:
    found = shift(REFERENCE * 20, np.array(current) * 20, POINTS)
    assert found is not None
    assert found.level == level


def test_few_applications_are_within_chance_whatever_the_index() -> None:
    found = shift(REFERENCE, np.array([1, 1, 3]), POINTS)
    assert found is not None
    assert found.psi > 0.25
    assert found.level == "chance"


@pytest.mark.parametrize(
    ("reference", "current"), [(REFERENCE, np.zeros(3, int)), (np.zeros(3, int), REFERENCE)]
)
def test_nothing_to_compare_is_no_shift(reference: np.ndarray, current: np.ndarray) -> None:
    assert shift(reference, current, POINTS) is None
