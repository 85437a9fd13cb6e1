"""The ratio of actual defaults to the defaults that the PDs expect."""

import math
from statistics import NormalDist

import numpy as np
from numpy.typing import ArrayLike

from risk.monitoring.performance import Estimate


def actual_over_expected(
    pd: ArrayLike, loans: ArrayLike, defaults: int, *, confidence: float = 0.95
) -> Estimate | None:
    """Return defaults over the sum of the PDs; None where nothing is expected.

    The interval is that of the number of defaults seen: exact of a Poisson number in its
    Wilson-Hilferty form (Byar; Breslow and Day, *Statistical Methods in Cancer Research* 2, 1987),
    which is a little wide, as PDs are no rare events.
    """
    expected = float(np.asarray(pd, dtype=np.float64) @ np.asarray(loans, dtype=np.float64))
    if expected <= 0.0:
        return None
    z = NormalDist().inv_cdf(0.5 + confidence / 2.0)
    low = 0.0 if not defaults else defaults * _cube(1.0 - 1.0 / (9.0 * defaults), -z, defaults)
    above = defaults + 1
    high = above * _cube(1.0 - 1.0 / (9.0 * above), z, above)
    return Estimate(defaults / expected, low / expected, high / expected)


def _cube(middle: float, z: float, count: int) -> float:
    return max(middle + z / (3.0 * math.sqrt(count)), 0.0) ** 3
