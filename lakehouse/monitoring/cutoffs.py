"""What other limits would have approved, over loans that were issued.

One function for each file of ``sql/lake/cutoffs``; columns and units are in the files. Of those who
were refused nobody knows what they would have paid: looser limits than the lender's own cannot be
judged here.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import pyarrow as pa

from lakehouse.lake.filters import Filters
from lakehouse.lake.session import Lake
from lakehouse.postgres.statements import load_sql

__all__ = ["NO_LIMIT_PD", "Limits", "by_pd", "swap_counts"]

NO_LIMIT_PD = 1.0
"""A PD limit that refuses nobody."""


@dataclass(frozen=True, slots=True)
class Limits:
    """Approved: a PD of at most `pd_most`, and not on the watchlist by these thresholds."""

    pd_most: float
    dti_from: float
    utilisation_from: float
    inquiries_from: float
    delinquencies_above: float = 0.0


def swap_counts(
    lake: Lake, filters: Filters, *, today: Limits, then: Limits, as_of: date
) -> pa.Table:
    """Return loans, outcomes and USD by approved today and approved then."""
    return lake.query(
        load_sql("lake/cutoffs/swap_counts"),
        {
            "filters": filters.parameters(),
            "as_of": as_of,
            "pd_today": today.pd_most,
            "dti_today": today.dti_from,
            "utilisation_today": today.utilisation_from,
            "inquiries_today": today.inquiries_from,
            "delinquencies_today": today.delinquencies_above,
            "pd_then": then.pd_most,
            "dti_then": then.dti_from,
            "utilisation_then": then.utilisation_from,
            "inquiries_then": then.inquiries_from,
        },
    )


def by_pd(lake: Lake, filters: Filters, *, as_of: date) -> pa.Table:
    """Return loans and outcomes by hundredth of the loans, the lowest PD first."""
    return lake.query(
        load_sql("lake/cutoffs/by_pd"), {"filters": filters.parameters(), "as_of": as_of}
    )
