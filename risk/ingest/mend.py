"""Correct the types of an event's values where the meaning is certain.

Pandas, R and Spark write a number as text, a missing value as a word, an id as a float, and an
instant as milliseconds. The strict parser refuses these; this module then reads each field. A value
that it cannot read stays unchanged, so that the refusal names the field.
"""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import msgspec
import numpy as np

from risk.contract.application import LoanApplication
from risk.features.missing import is_missing
from risk.ingest import dialects
from risk.ingest.application_columns import NUMBERS, TIMES
from risk.ingest.ids import id_text

_IDS: Final = ("event_id", "id", "loan_id")
_DATES: Final = ("issue_d", "earliest_cr_line")
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
# A number of seconds, milliseconds, microseconds or nanoseconds since 1970 says by its size which:
# each from 1973 on.
_UNITS_A_SECOND: Final = (1, 1_000, 1_000_000, 1_000_000_000)
_LEAST_SECONDS, _MOST_SECONDS, _TOO_LARGE = 10**8, 10**11, 10**20

_as_application: Final = msgspec.json.Decoder(LoanApplication).decode
_as_object: Final = msgspec.json.Decoder(dict[str, Any]).decode


def mended(text: bytes) -> LoanApplication:
    """Read an event that the strict parser refused.

    Raises
    ------
    msgspec.DecodeError
        It is no object, or a field is not what the contract asks for.
    """
    try:
        event = _as_object(text)
    except msgspec.DecodeError:
        return _as_application(text)  # its message says more
    for fields, mend in _MENDERS:
        for field in fields:
            if event.get(field) is not None:
                event[field] = mend(event[field])
    return msgspec.convert(event, LoanApplication)


def instant_of_epoch(number: float) -> datetime | None:
    """Return the instant that a count since 1970 means, by its size; None if it means none."""
    for units in _UNITS_A_SECOND if number < _TOO_LARGE else ():
        if _LEAST_SECONDS <= number / units < _MOST_SECONDS:
            return _EPOCH + timedelta(microseconds=int(number * 1_000_000) // units)
    return None


def date_text(value: Any) -> Any:
    """Return the ISO date of milliseconds, as pandas writes them; any other value as it is."""
    found = instant_of_epoch(value) if isinstance(value, int | float) else None
    return value if found is None else found.date().isoformat()


def _number(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    number = dialects.number(value)
    if np.isnan(number):
        return None
    return value if number == dialects.UNREADABLE else number


def _id(value: Any) -> Any:
    is_whole = isinstance(value, float) and value.is_integer()
    return id_text(value) if is_whole else value


def _time(value: Any) -> Any:
    if isinstance(value, str):
        if is_missing(value):
            return None
        number = dialects.number(value)
        return value if number == dialects.UNREADABLE else instant_of_epoch(number) or value
    return (instant_of_epoch(value) or value) if isinstance(value, int | float) else value


_MENDERS: Final[tuple[tuple[tuple[str, ...], Callable[[Any], Any]], ...]] = (
    (NUMBERS, _number),
    (_IDS, _id),
    (TIMES, _time),
    (_DATES, date_text),
)
