"""When an application was made, and when its credit history began."""

from datetime import UTC, datetime
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from risk.contract.application import Limits, RejectCode
from risk.errors import ContractError
from risk.features.catalogue import credit_age_years
from risk.frame.categorical import Coded
from risk.frame.frame import Frame
from risk.ingest import dialects
from risk.ingest.findings import Findings

Instants: TypeAlias = datetime | NDArray[np.datetime64]
"""One aware instant for a whole batch, or one a row (datetime64[us], UTC)."""

_Dates: TypeAlias = NDArray[np.datetime64]

_EARLIEST_EVENT = np.datetime64("1970-01-01", "D")
_LATEST_EVENT = np.datetime64("2100-01-01", "D")
_EARLIEST_CREDIT = np.datetime64("1900-01-01", "D")
# Money is paid out some weeks after the application is made.
_ISSUE_LEAD = np.timedelta64(92, "D")


def instants(received_at: Instants, count: int) -> _Dates:
    """Return one instant a row.

    Raises
    ------
    ContractError
        The instant has no zone, or there is not one a row.
    """
    if isinstance(received_at, datetime):
        if received_at.tzinfo is None:
            raise ContractError("received_at: expected an instant with a zone, found none; use UTC")
        naive = received_at.astimezone(UTC).replace(tzinfo=None)
        return np.full(count, np.datetime64(naive, "us"))
    if received_at.shape != (count,):
        raise ContractError(
            f"received_at: expected one instant or {count}, found shape {received_at.shape}"
        )
    return received_at.astype("datetime64[us]")


def date_applications(
    *,
    event_time: _Dates,
    issue_d: Coded,
    earliest_cr_line: Coded,
    received_at: _Dates,
    limits: Limits,
    findings: Findings,
) -> Frame:
    """Return `event_at`, `applied_on`, `issued_on`, `first_credit_on` and `credit_age_years`.

    An application is made on its issue date where the event gives one (history replayed today),
    else on the day of the event. A two-digit year is the latest that does not lie after the
    application; that of the issue date, not a quarter after the event, or its arrival.
    """
    event_at = _event_times(event_time, findings)
    has_time = ~np.isnat(event_at)
    findings.refuse(
        has_time & (event_at > received_at + np.timedelta64(limits.max_ahead_minutes, "m")),
        RejectCode.EVENT_TIME_AHEAD,
        f"event_time: more than {limits.max_ahead_minutes} minutes ahead of its arrival; "
        "set the producer's clock",
    )
    known_by: _Dates = np.where(has_time, event_at, received_at).astype("datetime64[D]")
    known_by = known_by + _ISSUE_LEAD
    issued_on, unreadable = dialects.dates(issue_d, latest=known_by)
    findings.refuse(
        ~has_time & unreadable,
        RejectCode.WRONG_FORMAT,
        'issue_d: expected a month like "Apr-2017" or a date like "2017-04-01", found other text '
        'or a day that reads two ways, as "12/1/2017" does; send "2017-12-01"',
    )
    findings.note(unreadable, "issued_on:unreadable")
    findings.refuse(
        ~has_time & np.isnat(issued_on),
        RejectCode.MISSING_FIELD,
        "event_time: expected event_time or issue_d, found neither; send when it happened",
    )
    findings.refuse(
        (issued_on < _EARLIEST_EVENT) | (issued_on > known_by),
        RejectCode.OUT_OF_RANGE,
        "issue_d: expected a date from 1970 to a quarter after the event, found another",
    )
    event_at = np.where(has_time, event_at, issued_on.astype("datetime64[us]"))
    applied_on = np.where(np.isnat(issued_on), event_at.astype("datetime64[D]"), issued_on)

    first_credit_on, unreadable = dialects.dates(
        earliest_cr_line, latest=np.where(np.isnat(applied_on), known_by, applied_on)
    )
    findings.note(unreadable, "first_credit_on:unreadable")
    findings.refuse(
        (first_credit_on > applied_on) | (first_credit_on < _EARLIEST_CREDIT),
        RejectCode.OUT_OF_RANGE,
        "earliest_cr_line: expected a month from 1900 to the application date, found another",
    )
    return {
        "event_at": event_at,
        "applied_on": applied_on,
        "first_credit_on": first_credit_on,
        "credit_age_years": credit_age_years(applied_on, first_credit_on),
        "issued_on": issued_on,
    }


def _event_times(times: _Dates, findings: Findings) -> _Dates:
    outside = (times < _EARLIEST_EVENT) | (times >= _LATEST_EVENT)
    findings.refuse(
        outside,
        RejectCode.EVENT_TIME_OUT_OF_RANGE,
        f"event_time: expected {_EARLIEST_EVENT} up to {_LATEST_EVENT}, found another time",
    )
    return np.where(outside, np.datetime64("NaT", "us"), times)
