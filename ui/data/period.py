"""Sum up a period of the book, for tiles, verdicts and charts."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

import numpy as np

from risk.monitoring.backtest import wilson
from risk.monitoring.performance import Estimate


@dataclass(slots=True)
class Month:
    """One month of application, or several together."""

    month: date
    by_tier: dict[str, int] = field(default_factory=dict)
    applications: int = 0
    pd_sum: float = 0.0
    pd_square_sum: float = 0.0
    amount_usd: float = 0.0
    expected_usd: float = 0.0

    @property
    def watchlisted(self) -> int:
        """How many are on the watchlist."""
        return self.by_tier.get("Watchlist", 0)

    @property
    def watchlist_share(self) -> Estimate | None:
        """The share on the watchlist with its interval; None without applications."""
        return wilson(self.watchlisted, self.applications) if self.applications else None

    @property
    def mean_pd(self) -> Estimate | None:
        """The mean PD with its interval; None without applications."""
        if not self.applications:
            return None
        mean = self.pd_sum / self.applications
        spread = max(self.pd_square_sum / self.applications - mean * mean, 0.0)
        half = 1.96 * float(np.sqrt(spread / self.applications))
        return Estimate(mean, mean - half, mean + half)

    def share(self, tier: str) -> float:
        """Return a tier's share, 0 to 1."""
        return self.by_tier.get(tier, 0) / self.applications if self.applications else 0.0

    def add(self, row: dict[str, Any]) -> None:
        """Add one row of `lakehouse.lake.book.months`."""
        self.by_tier[row["tier"]] = self.by_tier.get(row["tier"], 0) + row["applications"]
        self.applications += row["applications"]
        self.pd_sum += row["pd_sum"]
        self.pd_square_sum += row["pd_square_sum"]
        self.amount_usd += row["amount_usd"]
        self.expected_usd += row["expected_usd"]


@dataclass(frozen=True, slots=True)
class Period:
    """A period: its months, the empty ones too, and all of it."""

    months: tuple[Month, ...]
    whole: Month


def summed(rows: Sequence[dict[str, Any]], since: date, until: date) -> Period:
    """Sum up the rows of `lakehouse.lake.book.months`."""
    months = {month: Month(month) for month in months_between(since, until)}
    whole = Month(since)
    for row in rows:
        months[row["month"]].add(row)
        whole.add(row)
    return Period(tuple(months.values()), whole)


def months_between(since: date, until: date) -> list[date]:
    """Return the first days of the months from `since` to before `until`."""
    first, last = since.year * 12 + since.month - 1, until.year * 12 + until.month - 1
    return [date(each // 12, each % 12 + 1, 1) for each in range(first, last)]


def apart(one: Estimate | None, other: Estimate | None) -> bool:
    """Say whether two intervals have nothing in common: the only change that takes colour."""
    if one is None or other is None:
        return False
    return one.low > other.high or one.high < other.low
