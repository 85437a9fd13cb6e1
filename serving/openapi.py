"""The OpenAPI document: paths from the routes, bodies from the contract and from what is encoded.

The routes take requests as they are, so what they read and answer is said here, once, as data.
"""

from __future__ import annotations

from collections.abc import Mapping
from copy import deepcopy
from datetime import UTC, datetime
from functools import cache
from types import MappingProxyType
from typing import Any, Final

import msgspec
from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from lakehouse.shipped_simulation import load_simulation_parameters
from risk.contract.application import LoanApplication, json_schema
from risk.explain.explanation import Explanation
from risk.policy.rules import Policy
from risk.simulation.simulator import Simulator
from serving.access.limits import MOST_APPLICATIONS
from serving.decisions.schemas import Decision
from serving.http.problems import MEDIA_TYPE, ProblemBody
from serving.routes.catalogue import Models
from serving.routes.health import Health
from serving.routes.history import Replay
from serving.routes.legacy_score import Scored

__all__ = ["document"]

_REFERENCE: Final = "#/components/schemas/"
_APPLICATION: Final = LoanApplication.__name__
_EXAMPLE_AT: Final = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
_ID: Final = {"type": "string", "minLength": 1, "maxLength": 256}


def _ref(name: str) -> dict[str, Any]:
    return {"$ref": _REFERENCE + name}


_BATCH: Final = {
    "type": "object",
    "required": ["applications"],
    "properties": {
        "applications": {
            "type": "array",
            "minItems": 1,
            "maxItems": MOST_APPLICATIONS,
            "items": {
                "description": f"A {_APPLICATION}; one that is not has a problem in its place.",
            },
        }
    },
}
_BATCH_ANSWER: Final = {
    "type": "object",
    "required": ["results"],
    "properties": {
        "results": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["status"],
                "properties": {
                    "status": {"type": "integer"},
                    "decision": _ref("Decision"),
                    "problem": _ref("ProblemBody"),
                },
            },
        }
    },
}
_SCORE: Final = {
    "type": "object",
    "required": ["event"],
    "properties": {
        "event": _ref(_APPLICATION),
        "reject_if_missing_required": {"type": "boolean", "default": True},
        "persist_to_db": {"type": "boolean", "default": False},
    },
}
_OF_APPLICATION: Final = {
    "type": "object",
    "required": ["application_id", "decisions"],
    "properties": {
        "application_id": {"type": "string"},
        "decisions": {"type": "array", "items": _ref("Decision")},
    },
}
_RECORD: Final = (
    {
        "name": "record",
        "in": "query",
        "schema": {"type": "boolean", "default": False},
        "description": "Also hand the application to the stream; wants an Idempotency-Key.",
    },
    {
        "name": "Idempotency-Key",
        "in": "header",
        "schema": {"type": "string", "minLength": 1, "maxLength": 128, "pattern": "^[!-~]+$"},
        "description": "Of your making, one an application; the same key gets the first answer.",
    },
)
_BODIES: Final[Mapping[tuple[str, str], Mapping[str, Any]]] = MappingProxyType(
    {
        ("post", "/v1/decisions"): _ref(_APPLICATION),
        ("post", "/v1/decisions:batch"): _BATCH,
        ("post", "/score"): _SCORE,
    }
)
_ANSWERS: Final[Mapping[tuple[str, str], Mapping[str, Any]]] = MappingProxyType(
    {
        ("post", "/v1/decisions"): _ref("Decision"),
        ("post", "/v1/decisions:batch"): _BATCH_ANSWER,
        ("post", "/score"): _ref("Scored"),
        ("get", "/v1/decisions/{event_id}"): _ref("Decision"),
        ("get", "/v1/applications/{application_id}"): _OF_APPLICATION,
        ("get", "/v1/decisions/{event_id}/explanation"): _ref("Explanation"),
        ("post", "/v1/decisions/{event_id}/replay"): _ref("Replay"),
        ("get", "/v1/policies/current"): _ref("Policy"),
        ("get", "/v1/models"): _ref("Models"),
        ("get", "/healthz"): _ref("Health"),
        ("get", "/readyz"): _ref("Health"),
    }
)
_OPEN: Final = frozenset({"/healthz", "/readyz"})
_PROBLEMS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "401": "No live API key.",
        "403": "The key is not good for this operation.",
        "404": "Nothing is stored under this id.",
        "408": "The request did not arrive in time.",
        "409": "Recording is not set up, or the idempotency key was used with another body.",
        "413": "The body is too long.",
        "422": "The application or the request is refused: code, field and what was expected.",
        "429": "This key asks too often.",
        "500": "An unexpected error; ours.",
        "503": "Something that this operation leans on does not answer; scoring goes on.",
    }
)


def document(app: FastAPI) -> dict[str, Any]:
    """Return the OpenAPI document of the application; made once."""
    if app.openapi_schema is None:
        app.openapi_schema = _document(app)
    return app.openapi_schema


def _document(app: FastAPI) -> dict[str, Any]:
    said = get_openapi(
        title=app.title, version=app.version, description=app.description, routes=app.routes
    )
    for path, operations in said["paths"].items():
        for method, operation in operations.items():
            _complete(operation, method, path)
    said["components"] = {
        "schemas": _schemas(),
        "securitySchemes": {
            "bearer": {"type": "http", "scheme": "bearer"},
            "key": {"type": "apiKey", "in": "header", "name": "X-API-Key"},
        },
    }
    return said


def _complete(operation: dict[str, Any], method: str, path: str) -> None:
    answer = _ANSWERS.get((method, path))
    media = "text/plain" if answer is None else "application/json"
    content = {media: {"schema": answer or {"type": "string"}}}
    operation["responses"] = {"200": {"description": "The answer.", "content": content}}
    if path == "/readyz":
        operation["responses"]["503"] = {"description": "Degraded.", "content": content}
    for status in _statuses(method, path):
        operation["responses"].setdefault(
            status,
            {
                "description": _PROBLEMS[status],
                "content": {MEDIA_TYPE: {"schema": _ref("ProblemBody")}},
            },
        )
    if path not in _OPEN:
        operation["security"] = [{"bearer": []}, {"key": []}]
    if body := _BODIES.get((method, path)):
        given = {"schema": dict(body), "examples": _examples(path)}
        operation["requestBody"] = {"required": True, "content": {"application/json": given}}
    if path == "/v1/decisions":
        operation["parameters"] = deepcopy(list(_RECORD))
    for parameter in operation.get("parameters", []):
        if parameter["in"] == "path":
            parameter["schema"] = dict(_ID)


def _statuses(method: str, path: str) -> list[str]:
    found = ["500"]
    if path not in _OPEN:
        found += ["401", "403", "429", "503"]
    if method == "post":
        found += ["408", "409", "413", "422"]
    if "{" in path:
        found.append("404")
    return found


@cache
def _schemas() -> dict[str, Any]:
    _, ours = msgspec.json.schema_components(
        [Decision, Explanation, Health, Models, Policy, ProblemBody, Replay, Scored],
        ref_template=_REFERENCE + "{name}",
    )
    application = deepcopy(json_schema()["$defs"][_APPLICATION])
    application["examples"] = _simulated(2)
    return {**ours, _APPLICATION: application}


def _examples(path: str) -> dict[str, Any]:
    (one, two) = _simulated(2)
    value: dict[str, Any] = one
    if path == "/v1/decisions:batch":
        value = {"applications": [one, two]}
    elif path == "/score":
        value = {"event": one}
    return {"simulated": {"summary": "A simulated application.", "value": value}}


@cache
def _simulated(count: int) -> tuple[dict[str, Any], ...]:
    """Return simulated applications, with the fields that are looked at."""
    simulator = Simulator(
        load_simulation_parameters(), seed=7, started_at=_EXAMPLE_AT, rate_per_second=1.0
    )
    known = {field.encode_name for field in msgspec.structs.fields(LoanApplication)}
    events = (msgspec.json.decode(event) for event in simulator.events(0, count))
    return tuple(
        {name: value for name, value in event.items() if name in known and value is not None}
        for event in events
    )
