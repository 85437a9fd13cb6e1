"""The forms in which files write a day or a month; each form has one reading.

A month becomes its first day. A text with two possible readings, such as ``12/1/2011``, is read
only if the caller says which one holds: see `iso_of_slashed`.
"""

import re
from typing import Final, Literal, TypeAlias

import numpy as np

from risk.features.missing import is_missing
from risk.frame.memo import memo

Order: TypeAlias = Literal["mdy", "dmy"]
"""Whether the month or the day stands first in ``12/1/2011``."""

# Dates travel through an int64 column: days since 1970, or, for a two-digit year, its months
# since the century began and the day, marked by this; or one of two codes that no date reaches.
TWO_DIGIT: Final = 10**9
MISSING: Final = -(10**9)
UNREADABLE: Final = -(10**9) - 1
MONTHS_A_CENTURY: Final = 1_200
DAYS_A_MONTH: Final = 32
EPOCH_MONTHS: Final = 1970 * 12

_MONTHS: Final = {
    "jan": 1, "feb": 2, "mar": 3, "apr": 4, "may": 5, "jun": 6,
    "jul": 7, "aug": 8, "sep": 9, "oct": 10, "nov": 11, "dec": 12,
}  # fmt: skip
_NAMES: Final = (
    "january", "february", "march", "april", "may", "june",
    "july", "august", "september", "october", "november", "december",
)  # fmt: skip
_NAME: Final = r"(?P<name>[a-z]{3,9})\.?"
_BETWEEN: Final = r"[-\s/,._]+"
_TIME: Final = r"(?:[T ].*)?"

_NAMED: Final = tuple(
    re.compile(pattern, re.ASCII | re.IGNORECASE)
    for pattern in (
        rf"{_NAME}{_BETWEEN}'?(?P<year>\d{{4}}|\d\d)",  # Dec-2011, Dec-11, December 2011
        rf"(?P<year>\d{{4}}|\d\d?){_BETWEEN}{_NAME}",  # 2011-Dec, and what Excel makes of Dec-11
        rf"{_NAME}(?P<year>\d{{4}})",  # Dec2011
        rf"(?P<day>\d\d?){_BETWEEN}{_NAME}{_BETWEEN}(?P<year>\d{{4}}|\d\d){_TIME}",  # 1-Dec-11
        rf"{_NAME}\s+(?P<day>\d\d?),?\s+(?P<year>\d{{4}}){_TIME}",  # Dec 1, 2011
    )
)
_NUMBERED: Final = tuple(
    re.compile(pattern, re.ASCII)
    for pattern in (
        rf"(?P<year>\d{{4}})(?P<between>[-/.])(?P<month>\d\d?)(?:(?P=between)(?P<day>\d\d?){_TIME})?",
        rf"(?P<year>\d{{4}})(?P<month>\d\d)(?P<day>\d\d){_TIME}",  # 20111201T000000
        r"(?P<month>\d\d?)[-/](?P<year>\d{4})",  # 12/2011
    )
)
_SLASHED: Final = re.compile(
    rf"(?P<one>\d\d?)(?P<between>[-/.])(?P<two>\d\d?)(?P=between)(?P<year>\d{{4}}|\d\d){_TIME}",
    re.ASCII,
)
_LAST_MONTH: Final = 12
_LONG_YEAR: Final = 4
_EXCEL_EPOCH: Final = np.datetime64("1899-12-30", "D")


@memo(8_192)
def date_code(text: str | None) -> int:
    """Return a date as the int64 of a column: see `risk.ingest.dialects.dates`."""
    stripped = (text or "").strip()
    if is_missing(stripped):
        return MISSING
    for pattern in _NAMED:
        if match := pattern.fullmatch(stripped):
            found = match.groupdict()
            return _named_code(found["name"], found["year"], found.get("day"))
    for pattern in _NUMBERED:
        if match := pattern.fullmatch(stripped):
            return _day_code(match["year"], int(match["month"]), match.groupdict().get("day"))
    match = _SLASHED.fullmatch(stripped)
    return UNREADABLE if match is None else _slashed_code(match)


def is_ambiguous(text: str) -> bool:
    """Say whether a text is a day that reads one way in America and another in Europe."""
    match = _SLASHED.fullmatch(text.strip())
    return match is not None and _slashed_code(match) == UNREADABLE and _may_be_a_day(match)


def iso_of_slashed(text: str, order: Order) -> str:
    """Return ``12/1/2011`` as an ISO date, its order given; any text that needs none as it is.

    A two-digit year becomes a month and year, ``Dec-11``, whose century its reader knows.
    """
    match = _SLASHED.fullmatch(text.strip())
    if match is None or _slashed_code(match) != UNREADABLE:
        return text
    one, two = int(match["one"]), int(match["two"])
    month, day = (one, two) if order == "mdy" else (two, one)
    if len(match["year"]) == _LONG_YEAR:
        return f"{match['year']}-{month:02}-{day:02}"
    if not 1 <= month <= _LAST_MONTH:
        return text
    return f"{day}-{_NAMES[month - 1][:3].title()}-{match['year']}"


def iso_of_day_number(number: int) -> str:
    """Return the ISO date of Excel's day number, 1900 system: 40878 is 2011-12-01."""
    return str(_EXCEL_EPOCH + number)


def _named_code(name: str, year: str, day: str | None = None) -> int:
    lowered = name.lower()
    month = _MONTHS.get(lowered[:3])
    if month is None or not (_NAMES[month - 1].startswith(lowered)):
        return UNREADABLE
    if len(year) < _LONG_YEAR:
        # Which century's is not known yet: the day must be one of a leap year's.
        if _day_code("2000", month, day) == UNREADABLE:
            return UNREADABLE
        months = int(year) * 12 + month - 1
        return TWO_DIGIT + months * DAYS_A_MONTH + int(day or 1) - 1
    return _day_code(year, month, day)


def _day_code(year: str, month: int, day: str | None) -> int:
    try:
        found = np.datetime64(f"{year}-{month:02}" + (f"-{int(day):02}" if day else ""))
    except ValueError:
        return UNREADABLE
    return int(found.astype("datetime64[D]").astype(np.int64))


def _slashed_code(match: re.Match[str]) -> int:
    one, two = int(match["one"]), int(match["two"])
    if len(match["year"]) < _LONG_YEAR or (one != two and max(one, two) <= _LAST_MONTH):
        return UNREADABLE
    month, day = (one, two) if two > _LAST_MONTH else (two, one)
    return _day_code(match["year"], month, str(day))


def _may_be_a_day(match: re.Match[str]) -> bool:
    one, two = sorted((int(match["one"]), int(match["two"])))
    return 1 <= one <= _LAST_MONTH and two <= 31  # noqa: PLR2004
