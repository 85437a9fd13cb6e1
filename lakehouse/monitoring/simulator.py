"""The cut-off simulator: what a PD cut-off and other thresholds would have done to the book."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from itertools import accumulate
from typing import Any, Final

from lakehouse.errors import QueryInvalid
from lakehouse.lake.filters import ALL, Filters
from lakehouse.lake.session import Lake
from lakehouse.monitoring import limits
from lakehouse.monitoring.limits import ApprovalLimits
from risk.monitoring.cutoffs import Assumptions, Counts, LoanBook, Simulation, book, simulate
from risk.policy.document import Policy

CONDITIONS: Final = {
    "high_dti": "dti_pct",
    "high_utilisation": "utilisation_pct",
    "recent_delinquency": "delinquencies_2y",
    "many_inquiries": "inquiries_6m",
}
"""The conditions that the simulator can move, and the figure each looks at."""

_SHAPE: Final = (("high_dti", "high_utilisation"), ("recent_delinquency", "many_inquiries"))
_COMPARISONS: Final = ("at_least", "at_least", "above", "at_least")


def limits_of(policy: Policy, *, pd: float = 1.0) -> ApprovalLimits:
    """Return a policy's thresholds in force last, with a PD cut-off beside them.

    Raises
    ------
    QueryInvalid
        Its early warning is built otherwise than the simulator's, or the cut-off is no PD.
    """
    found = tuple((each.name, each.column, each.comparison) for each in policy.conditions)
    expected = tuple(zip(CONDITIONS, CONDITIONS.values(), _COMPARISONS, strict=True))
    if policy.early_warning != _SHAPE or found != expected:
        raise QueryInvalid(
            f"policy {policy.version}: the simulator moves the thresholds of an early warning of "
            f"{_SHAPE}, and this one is built otherwise; backtest it instead"
        )
    if not 0.0 <= pd <= 1.0:
        raise QueryInvalid(f"PD cut-off: expected a PD from 0 to 1, found {pd}")
    thresholds = [each.versions[-1].threshold for each in policy.conditions]
    return ApprovalLimits(pd, *thresholds)


def simulated(
    lake: Lake,
    today: ApprovalLimits,
    then: ApprovalLimits,
    filters: Filters = ALL,
    *,
    as_of: date,
    assumptions: Assumptions | None = None,
) -> Simulation:
    """Return what both limits approve of the chosen loans, and what became of these by a day."""
    answer = limits.approvals(lake, today, then, filters, as_of=as_of)
    return simulate(
        ((row["was_approved"], row["is_approved"], _counts(row)) for row in answer.to_pylist()),
        assumptions,
    )


def curve(
    lake: Lake,
    then: ApprovalLimits,
    filters: Filters = ALL,
    *,
    as_of: date,
    width: float = 0.01,
    assumptions: Assumptions | None = None,
) -> list[tuple[float, LoanBook]]:
    """Return the book that each PD cut-off approves, the thresholds as they are, by rising PD.

    Shares are of the loans that the thresholds let through.
    """
    answer = limits.by_pd(lake, replace(then, pd=1.0), filters, as_of=as_of, width=width)
    rows = answer.to_pylist()
    sums = list(accumulate(map(_counts, rows), Counts.__add__))
    return [
        (row["up_to_pd"], book(each, of_loans=sums[-1].loans, assumptions=assumptions))
        for row, each in zip(rows, sums, strict=True)
    ]


def _counts(row: Mapping[str, Any]) -> Counts:
    names = ("loans", "judged", "defaults", "amount_usd", "expected_usd")
    return Counts(*(row[name] for name in names))
