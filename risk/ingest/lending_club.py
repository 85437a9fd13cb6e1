"""Turn LendingClub's applications into clean columns; bad values are noted, never guessed.

If scoring can do without a field, its bad value becomes missing and the `issues` column says why.
If not, the whole application is refused.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from risk.contract.application import DIALECT_BOUNDS, Limits, Reject, RejectCode, is_readable_id
from risk.contract.columns import APPLICATION_COLUMNS
from risk.features.missing import is_missing
from risk.features.words import WORDS, words_of
from risk.frame.categorical import Coded
from risk.frame.frame import Frame, take, text_column
from risk.frame.memo import memo
from risk.ingest import dialects
from risk.ingest.application_columns import NUMBERS, TIMES, Applications
from risk.ingest.dates import Instants, date_applications, instants
from risk.ingest.findings import Findings
from risk.ingest.ids import POSITION_ISSUE, id_text, is_of_position

_IN_DIALECT = (
    ("term_months", dialects.term_months),
    ("rate_pct", dialects.percent),
    ("utilisation_pct", dialects.percent),
    ("employment_years", dialects.employment_years),
)

_SOURCE = {column.name: column.sources[0] for column in APPLICATION_COLUMNS if column.sources}
_NOT_PLAIN = {*dict(_IN_DIALECT), "fico", "credit_age_years"}
# The contract has checked their bounds, except that a feed may write -1 for "not known".
_PLAIN = tuple(
    column.name
    for column in APPLICATION_COLUMNS
    if column.kind == "float" and column.name not in _NOT_PLAIN
)
_PLAIN_ROWS = [NUMBERS.index(_SOURCE[column]) for column in _PLAIN]
_EVENT_TIME = TIMES.index("event_time")
_FICO_ROWS = [NUMBERS.index("fico_range_low"), NUMBERS.index("fico_range_high")]
_RATIOS = ("dti_pct", "joint_dti_pct")
_MOST = np.array([100.0 if column in _RATIOS else np.inf for column in _PLAIN])[:, None]

# No lender lends at less; a fraction, 0.0756 for 7.56 %, would pass for the lowest of rates.
_LEAST_LIKELY_RATE_PCT = 1.0

_ORDER = tuple(column.name for column in APPLICATION_COLUMNS)

_Source: TypeAlias = Mapping[str, Coded]


@dataclass(frozen=True, slots=True)
class Cleaned:
    """The result of cleaning a batch of applications.

    Attributes
    ----------
    frame
        The columns of `APPLICATION_COLUMNS`, one row an application that stands.
    kept
        For each row, its position among the applications handed over.
    rejects
        The others; their `row` is that position too.
    """

    frame: Frame
    kept: NDArray[np.int64]
    rejects: list[Reject]


def clean(
    applications: Applications,
    *,
    received_at: Instants,
    limits: Limits = Limits(),  # noqa: B008  (frozen)
) -> Cleaned:
    """Turn applications into the clean columns of the contract.

    Parameters
    ----------
    applications
        Read through the contract, so their plain numbers are within its bounds.
    received_at
        When they arrived: no event may have happened much later, and a two-digit year is read
        against it where the event says no time of its own.
    limits
        `max_ahead_minutes` is how much later than `received_at` an event may say it happened.

    Raises
    ------
    ContractError
        `received_at` names no zone, or is not one instant a row.
    """
    count = len(applications)
    source = applications.texts
    findings = Findings(count)
    frame = {
        **_identity(source, findings),
        **date_applications(
            event_time=applications.times[_EVENT_TIME],
            issue_d=source["issue_d"],
            earliest_cr_line=source["earliest_cr_line"],
            received_at=instants(received_at, count),
            limits=limits,
            findings=findings,
        ),
        **_numbers(applications, source, findings),
        **_texts(source, findings),
    }
    _require_money(frame, findings)
    frame["issues"] = findings.issues()
    frame = {name: frame[name] for name in _ORDER}
    kept = np.arange(count)
    if findings.rejects:
        kept = np.delete(kept, list(findings.rejects))
        frame = take(frame, kept)
    return Cleaned(frame, kept, [findings.rejects[row] for row in sorted(findings.rejects)])


def _identity(source: _Source, findings: Findings) -> Frame:
    count = len(source["id"])
    ids, loan_ids, event_ids = (_ids(source[field]) for field in ("id", "loan_id", "event_id"))
    names = _first_given(count, ids, loan_ids, event_ids)
    is_missing = np.zeros(count, dtype=np.bool_)
    if None in names:
        is_missing[:] = [name is None for name in names]
    findings.refuse(
        is_missing,
        RejectCode.MISSING_FIELD,
        "id: expected event_id, id or loan_id, found none; send the application's id",
    )
    for field, given in (("id", ids), ("loan_id", loan_ids), ("event_id", event_ids)):
        _refuse_unreadable(field, given, findings)
    chosen = _first_given(count, event_ids, ids, loan_ids)
    if any(map(is_of_position, chosen)):
        findings.note(np.array([*map(is_of_position, chosen)]), POSITION_ISSUE)
    event_id = text_column(chosen, count)
    return {"event_id": event_id, "application_id": text_column(names, count)}


def _refuse_unreadable(field: str, ids: list[str | None], findings: Findings) -> None:
    # Of white space only the space is printable: mostly one look at all of them is enough.
    together = "".join(filter(None, ids))
    if together.isprintable() and " " not in together:
        return
    findings.refuse(
        np.array([text is not None and not is_readable_id(text) for text in ids]),
        RejectCode.UNREADABLE_TEXT,
        f"{field}: expected printable characters without white space at the ends, found others",
    )


def _ids(column: Coded) -> list[str | None]:
    """Return the ids as texts; nothing for a column without any, as a feed writes one or two."""
    values = column.tolist()
    if values.count(None) == len(values):
        return []
    return list(map(str, values)) if {*map(type, values)} == {int} else list(map(id_text, values))


def _first_given(count: int, *columns: list[str | None]) -> list[str | None]:
    """Return for each row its first value; columns that are empty take no part."""
    first, *others = [column for column in columns if column] or [[None] * count]
    for column in others:
        first = [value or other for value, other in zip(first, column, strict=True)]
    return first


def _numbers(applications: Applications, source: _Source, findings: Findings) -> Frame:
    table = applications.numbers[_PLAIN_ROWS]
    outside = (table < 0.0) | (table > _MOST)
    if outside.any():
        table[outside] = np.nan
        for column, rows in zip(_PLAIN, outside, strict=True):
            findings.note(rows, f"{column}:out_of_range")
    frame: Frame = dict(zip(_PLAIN, table, strict=True))

    for column, parse in _IN_DIALECT:
        field = _SOURCE[column]
        least, most = DIALECT_BOUNDS[field]
        values = dialects.numbers(source[field], parse)
        unreadable = np.isneginf(values)
        findings.note(unreadable, f"{column}:unreadable")
        values[unreadable] = np.nan
        findings.refuse(
            (values < least) | (values > most),
            RejectCode.OUT_OF_RANGE,
            f"{field}: expected {least:g} to {most:g}, found another number",
        )
        frame[column] = values
    findings.note(frame["rate_pct"] < _LEAST_LIKELY_RATE_PCT, "rate_pct:suspect")
    years = frame["employment_years"]
    frame["employment_years"] = np.minimum(years, dialects.MAX_EMPLOYMENT_YEARS)

    low, high = applications.numbers[_FICO_ROWS]
    low, high = np.where(np.isnan(low), high, low), np.where(np.isnan(high), low, high)
    frame["fico"] = (low + high) / 2.0
    return frame


def _texts(source: _Source, findings: Findings) -> Frame:
    zips = source["zip_code"].mapped(_zip3)
    is_unreadable = zips == ""
    findings.note(is_unreadable, "zip3:unreadable")
    zips[is_unreadable] = None
    words = {feature: source[_SOURCE[feature]].mapped(words_of(feature)) for feature in WORDS}
    grades = source["grade"].mapped(words_of("lender_grade"))
    words["lender_grade"] = np.where(words["lender_grade"] == None, grades, words["lender_grade"])  # noqa: E711
    for feature, column in words.items():
        _note_unknown(column, feature, findings)
    return {
        "purpose": words["purpose"],
        "home_ownership": words["home_ownership"],
        "verification": source["verification_status"].mapped(_verification),
        "state": words["state"],
        "zip3": zips,
        "lender_grade": words["lender_grade"],
        "is_joint": source["application_type"].mapped(_is_joint, np.bool_),
    }


def _note_unknown(column: NDArray[np.object_], feature: str, findings: Findings) -> None:
    texts = column.tolist()
    if unknown := {*texts} - WORDS[feature] - {None}:
        is_unknown = np.fromiter(map(unknown.__contains__, texts), np.bool_, len(texts))
        findings.note(is_unknown, f"{feature}:unknown")


@memo(2_048)
def _text(value: str | None) -> str | None:
    return None if value is None or is_missing(value) else value


@memo(256)
def _verification(value: str | None) -> str | None:
    return None if _text(value) is None else dialects.verification(str(value))


@memo(2_048)
def _zip3(value: str | None) -> str | None:
    """Return three digits, empty text where there are none to be read, None where none came."""
    if _text(value) is None:
        return None
    digits = str(value).strip()[:3]
    return digits if len(digits) == len("921") and digits.isdecimal() and digits.isascii() else ""


@memo(256)
def _is_joint(value: str | None) -> bool:
    return value is not None and value.strip().lower().startswith("joint")


def _require_money(frame: Frame, findings: Findings) -> None:
    findings.refuse(
        np.isnan(frame["amount_usd"]),
        RejectCode.MISSING_FIELD,
        "loan_amnt: expected the amount asked for, found none",
    )
    income = frame["income_usd"]
    is_joint = frame["is_joint"]
    findings.refuse(
        np.isnan(income) & ~(is_joint & ~np.isnan(frame["joint_income_usd"])),
        RejectCode.MISSING_FIELD,
        "annual_inc: expected a yearly income (annual_inc_joint if joint), found none",
    )
    # On a joint application one of the two may have no income of their own.
    findings.refuse(
        (income == 0.0) & ~is_joint,
        RejectCode.OUT_OF_RANGE,
        "annual_inc: expected above 0 on an application that is not joint, found 0",
    )
