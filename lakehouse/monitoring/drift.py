"""How the book has moved from the population its model was fitted on, period by period."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Final, TypeAlias

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from lakehouse.lake import monitoring
from lakehouse.lake.filters import ALL, Filters, Grain
from lakehouse.lake.session import Lake
from risk.monitoring.backtest import LGD
from risk.monitoring.population_shift import PeriodShift, period_shift
from risk.monitoring.reference import Numbers, Reference, ReferenceTexts

PERIODS_A_YEAR: Final = {
    Grain.DAY: 365,
    Grain.WEEK: 52,
    Grain.MONTH: 12,
    Grain.QUARTER: 4,
    Grain.YEAR: 1,
}

Counts: TypeAlias = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class DriftPeriod:
    """One period against the reference.

    Attributes
    ----------
    counts
        By feature, one a bin of the reference: what the shift was made from.
    """

    period: date
    shift: PeriodShift
    counts: Mapping[str, Counts]


def drift(
    lake: Lake,
    reference: Reference,
    filters: Filters = ALL,
    *,
    grain: Grain = Grain.MONTH,
    lgd: float = LGD,
) -> list[DriftPeriod]:
    """Return each period's shift from the reference, in order; a period without rows is not there.

    Parameters
    ----------
    filters
        A segment, such as a state or a tier, is compared with the whole reference. Choose the
        model whose reference it is: other models' scores are on other scales.

    Raises
    ------
    Unavailable, Denied
        The lake does not answer.
    """
    counts = counts_by_period(lake, reference, filters, grain=grain)
    return [
        DriftPeriod(
            row["period"],
            period_shift(
                reference,
                counts[row["period"]],
                mean_points=row["mean_points"],
                mean_pd=row["mean_pd"],
                pd_spread=row["pd_spread"],
                amount_usd=row["amount_usd"],
                lgd=lgd,
                periods_a_year=PERIODS_A_YEAR[grain],
            ),
            counts[row["period"]],
        )
        for row in monitoring.score_moments(lake, filters, grain=grain).to_pylist()
    ]


def counts_by_period(
    lake: Lake, reference: Reference, filters: Filters, *, grain: Grain
) -> dict[date, dict[str, Counts]]:
    """Return counts per bin of every feature of the reference, by period."""
    numbers = [each for each in reference.features if isinstance(each, Numbers)]
    binned = monitoring.bin_counts(
        lake, {each.feature: each.edges for each in numbers}, filters, grain=grain
    )
    found: dict[date, dict[str, Counts]] = {
        period: {name: counts[place] for name, counts in binned.counts.items()}
        for place, period in enumerate(binned.periods)
    }
    for bins in reference.features:
        if isinstance(bins, ReferenceTexts):
            texts = monitoring.text_counts(lake, bins.feature, filters, grain=grain)
            for period, counts in _text_counts(bins, texts).items():
                found[period][bins.feature] = counts
    return found


def _text_counts(bins: ReferenceTexts, answer: pa.Table) -> dict[date, Counts]:
    place_of = {value: place for place, value in enumerate(bins.values)}
    found: dict[date, Counts] = {}
    for row in answer.to_pylist():
        counts = found.setdefault(row["period"], np.zeros(len(bins.counts), dtype=np.int64))
        place = -1 if row["value"] is None else place_of.get(row["value"], -2)
        counts[place] += row["decisions"]
    return found
