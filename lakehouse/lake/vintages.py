"""Loans by vintage as known on a day: defaults, known outcomes, scored loans.

There is one function for each file of ``sql/lake/vintages``; the files state columns and units. The
time of a default is derived from the last payment: say so wherever months on book are shown.
"""

from datetime import date

import pyarrow as pa

from lakehouse.lake.filters import ALL, Filters, Grain
from lakehouse.lake.session import Lake


def curve_counts(
    lake: Lake,
    filters: Filters = ALL,
    *,
    as_of: date,
    grain: Grain = Grain.QUARTER,
    longest: int = 60,
) -> pa.Table:
    """Return loans reaching each month on book and defaults in it, by vintage.

    `risk.monitoring.vintages` turns them into cumulative rates.
    """
    return lake.ask("vintages/curve_counts", filters, as_of=as_of, grain=grain, longest=longest)


def maturity(lake: Lake, filters: Filters = ALL, *, as_of: date) -> pa.Table:
    """Return loans, known outcomes, defaults and expected defaults by vintage and term."""
    return lake.ask("vintages/maturity", filters, as_of=as_of)


def scored_outcomes(
    lake: Lake, filters: Filters = ALL, *, as_of: date, grain: Grain = Grain.MONTH
) -> pa.Table:
    """Return loans, known outcomes and defaults by vintage, term and PD."""
    return lake.ask("vintages/scored_outcomes", filters, as_of=as_of, grain=grain)
