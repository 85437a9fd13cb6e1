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
_PROBLEMS: Final[Mapping[int, tuple[str, str]]] = MappingProxyType(
    {
        400: ("malformed_json", "The request cannot be read: it is no HTTP, no JSON or no UTF-8."),
        401: ("unauthenticated", "The key is missing, unknown, expired or revoked, or sent twice."),
        403: ("forbidden", "The key lacks the scope that this operation needs."),
        404: ("not_found", "Nothing is stored under this id, or not yet."),
        405: ("method_not_allowed", "The path has other methods; the header Allow names them."),
        408: ("request_timeout", "The request did not arrive within 10 s; send it again."),
        409: (
            "idempotency_key_reused",
            (
                "`idempotency_key_reused`: use a new key. `idempotency_key_in_use`: send the same "
                "request again. `recording_unavailable`: this server has no topic to record to. "
                "`not_explicable`: the decision's bytes or versions are gone."
            ),
        ),
        413: ("body_too_large", "The body is too long."),
        415: (
            "unsupported_media_type",
            "The body is no `application/json` in UTF-8, uncompressed.",
        ),
        422: (
            "missing_field",
            (
                "The request can be read, but a field, a parameter or a header is wrong: `errors` "
                "names it and what was expected."
            ),
        ),
        429: (
            "too_many_requests",
            "This key asks too often; wait `Retry-After` seconds and send the request again.",
        ),
        431: ("head_too_large", "The headers are too many or too long."),
        500: ("internal", "An unexpected error of the server."),
        503: (
            "busy",
            (
                "The server is busy, or a store that this operation needs does not answer; wait "
                "`Retry-After` seconds and send the request again."
            ),
        ),
    }
)
"""By status: one of its codes, as an example, and what it is."""

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
    code, meaning = _PROBLEMS[status]
    fields = [FieldError("annual_inc", "a number")] if code == "missing_field" else []
    example = sent(Problem(status, code, CODES[code], errors=fields), {"request_id": "desk-7"})
    shown = {"schema": reference(ProblemBody), "example": msgspec.to_builtins(example)}
    waits = ["Retry-After"] if status in (429, 503) else []
    return {
        "description": meaning,
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
