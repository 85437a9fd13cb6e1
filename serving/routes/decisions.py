"""Decide applications on request, one or many.

The routes take the request as bytes (`serving.http.hot_routes`): the judge reads the bytes that
came, and the answer is encoded once.
"""

import asyncio
import re
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Final

import msgspec
from fastapi import APIRouter, Request
from starlette.responses import Response
from starlette.types import Scope

from lakehouse.silver.idempotency import Claim
from risk.contract.application import RejectCode
from serving.access.limits import MOST_APPLICATIONS
from serving.audit.entries import AuditTrail
from serving.decisions.batching import Outcome, Scorer
from serving.decisions.bodies import MalformedBatch, applications_in, id_in
from serving.decisions.idempotency import Once, body_sha256
from serving.decisions.recording import Recorder, identified
from serving.decisions.schemas import BatchAnswer, BatchItem, Decision, problem_of
from serving.http.described import described, known_query, parameter
from serving.http.problems import FieldError, Problem, bad_query, sent

_KEY: Final = re.compile(rb"[!-~]{1,128}")

_RECORD: Final = (
    parameter(
        "record",
        "query",
        {"type": "boolean", "default": False},
        "Also send it to the stream, which stores it; needs an Idempotency-Key.",
    ),
    parameter(
        "Idempotency-Key",
        "header",
        {"type": "string", "minLength": 1, "maxLength": 128, "pattern": "^[!-~]+$"},
        "A text that you choose, a new one for each request, such as a UUID. For 24 hours the same "
        "key with the same body gets the first answer. Without `record=true` it has no effect.",
    ),
)

_encode: Final = msgspec.json.Encoder().encode


def decision_routes(
    scorer: Scorer, trail: AuditTrail, recorder: Recorder | None, once: Once
) -> APIRouter:
    """Return the routes that decide."""
    router = APIRouter(tags=["decisions"])
    desk = _Desk(scorer, trail, recorder, once)

    @router.post(
        "/v1/decisions",
        **described(
            "decide",
            "Decide one application",
            Decision,
            body="LoanApplication",
            parameters=_RECORD,
            also=[409],
            answer_headers=["Idempotent-Replayed"],
        ),
    )
    async def decide(request: Request) -> Response:
        """Decide one application of at most 64 KiB; `?record=true` also sends it to the stream.

        It needs an id (`event_id`, `id` or `loan_id`), a time (`event_time` or `issue_d`),
        `loan_amnt` and `annual_inc`; any other field may be missing. Without `record=true` nothing
        is stored but an audit entry: the decision cannot be read again.
        """
        raw = await request.body()
        key = _idempotency_key(request)
        if request.scope["query_string"] and _is_to_be_recorded(request):
            return await desk.record(request, raw, key)
        return _answer(_encode(await desk.decide(request, raw)))

    @router.post(
        "/v1/decisions:batch",
        **described(
            "decide_batch",
            "Decide up to 500 applications",
            BatchAnswer,
            body="Batch",
            parameters=_RECORD,
            also=[409],
            answer_headers=["Idempotent-Replayed"],
        ),
    )
    async def decide_batch(request: Request) -> Response:
        """Decide up to 500 applications; each gets a decision or a problem of its own.

        The status is 200 even if applications are refused: look at `status` of each result. One
        that is no JSON, such as a `NaN`, is refused alone. The body has at most 4,096,000 bytes.
        `?record=true` also sends those that are decided to the stream.
        """
        body = await request.body()
        key = _idempotency_key(request)
        if request.scope["query_string"] and _is_to_be_recorded(request):
            return await desk.record_batch(request, body, key)
        return _answer(await desk.decide_batch(request, _applications(body)))

    return router


class _Desk:
    """Where applications are decided, and recorded where that is asked for."""

    def __init__(
        self, scorer: Scorer, trail: AuditTrail, recorder: Recorder | None, once: Once
    ) -> None:
        self._scorer = scorer
        self._trail = trail
        self._recorder = recorder
        self._once = once

    async def decide(self, request: Request, raw: bytes) -> Decision:
        """Return the decision, noted for the auditor.

        Raises
        ------
        Problem
            The application is refused.
        """
        (outcome,) = await self._scored(request, [raw])
        if isinstance(outcome, Decision):
            return outcome
        raise problem_of(outcome)

    async def decide_batch(self, request: Request, raws: Sequence[bytes]) -> bytes:
        """Return each application's decision or problem, noted for the auditor."""
        return _results(request, raws, await self._scored(request, raws))

    async def record(self, request: Request, raw: bytes, key: str | None) -> Response:
        """Decide and produce to the topic, once a key; return the answer.

        Raises
        ------
        Problem
            There is no topic, the key is none or another body's, or the application is refused.
        """
        recorder, claim = self._expect_topic(), self._claim(request, raw, key)
        event = identified(raw, claim)

        async def produce(decision: Decision) -> bytes:
            return _encode(await self._recorded(recorder, claim, event, decision))

        return await self._answered_once(claim, lambda: self.decide(request, event), produce)

    async def record_batch(self, request: Request, body: bytes, key: str | None) -> Response:
        """Decide many and produce those that are decided, once a key; return the answer.

        Raises
        ------
        Problem
            As `record`; what is refused alone has its problem in its place.
        """
        recorder, claim = self._expect_topic(), self._claim(request, body, key)
        raws = [identified(raw, claim, place) for place, raw in enumerate(_applications(body))]

        async def produce(outcomes: Sequence[Outcome]) -> bytes:
            recorded = await asyncio.gather(
                *(
                    self._recorded(recorder, claim, raw, outcome)
                    for raw, outcome in zip(raws, outcomes, strict=True)
                )
            )
            return _results(request, raws, recorded)

        return await self._answered_once(claim, lambda: self._scored(request, raws), produce)

    async def _scored(self, request: Request, raws: Sequence[bytes]) -> Sequence[Outcome]:
        self._trail.expect_room()
        if len(raws) == 1:
            outcomes: Sequence[Outcome] = [await self._scorer.score(raws[0])]
        else:
            outcomes = await self._scorer.score_all(raws)
        self._trail.scored(request.scope, raws, outcomes)
        return outcomes

    async def _recorded(
        self, recorder: Recorder, claim: Claim, raw: bytes, outcome: Outcome
    ) -> Any:
        if not isinstance(outcome, Decision):
            return outcome
        position = await recorder.record(raw, application_id=outcome.application_id, key=claim.key)
        return msgspec.structs.replace(outcome, recorded=position)

    async def _answered_once(
        self,
        claim: Claim,
        decide: Callable[[], Awaitable[Any]],
        produce: Callable[[Any], Awaitable[bytes]],
    ) -> Response:
        answer, is_replayed = await self._once.answer(claim, decide, produce)
        return _answer(answer, {"Idempotent-Replayed": "true"} if is_replayed else {})

    def _expect_topic(self) -> Recorder:
        if self._recorder is None:
            raise Problem(
                409,
                "recording_unavailable",
                "this server has no topic to record to: set RISK_RECORD_TO to "
                "kafka://HOST:PORT/TOPIC, or leave record out",
            )
        return self._recorder

    def _claim(self, request: Request, body: bytes, key: str | None) -> Claim:
        if key is None:
            raise _bad_key()
        return Claim(self._trail.owner(request.scope), key, body_sha256(body))


def _answer(body: bytes, headers: dict[str, str] | None = None) -> Response:
    return Response(body, media_type="application/json", headers=headers)


def _is_to_be_recorded(request: Request) -> bool:
    said = known_query(request, "record").get("record", "false")
    if said not in ("false", "true"):
        raise bad_query("record", "true or false")
    return said == "true"


def _idempotency_key(request: Request) -> str | None:
    """Return the key, which is looked at even where nothing is recorded; None without one."""
    keys = [value for name, value in request.scope["headers"] if name == b"idempotency-key"]
    if not keys:
        return None
    if len(keys) > 1 or not _KEY.fullmatch(keys[0]):
        raise _bad_key()
    return str(keys[0], "ascii")


def _bad_key() -> Problem:
    expected = "one of 1 to 128 visible ASCII characters, a new one for each request"
    return Problem(
        422,
        "idempotency_key_invalid",
        f"recording wants an Idempotency-Key header: {expected}",
        errors=[FieldError("header.Idempotency-Key", expected)],
    )


def _applications(body: bytes) -> Sequence[bytes]:
    expected = f"1 to {MOST_APPLICATIONS} JSON objects"
    try:
        raws = applications_in(body, MOST_APPLICATIONS)
    except MalformedBatch as exc:
        raise _no_batch(400, RejectCode.MALFORMED_JSON, "", expected) from exc
    except msgspec.ValidationError as exc:
        raise _no_batch(422, RejectCode.WRONG_FORMAT, "applications", expected) from exc
    if not 1 <= len(raws) <= MOST_APPLICATIONS:
        raise _no_batch(422, RejectCode.WRONG_FORMAT, "applications", expected)
    return raws


def _no_batch(status: int, code: RejectCode, field: str, expected: str) -> Problem:
    return Problem(
        status,
        code.value,
        f'expected {{"applications": [...]}} with {expected}',
        errors=[FieldError(field, expected)],
    )


def _results(request: Request, raws: Sequence[bytes], outcomes: Sequence[Outcome]) -> bytes:
    results = tuple(
        _result(place, raw, outcome, request.scope)
        for place, (raw, outcome) in enumerate(zip(raws, outcomes, strict=True))
    )
    return _encode(BatchAnswer(results))


def _result(place: int, raw: bytes, outcome: Outcome, scope: Scope) -> BatchItem:
    if isinstance(outcome, Decision):
        return BatchItem(place, outcome.event_id, 200, decision=outcome)
    problem = problem_of(outcome)
    return BatchItem(place, id_in(raw), problem.status, problem=sent(problem, scope))
