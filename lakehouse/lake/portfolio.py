"""The book: its size and risk, who is on the watchlist, and why.

There is one function for each file of ``sql/lake/portfolio``; the files state columns and units.
"""

from typing import Literal, TypeAlias

import pyarrow as pa

from lakehouse.lake.filters import ALL, Filters, Grain
from lakehouse.lake.session import Lake

Dimension: TypeAlias = Literal[
    "purpose",
    "purpose_group",
    "state",
    "region",
    "term",
    "tier",
    "model",
    "policy",
    "home_ownership",
    "application_type",
    "vintage",
]
"""What decisions may be grouped by."""

WatchlistOrder: TypeAlias = Literal[
    "applied_on",
    "decided_at",
    "pd",
    "points",
    "amount_usd",
    "expected_usd",
    "dti_pct",
    "utilisation_pct",
    "term_months",
]
"""What the watchlist may be sorted by; anything else leaves it in the order of the stream."""


def by_period(lake: Lake, filters: Filters = ALL, *, grain: Grain = Grain.MONTH) -> pa.Table:
    """Return decisions, watchlist share, amount, expected loss before LGD and mean PD by period."""
    return lake.ask("portfolio/by_period", filters, grain=grain)


def tiers_by_period(lake: Lake, filters: Filters = ALL, *, grain: Grain = Grain.MONTH) -> pa.Table:
    """Return decisions, share, mean PD and amount by period and tier."""
    return lake.ask("portfolio/tiers_by_period", filters, grain=grain)


def groups(lake: Lake, filters: Filters = ALL, *, by: Dimension) -> pa.Table:
    """Return decisions, shares, mean PD and amount of each value of a dimension."""
    return lake.ask("portfolio/groups", filters, dimension=by)


def watchlist(
    lake: Lake,
    filters: Filters = ALL,
    *,
    sorted_by: WatchlistOrder = "decided_at",
    is_falling: bool = True,
    first: int = 0,
    limit: int = 100,
) -> pa.Table:
    """Return watchlisted decisions, at most `limit` from the `first` on; all are counted."""
    return lake.ask(
        "portfolio/watchlist",
        filters,
        sorted_by=sorted_by,
        is_falling=is_falling,
        first=first,
        limit=limit,
    )


def reasons(lake: Lake, filters: Filters = ALL) -> pa.Table:
    """Return how often each reason of the policy and of the model was given."""
    return lake.ask("portfolio/reasons", filters)


def score_bands(lake: Lake, filters: Filters = ALL, *, width: int = 20) -> pa.Table:
    """Return decisions, share and mean PD by band of so many points."""
    return lake.ask("portfolio/score_bands", filters, width=width)


def pd_bands(lake: Lake, filters: Filters = ALL, *, width: float = 0.01) -> pa.Table:
    """Return decisions, share and amount by band of PD, `width` from above 0 to 1."""
    return lake.ask("portfolio/pd_bands", filters, width=width)


def decisions_on(lake: Lake, application_id: str) -> pa.Table:
    """Return every decision on an application, all columns, the latest first."""
    return lake.ask("portfolio/decisions_on", application_id=application_id)
