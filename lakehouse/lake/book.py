"""The book as a whole: what there is to choose from, and its sums month by month.

One function for each file of ``sql/lake/book``; columns and units are in the files.
"""

from __future__ import annotations

import pyarrow as pa

from lakehouse.lake.filters import ALL, Filters
from lakehouse.lake.session import Lake
from lakehouse.postgres.statements import load_sql

__all__ = ["extent", "months"]


def extent(lake: Lake) -> pa.Table:
    """Return how many decisions there are, their dates, and which values filters can choose."""
    return lake.query(load_sql("lake/book/extent"))


def months(lake: Lake, filters: Filters = ALL) -> pa.Table:
    """Return applications and sums of PD and USD by month of application and tier."""
    return lake.query(load_sql("lake/book/months"), {"filters": filters.parameters()})
