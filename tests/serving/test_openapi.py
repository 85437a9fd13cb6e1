"""The document says what the contract says, about every operation."""

from __future__ import annotations

import json
from typing import Any

import jsonschema
import pytest

from risk.contract.application import json_schema
from tests.serving.api_cases import got, posted


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    found: dict[str, Any] = got("/openapi.json").json()
    return found


def operations(document: dict[str, Any]) -> list[dict[str, Any]]:
    return [each for path in document["paths"].values() for each in path.values()]


def test_an_application_is_what_the_contract_says(document: dict[str, Any]) -> None:
    ours = document["components"]["schemas"]["LoanApplication"]
    assert ours["properties"] == json_schema()["$defs"]["LoanApplication"]["properties"]


def test_every_operation_says_what_it_does_answers_and_refuses(document: dict[str, Any]) -> None:
    for operation in operations(document):
        assert operation["description"]
        assert operation["responses"]["200"]["content"]
        assert {"400", "405", "408", "431", "500"} <= set(operation["responses"])
        assert operation["operationId"]
        assert operation["summary"]
        assert operation["tags"]


def test_what_is_not_open_wants_a_key(document: dict[str, Any]) -> None:
    unguarded = {
        path
        for path, methods in document["paths"].items()
        for operation in methods.values()
        if not operation.get("security")
    }
    assert unguarded == {"/healthz", "/readyz"}


def test_the_examples_are_simulated_and_are_decided(document: dict[str, Any]) -> None:
    for path in ("/v1/decisions", "/v1/decisions:batch", "/score"):
        body = document["paths"][path]["post"]["requestBody"]["content"]["application/json"]
        example = body["examples"]["simulated"]["value"]
        answer = posted(json.dumps(example).encode(), path)
        assert answer.status_code == 200, answer.text


def test_answers_are_as_the_document_says(document: dict[str, Any]) -> None:
    schemas = document["components"]["schemas"]
    example = document["paths"]["/v1/decisions"]["post"]["requestBody"]["content"]
    value = example["application/json"]["examples"]["simulated"]["value"]
    for name, body in (("Decision", json.dumps(value).encode()), ("ProblemBody", b"{")):
        jsonschema.validate(
            posted(body).json(),
            {"$ref": f"#/components/schemas/{name}", "components": {"schemas": schemas}},
        )
