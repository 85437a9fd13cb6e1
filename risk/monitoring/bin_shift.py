"""How far each characteristic of a scorecard moved, and what that did to the mean score.

The bins and their points are the model's own, and so is the reference: the loans it was fitted on.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from risk.monitoring.drift import psi, psi_noise_floor

__all__ = ["ACT", "WATCH", "Shift", "shift"]

WATCH = 0.10
"""PSI from which a characteristic is watched."""

ACT = 0.25
"""PSI from which somebody has to act."""


@dataclass(frozen=True, slots=True)
class Shift:
    """How far one characteristic moved in one period.

    Attributes
    ----------
    psi, noise_floor
        The index, and what chance alone stays below with 95 % confidence.
    effect_points
        What the shift did to the mean score: positive is safer.
    effects
        The same by bin; they add up to `effect_points`.
    applications
        In the period.
    """

    psi: float
    noise_floor: float
    effect_points: float
    effects: NDArray[np.float64]
    applications: int

    @property
    def level(self) -> str:
        """``chance``, ``small``, ``watch`` or ``act``."""
        if self.psi <= self.noise_floor:
            return "chance"
        if self.psi < WATCH:
            return "small"
        return "watch" if self.psi < ACT else "act"


def shift(
    reference: NDArray[np.int64], current: NDArray[np.int64], points: NDArray[np.float64]
) -> Shift | None:
    """Return how far the counts of one period are from the reference's; None without any.

    Parameters
    ----------
    reference, current
        Counts by bin, the same bins in the same order.
    points
        What each bin adds to the score.
    """
    total = int(current.sum())
    if not total or not reference.sum():
        return None
    effects = points * (current / total - reference / reference.sum())
    occupied = int(np.count_nonzero(reference + current))
    return Shift(
        psi=psi(reference, current),
        noise_floor=psi_noise_floor(occupied, int(reference.sum()), total),
        effect_points=float(effects.sum()),
        effects=effects,
        applications=total,
    )
