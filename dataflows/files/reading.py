"""Settle how a table's cells are read, from its first rows, before any row is passed on.

If the rows do not settle it, the file is refused with the name of the setting that does. There are
two such cases: days with two readings, and rates that may be fractions.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from functools import lru_cache, partial
from pathlib import Path
from typing import Any, Final, TypeAlias

import numpy as np

from dataflows.files.forms import FileForms
from lakehouse.errors import SettingsInvalid
from risk.features.missing import is_missing
from risk.ingest import dialects
from risk.ingest.application_columns import NUMBERS
from risk.ingest.date_forms import Order, is_ambiguous, iso_of_day_number, iso_of_slashed
from risk.ingest.ids import id_text
from risk.ingest.listing import employment_years_of_months
from risk.ingest.mend import instant_of_epoch

SAMPLE_ROWS: Final = 1_000
SAFE_DIGITS: Final = 15
"""Whole numbers up to this many digits are exact as JSON numbers for every reader."""

ID_FIELDS: Final = ("id", "loan_id", "event_id")
DAYS: Final = ("issue_d", "earliest_cr_line")
OTHER_DAYS: Final = ("last_pymnt_d", "last_credit_pull_d")
RATES: Final = ("int_rate", "revol_util", "dti", "dti_joint", "bc_util")
PLAIN_TEXTS: Final = (
    "purpose", "home_ownership", "verification_status", "addr_state", "zip_code", "grade",
    "sub_grade", "application_type", "loan_status",
)  # fmt: skip

_FEWEST_RATIOS: Final = 3
_DAY_NUMBER: Final = re.compile(r"(\d{1,5})(?:\.0*)?")
_EPOCH_NUMBER: Final = re.compile(r"(\d{9,19})(?:\.0*)?")
_FIRST_ISSUE, _LAST_DAY = 25_569, 73_050  # 1970-01-01 and 2100-01-01
_DECIMAL_COMMA: Final = re.compile(r"[-+]?\$?(\d{1,3}(\.\d{3})+|\d+),(\d{1,2}|\d{4,})\s*%?")
_DECIMAL_POINT: Final = re.compile(r"[-+]?\$?(\d{1,3}(,\d{3})+|\d+)\.(\d{1,2}|\d{4,})\s*%?")

_Convert: TypeAlias = Callable[[Any], Any]


@dataclass(frozen=True, slots=True)
class Reading:
    """How the cells of each row become the values of its event.

    Attributes
    ----------
    names
        The JSON names, by column.
    converters
        What is done to the cells of a column that are not missing.
    said
        What was settled, for people.
    """

    names: tuple[str, ...]
    converters: tuple[tuple[int, _Convert], ...]
    said: tuple[str, ...]


def settle(
    names: tuple[str, ...],
    sample: Sequence[Sequence[Any]],
    *,
    forms: FileForms,
    path: Path,
    in_months: bool = False,
    is_scored: bool = True,
) -> Reading:
    """Settle how to read a table.

    Parameters
    ----------
    sample
        The cells of its first rows.
    in_months
        Employment is counted in months, as LendingClub's listing does.
    is_scored
        The applications are scored; else only what became of the loans is read, and neither rates
        nor the first credit line may refuse the file.

    Raises
    ------
    SettingsInvalid
        Days or rates read two ways and no setting says which; all of it in one message.
    """
    column = {name: place for place, name in enumerate(names)}
    looked_at = _LOOKED_AT if is_scored else _LOOKED_AT - _ONLY_SCORED
    cells = {name: _given(sample, place) for name, place in column.items() if name in looked_at}
    has_comma = _has_decimal_comma(cells)
    if has_comma:
        cells = {name: [*map(_with_point, texts)] for name, texts in cells.items()}
    fractions = _fractions(cells, forms)
    days = _Days.of(cells, forms)
    if problems := [*_fraction_problems(fractions, forms), *days.problems]:
        raise SettingsInvalid(f"{path}: {'. '.join(problems)}")

    ids = [column[name] for name in ID_FIELDS if name in column]
    rows = [row for row in sample if any(map(_is_given, row))]
    rows_with_id = sum(any(_is_given(row[place]) for place in ids) for row in rows)
    is_fraction = {*fractions} if forms.rates == "fraction" else set()
    steps: dict[str, list[_Convert]] = {
        name: [
            *([_with_point] if has_comma and name in (*NUMBERS, *RATES) else []),
            *([_hundredfold] if name in is_fraction else []),
            *([_years] if in_months and name == "emp_length" else []),
            *([_OWN[name]] if name in _OWN else []),
            *([days.converters[name]] if name in days.converters else []),
        ]
        for name in column
    }
    said = [
        *(["employment in months, as LendingClub's listing counts it"] if in_months else []),
        *(["a comma before decimals"] if has_comma else []),
        *([f"{', '.join(fractions)} as fractions"] if is_fraction else []),
        *days.said,
        *ids_in_words(rows_with_id, len(rows)),
    ]
    converters = [(column[name], _composed(done)) for name, done in steps.items() if done]
    return Reading(names, tuple(converters), tuple(said))


def ids_in_words(with_id: int, looked_at: int) -> list[str]:
    """Say what is done where rows have no id of their own, if that was seen."""
    if with_id == looked_at:
        return []
    which = f"no id in {looked_at - with_id:,} of the first {looked_at:,}" if with_id else "no id"
    return [f"{which}: file and position stand in for it, which each decision's issues say"]


_ALL_DAYS: Final = (*DAYS, "event_time", *OTHER_DAYS)
_LOOKED_AT: Final = {*NUMBERS, *RATES, *_ALL_DAYS, *ID_FIELDS}
_ONLY_SCORED: Final = {*RATES, "earliest_cr_line"}


def _given(sample: Sequence[Sequence[Any]], place: int) -> list[str]:
    """Return what is not missing of a column, as text."""
    return [str(row[place]).strip() for row in sample if _is_given(row[place])]


def _is_given(cell: Any) -> bool:
    return cell is not None and not is_missing(str(cell).strip())


def _has_decimal_comma(cells: dict[str, list[str]]) -> bool:
    texts = [text for name in (*NUMBERS, *RATES) for text in cells.get(name, [])]
    return any(map(_DECIMAL_COMMA.fullmatch, texts)) and not any(
        map(_DECIMAL_POINT.fullmatch, texts)
    )


def _fractions(cells: dict[str, list[str]], forms: FileForms) -> list[str]:
    """Return the columns of rates and ratios whose values are all below 1."""
    found = []
    for name in RATES:
        texts = cells.get(name, [])
        rates = np.array([*map(dialects.percent, texts)], dtype=np.float64)
        rates = rates[np.isfinite(rates) & (rates != 0.0)]
        # A utilisation of nothing is no sign; nor are a few low ones, where nobody says so.
        fewest = 1 if name == "int_rate" or forms.rates == "fraction" else _FEWEST_RATIOS
        if any("%" in text for text in texts) or len(rates) < fewest:
            continue
        if rates.max() <= 1.0 and (name != "int_rate" or rates.max() < 1.0):
            found.append(name)
    return found


def _fraction_problems(fractions: Sequence[str], forms: FileForms) -> list[str]:
    if not fractions or forms.rates is not None:
        return []
    first, *others = fractions
    problem = (
        f"{first} looks like a fraction{', and so do ' * bool(others)}{', '.join(others)}: every "
        "value lies below 1. Set RISK_FILE_RATES=fraction where 0.0756 means 7.56 %, or "
        "RISK_FILE_RATES=percent where it means 0.0756 %"
    )
    return [problem]


@dataclass(frozen=True, slots=True)
class _Days:
    """How the columns of days are read, and what of them reads two ways."""

    converters: dict[str, _Convert]
    said: list[str]
    problems: list[str]

    @classmethod
    def of(cls, cells: dict[str, list[str]], forms: FileForms) -> _Days:
        converters: dict[str, _Convert] = {"event_time": _instant}
        said = []
        ambiguous = []
        given = {name: texts for name, texts in cells.items() if texts and name in _ALL_DAYS}
        for name, texts in given.items():
            if _are_day_numbers(texts, name):
                converters[name] = _day_of_number
                said.append(f"{name} as Excel's day numbers")
            elif name != "event_time" and all(map(_EPOCH_NUMBER.fullmatch, texts)):
                converters[name] = _day_of_epoch
            elif forms.dates is not None:
                converters[name] = partial(_ordered, order=forms.dates)
            elif name not in OTHER_DAYS and any(map(is_ambiguous, texts)):
                ambiguous.append(name)
        return cls(converters, said, _ambiguous_problems(ambiguous))


def _ambiguous_problems(columns: Sequence[str]) -> list[str]:
    if not columns:
        return []
    problem = (
        f"{' and '.join(columns)} hold{'s' * (len(columns) == 1)} days that read two ways, as "
        "12/1/2011 does. Set RISK_FILE_DATES=mdy where that is 1 December, or RISK_FILE_DATES=dmy "
        "where it is 12 January"
    )
    return [problem]


def _ordered(cell: Any, *, order: Order) -> Any:
    return iso_of_slashed(cell, order) if isinstance(cell, str) else cell


def _years(cell: Any) -> str:
    return employment_years_of_months(str(cell))


def _are_day_numbers(texts: Sequence[str], name: str) -> bool:
    matches = [*map(_DAY_NUMBER.fullmatch, texts)]
    if not all(matches):
        return False
    numbers = [int(match[1]) for match in matches if match]
    are_years = all(1900 <= number <= 2100 for number in numbers)  # noqa: PLR2004
    first = 1 if name == "earliest_cr_line" else _FIRST_ISSUE
    return not are_years and all(first <= number < _LAST_DAY for number in numbers)


def _day_of_number(cell: Any) -> str:
    match = _DAY_NUMBER.fullmatch(str(cell).strip())
    return str(cell) if match is None else iso_of_day_number(int(match[1]))


def _day_of_epoch(cell: Any) -> str:
    match = _EPOCH_NUMBER.fullmatch(str(cell).strip())
    at = None if match is None else instant_of_epoch(int(match[1]))
    return str(cell) if at is None else at.date().isoformat()


def _instant(cell: Any) -> Any:
    match = _EPOCH_NUMBER.fullmatch(str(cell).strip())
    at = None if match is None else instant_of_epoch(int(match[1]))
    return cell if at is None else at.isoformat()


def _id(cell: Any) -> Any:
    if isinstance(cell, str):
        return id_text(cell.strip())
    if isinstance(cell, float | Decimal):
        return int(cell) if cell == cell // 1 else (None if cell != cell else cell)  # noqa: PLR0124
    return cell


def _text(cell: Any) -> Any:
    """Return a word as text where a table holds it as a number: a postal code of 941, say."""
    if isinstance(cell, int | float | Decimal) and not isinstance(cell, bool):
        return id_text(cell) if cell == cell else None  # noqa: PLR0124
    return cell


def _hundredfold(cell: Any) -> Any:
    try:
        return str(Decimal(str(cell).strip()) * 100)
    except InvalidOperation:
        return cell


def _with_point(cell: Any) -> Any:
    return cell.replace(".", "").replace(",", ".") if isinstance(cell, str) else cell


def number_or_text(cell: Any) -> Any:
    """Return the finite number that a text reads as, else what came.

    Examples
    --------
    >>> [number_or_text(text) for text in ("15000.0", "15000", "$1,500", "1e400", "1_000", "n/a")]
    [15000.0, 15000, 1500.0, '1e400', '1_000', None]
    """
    if not isinstance(cell, str):
        return cell
    number = dialects.number(cell)
    if np.isnan(number):
        return None
    if number == dialects.UNREADABLE:
        return cell
    is_whole = cell.isascii() and cell.isdigit() and len(cell) <= SAFE_DIGITS
    return int(cell) if is_whole else number


def _composed(steps: Sequence[_Convert]) -> _Convert:
    """Return one function that remembers what it did to a text."""

    def convert(cell: Any) -> Any:
        for step in steps:
            if cell is None:
                break
            cell = step(cell)
        return cell

    remembering = lru_cache(maxsize=8_192)(convert)
    return lambda cell: remembering(cell) if isinstance(cell, str) else convert(cell)


_OWN: Final[dict[str, _Convert]] = {
    **dict.fromkeys(NUMBERS, number_or_text),
    **dict.fromkeys(ID_FIELDS, _id),
    **dict.fromkeys(PLAIN_TEXTS, _text),
}
"""What is done to the cells of a column whatever its file is like."""
