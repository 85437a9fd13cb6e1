"""The book as a whole: the values that filters can choose, and its sums month by month.

There is one function for each file of ``sql/lake/book``; the files state columns and units.
"""

import json
from collections.abc import Sequence

import pyarrow as pa

from lakehouse.lake.filters import ALL, Filters
from lakehouse.lake.session import Lake


def extent(lake: Lake) -> pa.Table:
    """Return how many decisions there are, and of which days."""
    return lake.ask("book/extent")


def choices(lake: Lake) -> pa.Table:
    """Return which values filters can choose, by kind."""
    return lake.ask("book/choices")


def months(lake: Lake, filters: Filters = ALL) -> pa.Table:
    """Return applications and sums of PD and USD by month of application and tier."""
    return lake.ask("book/months", filters)


def throughput(lake: Lake, *, width_seconds: int, buckets: int) -> pa.Table:
    """Return decisions and lag by bucket of the last `buckets` before the newest decision."""
    return lake.ask("book/throughput", width=width_seconds, buckets=buckets)


def agreement(
    lake: Lake, filters: Filters = ALL, *, challenger: str, edges: Sequence[float]
) -> pa.Table:
    """Return applications by band of the champion's PD and band of a challenger's."""
    return lake.ask(
        "book/agreement",
        filters,
        path=f"$.{json.dumps(challenger)}",
        edges=list(edges),
    )
