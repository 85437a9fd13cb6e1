"""How far a sample has moved from its reference, from counts per bin that the reference owns.

PSI is the symmetric Kullback-Leibler divergence of two binned samples (Siddiqi, *Credit Risk
Scorecards*, 2006; Yurdakul and Naranjo, "Statistical properties of the population stability
index", *Journal of Risk Model Validation* 14(4), 2020). Bins belong to the reference alone, so that
an outlier of today's cannot stretch them and hide a shift.

>>> reference = [100, 200, 700]
>>> round(psi(reference, [150, 250, 600]), 4)
0.0468
>>> psi(reference, [1, 2, 7])
0.0
"""

import math
from collections.abc import Mapping, Sequence
from statistics import NormalDist
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from risk.errors import ContractError


def reference_edges(reference: ArrayLike, bins: int = 10) -> NDArray[np.float64]:
    """Return the inner edges of the reference's quantile bins, right-inclusive.

    Values repeated so often that two quantiles coincide give fewer, wider bins. Missing values are
    left out: `bin_counts` gives them a bin of their own.

    Raises
    ------
    ContractError
        The reference has no value at all.
    """
    values = np.asarray(reference, dtype=np.float64)
    values = values[~np.isnan(values)]
    if not len(values):
        raise ContractError("a reference without values has no bins: hand over one with values")
    shares = np.arange(1, bins) / bins
    edges = np.unique(np.quantile(values, shares, method="inverted_cdf"))
    # Nothing lies above an edge that is the largest value: its bin would always be empty.
    return np.asarray(edges[edges < values.max()], dtype=np.float64)


def bin_counts(values: ArrayLike, edges: ArrayLike) -> NDArray[np.int64]:
    """Count values per bin ``(-inf, e0], (e0, e1], ..., (en, inf)``, the missing ones last."""
    numbers = np.asarray(values, dtype=np.float64)
    inner = np.asarray(edges, dtype=np.float64)
    codes = np.searchsorted(inner, numbers, side="left")
    codes[np.isnan(numbers)] = len(inner) + 1
    return np.bincount(codes, minlength=len(inner) + 2).astype(np.int64)


def category_counts(values: Sequence[Any], categories: Sequence[str]) -> NDArray[np.int64]:
    """Count texts per category of the reference, then those it never had, then the missing."""
    codes = {category: code for code, category in enumerate(categories)}
    counts = np.zeros(len(codes) + 2, dtype=np.int64)
    for value in values:
        counts[-1 if value is None else codes.get(value, -2)] += 1
    return counts


def psi(reference: ArrayLike, current: ArrayLike) -> float:
    """Return the population stability index, ``sum((c - r) * ln(c / r))`` over shares per bin.

    Where no bin is empty this is the textbook's figure. Where one is, half an observation of the
    smaller sample, ``0.5 / min(n_reference, n_current)``, is added to every share of both and the
    shares are scaled to one again: finite, symmetric, and zero if and only if the shares are equal.

    Parameters
    ----------
    reference, current
        Counts per bin, in the same order of bins.

    Raises
    ------
    ContractError
        The counts are not of the same bins, not counts, or all zero.
    """
    expected, found = _shares(reference, current)
    terms = (found - expected) * np.log(found / expected)
    return float(terms.sum())


def csi(reference: Mapping[str, ArrayLike], current: Mapping[str, ArrayLike]) -> dict[str, float]:
    """Return the characteristic stability index, the PSI of each characteristic by name.

    Raises
    ------
    ContractError
        The two do not hold the same characteristics, or `psi` refuses one of them.
    """
    if reference.keys() != current.keys():
        different = sorted(reference.keys() ^ current.keys())
        raise ContractError(
            f"characteristics {different} are in one sample only; count both over the same ones"
        )
    return {name: psi(counts, current[name]) for name, counts in reference.items()}


def ks_shift(reference: ArrayLike, current: ArrayLike) -> float:
    """Return the largest distance, 0 to 1, between two cumulative shares over ordered bins.

    A lower bound of the Kolmogorov-Smirnov distance of the unbinned samples, as bins hide what
    happens within them. Leave a bin of missing values out, or it counts as the largest.

    Raises
    ------
    ContractError
        The counts are not of the same bins, not counts, or all zero.
    """
    expected, found = _counts(reference, current)
    gaps = np.cumsum(found) / found.sum() - np.cumsum(expected) / expected.sum()
    return float(np.abs(gaps).max())


def psi_noise_floor(
    bins: int, n_reference: int, n_current: int, *, confidence: float = 0.95
) -> float:
    """Return the PSI that chance alone stays below, with that confidence, when nothing moved.

    Under no drift PSI is distributed as ``(1/n + 1/m)`` times chi-square with ``bins - 1`` degrees
    of freedom (Yurdakul and Naranjo, 2020); its quantile is Wilson and Hilferty's (1931).
    """
    freedom = bins - 1
    if freedom <= 0:
        return 0.0
    spread = 2 / (9 * freedom)
    root = 1 - spread + NormalDist().inv_cdf(confidence) * math.sqrt(spread)
    return float(freedom * max(root, 0.0) ** 3 * (1 / n_reference + 1 / n_current))


def ks_noise_floor(n_reference: int, n_current: int, *, confidence: float = 0.95) -> float:
    """Return the `ks_shift` that chance alone stays below (Smirnov, 1948); binned, rather less."""
    scale = math.sqrt(-math.log((1 - confidence) / 2) / 2)
    return scale * math.sqrt(1 / n_reference + 1 / n_current)


def _shares(
    reference: ArrayLike, current: ArrayLike
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    expected, found = _counts(reference, current)
    used = (expected > 0) | (found > 0)
    expected, found = expected[used], found[used]
    half = 0.5 / min(expected.sum(), found.sum())
    expected, found = expected / expected.sum(), found / found.sum()
    if expected.all() and found.all():
        return expected, found
    total = 1 + half * len(expected)
    return (expected + half) / total, (found + half) / total


def _counts(
    reference: ArrayLike, current: ArrayLike
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    expected = np.asarray(reference, dtype=np.float64)
    found = np.asarray(current, dtype=np.float64)
    if expected.ndim != 1 or expected.shape != found.shape:
        raise ContractError(
            f"counts of shape {expected.shape} and {found.shape}: expected one count per bin of "
            "the reference in both"
        )
    for counts in (expected, found):
        if not np.isfinite(counts).all() or (counts < 0).any() or counts.sum() == 0:
            raise ContractError("counts per bin: expected none below zero and not all of them zero")
    return expected, found
