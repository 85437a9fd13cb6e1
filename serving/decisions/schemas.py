"""The API's form of a decision, for one that was just made and for one that is read from silver."""

from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime
from functools import lru_cache
from typing import Annotated, Any, Final, TypeAlias

import msgspec
from msgspec import UNSET, Meta, UnsetType

from risk.contract.application import Reject, RejectCode, Tier
from risk.explain.values import split_codes
from risk.frame.frame import Frame
from risk.policy.document import Policy
from serving.decisions.reasons import Reason, model_reasons, policy_reasons
from serving.http.problems import FieldError, Problem, ProblemBody

Instant: TypeAlias = Annotated[datetime, Meta(tz=True)]

_STATUS: Final = {
    RejectCode.EMPTY: 400,
    RejectCode.TOMBSTONE: 400,
    RejectCode.ENCODING: 400,
    RejectCode.MALFORMED_JSON: 400,
    RejectCode.TOO_DEEP: 400,
    RejectCode.DUPLICATE_KEY: 400,
    RejectCode.TOO_LARGE: 413,
    RejectCode.INTERNAL: 500,
    RejectCode.SCORE_NOT_FINITE: 500,
}
"""Of what is refused: 422 (what it says) where it is not here."""

_EXPECTED: Final = {
    RejectCode.MALFORMED_JSON: "one JSON object, to its end; NaN and Infinity are no JSON",
    RejectCode.NOT_AN_OBJECT: "one JSON object",
}
"""Where the parser's own words would be no help."""


class Bands(msgspec.Struct, frozen=True, gc=False):
    """The band of each figure that the policy grades; null where the policy has no bands for it."""

    dti: str | None
    utilisation: str | None
    rate: str | None


class Versions(msgspec.Struct, frozen=True, gc=False):
    """The versions of the contract, model, policy and reference tables that made the decision."""

    contract: str
    model: str
    model_sha256: str
    policy: str
    reference: str


class Lineage(msgspec.Struct, frozen=True, gc=False):
    """Where the stream read the event."""

    topic: str
    partition: int
    offset: int


class Position(msgspec.Struct, frozen=True, gc=False):
    """Where the broker keeps an application that was recorded."""

    topic: str
    partition: int
    offset: int


class Decision(msgspec.Struct, frozen=True, gc=False):
    """A decision: the model gives the PD and the points, the policy gives the tier."""

    event_id: str
    application_id: str
    event_at: Instant
    applied_on: date
    decided_at: Instant
    pd: Annotated[float, Meta(description="The probability of default, 0 to 1.")]
    points: Annotated[float, Meta(description="The score: higher is safer.")]
    tier: Annotated[Tier, Meta(description="How closely the application is to be watched.")]
    early_warning_flag: bool
    bands: Bands
    reasons: Annotated[
        tuple[Reason, ...],
        Meta(
            description="Why the policy gave this tier: its rules, for staff. Not for a letter to "
            "the applicant."
        ),
    ]
    model_reasons: Annotated[
        tuple[Reason, ...],
        Meta(
            description="The principal reasons for an adverse-action letter, in this order, each "
            "a sentence for the applicant. None where the tier is Low."
        ),
    ]
    versions: Versions
    content_hash: Annotated[
        str,
        Meta(
            description="A hash of the application's content: a 64-bit whole number, as text "
            "because many JSON readers are exact to 53 bits only."
        ),
    ]
    issues: Annotated[
        tuple[str, ...],
        Meta(description="What cleaning noticed, each `column:what`, such as `purpose:unknown`."),
    ]
    missing_inputs: Annotated[
        tuple[str, ...],
        Meta(
            description="The model's features that had no value; none for a decision that was "
            "stored before this was kept."
        ),
    ]
    lineage: Annotated[
        Lineage | UnsetType, Meta(description="Only of a decision that the stream has stored.")
    ] = UNSET
    challengers: Annotated[
        dict[str, float | None] | UnsetType,
        Meta(
            description="The PDs of the challengers, by model version; null where one failed. Only "
            "of a stored decision."
        ),
    ] = UNSET
    recorded: Annotated[
        Position | UnsetType,
        Meta(
            description="Where the broker keeps the application. Only where recording was asked "
            "for: without it nothing is stored, and this decision cannot be read again."
        ),
    ] = UNSET


class BatchItem(msgspec.Struct, frozen=True, gc=False):
    """The result of one application of a batch: a decision, or a problem."""

    index: Annotated[int, Meta(description="Its place in the batch, from 0.")]
    id: Annotated[
        str | None, Meta(description="The id that it came with; null if none could be read.")
    ]
    status: Annotated[
        int, Meta(description="The HTTP status that it would have got alone: 200 if decided.")
    ]
    decision: Annotated[Decision | UnsetType, Meta(description="Only if `status` is 200.")] = UNSET
    problem: Annotated[
        ProblemBody | UnsetType, Meta(description="Only if `status` is not 200.")
    ] = UNSET


class BatchAnswer(msgspec.Struct, frozen=True):
    """The result of each application, in the order of the request."""

    results: tuple[BatchItem, ...]


class DecisionPage(msgspec.Struct, frozen=True):
    """A page of stored decisions; `next` is the `cursor` of the following page, null at the end."""

    decisions: tuple[Decision, ...]
    next: str | None


class ApplicationPage(msgspec.Struct, frozen=True):
    """The stored decisions on an application's events, newest first; `next` as in DecisionPage."""

    application_id: str
    decisions: tuple[Decision, ...]
    next: str | None


def decided_answers(
    decided: Frame, policy: Policy, decided_at: datetime
) -> Iterator[tuple[int, Decision]]:
    """Yield each decided row of a batch, with its position in it."""
    columns = [decided[name].tolist() for name in _USED]
    for values in zip(*columns, strict=True):
        row = dict(zip(_USED, values, strict=True))
        yield row["row"], _decision(row, policy, decided_at)


def stored_answer(row: Mapping[str, Any], policy: Policy) -> Decision:
    """Return a row of silver as an answer; `policy` says its reasons where it is the same."""
    challengers = row["challengers"]
    return msgspec.structs.replace(
        _decision(row, policy, row["decided_at"]),
        lineage=Lineage(row["topic"], row["part"], row["off"]),
        challengers=UNSET if challengers is None else msgspec.json.decode(challengers),
    )


def problem_of(reject: Reject) -> Problem:
    """Return why an application is refused: the stream's own code, the field, what was expected."""
    field, separator, expected = reject.reason.partition(": ")
    if not separator or not field.replace("_", "").isalnum():
        field, expected = "", reject.reason
    expected = _EXPECTED.get(reject.code) or expected.partition(", found ")[0]
    expected = expected.removeprefix("expected ")
    said = f"{field}: expected {expected}" if field else expected
    return Problem(
        _STATUS.get(reject.code, 422),
        reject.code.value,
        f"the application is refused ({reject.stage.value}): {said}",
        errors=[FieldError(field, expected)],
    )


_USED: Final = (
    "row", "event_id", "application_id", "event_at", "applied_on", "dti_band", "util_band",
    "rate_band", "early_warning_flag", "tier", "reasons", "pd", "points", "model_version",
    "model_sha256", "policy_version", "contract_version", "reference_version", "issues",
    "content_hash", "model_reasons", "missing_inputs",
)  # fmt: skip


def _decision(row: Mapping[str, Any], policy: Policy, decided_at: datetime) -> Decision:
    known = policy if row["policy_version"] == policy.version else None
    return Decision(
        event_id=row["event_id"],
        application_id=row["application_id"],
        event_at=row["event_at"].replace(tzinfo=UTC),
        applied_on=row["applied_on"],
        decided_at=decided_at,
        pd=row["pd"],
        points=row["points"],
        tier=row["tier"],
        early_warning_flag=row["early_warning_flag"],
        bands=Bands(row["dti_band"], row["util_band"], row["rate_band"]),
        reasons=policy_reasons(row["reasons"], known),
        model_reasons=model_reasons(row["model_reasons"]),
        versions=_versions(
            row["contract_version"],
            row["model_version"],
            row["model_sha256"],
            row["policy_version"],
            row["reference_version"],
        ),
        content_hash=str(row["content_hash"]),
        issues=split_codes(row["issues"]),
        missing_inputs=split_codes(row["missing_inputs"]),
    )


@lru_cache(maxsize=64)
def _versions(contract: str, model: str, sha256: str, policy: str, reference: str) -> Versions:
    return Versions(contract, model, sha256, policy, reference)
