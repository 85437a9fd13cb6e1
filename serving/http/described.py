"""Describe operations for the OpenAPI document, beyond what FastAPI reads from their functions.

The routes take requests as bytes and encode their answers once. So each route states the types that
it reads and encodes, by `described`.
"""

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any, Final

import msgspec
from starlette.requests import Request

from serving.http.problems import (
    CODES,
    MEDIA_TYPE,
    FieldError,
    Problem,
    ProblemBody,
    bad_query,
    sent,
)

REFERENCE: Final = "#/components/schemas/{name}"

_OPEN: Final = (400, 405, 408, 431, 500)
_GUARDED: Final = (*_OPEN, 401, 403, 413, 415, 422, 429, 503)
_CODES: Final[Mapping[int, tuple[str, ...]]] = MappingProxyType(
    {
        400: ("malformed_json", "encoding", "duplicate_key", "too_deep", "empty", "invalid_http"),
        401: ("unauthenticated",),
        403: ("forbidden",),
        404: ("not_found",),
        405: ("method_not_allowed",),
        408: ("request_timeout",),
        409: (
            "idempotency_key_reused",
            "idempotency_key_in_use",
            "recording_unavailable",
            "not_explicable",
        ),
        413: ("body_too_large", "too_large"),
        415: ("unsupported_media_type",),
        422: ("missing_field", "out_of_range", "invalid_request", "idempotency_key_invalid"),
        429: ("too_many_requests",),
        431: ("head_too_large",),
        500: ("internal",),
        503: (
            "busy",
            "silver_unavailable",
            "lake_unavailable",
            "keys_unavailable",
            "audit_unavailable",
            "recording_unavailable",
        ),
    }
)
"""By status: the codes that it is answered with, the usual one first."""

_MORE_OF: Final = {422: "Or another code of `ProblemCode` about a field of the application."}

_HEADERS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "Idempotent-Replayed": "`true` if this is the first answer to the key, sent again.",
        "Retry-After": "Whole seconds to wait before you send the request again.",
        "X-Request-Id": "The request's id. If you send one (1 to 64 letters, digits, `.`, `_`, "
        "`-`), it is used.",
    }
)


def reference(kind: type | str) -> dict[str, Any]:
    """Return the reference to a schema of the document."""
    return {"$ref": REFERENCE.format(name=kind if isinstance(kind, str) else kind.__name__)}


def parameter(
    name: str, place: str, schema: Mapping[str, Any], meaning: str, *, is_needed: bool = False
) -> dict[str, Any]:
    """Return a parameter in a ``path``, a ``query`` or a ``header``."""
    found = {"name": name, "in": place, "schema": dict(schema), "description": meaning}
    return found | ({"required": True} if is_needed or place == "path" else {})


def described(
    name: str,
    summary: str,
    answer: type | None,
    *,
    body: type | str | None = None,
    parameters: Sequence[Mapping[str, Any]] = (),
    also: Sequence[int] = (),
    answer_headers: Sequence[str] = (),
    is_open: bool = False,
) -> dict[str, Any]:
    """Return what a route's decorator is told: ``@router.get(path, **described(...))``.

    Parameters
    ----------
    name
        The operationId: what a generated client calls it.
    answer
        What is answered; None for plain text.
    also
        Problems beside those of every operation: 404, 409.
    answer_headers
        What an answer carries beside those of every operation.
    """
    schema = {"type": "string"} if answer is None else reference(answer)
    media = "text/plain" if answer is None else "application/json"
    statuses = sorted({*(_OPEN if is_open else _GUARDED), *also})
    responses: dict[int | str, Any] = {
        200: {
            "description": "The answer.",
            "content": {media: {"schema": schema}},
            "headers": _headers("X-Request-Id", *answer_headers),
        }
    }
    responses |= {status: _refusal(status) for status in statuses}
    extra: dict[str, Any] = {
        "parameters": [dict(each) for each in parameters],
        "security": [] if is_open else [{"bearer": []}, {"key": []}],
    }
    if body is not None:
        content = {"application/json": {"schema": reference(body)}}
        extra["requestBody"] = {"required": True, "content": content}
    return {
        "operation_id": name,
        "summary": summary,
        "responses": responses,
        "openapi_extra": extra,
    }


def _refusal(status: int) -> dict[str, Any]:
    codes = _CODES[status]
    code = codes[0]
    meanings = [f"`{each}`: {CODES[each]}" for each in codes]
    if status in _MORE_OF:
        meanings.append(_MORE_OF[status])
    fields = [FieldError("annual_inc", "a number")] if code == "missing_field" else []
    example = sent(Problem(status, code, CODES[code], errors=fields), {"request_id": "desk-7"})
    shown = {"schema": reference(ProblemBody), "example": msgspec.to_builtins(example)}
    waits = ["Retry-After"] if status in (429, 503) else []
    return {
        "description": "\n\n".join(meanings),
        "content": {MEDIA_TYPE: shown},
        "headers": _headers("X-Request-Id", *waits),
    }


def _headers(*names: str) -> dict[str, Any]:
    return {name: {"description": _HEADERS[name], "schema": {"type": "string"}} for name in names}


def known_query(request: Request, *names: str) -> dict[str, str]:
    """Return the query, each of these parameters once at most.

    Raises
    ------
    Problem
        422: another parameter, or one twice.
    """
    said = request.query_params.multi_items()
    found = dict(said)
    unknown = sorted({name for name in found if name not in names})
    if unknown or len(found) < len(said):
        raise bad_query("", f"nothing but {', '.join(names)}, each once" if names else "nothing")
    return found
