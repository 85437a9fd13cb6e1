"""Compare one period with the reference: how each feature moved, and how that changed the score.

>>> from risk.monitoring.reference import ReferenceTexts
>>> bins = ReferenceTexts(feature="purpose", values=("car",), counts=(90, 0, 10), points=(4, 0, -6))
>>> moved = feature_shift(bins, [50, 0, 50], decile_counts=([90, 0, 10], [50, 0, 50]))
>>> round(moved.psi, 3), moved.missing_share, round(moved.points, 6)
(0.879, 0.5, -4.0)
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

from risk.monitoring.drift import ks_shift, psi, psi_noise_floor
from risk.monitoring.reference import Bins, Numbers, Reference
from risk.monitoring.significance import YEARLY_LEVEL, adjusted, homogeneity_p

Level: TypeAlias = Literal["chance", "small", "watch", "act"]

ALARM_PSI = 0.10
"""A shift is worth an alarm from here on, if chance does not explain it."""

FEWEST_DECISIONS = 30
"""Below so many decisions a period's drift is not measured."""

GRAVE_PSI = 0.25
"""An alarm from here on means that somebody has to act."""


@dataclass(frozen=True, slots=True)
class FeatureShift:
    """How one feature moved in one period.

    Attributes
    ----------
    psi, noise
        Over the reference's deciles or texts, the missing and the unseen being bins; and what
        chance alone stays below in 95 of 100 periods.
    p_value, adjusted_p
        Chance of so much without drift: of this feature, and with all of the period in mind.
    is_alarm
        Whether it moved by `ALARM_PSI` or more, beyond its noise and beyond chance over a year.
    ks_shift, wasserstein
        Of a numeric feature, over its bins: the largest distance of the cumulative shares, and how
        far values moved on average, in the feature's unit, within the outermost edges (None where
        there is but one).
    missing_share, unseen_share
        In the period; `unseen` are texts that the reference never had.
    points
        What the shift did to the mean points; None where the model does not look at it.
    pd, expected_loss_usd
        What it did to the mean PD, and with that to the period's expected loss.
    """

    feature: str
    psi: float
    noise: float
    p_value: float
    adjusted_p: float
    is_alarm: bool
    ks_shift: float | None
    wasserstein: float | None
    missing_share: float
    unseen_share: float
    points: float | None
    pd: float | None = None
    expected_loss_usd: float | None = None

    @property
    def level(self) -> Level:
        """How grave it is: what is no alarm is small, or explained by chance."""
        if self.is_alarm:
            return "act" if self.psi >= GRAVE_PSI else "watch"
        return "small" if self.noise < self.psi < ALARM_PSI else "chance"


@dataclass(frozen=True, slots=True)
class BinShift:
    """One bin by which a feature's drift is measured.

    Attributes
    ----------
    name
        What it holds, in words.
    before, now
        Its share of the reference and of the period, 0 to 1.
    points
        What the shift of the shares in it did to the mean points; 0.0 where the model does not look
        at the feature.
    """

    name: str
    before: float
    now: float
    points: float


@dataclass(frozen=True, slots=True)
class PeriodShift:
    """How one period differs from the reference.

    Attributes
    ----------
    decisions
        How many there were; with fewer than `FEWEST_DECISIONS` there are no features.
    points, pd, expected_loss_usd
        Shift of mean points and mean PD, and what the latter is worth. The features' points add up
        to it, and so do their PDs together with `curvature`.
    curvature
        What is left of the shift of the PD, as PD is no straight line in points.
    """

    decisions: int
    features: tuple[FeatureShift, ...]
    points: float
    pd: float
    expected_loss_usd: float
    curvature: float


def feature_shift(
    bins: Bins, counts: ArrayLike, *, decile_counts: tuple[ArrayLike, ArrayLike] | None = None
) -> FeatureShift:
    """Return how one feature moved, alone: `adjusted_p` is its own p-value.

    Parameters
    ----------
    counts
        Of the period, one a bin of the reference; not all zero.
    decile_counts
        Reference and period over the bins by which drift is measured, if they were put together
        already; else `merged` does.
    """
    now = np.asarray(counts, dtype=np.float64)
    before = np.asarray(bins.counts, dtype=np.float64)
    coarse_before, coarse_now = decile_counts or (merged(bins, before), merged(bins, now))
    sizes = float(before.sum()), float(now.sum())
    used = int(((np.asarray(coarse_before) > 0) | (np.asarray(coarse_now) > 0)).sum())
    p_value = homogeneity_p(coarse_before, coarse_now)
    is_number = isinstance(bins, Numbers)
    has_values = is_number and bool(before[:-1].sum() and now[:-1].sum())
    return FeatureShift(
        feature=bins.feature,
        psi=psi(coarse_before, coarse_now),
        noise=psi_noise_floor(used, *map(int, sizes)),
        p_value=p_value,
        adjusted_p=p_value,
        is_alarm=False,
        ks_shift=ks_shift(before[:-1], now[:-1]) if has_values else None,
        wasserstein=_wasserstein(bins.edges, before[:-1], now[:-1])
        if isinstance(bins, Numbers) and has_values and len(bins.edges) > 1
        else None,
        missing_share=float(now[-1] / sizes[1]),
        unseen_share=0.0 if is_number else float(now[-2] / sizes[1]),
        points=_points(bins, before, now),
    )


def period_shift(
    reference: Reference,
    counts: Mapping[str, ArrayLike],
    *,
    mean_points: float,
    mean_pd: float,
    pd_spread: float,
    amount_usd: float,
    lgd: float,
    periods_a_year: int,
) -> PeriodShift:
    """Return how a period differs, its features judged together.

    Parameters
    ----------
    counts
        By feature, one a bin of the reference; others of the reference are left out.
    mean_points, mean_pd, pd_spread
        Of the period's scores, as in the reference.
    amount_usd, lgd
        Sum asked for in the period, and the loss given default that is assumed.
    periods_a_year
        How many such periods a year has: each gets that part of `YEARLY_LEVEL`.
    """
    decisions = max((int(np.sum(np.asarray(each))) for each in counts.values()), default=0)
    if decisions < FEWEST_DECISIONS:
        return PeriodShift(decisions, (), 0.0, 0.0, 0.0, 0.0)
    alone = [
        feature_shift(bins, counts[bins.feature])
        for bins in reference.features
        if bins.feature in counts
    ]
    level = YEARLY_LEVEL / periods_a_year
    # PD moves by ln(2) / pdo of its log-odds a point, and PD (1 - PD) of that in PD.
    slope = -math.log(2.0) / reference.points_to_double_odds
    slope *= (reference.pd_spread + pd_spread) / 2.0
    features = tuple(
        replace(
            each,
            adjusted_p=p_value,
            is_alarm=each.psi >= max(ALARM_PSI, each.noise) and p_value <= level,
            pd=None if each.points is None else slope * each.points,
            expected_loss_usd=None
            if each.points is None
            else slope * each.points * amount_usd * lgd,
        )
        for each, p_value in zip(alone, adjusted([each.p_value for each in alone]), strict=True)
    )
    moved = mean_pd - reference.mean_pd
    explained = sum(each.pd for each in features if each.pd is not None)
    return PeriodShift(
        decisions,
        features,
        points=mean_points - reference.mean_points,
        pd=moved,
        expected_loss_usd=moved * amount_usd * lgd,
        curvature=moved - explained,
    )


def merged(bins: Bins, counts: ArrayLike) -> NDArray[np.float64]:
    """Return counts over the bins by which drift is measured, the missing ones last."""
    return _by_decile(bins, np.asarray(counts, dtype=np.float64))


def bin_shifts(bins: Bins, counts: ArrayLike) -> list[BinShift]:
    """Return how each bin of a feature moved; their points add up to the feature's.

    Parameters
    ----------
    counts
        Of the period, one a bin of the reference; not all zero.
    """
    now = np.asarray(counts, dtype=np.float64) / np.sum(counts)
    before = np.asarray(bins.counts, dtype=np.float64) / sum(bins.counts)
    effects = (now - before) * np.asarray(bins.points or 0.0)
    columns = (_by_decile(bins, each).tolist() for each in (before, now, effects))
    return list(map(BinShift, _names(bins), *columns))


def _names(bins: Bins) -> list[str]:
    if not isinstance(bins, Numbers):
        return [*(value.replace("_", " ") for value in bins.values), "unseen", "missing"]
    if not bins.deciles:
        return ["any", "missing"]
    between = [f"{low:g} \N{EN DASH} {high:g}" for low, high in pairwise(bins.deciles)]
    return [f"to {bins.deciles[0]:g}", *between, f"above {bins.deciles[-1]:g}", "missing"]


def _by_decile(bins: Bins, fine: NDArray[np.float64]) -> NDArray[np.float64]:
    if not isinstance(bins, Numbers):
        return fine
    # A bin belongs to the first decile edge at or above its own; the open one and the missing last.
    place = np.searchsorted(np.asarray(bins.deciles), np.asarray(bins.edges), side="left")
    places = np.concatenate([place, [len(bins.deciles), len(bins.deciles) + 1]])
    sums = np.bincount(places, weights=fine, minlength=len(bins.deciles) + 2)
    return sums.astype(np.float64)


def _points(bins: Bins, before: NDArray[np.float64], now: NDArray[np.float64]) -> float | None:
    if not bins.points:
        return None
    return float((now / now.sum() - before / before.sum()) @ np.asarray(bins.points))


def _wasserstein(
    edges: Sequence[float], before: NDArray[np.float64], now: NDArray[np.float64]
) -> float:
    """Return the area between the cumulative shares from the first edge to the last."""
    gaps = np.abs(np.cumsum(now) / now.sum() - np.cumsum(before) / before.sum())[:-1]
    return float(((gaps[1:] + gaps[:-1]) / 2.0) @ np.diff(edges))
