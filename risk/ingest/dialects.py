"""Parse the numbers and dates of LendingClub's files.

Few distinct texts occur, so each parser remembers its results.
"""

import re
from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from risk.features.missing import is_missing
from risk.frame.categorical import Coded
from risk.frame.memo import Memo, memo
from risk.ingest import date_forms
from risk.ingest.date_forms import date_code

UNREADABLE: Final = -np.inf
"""What a number that could not be read becomes, for the caller to report; NaN is missing."""

_NUMBER = r"([+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d{1,3})?)"
_PLAIN = re.compile(_NUMBER, re.ASCII)
_PERCENT = re.compile(_NUMBER + r"\s*%?", re.ASCII)
_TERM = re.compile(_NUMBER + r"(?:\s*(?:months?|mos?|m))?", re.ASCII | re.IGNORECASE)
_EMPLOYMENT = re.compile(
    r"(?:< ?1 year(?: or n/a)?|(\d+(?:\.\d*)?)\+?(?:\s*years?)?)", re.ASCII | re.IGNORECASE
)
# $5,000.00 and 24,000: a comma stands before each three digits, or it is another sign.
_GROUPED = re.compile(r"([+-]?)\s*\$?\s*(\d{1,3}(?:,\d{3})+|\d+)(\.\d*)?(\s*%)?", re.ASCII)
_VERIFICATION = {
    "not verified": "Not Verified",
    "verified": "Verified",
    "verified - income": "Verified",
    "source verified": "Source Verified",
    "verified - income source": "Source Verified",
}

MAX_EMPLOYMENT_YEARS = 10.0


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
    """Read "Apr-1997", "Nov-08", ISO dates and the other forms of `risk.ingest.date_forms`.

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
    codes = Coded.of(values).mapped(date_code, np.int64)
    unreadable = codes == date_forms.UNREADABLE
    days = codes.astype("datetime64[D]")
    days[codes <= date_forms.MISSING] = np.datetime64("NaT")
    short = codes >= date_forms.TWO_DIGIT
    if short.any():
        months, day = np.divmod(codes[short] - date_forms.TWO_DIGIT, date_forms.DAYS_A_MONTH)
        latest_months = latest[short].astype("datetime64[M]").astype(np.int64)
        latest_months += date_forms.EPOCH_MONTHS
        century = date_forms.MONTHS_A_CENTURY
        months += (latest_months - months) // century * century
        first = (months - date_forms.EPOCH_MONTHS).astype("datetime64[M]").astype("datetime64[D]")
        days[short] = first + day
    return days, unreadable


@memo(256)
def verification(text: str) -> str:
    """Give one name to each way of saying whether income was verified; keep any other text."""
    return _VERIFICATION.get(text.strip().lower(), text)


def number(text: str) -> float:
    """Read "12.5", "$5,000.00" or "1e+05"; NaN is missing, `UNREADABLE` is any other text."""
    return _read(_PLAIN, text)


def _read(pattern: re.Pattern[str], value: float | str | None) -> float:
    if isinstance(value, float):
        # The memo treats equal arguments as one, so 0.0 and -0.0 must give the same result.
        return value + 0.0
    stripped = (value or "").strip()
    if is_missing(stripped):
        return np.nan
    if "," in stripped or "$" in stripped:
        stripped = _ungrouped(stripped)
    match = pattern.fullmatch(stripped)
    if match is None:
        return UNREADABLE
    found = float(match[1] or 0.0)  # "< 1 year" has no number
    return found if np.isfinite(found) else UNREADABLE


def _ungrouped(text: str) -> str:
    match = _GROUPED.fullmatch(text)
    if match is None:
        return text
    sign, whole, rest, percent_sign = match.groups(default="")
    return f"{sign}{whole.replace(',', '')}{rest}{percent_sign}"
