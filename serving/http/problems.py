"""Problems: every refusal of the API in one form, RFC 9457, with a stable code and a request id.

A problem says which field is wrong and what was expected. It never says what was found, because
that would be an applicant's data.
"""

from collections.abc import Iterable, Mapping, Sequence
from http import HTTPStatus
from types import MappingProxyType
from typing import Annotated, Final

import msgspec
from msgspec import Meta
from starlette.responses import Response
from starlette.types import Scope, Send

from risk.contract.application import REJECT_CODES

MEDIA_TYPE: Final = "application/problem+json"
PAGE: Final = "/problems"
"""The page of all codes, `serving.routes.health`; below the public prefix."""

OURS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "audit_unavailable": "The audit log cannot record an answer now; send the request again.",
        "body_too_large": "The body is longer than the operation allows.",
        "busy": "Too many such requests at once; wait Retry-After seconds and send it again.",
        "forbidden": "The key is valid, but lacks the scope that this operation needs.",
        "head_too_large": "The headers are too long or too many.",
        "idempotency_key_in_use": "Another attempt with this key is under way; send it again.",
        "idempotency_key_invalid": "The Idempotency-Key is missing or malformed.",
        "idempotency_key_reused": "The Idempotency-Key was used with another body; use a new key.",
        "invalid_http": "The request is no valid HTTP/1.1.",
        "invalid_request": "The query or a parameter is unknown, repeated or malformed.",
        "keys_unavailable": "API keys cannot be checked, because silver has been out for too long.",
        "lake_unavailable": "The lake does not answer; the API still decides.",
        "method_not_allowed": "The path has other methods; the header Allow names them.",
        "not_explicable": "The decision's bytes or versions are gone, so it cannot be explained.",
        "not_found": "The path does not exist, or nothing is stored under this id.",
        "recording_unavailable": "There is no topic to record to (409), or no broker (503).",
        "request_timeout": "The request did not arrive within 10 s; send it again.",
        "silver_unavailable": "Silver does not answer; the API still decides.",
        "too_many_requests": "The key has used up its rate; wait Retry-After seconds.",
        "unauthenticated": "The API key is missing, unknown, expired or revoked, or sent twice.",
        "unsupported_media_type": "The body is no `application/json` in UTF-8, uncompressed.",
    }
)
"""The codes that are not an application's (`risk.contract.application.REJECT_CODES`)."""

CODES: Final[Mapping[str, str]] = MappingProxyType(
    dict(
        sorted(
            {**OURS, **{code.value: meaning for code, (_, meaning) in REJECT_CODES.items()}}.items()
        )
    )
)
"""Every code that a problem may have, and what it means."""


class FieldError(msgspec.Struct, frozen=True):
    """What was expected of one field.

    Attributes
    ----------
    field
        Its path, such as ``annual_inc`` or ``applications[3]``; empty for the body as a whole.
    """

    field: str
    expected: str


class Problem(Exception):
    """A request that is not answered as it was meant.

    Parameters
    ----------
    status
        HTTP status, 400 to 599.
    code
        Stable, for machines: a reject's code where an application was refused.
    detail
        For people: what, where, expected, what to do.
    errors
        The fields it is about.
    headers
        What the response carries beside the problem, such as ``Retry-After``.
    """

    def __init__(
        self,
        status: int,
        code: str,
        detail: str,
        *,
        errors: Sequence[FieldError] = (),
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(detail)
        self.status = status
        self.code = code
        self.detail = detail
        self.errors = tuple(errors)
        self.headers = dict(headers or {})


class ProblemBody(msgspec.Struct, frozen=True):
    """A problem as it is sent (RFC 9457); `code` and what follows are ours.

    Attributes
    ----------
    type
        Leads to what `code` means, on the page of all codes.
    request_id
        Also in the header X-Request-Id; quote it when you ask about this answer.
    """

    type: str
    title: str
    status: Annotated[int, Meta(ge=400, le=599)]
    detail: str
    code: str
    errors: tuple[FieldError, ...]
    request_id: str


def not_a_method(methods: Iterable[str]) -> Problem:
    """Return the problem of a method that a path does not have."""
    return Problem(
        405,
        "method_not_allowed",
        "this path has other methods; the header Allow names them",
        headers={"allow": ", ".join(methods)},
    )


def bad_query(name: str, expected: str) -> Problem:
    """Return the problem of a query parameter; without a name, of the query as a whole."""
    at = f"{name}: " if name else ""
    return Problem(
        422,
        "invalid_request",
        f"the query: {at}expected {expected}",
        errors=[FieldError(f"query.{name}" if name else "query", expected)],
    )


def sent(problem: Problem, scope: Scope) -> ProblemBody:
    """Return the problem as it is sent in answer to a request."""
    return ProblemBody(
        type=f"{scope.get('root_path', '')}{PAGE}#{problem.code}",
        title=HTTPStatus(problem.status).phrase,
        status=problem.status,
        detail=problem.detail,
        code=problem.code,
        errors=problem.errors,
        request_id=request_id_of(scope),
    )


def body_of(problem: Problem, scope: Scope) -> bytes:
    """Return the problem as JSON."""
    return msgspec.json.encode(sent(problem, scope))


def request_id_of(scope: Scope) -> str:
    """Return the id under which this request is answered, logged and audited; empty without one."""
    found: str = scope.get("request_id", "")
    return found


def response_to(problem: Problem, scope: Scope) -> Response:
    """Return the problem as a response, for routes."""
    return Response(
        body_of(problem, scope),
        status_code=problem.status,
        headers={**problem.headers, "content-type": MEDIA_TYPE, "cache-control": "no-store"},
    )


async def send_problem(send: Send, problem: Problem, scope: Scope) -> None:
    """Send the problem, for a pure-ASGI middleware that answers by itself."""
    body = body_of(problem, scope)
    headers = {
        **problem.headers,
        "content-type": MEDIA_TYPE,
        "cache-control": "no-store",
        "content-length": str(len(body)),
    }
    raw = [(name.lower().encode(), value.encode()) for name, value in headers.items()]
    await send({"type": "http.response.start", "status": problem.status, "headers": raw})
    await send({"type": "http.response.body", "body": body})
