"""The document says what the contract says, about every operation."""

from __future__ import annotations

import json
import re
from typing import Any

import jsonschema
import pytest

from lakehouse.registry.artefacts import load_policy, shipped_versions
from risk.contract.application import json_schema
from risk.features.reason_codes import REASONS
from tests.serving.api_cases import got, posted, standing_rules


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    found: dict[str, Any] = got("/openapi.json").json()
    return found


def operations(document: dict[str, Any]) -> list[dict[str, Any]]:
    return [each for path in document["paths"].values() for each in path.values()]


def test_an_application_is_what_the_contract_says(document: dict[str, Any]) -> None:
    ours = document["components"]["schemas"]["LoanApplication"]
    said = json_schema()["$defs"]["LoanApplication"]["properties"]
    fields = ours["properties"]
    assert {name: fields[name] | {"examples": []} for name in fields} == {
        name: {key: value for key, value in field.items() if key != "default"} | {"examples": []}
        for name, field in said.items()
    }


def test_every_operation_says_what_it_does_answers_and_refuses(document: dict[str, Any]) -> None:
    for operation in operations(document):
        assert operation["description"]
        assert operation["responses"]["200"]["content"]
        assert {"400", "405", "408", "431", "500"} <= set(operation["responses"])
        assert operation["operationId"]
        assert operation["summary"]
        assert operation["tags"]


def test_every_operation_names_its_scope_its_headers_and_when_to_come_back(
    document: dict[str, Any],
) -> None:
    for operation in operations(document):
        needs = "The key needs the scope `" in operation["description"]
        assert needs == bool(operation["security"])
        for status, response in operation["responses"].items():
            if "application/problem+json" in response["content"]:
                assert "X-Request-Id" in response["headers"]
                assert ("Retry-After" in response["headers"]) == (status in ("429", "503"))


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


def test_every_answer_and_every_problem_has_an_example_that_is_as_its_schema_says(
    document: dict[str, Any],
) -> None:
    for operation in operations(document):
        for status, response in operation["responses"].items():
            (media,) = response["content"].values()
            shown = media["examples"]["simulated"]["value"] if status == "200" else media["example"]
            jsonschema.validate(shown, media["schema"] | {"components": document["components"]})


def test_the_example_of_an_answer_is_what_its_question_is_answered(
    document: dict[str, Any],
) -> None:
    operation = document["paths"]["/v1/decisions"]["post"]
    asked = operation["requestBody"]["content"]["application/json"]["examples"]["simulated"]
    shown = operation["responses"]["200"]["content"]["application/json"]["examples"]["simulated"]
    rules = standing_rules("standard-2")
    said = posted(json.dumps(asked["value"]).encode(), rules=rules).json()
    assert said | {"decided_at": ""} == shown["value"] | {"decided_at": ""}
    assert said["tier"] == "Watchlist"
    assert said["model_reasons"]


def test_one_set_holds_every_reason_code_and_a_code_is_about_one_figure(
    document: dict[str, Any],
) -> None:
    said = document["components"]["schemas"]["ReasonCode"]["description"]
    listed = re.findall(r"^\* `([^`]+)`: ", said, re.MULTILINE)
    assert len(listed) == len(set(listed))
    figures = {code: reason.feature for code, reason in REASONS.items()}
    for policy in map(load_policy, shipped_versions("policy")):
        columns = {scale.name: scale.column for scale in policy.scales}
        by_policy = {each.code: columns[each.scale] for each in policy.elevating}
        by_policy |= {
            version.code: condition.column
            for condition in policy.conditions
            for version in condition.versions
        }
        by_policy |= {each.code: "pd" for rule in policy.pd_rules for each in rule.versions}
        for code, column in by_policy.items():
            if code is not None:
                assert figures.setdefault(code, column) == column
    assert {*listed} == {*figures, "WITHIN_LIMITS"}


def test_the_document_says_which_list_goes_into_a_letter(document: dict[str, Any]) -> None:
    fields = document["components"]["schemas"]["Decision"]["properties"]
    assert "adverse-action letter" in fields["model_reasons"]["description"]
    assert "Not for a letter" in fields["reasons"]["description"]


def test_answers_are_as_the_document_says(document: dict[str, Any]) -> None:
    schemas = document["components"]["schemas"]
    example = document["paths"]["/v1/decisions"]["post"]["requestBody"]["content"]
    value = example["application/json"]["examples"]["simulated"]["value"]
    for name, body in (("Decision", json.dumps(value).encode()), ("ProblemBody", b"{")):
        jsonschema.validate(
            posted(body).json(),
            {"$ref": f"#/components/schemas/{name}", "components": {"schemas": schemas}},
        )


def test_what_a_docstring_says_of_a_field_is_the_fields_description(
    document: dict[str, Any],
) -> None:
    schemas = document["components"]["schemas"]
    assert schemas["ProblemBody"]["properties"]["type"]["description"].startswith("Leads to")
    assert schemas["Policy"]["properties"]["effective_from"]["description"]
    assert [name for name, each in schemas.items() if "-----" in each["description"]] == []


def test_the_page_shows_what_to_send_what_comes_back_and_when_to_send_it_again() -> None:
    page = got("/docs").text
    assert page.count("Example of a body") == 3
    assert page.count("Example of an answer") >= 10
    assert "<code>Retry-After</code>: Whole seconds to wait" in page
