import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from risk.contract.application import REJECT_CODES, LoanApplication, RejectCode, Stage, json_schema
from risk.contract.columns import (
    APPLICATION_COLUMNS,
    DECISION_COLUMNS,
    LINEAGE_COLUMNS,
    VERDICT_COLUMNS,
)
from risk.features.data_dictionary import data_dictionary
from tests.risk.applications import as_bytes, judge_all, refusal

_VALID = jsonschema.Draft202012Validator(json_schema())


def test_the_schema_is_a_json_schema_that_describes_every_field() -> None:
    schema = json_schema()
    jsonschema.Draft202012Validator.check_schema(schema)
    properties = schema["$defs"]["LoanApplication"]["properties"]
    assert list(properties) == list(LoanApplication.__struct_fields__)
    assert all(field["description"].endswith(".") for field in properties.values())


def _is_valid(**changes: Any) -> bool:
    return bool(_VALID.is_valid(json.loads(as_bytes(**changes))))


@pytest.mark.parametrize(
    "change",
    [{}, {"dti": None}, {"int_rate": 13.5}, {"nobody_reads": {"x": 1}}],
    ids=["nothing", "null", "number in a dialect", "field outside"],
)
def test_the_schema_accepts_what_the_parser_accepts(change: dict[str, Any]) -> None:
    assert _is_valid(**change)
    assert judge_all([as_bytes(**change)]).rejects == []


@pytest.mark.parametrize(
    "change",
    [
        {"loan_amnt": "15 thousand"},
        {"loan_amnt": 0},
        {"int_rate": 101},
        {"purpose": "x" * 257},
        {"id": True},
        {"fico_range_low": 200},
    ],
    ids=lambda change: next(iter(change)) + str(next(iter(change.values())))[:8],
)
def test_the_schema_refuses_what_the_parser_refuses(change: dict[str, Any]) -> None:
    assert not _is_valid(**change)
    assert refusal(as_bytes(**change)).stage is Stage.CONTRACT


def test_a_stored_decision_has_each_column_once() -> None:
    names = [column.name for column in DECISION_COLUMNS]
    assert len(set(names)) == len(names)
    known = (*APPLICATION_COLUMNS, *VERDICT_COLUMNS, *LINEAGE_COLUMNS)
    assert set(DECISION_COLUMNS) <= set(known)
    assert set(VERDICT_COLUMNS) | set(LINEAGE_COLUMNS) <= set(DECISION_COLUMNS)


def test_every_column_says_what_it_means() -> None:
    for column in (*APPLICATION_COLUMNS, *DECISION_COLUMNS):
        assert column.meaning.endswith(".")
        assert column.unit or column.kind != "float", column.name


def test_every_reject_code_has_a_stage_and_a_meaning() -> None:
    assert set(REJECT_CODES) == set(RejectCode)
    assert {stage for stage, _ in REJECT_CODES.values()} == set(Stage)
    assert all(meaning.endswith(".") for _, meaning in REJECT_CODES.values())


def test_the_data_dictionary_on_disk_is_the_contracts() -> None:
    page = Path(__file__).parents[3] / "docs" / "data-dictionary.md"
    assert page.read_text() == data_dictionary()


def test_the_data_dictionary_names_every_field_column_and_code() -> None:
    text = data_dictionary()
    columns = [column.name for column in (*APPLICATION_COLUMNS, *DECISION_COLUMNS)]
    for name in (*LoanApplication.__struct_fields__, *columns, *RejectCode):
        assert f"`{name}`" in text
