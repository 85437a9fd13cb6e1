"""The filter bar's state: read from the URL, checked, and turned into filters of the book."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any, Final
from urllib.parse import urlencode

from lakehouse.lake.filters import Filters as Chosen

PERIODS: Final = {
    "3m": "Last 3 months",
    "6m": "Last 6 months",
    "12m": "Last 12 months",
    "24m": "Last 24 months",
    "36m": "Last 36 months",
    "all": "All months",
}
"""The periods to choose from; another one is `2018-01:2018-12`, both months included."""

COMPARE: Final = {"year": "vs year before", "previous": "vs period before", "none": "no comparison"}
"""What a period is compared with."""

DEFAULT_PERIOD: Final = "12m"
DEFAULT_COMPARE: Final = "year"
_MONTHS: Final = re.compile(r"(\d{4})-(0[1-9]|1[0-2]):(\d{4})-(0[1-9]|1[0-2])")
_MOST_CHOSEN: Final = 64
_LONGEST: Final = 64
_TIERS: Final = ("Low", "Elevated", "Watchlist")


@dataclass(frozen=True, slots=True)
class Book:
    """How large the book is, and of which months."""

    decisions: int
    first_month: date
    last_month: date


@dataclass(frozen=True, slots=True, kw_only=True)
class PageFilters:
    """What the filter bar says; an empty choice means all."""

    period: str = DEFAULT_PERIOD
    compare: str = DEFAULT_COMPARE
    tier: tuple[str, ...] = ()
    term: tuple[int, ...] = ()
    purpose: tuple[str, ...] = ()
    state: tuple[str, ...] = ()
    model: tuple[str, ...] = ()

    def months(self, book: Book) -> tuple[date, date]:
        """Return the first month of the period and the month after its last."""
        end = add_months(book.last_month, 1)
        if self.period == "all":
            return book.first_month, end
        found = _MONTHS.fullmatch(self.period)
        if found:
            first, last = (date(int(found[i]), int(found[i + 1]), 1) for i in (1, 3))
            return min(first, last), add_months(max(first, last), 1)
        return add_months(end, -int(self.period.removesuffix("m"))), end

    def chosen(self, book: Book) -> Chosen:
        """Return the decisions that are chosen, as the lake's questions take them."""
        since, until = self.months(book)
        return replace(self.any_time(), from_on=since, to_on=until)

    def any_time(self) -> Chosen:
        """Return the choices without the period."""
        return Chosen(
            terms=self.term,
            purposes=self.purpose,
            states=self.state,
            tiers=self.tier,
            models=self.model,
        )

    def compared(self, book: Book) -> Chosen | None:
        """Return what it is compared with; None where there is nothing to compare with."""
        since, until = self.months(book)
        length = (until.year - since.year) * 12 + until.month - since.month
        if self.compare == "none" or self.period == "all":
            return None
        back = 12 if self.compare == "year" and length <= 12 else length  # noqa: PLR2004 - months
        since, until = add_months(since, -back), add_months(until, -back)
        if until <= book.first_month:
            return None
        return replace(self.any_time(), from_on=since, to_on=until)

    @property
    def against(self) -> str:
        """What it is compared with, in words."""
        return "vs year before" if self.compare == "year" else "vs period before"

    def query(self, **changed: Any) -> str:
        """Return the URL's query that says the same; defaults are left out."""
        said = replace(self, **changed) if changed else self
        pairs: list[tuple[str, object]] = []
        if said.period != DEFAULT_PERIOD:
            pairs.append(("period", said.period))
        if said.compare != DEFAULT_COMPARE:
            pairs.append(("compare", said.compare))
        for name in ("tier", "term", "purpose", "state", "model"):
            pairs += [(name, value) for value in getattr(said, name)]
        return "?" + urlencode(pairs, safe=":") if pairs else ""


def parse(said: Mapping[str, Any] | None) -> PageFilters:
    """Return the filters that a browser sent; what is not valid is left out."""
    said = said or {}
    period = str(said.get("period") or DEFAULT_PERIOD)
    compare = str(said.get("compare") or DEFAULT_COMPARE)
    return PageFilters(
        period=period if period in PERIODS or _MONTHS.fullmatch(period) else DEFAULT_PERIOD,
        compare=compare if compare in COMPARE else DEFAULT_COMPARE,
        tier=tuple(each for each in _texts(said.get("tier")) if each in _TIERS),
        term=tuple(int(each) for each in _texts(said.get("term")) if each.isdecimal()),
        purpose=_texts(said.get("purpose")),
        state=_texts(said.get("state")),
        model=_texts(said.get("model")),
    )


def add_months(day: date, count: int) -> date:
    """Return the first day of the month so many months later."""
    months = day.year * 12 + day.month - 1 + count
    return date(max(months // 12, 1), months % 12 + 1, 1)


def _texts(values: Any) -> tuple[str, ...]:
    if not isinstance(values, Sequence):
        return ()
    chosen = [values] if isinstance(values, str) else values[:_MOST_CHOSEN]
    return tuple(sorted({str(each) for each in chosen if len(str(each)) <= _LONGEST}))
