"""Counts per bin of a reference, and moments of the score, by period.

There is one function for each file of ``sql/lake/monitoring``; `risk.monitoring` turns counts into
figures.
"""

import math
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Final, NamedTuple

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from lakehouse.lake.filters import ALL, Filters, Grain
from lakehouse.lake.session import Lake

BINNED: Final = (
    "amount_usd",
    "term_months",
    "rate_pct",
    "installment_usd",
    "income_usd",
    "dti_pct",
    "utilisation_pct",
    "delinquencies_2y",
    "inquiries_6m",
    "open_accounts",
    "total_accounts",
    "employment_years",
    "credit_age_years",
    "fico",
    "public_records",
    "amount_to_income",
    "open_share",
    "points",
    "pd",
)
"""What can be counted in bins: numeric columns, ratios of the catalogue, and the score."""


class BinCounts(NamedTuple):
    """How the values of features fall into bins.

    Attributes
    ----------
    periods
        First days, in order.
    counts
        By feature, a row a period: one a bin of the edges, then above the last edge, then those
        without a value.
    """

    periods: list[date]
    counts: dict[str, NDArray[np.int64]]


def bin_counts(
    lake: Lake,
    edges: Mapping[str, Sequence[float]],
    filters: Filters = ALL,
    *,
    grain: Grain = Grain.MONTH,
) -> BinCounts:
    """Return counts per bin of several features, by period, from one scan.

    Parameters
    ----------
    edges
        By feature: finite and rising, or none; bins are right-inclusive. A name that is not in
        `BINNED` has no values: everything is missing.
    """
    asked = {name: [*edges[name], math.inf] if name in edges else [] for name in BINNED}
    answer = lake.ask("monitoring/bin_counts", filters, grain=grain, edges=asked)
    decisions = answer.column("decisions").to_numpy()
    return BinCounts(
        answer.column("period").to_pylist(),
        {
            name: _in_bins(answer.column(name) if name in BINNED else None, each, decisions)
            for name, each in edges.items()
        },
    )


def _in_bins(
    maps: pa.ChunkedArray | None, edges: Sequence[float], decisions: NDArray[np.int64]
) -> NDArray[np.int64]:
    counts = np.zeros((len(decisions), len(edges) + 2), dtype=np.int64)
    if maps is not None:
        place_of = {edge: place for place, edge in enumerate([*edges, math.inf])}
        for period, found in enumerate(maps.to_pylist()):
            for edge, count in found or ():
                counts[period, place_of[edge]] = count
    counts[:, -1] = decisions - counts.sum(axis=1)
    return counts


def text_counts(
    lake: Lake, feature: str, filters: Filters = ALL, *, grain: Grain = Grain.MONTH
) -> pa.Table:
    """Return how often each text of a feature occurs, by period; null is missing."""
    return lake.ask("monitoring/text_counts", filters, grain=grain, feature=feature)


def score_moments(lake: Lake, filters: Filters = ALL, *, grain: Grain = Grain.MONTH) -> pa.Table:
    """Return decisions, mean points and PD, amount and expected loss before LGD by period."""
    return lake.ask("monitoring/score_moments", filters, grain=grain)


def models_by_period(lake: Lake, *, grain: Grain = Grain.MONTH) -> pa.Table:
    """Return which models decided how often, by period."""
    return lake.ask("monitoring/models_by_period", grain=grain)


def recorded_figures(lake: Lake, *, grain: Grain = Grain.MONTH) -> pa.Table:
    """Return the monitoring job's figures, of each the row recorded last."""
    return lake.ask("monitoring/recorded_figures", grain=grain)


def recorded_reports(lake: Lake) -> pa.Table:
    """Return the reports that the monitoring job rendered, the newest period first."""
    return lake.ask("monitoring/recorded_reports")


def sampled_features(
    lake: Lake, filters: Filters, *, as_of: date, every: int, limit: int
) -> pa.Table:
    """Return features, scores and outcomes of one decision in `every`, at most `limit`."""
    return lake.ask(
        "monitoring/sampled_features",
        filters,
        as_of=as_of,
        every=every,
        limit=limit,
    )
