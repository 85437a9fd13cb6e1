"""Problems: every refusal of the API in one form, RFC 9457, with a stable code and a request id.

A problem says which field and what was expected of it, and never what was found: that would be an
applicant's data.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from http import HTTPStatus
from typing import TYPE_CHECKING, Final

import msgspec
from starlette.responses import Response

if TYPE_CHECKING:
    from starlette.types import Scope, Send

__all__ = [
    "MEDIA_TYPE",
    "FieldError",
    "Problem",
    "ProblemBody",
    "body_of",
    "not_a_method",
    "request_id_of",
    "response_to",
    "send_problem",
]

MEDIA_TYPE: Final = "application/problem+json"
_TYPE: Final = "urn:credit-risk-monitor:problem:"


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
    """A problem as it is sent (RFC 9457); `code` and what follows are ours."""

    type: str
    title: str
    status: int
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


def body_of(problem: Problem, request_id: str) -> bytes:
    """Return the problem as JSON."""
    return msgspec.json.encode(
        ProblemBody(
            type=_TYPE + problem.code,
            title=HTTPStatus(problem.status).phrase,
            status=problem.status,
            detail=problem.detail,
            code=problem.code,
            errors=problem.errors,
            request_id=request_id,
        )
    )


def request_id_of(scope: Scope) -> str:
    """Return the id under which this request is answered, logged and audited; empty without one."""
    found: str = scope.get("request_id", "")
    return found


def response_to(problem: Problem, request_id: str) -> Response:
    """Return the problem as a response, for routes."""
    return Response(
        body_of(problem, request_id),
        status_code=problem.status,
        headers={**problem.headers, "content-type": MEDIA_TYPE, "cache-control": "no-store"},
    )


async def send_problem(send: Send, problem: Problem, request_id: str) -> None:
    """Send the problem, for a pure-ASGI middleware that answers by itself."""
    body = body_of(problem, request_id)
    headers = {
        **problem.headers,
        "content-type": MEDIA_TYPE,
        "cache-control": "no-store",
        "content-length": str(len(body)),
    }
    raw = [(name.lower().encode(), value.encode()) for name, value in headers.items()]
    await send({"type": "http.response.start", "status": problem.status, "headers": raw})
    await send({"type": "http.response.body", "body": body})
