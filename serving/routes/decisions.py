"""Applications decided on request, one or many.

The routes take the request as it is (`serving.http.hot_routes`): the judge reads the very bytes
that came, and the answer is encoded once. What their bodies hold is said in `serving.openapi`.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Annotated, Any, Final

import msgspec
from fastapi import APIRouter, Request
from msgspec import Meta
from starlette.responses import Response

from risk.contract.application import RejectCode
from serving.audit.entries import Deeds
from serving.decisions.batching import Outcome, Scorer
from serving.decisions.recording import Answers, Recorder, identified
from serving.decisions.schemas import Decision, problem_of
from serving.http.problems import FieldError, Problem, body_of, request_id_of

__all__ = ["MOST_APPLICATIONS", "decision_routes"]

MOST_APPLICATIONS: Final = 500
_KEY: Final = re.compile(rb"[!-~]{1,128}")


class _Batch(msgspec.Struct):
    applications: Annotated[list[msgspec.Raw], Meta(min_length=1, max_length=MOST_APPLICATIONS)]


_batch: Final = msgspec.json.Decoder(_Batch)
_encode: Final = msgspec.json.Encoder().encode


def decision_routes(scorer: Scorer, deeds: Deeds, recorder: Recorder | None) -> APIRouter:
    """Return the routes that decide."""
    router = APIRouter(tags=["decisions"])
    desk = _Desk(scorer, deeds, recorder)

    @router.post("/v1/decisions")
    async def decide(request: Request) -> Response:
        """Decide one application; `?record=true` also hands it to the stream."""
        raw = await request.body()
        key = _idempotency_key(request)
        if request.scope["query_string"] and _is_to_be_recorded(request):
            answer = await desk.record(request, raw, key)
        else:
            answer = _encode(await desk.decide(request, raw))
        return Response(answer, media_type="application/json")

    @router.post("/v1/decisions:batch")
    async def decide_batch(request: Request) -> Response:
        """Decide up to 500 applications, each for itself: a decision or a problem each."""
        deeds.expect_room()
        raws = _applications(await request.body())
        outcomes = await scorer.score_all(raws)
        deeds.scored(request.scope, raws, outcomes)
        results = [_result(outcome, request_id_of(request.scope)) for outcome in outcomes]
        return Response(_encode({"results": results}), media_type="application/json")

    return router


class _Desk:
    """Where one application is decided, and recorded where that is asked for."""

    def __init__(self, scorer: Scorer, deeds: Deeds, recorder: Recorder | None) -> None:
        self._scorer = scorer
        self._deeds = deeds
        self._recorder = recorder
        self._answers = Answers()

    async def decide(self, request: Request, raw: bytes) -> Decision:
        """Return the decision, noted for the auditor.

        Raises
        ------
        Problem
            The application is refused.
        """
        self._deeds.expect_room()
        outcome = await self._scorer.score(raw)
        self._deeds.scored(request.scope, [raw], [outcome])
        if isinstance(outcome, Decision):
            return outcome
        raise problem_of(outcome)

    async def record(self, request: Request, raw: bytes, key: str | None) -> bytes:
        """Decide and produce to the topic, once a key; return the answer.

        Raises
        ------
        Problem
            There is no topic, the key is none or another body's, or the application is refused.
        """
        recorder = self._recorder
        if recorder is None:
            raise Problem(
                409,
                "recording_unavailable",
                "this server has no topic to record to: set RISK_RECORD_TO to "
                "kafka://HOST:PORT/TOPIC, or leave record out",
            )
        if key is None:
            raise _bad_key()
        actor = self._deeds.actor(request.scope)

        async def answer() -> bytes:
            event = identified(raw, actor=actor, key=key)
            decision = await self.decide(request, event)
            position = await recorder.record(event, application_id=decision.application_id, key=key)
            return _encode(msgspec.structs.replace(decision, recorded=position))

        return await self._answers.once(actor, key, raw, answer)


def _is_to_be_recorded(request: Request) -> bool:
    said = request.query_params.multi_items()
    if said in ([], [("record", "false")]):
        return False
    if said == [("record", "true")]:
        return True
    expected = "nothing but record, true or false, once"
    raise Problem(
        422,
        "invalid_request",
        f"the query: expected {expected}",
        errors=[FieldError("query.record", expected)],
    )


def _idempotency_key(request: Request) -> str | None:
    """Return the key, which is looked at even where nothing is recorded; None without one."""
    keys = [value for name, value in request.scope["headers"] if name == b"idempotency-key"]
    if not keys:
        return None
    if len(keys) > 1 or not _KEY.fullmatch(keys[0]):
        raise _bad_key()
    return str(keys[0], "ascii")


def _bad_key() -> Problem:
    expected = "one of 1 to 128 visible ASCII characters, a new one an application"
    return Problem(
        422,
        "idempotency_key_invalid",
        f"recording wants an Idempotency-Key header: {expected}",
        errors=[FieldError("header.Idempotency-Key", expected)],
    )


def _applications(body: bytes) -> Sequence[bytes]:
    try:
        return [bytes(raw) for raw in _batch.decode(body).applications]
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as exc:
        is_form = isinstance(exc, msgspec.ValidationError)
        code = RejectCode.WRONG_FORMAT if is_form else RejectCode.MALFORMED_JSON
        expected = f"1 to {MOST_APPLICATIONS} JSON objects"
        raise Problem(
            422,
            code.value,
            f'expected {{"applications": [...]}} with {expected}',
            errors=[FieldError("applications" if is_form else "", expected)],
        ) from exc


def _result(outcome: Outcome, request_id: str) -> dict[str, Any]:
    if isinstance(outcome, Decision):
        return {"status": 200, "decision": outcome}
    problem = problem_of(outcome)
    return {"status": problem.status, "problem": msgspec.Raw(body_of(problem, request_id))}
