"""The words LendingClub's files use for numbers and dates, read once each.

Few distinct values occur, so each parser remembers.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from risk.frame.categorical import Coded
from risk.frame.memo import Memo, memo

UNREADABLE: Final = -np.inf
"""What a number that could not be read becomes, for the caller to report; NaN is missing."""

_ABSENT = frozenset({"", "n/a", "na", "nan", "none", "null"})
_NUMBER = r"([+-]?(?:\d+(?:\.\d*)?|\.\d+))"
_PERCENT = re.compile(_NUMBER + r"\s*%?", re.ASCII)
_TERM = re.compile(_NUMBER + r"(?:\s*(?:months?|mos?))?", re.ASCII | re.IGNORECASE)
_EMPLOYMENT = re.compile(
    r"(?:< 1 year(?: or n/a)?|(\d+(?:\.\d*)?)\+?(?:\s*years?)?)", re.ASCII | re.IGNORECASE
)
_MONTH = re.compile(r"(?P<month>[a-z]{3})-(?P<year>\d{4}|\d\d)", re.ASCII | re.IGNORECASE)
_ISO = re.compile(r"(\d{4})-(\d\d)(?:-(\d\d)(?:[T ].*)?)?", re.ASCII)
_MONTHS = {
    "jan": 0, "feb": 1, "mar": 2, "apr": 3, "may": 4, "jun": 5,
    "jul": 6, "aug": 7, "sep": 8, "oct": 9, "nov": 10, "dec": 11,
}  # fmt: skip
_VERIFICATION = {
    "not verified": "Not Verified",
    "verified": "Verified",
    "verified - income": "Verified",
    "source verified": "Source Verified",
    "verified - income source": "Source Verified",
}

MAX_EMPLOYMENT_YEARS = 10.0

# Dates travel through an int64 column: days since 1970, or, for a two-digit year, its months
# since the century began, marked by this; or one of two codes that no date reaches.
_TWO_DIGIT = 10**9
_MISSING_DATE = -(10**9)
_UNREADABLE_DATE = -(10**9) - 1
_MONTHS_A_CENTURY = 1_200
_EPOCH_MONTHS = 1970 * 12


@memo(8_192)
def percent(value: float | str | None) -> float:
    """Read "13.56%", "13.56", " 13 %" or a number; None is missing."""
    return _read(_PERCENT, value)


@memo(256)
def term_months(value: float | str | None) -> float:
    """Read " 36 months", "36" or a number; None is missing."""
    return _read(_TERM, value)


@memo(256)
def employment_years(value: float | str | None) -> float:
    """Read "< 1 year" as 0, "3 years" or a number as 3 and "10+ years" as 10; None is missing."""
    return _read(_EMPLOYMENT, value)


def numbers(
    values: Coded | Sequence[float | str | None], parse: Memo[float | str | None, float]
) -> NDArray[np.float64]:
    """Turn a column of numbers and texts into floats."""
    return Coded.of(values).mapped(parse, np.float64)


def dates(
    values: Coded | Sequence[str | None], *, latest: NDArray[np.datetime64]
) -> tuple[NDArray[np.datetime64], NDArray[np.bool_]]:
    """Read "Apr-1997", "Nov-08" and ISO dates.

    Parameters
    ----------
    values
        Texts; None is missing.
    latest
        For each row, the date that a two-digit year must not pass: its century is the latest
        that keeps the month at or before this date's.

    Returns
    -------
    tuple
        Dates (NaT where missing or unreadable; a month is its first day), and which texts
        could not be read.
    """
    codes = Coded.of(values).mapped(_date_code, np.int64)
    unreadable = codes == _UNREADABLE_DATE
    days = codes.astype("datetime64[D]")
    days[codes <= _MISSING_DATE] = np.datetime64("NaT")
    short = codes >= _TWO_DIGIT
    if short.any():
        months = codes[short] - _TWO_DIGIT
        latest_months = latest[short].astype("datetime64[M]").astype(np.int64) + _EPOCH_MONTHS
        months += (latest_months - months) // _MONTHS_A_CENTURY * _MONTHS_A_CENTURY
        days[short] = (months - _EPOCH_MONTHS).astype("datetime64[M]")
    return days, unreadable


@memo(256)
def verification(text: str) -> str:
    """Give one name to each way of saying whether income was verified; keep any other text."""
    return _VERIFICATION.get(text.strip().lower(), text)


def _read(pattern: re.Pattern[str], value: float | str | None) -> float:
    if isinstance(value, float):
        # Equal arguments are one to what remembers, so both zeros have to become the same.
        return value + 0.0
    stripped = (value or "").strip()
    if stripped.lower() in _ABSENT:
        return np.nan
    match = pattern.fullmatch(stripped)
    if match is None:
        return UNREADABLE
    return float(match[1] or 0.0)  # "< 1 year" has no number


@memo(8_192)
def _date_code(text: str | None) -> int:
    stripped = (text or "").strip()
    if stripped.lower() in _ABSENT:
        return _MISSING_DATE
    if match := _MONTH.fullmatch(stripped):
        return _month_code(match["month"].lower(), match["year"])
    if match := _ISO.fullmatch(stripped):
        return _iso_code("-".join(part for part in match.groups() if part))
    return _UNREADABLE_DATE


def _month_code(name: str, year: str) -> int:
    month = _MONTHS.get(name)
    if month is None:
        return _UNREADABLE_DATE
    months = int(year) * 12 + month
    if len(year) == len("08"):
        return _TWO_DIGIT + months
    return _days(np.datetime64(months - _EPOCH_MONTHS, "M"))


def _iso_code(day: str) -> int:
    try:
        return _days(np.datetime64(day))
    except ValueError:
        return _UNREADABLE_DATE


def _days(day: np.datetime64) -> int:
    return int(day.astype("datetime64[D]").astype(np.int64))
