"""``POST /score``: the request and answer of the system before this one, for clients that move.

The decision is the same as everywhere, under the rules in force; only the form is the old one. The
old system answered `persist_to_db` as done even while the database was down. Here `persisted` is
always false, because this operation stores nothing.
"""

from collections.abc import Callable
from datetime import datetime
from types import MappingProxyType
from typing import Any, Final

import msgspec
import numpy as np
from fastapi import APIRouter, Request
from starlette.responses import Response

from risk.contract.application import Limits, Reject, RejectCode
from risk.contract.columns import FIGURES
from risk.decision.judge import Rules, judge
from risk.frame.frame import Frame
from serving.audit.entries import AuditTrail
from serving.decisions.schemas import Decision, decided_answers, problem_of
from serving.http.described import described, known_query
from serving.http.problems import FieldError, Problem

DEPRECATED: Final = MappingProxyType(
    {
        "Deprecation": "@1767225600",  # 2026-01-01, RFC 9745
        "Sunset": "Thu, 01 Jul 2027 00:00:00 GMT",  # RFC 8594
        "Link": '<v1/decisions>; rel="successor-version"',  # beside this path, whatever its prefix
    }
)
_REQUIRED: Final = MappingProxyType(
    {
        "loan_amnt": "amount_usd",
        "annual_inc": "income_usd",
        "dti": "dti_pct",
        "int_rate": "rate_pct",
        "earliest_cr_line": "credit_age_years",
    }
)
_LACKING: Final = frozenset({RejectCode.MISSING_FIELD, RejectCode.MISSING_REQUIRED})
_FEATURES: Final = (*(column.name for column in FIGURES), "credit_age_years")


class _Question(msgspec.Struct):
    event: msgspec.Raw
    reject_if_missing_required: bool = True
    persist_to_db: bool = False


class ScoredDecision(msgspec.Struct, frozen=True):
    """A decision in the old form."""

    pd: float
    risk_tier: str
    early_warning_flag: bool
    dti_band: str | None
    util_band: str | None
    rate_band: str | None
    reasons: tuple[str, ...]


class Scored(msgspec.Struct, frozen=True):
    """An answer in the old form, and what became of `persist_to_db`."""

    loan_id: str
    valid: bool
    missing_required: tuple[str, ...]
    features: dict[str, float | None]
    decision: ScoredDecision | None
    persisted: bool = False


_question: Final = msgspec.json.Decoder(_Question)
_ids: Final = msgspec.json.Decoder(dict[str, Any])


def score_routes(
    rules: Callable[[], Rules], limits: Limits, trail: AuditTrail, *, now: Callable[[], datetime]
) -> APIRouter:
    """Return the old form's route."""
    router = APIRouter()

    @router.post(
        "/score",
        tags=["deprecated"],
        deprecated=True,
        **described("score", "Decide in the old form", Scored, body="ScoreQuestion"),
    )
    async def score(request: Request) -> Response:
        """Decide one application in the old form; use `POST /v1/decisions` instead."""
        known_query(request)
        trail.expect_room()
        question = _read(await request.body())
        event, current, judged_at = bytes(question.event), rules(), now()
        verdicts = judge([event], rules=current, received_at=judged_at, limits=limits)
        if verdicts.rejects:
            refused = verdicts.rejects[0]
            trail.scored(request.scope, [event], [refused])
            scored = _refused(event, refused)
        else:
            (_, decision), *_ = decided_answers(verdicts.decided, current.policy, judged_at)
            trail.scored(request.scope, [event], [decision])
            scored = scored_of(
                verdicts.decided, decision, is_strict=question.reject_if_missing_required
            )
        body = msgspec.json.encode(scored)
        return Response(body, media_type="application/json", headers=dict(DEPRECATED))

    return router


def _read(body: bytes) -> _Question:
    try:
        return _question.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as exc:
        is_form = isinstance(exc, msgspec.ValidationError)
        code = RejectCode.WRONG_FORMAT if is_form else RejectCode.MALFORMED_JSON
        expected = "an object `event`, and booleans `reject_if_missing_required`, `persist_to_db`"
        raise Problem(
            422 if is_form else 400,
            code.value,
            f"expected {expected}",
            errors=[FieldError("", expected)],
            headers=DEPRECATED,
        ) from exc


def _refused(event: bytes, refused: Reject) -> Scored:
    if refused.code not in _LACKING:
        problem = problem_of(refused)
        problem.headers |= DEPRECATED
        raise problem
    fields = _ids.decode(event)
    lacking = [
        field
        for field, column in _REQUIRED.items()
        if fields.get(field) is None or column in refused.reason
    ]
    loan_id = next((fields[name] for name in ("id", "loan_id") if fields.get(name)), "")
    return Scored(
        str(loan_id), valid=False, missing_required=tuple(lacking), features={}, decision=None
    )


def scored_of(decided: Frame, decision: Decision, *, is_strict: bool) -> Scored:
    """Return a decision in the old form."""
    features = {name: _number(decided, name) for name in _FEATURES if name in decided}
    lacking = tuple(field for field, column in _REQUIRED.items() if features[column] is None)
    old = ScoredDecision(
        pd=decision.pd,
        risk_tier=decision.tier,
        early_warning_flag=decision.early_warning_flag,
        dti_band=decision.bands.dti,
        util_band=decision.bands.utilisation,
        rate_band=decision.bands.rate,
        reasons=tuple(reason.code for reason in decision.reasons),
    )
    is_valid = not (lacking and is_strict)
    return Scored(
        decision.application_id,
        valid=is_valid,
        missing_required=lacking,
        features=features,
        decision=old if is_valid else None,
    )


def _number(frame: Frame, name: str) -> float | None:
    value = float(frame[name][0])
    return None if np.isnan(value) else value
