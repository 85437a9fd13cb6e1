"""The lineage of a figure: the decisions, offsets, versions and table commits behind it.

There is one function for each file of ``sql/lake/lineage``; the files state columns and units.
`Lake.versions` names the commits that the session reads.
"""

import pyarrow as pa

from lakehouse.lake.filters import Filters
from lakehouse.lake.session import Lake


def decisions_behind(
    lake: Lake, filters: Filters, *, first: int = 0, limit: int = 1_000
) -> pa.Table:
    """Return the decisions that the filters choose, at most `limit`; all are counted."""
    return lake.ask("lineage/decisions_behind", filters, first=first, limit=limit)


def origins(lake: Lake, filters: Filters) -> pa.Table:
    """Return partitions, offsets and versions that the chosen decisions are made from."""
    return lake.ask("lineage/origins", filters)
