"""Test whether counts per bin differ beyond chance, for many features over many periods.

Each feature gets its p-value from Pearson's test of homogeneity. That test keeps its level far into
the tail; PSI, with its logarithm of small shares, does not. The features of a period are judged
together (Benjamini and Hochberg, "Controlling the false discovery rate", *JRSS B* 57, 1995). The
level of a period follows from its length: in a year without drift, the chance of any alarm is at
most `YEARLY_LEVEL`.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import chdtrc, gammaln

YEARLY_LEVEL = 0.001
"""Chance of any alarm in a year without drift.

Low enough that even a hundred rows a week raise none: at 0.05, 2 of 60 years did, and at 0.005
some of 200, as with so few rows the tail is heavier than Pearson's.
"""

FEWEST_EXPECTED = 10.0
"""Bins in which either sample would have fewer are put together with the next.

The textbook's five are too few so far in the tail: at a level of 0.05, 6 of 100 years of weeks with
100 rows each raised an alarm; with ten, 2 did.
"""


def homogeneity_p(reference: ArrayLike, current: ArrayLike) -> float:
    """Return the chance of counts at least so different, if both samples are of one population.

    1.0 where one of the samples is empty, or all is in one bin.
    """
    before, now = _pooled(
        np.asarray(reference, dtype=np.float64), np.asarray(current, dtype=np.float64)
    )
    freedom = len(before) - 1
    if freedom < 1:
        return 1.0
    total, bins = before.sum() + now.sum(), before + now
    statistic = 0.0
    for counts in (before, now):
        expected = bins * (counts.sum() / total)
        statistic += float((np.square(counts - expected) / expected).sum())
    return float(chdtrc(freedom, statistic))


def share_p(before: tuple[int, int], now: tuple[int, int]) -> float:
    """Return the chance of shares at least so different, if both samples are of one population.

    Fisher's exact test, two-sided, where a cell can expect few; else Pearson's.

    Parameters
    ----------
    before, now
        How many have the property, and how many lack it.
    """
    with_it, size, total = before[0] + now[0], sum(now), sum(before) + sum(now)
    rarer = min(with_it, total - with_it)
    if rarer * min(size, total - size) >= FEWEST_EXPECTED * total:
        return homogeneity_p(before, now)
    observed = now[0] if rarer == with_it else now[1]
    possible = np.arange(max(0, rarer + size - total), min(rarer, size) + 1)
    logs = _log_choose(size, possible) + _log_choose(total - size, rarer - possible)
    chances = np.exp(logs - _log_choose(total, np.array(rarer)))
    as_unlikely = chances <= chances[observed - possible[0]] * (1.0 + 1e-7)
    return min(float(chances[as_unlikely].sum()), 1.0)


def _log_choose(size: int, chosen: NDArray[np.int64]) -> NDArray[np.float64]:
    logs: NDArray[np.float64] = gammaln(size + 1) - gammaln(chosen + 1) - gammaln(size - chosen + 1)
    return logs


def adjusted(p_values: Sequence[float]) -> list[float]:
    """Return Benjamini and Hochberg's adjusted p-values, in the order given."""
    count = len(p_values)
    order = np.argsort(p_values)
    scaled = np.asarray(p_values)[order] * count / np.arange(1, count + 1)
    rising = np.minimum(np.minimum.accumulate(scaled[::-1])[::-1], 1.0)
    result = np.empty(count)
    result[order] = rising
    found: list[float] = result.tolist()
    return found


def _pooled(
    before: NDArray[np.float64], now: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Put neighbouring bins together until each sample can expect enough in each."""
    sizes = before.sum(), now.sum()
    share = min(sizes) / (sum(sizes) or 1.0)
    groups: list[tuple[float, float]] = []
    gathered = (0.0, 0.0)
    for one, other in zip(before.tolist(), now.tolist(), strict=True):
        gathered = (gathered[0] + one, gathered[1] + other)
        if sum(gathered) * share >= FEWEST_EXPECTED:
            groups.append(gathered)
            gathered = (0.0, 0.0)
    if groups:  # what is left over belongs to the last
        groups[-1] = (groups[-1][0] + gathered[0], groups[-1][1] + gathered[1])
    pooled = np.array(groups).reshape(-1, 2)
    return pooled[:, 0], pooled[:, 1]
