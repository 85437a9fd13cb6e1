"""What fires in the book now, and in which months of its history it would have fired.

Each rule looks at closed months and at what chance alone reaches: an input that moved from the
training loans, a field that is missing more often than in the year before, a watchlist share unlike
the year before.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final, Literal, TypeAlias

from lakehouse.lake import book, quality
from lakehouse.lake.filters import ALL, Filters
from lakehouse.lake.session import Lake
from lakehouse.monitoring.characteristics import binned
from risk.models.model import Model
from risk.models.scorecard import Scorecard
from risk.monitoring.backtest import wilson
from risk.monitoring.bin_shift import ACT, shift

__all__ = ["BookAlert", "Rule", "book_alerts"]

Rule: TypeAlias = Literal["input_shifted", "field_missing", "watchlist_share"]

_YEAR: Final = 12
_FEWEST_BEFORE: Final = 6
_MARGIN: Final = 0.005
"""A share has to leave its band by more than half a percentage point."""


@dataclass(frozen=True, slots=True)
class BookAlert:
    """One rule on one subject in one month.

    Attributes
    ----------
    subject
        The column, or empty.
    value
        PSI, or a share from 0 to 1.
    low, high
        The band that it has left.
    applications
        In the month.
    """

    rule: Rule
    subject: str
    month: date
    value: float
    low: float
    high: float
    applications: int


def book_alerts(lake: Lake, model: Model, filters: Filters = ALL) -> list[BookAlert]:
    """Return every month in which a rule fires, by rule, subject and month."""
    found = [
        *_inputs(lake, model, filters),
        *_fields(lake, filters),
        *_watchlist(lake, filters),
    ]
    return sorted(found, key=lambda each: (each.rule, each.subject, each.month))


def _inputs(lake: Lake, model: Model, filters: Filters) -> Iterator[BookAlert]:
    if not isinstance(model, Scorecard):
        return
    for each in binned(lake, model, filters):
        for month, counts in each.periods.items():
            moved = shift(each.reference, counts, each.points)
            if moved is not None and moved.level == "act":
                yield BookAlert(
                    "input_shifted", each.feature, month, moved.psi, 0.0, ACT, moved.applications
                )


def _fields(lake: Lake, filters: Filters) -> Iterator[BookAlert]:
    by_field: dict[str, list[tuple[date, int, int]]] = {}
    for row in quality.nulls_by_field(lake, filters).to_pylist():
        by_field.setdefault(row["field"], []).append(
            (row["period"], row["missing"], row["decisions"])
        )
    for field, months in by_field.items():
        for month, share, low, high, n in _leaving(months):
            if share > high:
                yield BookAlert("field_missing", field, month, share, low, high, n)


def _watchlist(lake: Lake, filters: Filters) -> Iterator[BookAlert]:
    months: dict[date, list[int]] = {}
    for row in book.months(lake, filters).to_pylist():
        held = months.setdefault(row["month"], [0, 0])
        held[0] += row["applications"] if row["tier"] == "Watchlist" else 0
        held[1] += row["applications"]
    counted = [(month, on_it, n) for month, (on_it, n) in sorted(months.items())]
    for month, share, low, high, n in _leaving(counted):
        yield BookAlert("watchlist_share", "", month, share, low, high, n)


def _leaving(
    months: Sequence[tuple[date, int, int]],
) -> Iterator[tuple[date, float, float, float, int]]:
    """Yield months whose share's interval has left that of the year before."""
    ordered = sorted(months)
    for place, (month, hits, n) in enumerate(ordered):
        before = ordered[max(place - _YEAR, 0) : place]
        total = sum(each[2] for each in before)
        if len(before) < _FEWEST_BEFORE or not n or not total:
            continue
        now = wilson(hits, n, confidence=0.99)
        then = wilson(sum(each[1] for each in before), total, confidence=0.99)
        if now.low > then.high + _MARGIN or now.high < then.low - _MARGIN:
            yield month, now.value, then.low, then.high, n
