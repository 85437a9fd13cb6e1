"""Estimate how well a model ranks before the outcomes are known.

The method is confidence-based performance estimation (CBPE; NannyML). If PDs are calibrated, a loan
counts as a default with weight PD and as repaid with the rest; the AUC of these weighted loans is
the expected AUC. The band shows the effect of chance: outcomes are drawn from the PDs many times,
or, for the default rate, the spread is known by formula.

The estimate cannot see that PDs are wrong. If the same applicants begin to default more often
(concept drift), it does not move. So each estimate is compared with the outcomes of matured
vintages, and the result is shown: `grade`.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import NormalDist
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from risk.errors import ContractError
from risk.monitoring.outcomes_known import ScoredCounts
from risk.monitoring.performance import Estimate

Floats: TypeAlias = NDArray[np.float64]

COVERAGE = 0.90
"""Share of the matured vintages whose AUC the band has to hold; below it the estimate is called
unreliable."""

_AT_ONCE = 1_000_000


@dataclass(frozen=True, slots=True)
class Estimated:
    """What to expect of loans whose outcomes are not known."""

    loans: int
    auc: Estimate
    default_rate: Estimate


@dataclass(frozen=True, slots=True)
class Grade:
    """How estimates turned out on vintages that have matured.

    Attributes
    ----------
    vintages, auc_held, rate_held
        How many there are, and in how many the band held the AUC and the default rate.
    verdict
        ``reliable``, or ``unreliable`` and why.
    """

    vintages: int
    auc_held: int
    rate_held: int
    verdict: str

    @property
    def is_reliable(self) -> bool:
        """Whether the band held the AUC often enough."""
        return self.verdict == "reliable"


def estimate(
    counted: ScoredCounts, *, draws: int = 200, seed: int = 0, confidence: float = 0.95
) -> Estimated:
    """Return AUC and default rate to expect of all loans counted, with their bands.

    The bands are normal, with the spread of the outcomes drawn; the same seed gives the same ones.

    Raises
    ------
    ContractError
        There are fewer than two loans, or their PDs are certain of the same outcome.
    """
    pd, loans = counted.pd, counted.loans.astype(np.float64)
    expected = loans * pd
    total = float(loans.sum())
    if total < 2 or not 0.0 < expected.sum() < total:  # noqa: PLR2004 - one loan ranks nothing
        raise ContractError(
            f"estimate: expected at least two loans with PDs between 0 and 1, found {total:.0f}; "
            "hand over a longer period"
        )
    areas = _drawn(pd, counted.loans, draws, np.random.default_rng(seed))
    z = NormalDist().inv_cdf(0.5 + confidence / 2.0)
    area = float(_areas(expected[None], (loans - expected)[None])[0])
    # Too few draws with both outcomes say nothing of the spread.
    reach = z * float(areas.std(ddof=1)) if len(areas) > draws / 2 else 1.0
    rate = float(expected.sum() / total)
    rate_reach = z * math.sqrt(float(loans @ (pd * (1.0 - pd)))) / total
    return Estimated(int(total), _within(area, reach), _within(rate, rate_reach))


def grade(
    estimates: Sequence[Estimated], came_true: Sequence[tuple[float, float]], *, fewest: int = 5
) -> Grade:
    """Return how often the bands held what came true: AUC and default rate, a pair a vintage."""
    pairs = list(zip(estimates, came_true, strict=True))
    auc_held = sum(each.auc.low <= area <= each.auc.high for each, (area, _) in pairs)
    rate_held = sum(
        each.default_rate.low <= rate <= each.default_rate.high for each, (_, rate) in pairs
    )
    if len(pairs) < fewest:
        verdict = f"unreliable: only {len(pairs)} matured vintages to grade it by, {fewest} needed"
    elif auc_held < COVERAGE * len(pairs):
        verdict = (
            f"unreliable: its band held the AUC in {auc_held} of {len(pairs)} matured vintages, "
            f"{COVERAGE:.0%} needed; the PDs rank otherwise than they claim"
        )
    else:
        verdict = "reliable"
    return Grade(len(pairs), auc_held, rate_held, verdict)


def _within(value: float, reach: float) -> Estimate:
    return Estimate(value, max(value - reach, 0.0), min(value + reach, 1.0))


def _drawn(
    pd: Floats, loans: NDArray[np.int64], draws: int, generator: np.random.Generator
) -> Floats:
    """Return the AUC of each draw in which both outcomes were drawn."""
    areas = []
    at_once = max(_AT_ONCE // len(pd), 1)
    for first in range(0, draws, at_once):
        size = (min(at_once, draws - first), len(pd))
        bads = generator.binomial(loans, pd, size=size).astype(np.float64)
        goods = loans - bads
        is_mixed = (bads.sum(axis=1) > 0) & (goods.sum(axis=1) > 0)
        areas.append(_areas(bads[is_mixed], goods[is_mixed]))
    return np.concatenate(areas)


def _areas(bads: Floats, goods: Floats) -> Floats:
    """Return the area under the ROC curve of each row of counts by rising PD."""
    below = np.cumsum(goods, axis=1) - goods / 2.0
    areas: Floats = (bads * below).sum(axis=1) / (bads.sum(axis=1) * goods.sum(axis=1))
    return areas
