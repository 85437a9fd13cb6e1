"""List the closed periods, and those that the job looks at."""

from collections.abc import Iterable
from datetime import date, timedelta
from typing import Final

import numpy as np

from lakehouse.lake.filters import Grain

GRAINS: Final = (Grain.WEEK, Grain.MONTH, Grain.QUARTER)

_MONTHS: Final = {Grain.MONTH: 1, Grain.QUARTER: 3, Grain.YEAR: 12}
_DAYS: Final = {Grain.DAY: 1, Grain.WEEK: 7}


def next_period(period: date, grain: Grain) -> date:
    """Return the first day of the period after this one."""
    if grain in _DAYS:
        return period + timedelta(days=_DAYS[grain])
    month = np.datetime64(period, "M") + _MONTHS[grain]
    found: date = month.astype("datetime64[D]").astype(date)
    return found


def last_day(period: date, grain: Grain) -> date:
    """Return the last day of a period."""
    return next_period(period, grain) - timedelta(days=1)


def closed(periods: Iterable[date], grain: Grain, *, today: date) -> list[date]:
    """Return the periods that are over, each once and in order."""
    return sorted({each for each in periods if next_period(each, grain) <= today})


def last_closed(day: date, grain: Grain, *, count: int) -> list[date]:
    """Return the last periods that were over by the end of a day, in order."""
    period = _first_day(day + timedelta(days=1), grain)
    found = []
    for _ in range(count):
        period = _first_day(period - timedelta(days=1), grain)
        found.append(period)
    return found[::-1]


def _first_day(day: date, grain: Grain) -> date:
    if grain in _DAYS:
        return day - timedelta(days=day.weekday() if grain is Grain.WEEK else 0)
    months = _MONTHS[grain]
    return day.replace(month=(day.month - 1) // months * months + 1, day=1)
