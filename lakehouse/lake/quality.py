"""Data quality: missing values, issues of the cleaning, refused events, the age of the newest data.

There is one function for each file of ``sql/lake/quality``; the files state columns and units.
"""

from collections.abc import Sequence

import pyarrow as pa

from lakehouse.lake.filters import ALL, Filters, Grain
from lakehouse.lake.session import Lake


def nulls_by_field(lake: Lake, filters: Filters = ALL, *, grain: Grain = Grain.MONTH) -> pa.Table:
    """Return how often each field is missing, by period."""
    return lake.ask("quality/nulls_by_field", filters, grain=grain)


def issues_by_field(lake: Lake, filters: Filters = ALL, *, grain: Grain = Grain.MONTH) -> pa.Table:
    """Return what cleaning noticed, by period, field and issue."""
    return lake.ask("quality/issues_by_field", filters, grain=grain)


def quarantine_by_period(lake: Lake, *, grain: Grain = Grain.DAY) -> pa.Table:
    """Return how many events were refused, by period, stage and code."""
    return lake.ask("quality/quarantine_by_period", grain=grain)


def quarantined(
    lake: Lake, *, codes: Sequence[str] = (), first: int = 0, limit: int = 100
) -> pa.Table:
    """Return refused events with their bytes, the newest first, at most `limit`."""
    return lake.ask("quality/quarantined", codes=list(codes), first=first, limit=limit)


def freshness(lake: Lake) -> pa.Table:
    """Return rows and newest instants of each table that holds rows."""
    return lake.ask("quality/freshness")
