"""Counts per bin of a reference, and moments of the score, by period.

One function for each file of ``sql/lake/monitoring``; `risk.monitoring` turns counts into figures.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import date
from typing import NamedTuple

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from lakehouse.lake.filters import ALL, Filters, Grain
from lakehouse.lake.session import Lake
from lakehouse.postgres.statements import load_sql

__all__ = [
    "BinCounts",
    "bin_counts",
    "models_by_period",
    "recorded_figures",
    "recorded_reports",
    "sampled_features",
    "score_moments",
    "text_counts",
]


class BinCounts(NamedTuple):
    """How the values of a feature fall into bins in one period.

    Attributes
    ----------
    counts
        One a bin of the edges, the last above the last edge.
    missing
        How many have no value.
    """

    period: date
    counts: NDArray[np.int64]
    missing: int


def bin_counts(
    lake: Lake,
    feature: str,
    edges: Sequence[float],
    filters: Filters = ALL,
    *,
    grain: Grain = Grain.MONTH,
) -> list[BinCounts]:
    """Return counts per bin, by period; bins are right-inclusive, their edges finite and rising.

    A name that is no numeric column, no ratio of the catalogue and neither `points` nor `pd` has no
    values: everything is missing.
    """
    answer = _ask(lake, "bin_counts", filters, grain=grain, feature=feature, edges=list(edges))
    place_of = {edge: place for place, edge in enumerate([*edges, math.inf])}
    found = []
    for row in answer.to_pylist():
        counts = np.zeros(len(place_of), dtype=np.int64)
        for edge, count in zip(row["upto"] or (), row["counts"] or (), strict=True):
            counts[place_of[edge]] = count
        found.append(BinCounts(row["period"], counts, row["missing"]))
    return found


def text_counts(
    lake: Lake, feature: str, filters: Filters = ALL, *, grain: Grain = Grain.MONTH
) -> pa.Table:
    """Return how often each text of a feature occurs, by period; null is missing."""
    return _ask(lake, "text_counts", filters, grain=grain, feature=feature)


def score_moments(lake: Lake, filters: Filters = ALL, *, grain: Grain = Grain.MONTH) -> pa.Table:
    """Return decisions, mean points and PD, amount and expected loss before LGD by period."""
    return _ask(lake, "score_moments", filters, grain=grain)


def models_by_period(lake: Lake, *, grain: Grain = Grain.MONTH) -> pa.Table:
    """Return which models decided how often, by period."""
    return lake.query(load_sql("lake/monitoring/models_by_period"), {"grain": grain})


def recorded_figures(lake: Lake, *, grain: Grain = Grain.MONTH) -> pa.Table:
    """Return the figures of the monitoring job that stand."""
    return lake.query(load_sql("lake/monitoring/recorded_figures"), {"grain": grain})


def recorded_reports(lake: Lake) -> pa.Table:
    """Return the reports that the monitoring job rendered, the newest period first."""
    return lake.query(load_sql("lake/monitoring/recorded_reports"))


def sampled_features(
    lake: Lake, filters: Filters, *, as_of: date, every: int, limit: int
) -> pa.Table:
    """Return features, scores and outcomes of one decision in `every`, at most `limit`."""
    return lake.query(
        load_sql("lake/monitoring/sampled_features"),
        {"filters": filters.parameters(), "as_of": as_of, "every": every, "limit": limit},
    )


def _ask(lake: Lake, name: str, filters: Filters, **others: object) -> pa.Table:
    return lake.query(
        load_sql(f"lake/monitoring/{name}"), {"filters": filters.parameters(), **others}
    )
