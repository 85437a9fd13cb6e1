"""The OpenAPI document: FastAPI's, with the schemas of what the routes read and encode."""

import inspect
import re
from collections.abc import Mapping
from copy import deepcopy
from functools import cache
from typing import Annotated, Any, Final

import msgspec
from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from msgspec import UNSET, Meta, UnsetType

from lakehouse.registry.artefacts import load_policy, shipped_versions
from risk.contract.application import LoanApplication, json_schema
from risk.explain.explanation import Explanation
from risk.policy.document import Policy
from serving.access.limits import MOST_APPLICATIONS
from serving.access.scopes import SCOPES
from serving.decisions.reasons import Reason, reason_codes
from serving.decisions.schemas import ApplicationPage, BatchAnswer, Decision, DecisionPage
from serving.examples import examples
from serving.http.described import REFERENCE, reference
from serving.http.problems import CODES, ProblemBody
from serving.routes.catalogue import Models
from serving.routes.health import Health
from serving.routes.history import Replay
from serving.routes.legacy_score import Scored

_APPLICATION: Final = LoanApplication.__name__
_ANSWERS: Final = (
    ApplicationPage, BatchAnswer, Decision, DecisionPage, Explanation, Health, Models, Policy,
    ProblemBody, Replay, Scored,
)  # fmt: skip
_TAGS: Final = {
    "decisions": "Decide applications, and record them.",
    "stored": "Read, explain and replay decisions that the stream has stored.",
    "catalogue": "What decides at present.",
    "operation": "Whether the server works, and what it counted.",
    "deprecated": "The form of the system before this one.",
}


class Batch(msgspec.Struct):
    """Applications to be decided, each for itself; one that is none has a problem in its place."""

    applications: Annotated[list[LoanApplication], Meta(min_length=1, max_length=MOST_APPLICATIONS)]


class ScoreQuestion(msgspec.Struct):
    """A question in the old form."""

    event: LoanApplication
    reject_if_missing_required: Annotated[bool, Meta(description="True if absent.")] | UnsetType = (
        UNSET
    )
    persist_to_db: Annotated[bool, Meta(description="Stores nothing.")] | UnsetType = UNSET


def document(app: FastAPI) -> dict[str, Any]:
    """Return the OpenAPI document of the application; made once."""
    if app.openapi_schema is None:
        said = get_openapi(
            title=app.title,
            version=app.version,
            description=app.description,
            routes=app.routes,
            servers=app.servers,
            tags=[{"name": name, "description": what} for name, what in _TAGS.items()],
            contact=app.contact,
            license_info=app.license_info,
        )
        said["components"] = {
            "schemas": _schemas(),
            "securitySchemes": {
                "bearer": {"type": "http", "scheme": "bearer"},
                "key": {"type": "apiKey", "in": "header", "name": "X-API-Key"},
            },
        }
        _complete(said)
        app.openapi_schema = said
    return app.openapi_schema


@cache
def _schemas() -> dict[str, Any]:
    _, found = msgspec.json.schema_components(
        [*_ANSWERS, Batch, ScoreQuestion], ref_template=REFERENCE
    )
    found[_APPLICATION] = deepcopy(json_schema()["$defs"][_APPLICATION])
    for name, value in examples().bodies["decide"].items():
        found[_APPLICATION]["properties"][name]["examples"] = [value]
    for schema in found.values():
        _plain(schema)
        _describe(schema)
    found["ProblemCode"] = _codes("ProblemCode", CODES) | {"enum": list(CODES)}
    found[ProblemBody.__name__]["properties"]["code"] = reference("ProblemCode")
    # Not an enum: a policy that is registered may have codes of its own.
    shipped = map(load_policy, shipped_versions("policy"))
    found["ReasonCode"] = _codes("ReasonCode", reason_codes(shipped))
    found[Reason.__name__]["properties"]["code"] = reference("ReasonCode")
    return found


def _describe(schema: dict[str, Any]) -> None:
    """Turn a docstring's section on attributes into the descriptions of these fields."""
    said = inspect.cleandoc(schema.get("description", schema["title"]))
    schema["description"], _, fields = said.partition("\n\nAttributes\n----------\n")
    for names, meaning in re.findall(r"^(\S.*)\n((?:    .*\n?)+)", fields, re.MULTILINE):
        for name in set(names.split(", ")) & schema["properties"].keys():
            schema["properties"][name]["description"] = inspect.cleandoc(meaning)


def _codes(name: str, meanings: Mapping[str, str]) -> dict[str, Any]:
    said = "\n".join(f"* `{code}`: {what}" for code, what in meanings.items())
    return {"title": name, "description": said, "type": "string"}


def _plain(schema: Any) -> None:
    """Say in the words that every generator reads what msgspec says in JSON Schema's newer ones."""
    if isinstance(schema, list):
        for each in schema:
            _plain(each)
    elif isinstance(schema, dict):
        if "enum" in schema:
            schema.setdefault("type", "string")
        for name, field in schema.get("properties", {}).items():
            # An absent field counts as null; in an answer, fields with a default are never absent.
            if field.pop("default", None) is not None:
                schema.setdefault("required", []).append(name)
        if "prefixItems" in schema:
            schema["items"] = schema.pop("prefixItems")[0]  # our tuples are of one kind
        for name, each in schema.items():
            if name not in ("default", "example", "examples", "enum"):
                _plain(each)


def _complete(said: dict[str, Any]) -> None:
    """Say of each operation which scope its key needs, and show what is asked and answered."""
    shown = examples()
    operations = [
        (method, path, operation)
        for path, methods in said["paths"].items()
        for method, operation in methods.items()
    ]
    for method, path, operation in operations:
        name = operation["operationId"]
        scope = SCOPES[method.upper(), path]
        if scope is not None:
            operation["description"] += f"\n\nThe key needs the scope `{scope.value}`."
        if "requestBody" in operation:
            _show(operation["requestBody"]["content"], shown.bodies[name])
        _show(operation["responses"]["200"]["content"], shown.answers[name])


def _show(content: dict[str, Any], value: Any) -> None:
    (media,) = content.values()
    media["examples"] = {"simulated": {"summary": "Simulated.", "value": value}}
