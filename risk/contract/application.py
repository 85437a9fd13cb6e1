"""The contract: the fields of an application event and of a decision, and the reasons to refuse.

The parser, the JSON Schema, the Arrow schemas and the data dictionary are all derived from it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType
from typing import Annotated, Any, TypeAlias

import msgspec
from msgspec import Meta

from risk.contract.columns import APPLICATION_COLUMNS

CONTRACT_VERSION = "1"
MAX_TEXT = 256


class Tier(StrEnum):
    """How closely a decided application is to be watched, mildest first."""

    LOW = "Low"
    ELEVATED = "Elevated"
    WATCHLIST = "Watchlist"


class Band(StrEnum):
    """The bands of a figure, mildest first; a policy that grades every figure also has Missing."""

    LOW = "Low"
    MODERATE = "Moderate"
    HIGH = "High"
    VERY_HIGH = "Very High"
    MISSING = "Missing"


class Envelope(StrEnum):
    """The envelopes that an event may come in: `risk.ingest.envelopes`."""

    SCHEMA_REGISTRY = "schema-registry"
    CLOUDEVENTS = "cloudevents"


ENVELOPES = frozenset(Envelope)
"""All of them: how an event is read again that was decided once, whatever the setting says now."""


class Stage(StrEnum):
    """Where on its walk an event was refused."""

    DECODE = "decode"
    CONTRACT = "contract"
    DECIDE = "decide"
    STORE = "store"


class RejectCode(StrEnum):
    """Why an event was refused: stable, shared by the quarantine, the API and the metric label."""

    TOMBSTONE = "tombstone"
    EMPTY = "empty"
    TOO_LARGE = "too_large"
    ENCODING = "encoding"
    MALFORMED_JSON = "malformed_json"
    TOO_DEEP = "too_deep"
    DUPLICATE_KEY = "duplicate_key"
    NOT_AN_OBJECT = "not_an_object"
    NOT_A_RECORD = "not_a_record"
    RAGGED_ROW = "ragged_row"
    MISSING_FIELD = "missing_field"
    WRONG_TYPE = "wrong_type"
    WRONG_FORMAT = "wrong_format"
    OUT_OF_RANGE = "out_of_range"
    UNREADABLE_TEXT = "unreadable_text"
    EVENT_TIME_OUT_OF_RANGE = "event_time_out_of_range"
    EVENT_TIME_AHEAD = "event_time_ahead"
    MISSING_REQUIRED = "missing_required"
    SCORE_NOT_FINITE = "score_not_finite"
    INTERNAL = "internal"
    STORE_REJECTED = "store_rejected"
    ERASED = "erased"


_DECODE, _CONTRACT = Stage.DECODE, Stage.CONTRACT

REJECT_CODES: Mapping[RejectCode, tuple[Stage, str]] = MappingProxyType(
    {
        RejectCode.TOMBSTONE: (_DECODE, "A key without a value."),
        RejectCode.EMPTY: (_DECODE, "No bytes, or white space alone."),
        RejectCode.TOO_LARGE: (_DECODE, "More bytes than are read."),
        RejectCode.ENCODING: (_DECODE, "A byte order mark, UTF-16, compressed, or not UTF-8."),
        RejectCode.MALFORMED_JSON: (_DECODE, "Not JSON; NaN and Infinity are not JSON."),
        RejectCode.TOO_DEEP: (_DECODE, "Objects or arrays nested deeper than are read."),
        RejectCode.DUPLICATE_KEY: (_DECODE, "A key twice in one object."),
        RejectCode.NOT_AN_OBJECT: (_DECODE, "JSON, but not an object."),
        RejectCode.NOT_A_RECORD: (_DECODE, "A footer, banner or repeated header of a file."),
        RejectCode.RAGGED_ROW: (_DECODE, "A file's row with more or fewer cells than its header."),
        RejectCode.MISSING_FIELD: (_CONTRACT, "A field that the contract requires is missing."),
        RejectCode.WRONG_TYPE: (_CONTRACT, "A field of another JSON type."),
        RejectCode.WRONG_FORMAT: (_CONTRACT, "A time or date that cannot be read."),
        RejectCode.OUT_OF_RANGE: (_CONTRACT, "A number or date outside its bounds."),
        RejectCode.UNREADABLE_TEXT: (
            _CONTRACT,
            "Text with NUL or too long; an id not printable.",
        ),
        RejectCode.EVENT_TIME_OUT_OF_RANGE: (_CONTRACT, "An event time before 1970, from 2100."),
        RejectCode.EVENT_TIME_AHEAD: (_CONTRACT, "An event time well after the arrival."),
        RejectCode.MISSING_REQUIRED: (Stage.DECIDE, "A figure that the policy requires."),
        RejectCode.SCORE_NOT_FINITE: (Stage.DECIDE, "The model gave no finite PD and points."),
        RejectCode.INTERNAL: (Stage.DECIDE, "An unexpected error; ours, not the event's."),
        RejectCode.STORE_REJECTED: (Stage.STORE, "The store could not hold the decision."),
        RejectCode.ERASED: (Stage.STORE, "Erased later, at the applicant's request."),
    }
)
"""Each code's stage and meaning."""


@dataclass(frozen=True, slots=True)
class Reject:
    """One refused event.

    Attributes
    ----------
    row
        Position of the event in the batch as it was handed over.
    stage, code
        Where and why, for machines.
    reason
        For people: the field and what was expected; never a value of the applicant's.
    """

    row: int
    stage: Stage
    code: RejectCode
    reason: str


@dataclass(frozen=True, slots=True)
class Limits:
    """How events are read: how large, how deep and how far ahead of their arrival they may be.

    Attributes
    ----------
    max_bytes
        Bytes of one event.
    max_depth
        Objects and arrays inside one another, the event's own object included: 1 or more.
    max_ahead_minutes
        Minutes between an event's arrival and the time it says it happened.
    is_native
        Whether compiled code, where there is any, may read events that are alike. The values are
        the same either way.
    envelopes
        Those that are taken off before an event is read.
    """

    max_bytes: int = 262_144
    max_depth: int = 64
    max_ahead_minutes: int = 15
    is_native: bool = True
    envelopes: frozenset[Envelope] = frozenset()


Text: TypeAlias = Annotated[str, Meta(max_length=MAX_TEXT)] | None
Id: TypeAlias = (
    Annotated[int, Meta(ge=0, le=2**63 - 1)] | Annotated[str, Meta(max_length=MAX_TEXT)] | None
)
Money: TypeAlias = Annotated[float, Meta(ge=0, le=1e9)] | None
Count: TypeAlias = Annotated[float, Meta(ge=0, le=10_000)] | None
Fico: TypeAlias = Annotated[float, Meta(ge=300, le=850)] | None
# Some feeds write -1 for "not known": cleaning makes it missing and says so.
MoneyOrUnknown: TypeAlias = Annotated[float, Meta(ge=-1, le=1e9)] | None
CountOrUnknown: TypeAlias = Annotated[float, Meta(ge=-1, le=10_000)] | None
PercentOrUnknown: TypeAlias = Annotated[float, Meta(ge=-1, le=1_000)] | None
# Ratios outside 0 to 100 (-1, 999, 9999 in real feeds) are made missing, not refused.
Ratio: TypeAlias = Annotated[float, Meta(ge=-1e6, le=1e6)] | None

# A number within these bounds, or text in the source's dialect that says one.
DIALECT_BOUNDS: Mapping[str, tuple[float, float]] = MappingProxyType(
    {"term": (1, 600), "int_rate": (0, 100), "revol_util": (0, 1_000), "emp_length": (0, 100)}
)


def _within(field: str) -> Meta:
    least, most = DIALECT_BOUNDS[field]
    return Meta(ge=least, le=most)


class LoanApplication(msgspec.Struct, gc=False, frozen=True):
    """A loan application, with the names LendingClub gives its fields.

    Every field may be null or absent, as far as the type goes; cleaning asks for an id (`event_id`,
    `id` or `loan_id`), `event_time` or `issue_d`, `loan_amnt`, and `annual_inc` (or
    `annual_inc_joint` on a joint application). Other fields are allowed; they are archived with the
    event and never read. What happens to a loan after origination is not a field here, so nothing
    that was learnt later can reach a decision.
    """

    event_id: Id = None
    id: Id = None
    loan_id: Id = None
    event_time: Annotated[datetime, Meta(tz=True)] | None = None
    issue_d: Text = None
    loan_amnt: Annotated[float, Meta(gt=0, le=1e8)] | None = None
    term: Annotated[float, _within("term")] | Text = None
    int_rate: Annotated[float, _within("int_rate")] | Text = None
    installment: Money = None
    annual_inc: Money = None
    dti: Ratio = None
    revol_util: Annotated[float, _within("revol_util")] | Text = None
    delinq_2yrs: Count = None
    inq_last_6mths: Count = None
    open_acc: Count = None
    total_acc: Count = None
    emp_length: Annotated[float, _within("emp_length")] | Text = None
    fico_range_low: Fico = None
    fico_range_high: Fico = None
    pub_rec: Count = None
    pub_rec_bankruptcies: CountOrUnknown = None
    revol_bal: Money = None
    mths_since_last_delinq: CountOrUnknown = None
    mths_since_last_record: CountOrUnknown = None
    annual_inc_joint: Money = None
    dti_joint: Ratio = None
    tot_cur_bal: MoneyOrUnknown = None
    total_rev_hi_lim: MoneyOrUnknown = None
    mort_acc: CountOrUnknown = None
    acc_open_past_24mths: CountOrUnknown = None
    bc_util: PercentOrUnknown = None
    collections_12_mths_ex_med: CountOrUnknown = None
    earliest_cr_line: Text = None
    purpose: Text = None
    home_ownership: Text = None
    verification_status: Text = None
    addr_state: Text = None
    zip_code: Text = None
    grade: Text = None
    sub_grade: Text = None
    application_type: Text = None


def is_readable_id(text: str) -> bool:
    """Tell whether a text may be an id: people can read it, copy it and ask for it again.

    It has 1 to 256 characters, all of them printable (no tab, no-break or zero-width space), and
    no white space at its ends.
    """
    return 0 < len(text) <= MAX_TEXT and text.isprintable() and text == text.strip()


def json_schema() -> dict[str, Any]:
    """Return the JSON Schema (2020-12) of an application event, each field with its meaning."""
    schema = msgspec.json.schema(LoanApplication)
    properties = schema["$defs"][LoanApplication.__name__]["properties"]
    for column in APPLICATION_COLUMNS:
        for source in column.sources:
            unit = f" ({column.unit})" if column.kind == "float" else ""
            properties[source]["description"] = f"{column.meaning.removesuffix('.')}{unit}."
    return schema
