"""Counts for the cut-off simulator: what limits would have approved, and how those loans ended.

There is one function for each file of ``sql/lake/limits``; the files state columns and units. The
counts are over accepted loans only, because nothing is known about applications that were refused.
"""

import math
from dataclasses import asdict, dataclass
from datetime import date
from typing import Final

import pyarrow as pa

from lakehouse.lake.filters import ALL, Filters
from lakehouse.lake.session import Lake
from risk.monitoring.outcomes_known import KNOWN_SHARE


@dataclass(frozen=True, slots=True)
class ApprovalLimits:
    """Up to which PD, and within which early-warning thresholds, an application is approved.

    Attributes
    ----------
    pd
        The largest PD that is approved; 1 approves any.
    dti_pct, utilisation_pct
        From here on a figure is high.
    delinquencies_2y, inquiries_6m
        Above the first, and from the second on, there is recent trouble. An application with a high
        figure and recent trouble is not approved.
    """

    pd: float
    dti_pct: float
    utilisation_pct: float
    delinquencies_2y: float
    inquiries_6m: float


NO_LIMITS: Final = ApprovalLimits(1.0, math.inf, math.inf, math.inf, math.inf)
"""Limits that refuse nobody."""


def approvals(
    lake: Lake, today: ApprovalLimits, then: ApprovalLimits, filters: Filters = ALL, *, as_of: date
) -> pa.Table:
    """Return counts and sums of the loans by whether each of both limits approves them."""
    return lake.ask(
        "limits/approvals",
        filters,
        today=asdict(today),
        then=asdict(then),
        as_of=as_of,
        known_share=KNOWN_SHARE,
    )


def by_pd(
    lake: Lake, then: ApprovalLimits, filters: Filters = ALL, *, as_of: date, width: float = 0.01
) -> pa.Table:
    """Return counts and sums of the loans within the limits, by steps of PD."""
    return lake.ask(
        "limits/by_pd",
        filters,
        then=asdict(then),
        as_of=as_of,
        width=width,
        known_share=KNOWN_SHARE,
    )
