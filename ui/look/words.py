"""Numbers, dates and codes in words, the same on every page."""

import math
from datetime import date, datetime
from typing import Final

THIN: Final = "\N{NARROW NO-BREAK SPACE}"
MINUS: Final = "\N{MINUS SIGN}"
_NONE: Final = "\N{EN DASH}"

INPUTS: Final = {
    "amount_usd": "Amount (USD)",
    "amount_to_income": "Amount to income",
    "bankcard_utilisation_pct": "Bank card use (%)",
    "bankruptcies": "Bankruptcies",
    "credit_age_years": "Credit age (years)",
    "delinquencies_2y": "Delinquencies, 2 years",
    "dti_pct": "DTI (%)",
    "employment_years": "Employment (years)",
    "fico": "FICO",
    "home_ownership": "Home",
    "income_usd": "Income (USD)",
    "inquiries_6m": "Inquiries, 6 months",
    "installment_usd": "Instalment (USD)",
    "open_accounts": "Open accounts",
    "open_share": "Share of accounts open",
    "public_records": "Public records",
    "purpose": "Purpose",
    "rate_pct": "Rate (%)",
    "revolving_to_income": "Revolving to income",
    "state": "State",
    "term_months": "Term (months)",
    "total_accounts": "Total accounts",
    "utilisation_pct": "Utilisation (%)",
}
"""What an application's figures are called on a page."""

_REASONS: Final = {
    "DTI>=30": "DTI \N{GREATER-THAN OR EQUAL TO} 30%",
    "REVOL_UTIL>=80": "Utilisation \N{GREATER-THAN OR EQUAL TO} 80%",
    "DELINQ_2YRS>0": "Delinquent in 2 years",
    "INQ_LAST_6MTHS>=2": "2+ inquiries, 6 months",
    "DTI_HIGH": "DTI high",
    "DTI_VERY_HIGH": "DTI very high",
    "DTI_MISSING": "DTI missing",
    "REVOL_UTIL_HIGH": "Utilisation high",
    "REVOL_UTIL_VERY_HIGH": "Utilisation very high",
    "REVOL_UTIL_MISSING": "Utilisation missing",
    "RATE_HIGH": "Rate high",
    "RATE_VERY_HIGH": "Rate very high",
    "PD_HIGH": "PD high",
    "PD_VERY_HIGH": "PD very high",
    "WITHIN_LIMITS": "Within limits",
}


def input_name(column: str) -> str:
    """Return what a column is called on a page."""
    return INPUTS.get(column, column.replace("_", " ").capitalize())


def reason(code: str) -> str:
    """Return a policy's reason code in words; a code that no table knows, made readable."""
    return _REASONS.get(code) or code.replace("_", " ").capitalize()


def reasons(codes: str | None) -> str:
    """Return codes joined by `|` in words, separated by a middle dot."""
    return " \N{MIDDLE DOT} ".join(reason(code) for code in (codes or "").split("|") if code)


def count(value: float | None) -> str:
    """Return a whole number, thousands apart: 11 811."""
    if value is None or math.isnan(value):
        return _NONE
    return f"{round(value):,}".replace(",", THIN).replace("-", MINUS)


def number(value: float | None, digits: int = 2) -> str:
    """Return a number with so many digits."""
    if value is None or math.isnan(value):
        return _NONE
    return f"{value:,.{digits}f}".replace(",", THIN).replace("-", MINUS)


def percent(share: float | None, digits: int = 1) -> str:
    """Return a share of 0 to 1 as percent, with its sign: 4.7%."""
    return _NONE if share is None or math.isnan(share) else number(share * 100, digits) + "%"


def usd(value: float | None) -> str:
    """Return dollars, rounded: 14 308 USD."""
    return f"{count(value)} USD"


def amount(value: float | None) -> tuple[str, str]:
    """Return a large amount and its unit: 185.3 and `m USD`."""
    if value is None or math.isnan(value):
        return _NONE, "USD"
    for size, unit in ((1e9, "bn USD"), (1e6, "m USD")):
        if abs(value) >= size:
            return number(value / size, 1), unit
    return count(value), "USD"


def points(value: float | None) -> str:
    """Return points gained or lost, with their sign: +4.3."""
    return _NONE if value is None or math.isnan(value) else _signed(value, 1)


def delta_pp(value: float | None) -> str:
    """Return a difference of two shares in percentage points: +0.3 pp."""
    return _NONE if value is None or math.isnan(value) else f"{_signed(value * 100, 1)} pp"


def delta_share(value: float | None) -> str:
    """Return a relative change: +9.6%."""
    return _NONE if value is None or math.isnan(value) else f"{_signed(value * 100, 1)}%"


def interval(low: float | None, high: float | None, digits: int = 1) -> str:
    """Return a 95 % interval of shares as percent: 4.3 - 5.1, with an en dash."""
    if low is None or high is None:
        return _NONE
    return f"{number(low * 100, digits)} \N{EN DASH} {number(high * 100, digits)}"


def month(day: date | None) -> str:
    """Return a month: Jan 2018."""
    return _NONE if day is None else f"{day:%b} {day.year}"


def short_month(day: date) -> str:
    """Return a month for an axis; the year stands under January."""
    return f"{day:%b}<br>{day.year}" if day.month == 1 else f"{day:%b}"


def quarter(day: date) -> str:
    """Return a quarter: Q2 2015."""
    return f"Q{(day.month + 2) // 3} {day.year}"


def stamp(at: datetime | None) -> str:
    """Return an instant, UTC, to the second."""
    return _NONE if at is None else f"{at:%Y-%m-%d %H:%M:%S}"


def age(seconds: float | None) -> str:
    """Return a duration, coarsely: 9 s, 4 min, 3 h, 12 d."""
    if seconds is None:
        return _NONE
    for size, unit in ((86_400, "d"), (3_600, "h"), (60, "min")):
        if seconds >= 2 * size:
            return f"{seconds / size:.0f} {unit}"
    return f"{max(seconds, 0):.0f} s"


def signed(value: float, digits: int = 0) -> str:
    """Return a number with its sign."""
    return _signed(value, digits)


def _signed(value: float, digits: int) -> str:
    text = number(abs(value), digits)
    return text if not text.strip("0.,") else (MINUS if value < 0 else "+") + text
