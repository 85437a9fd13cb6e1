"""The outcomes analysis of a group of loans: how well the PDs rank, and whether they come true.

Every figure is computed from counts by PD (`risk.monitoring.outcomes_known.ScoredCounts`) and
equals the figure of the single loans. Pass mature vintages of one term: see
`risk.monitoring.outcomes_known`.
"""

from dataclasses import dataclass

import numpy as np

from risk.errors import ContractError
from risk.monitoring.expected_defaults import actual_over_expected
from risk.monitoring.outcomes_known import ScoredCounts
from risk.monitoring.performance import (
    Calibration,
    Estimate,
    LiftBand,
    auc,
    brier,
    calibration,
    gains,
    ks_separation,
)

FEWEST_DEFAULTS = 30
"""Below so many defaults, or other loans, no figure is given: it would be mostly chance."""


@dataclass(frozen=True, slots=True)
class Analysis:
    """What became of scored loans.

    Attributes
    ----------
    loans, defaults
        Of known outcome.
    auc, gini, ks_separation, brier, calibration, actual_over_expected, gains
        None, or empty, with `too_few`.
    too_few
        Why there is no figure; empty where there is one.
    """

    loans: int
    defaults: int
    auc: Estimate | None = None
    gini: Estimate | None = None
    ks_separation: float | None = None
    brier: float | None = None
    calibration: Calibration | None = None
    actual_over_expected: Estimate | None = None
    gains: tuple[LiftBand, ...] = ()
    too_few: str = ""


def analyse(counted: ScoredCounts, *, bands: int = 10) -> Analysis:
    """Return the figures of the loans with known outcomes, or say that they are too few.

    A calibration line that does not exist (all PDs alike, or none overlapping) is None on its own.
    """
    pd, defaulted, counts = counted.outcomes()
    loans, defaults = int(counted.known.sum()), int(counted.defaults.sum())
    if min(defaults, loans - defaults) < FEWEST_DEFAULTS:
        return Analysis(
            loans,
            defaults,
            too_few=f"not enough data (n = {loans}, {defaults} defaults; at least "
            f"{FEWEST_DEFAULTS} defaults and {FEWEST_DEFAULTS} others are needed)",
        )
    area = auc(pd, defaulted, counts=counts)
    return Analysis(
        loans,
        defaults,
        auc=area,
        gini=Estimate(*(2.0 * bound - 1.0 for bound in (area.value, area.low, area.high))),
        ks_separation=ks_separation(pd, defaulted, weights=counts),
        brier=brier(pd, defaulted, weights=counts),
        calibration=_line(pd, defaulted, counts),
        actual_over_expected=actual_over_expected(counted.pd, counted.known, defaults),
        gains=tuple(gains(pd, defaulted, bands=bands, weights=counts)),
    )


def _line(
    pd: np.ndarray[tuple[int], np.dtype[np.float64]],
    defaulted: np.ndarray[tuple[int], np.dtype[np.bool_]],
    counts: np.ndarray[tuple[int], np.dtype[np.float64]],
) -> Calibration | None:
    try:
        return calibration(pd, defaulted, weights=counts)
    except ContractError:
        return None
