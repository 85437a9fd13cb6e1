"""SQL lives in files, each of which is used by exactly one function."""

import re
from pathlib import Path

import pyarrow as pa
import pytest

from lakehouse.arrow_schemas import DECISIONS, DUPLICATES, QUARANTINE
from lakehouse.errors import QueryInvalid
from lakehouse.postgres.statements import load_sql

LAKEHOUSE = Path(__file__).parents[3] / "lakehouse"
SILVER = sorted(path.stem for path in (LAKEHOUSE / "sql" / "silver").glob("*.sql"))
OTHERS = sorted(
    f"{folder}/{path.stem}"
    for folder in ("security", "serving", "signals")
    for path in (LAKEHOUSE / "sql" / folder).glob("*.sql")
)
# Without what describes tables, some of which are named as a statement is.
CODE = "".join(
    path.read_text(encoding="utf-8")
    for path in LAKEHOUSE.rglob("*.py")
    if path.name != "descriptions.py"
)


@pytest.mark.parametrize("name", SILVER)
def test_every_statement_of_silver_is_used_in_one_place(name: str) -> None:
    called = rf'(?:execute\(\s*[\w.]+,\s*|load_sql\(\s*)"(?:silver/)?{name}"|"{name}": '
    assert len(re.findall(called, CODE)) == 1


@pytest.mark.parametrize("name", OTHERS)
def test_every_other_statement_is_named_with_its_folder_in_one_place(name: str) -> None:
    assert CODE.count(f'"{name}"') == 1


@pytest.mark.parametrize("name", [*(f"silver/{name}" for name in SILVER), *OTHERS])
def test_every_statement_says_what_it_is_for(name: str) -> None:
    assert load_sql(name).startswith("-- ")


@pytest.mark.parametrize(
    ("name", "schema"),
    [
        ("silver/copy_decisions", DECISIONS),
        ("silver/read_decisions", DECISIONS),
        ("silver/read_quarantine", QUARANTINE),
        ("silver/read_duplicates", DUPLICATES),
        ("serving/decision_by_event", DECISIONS),
        ("serving/decisions_by_application", DECISIONS),
    ],
)
def test_explicit_columns_are_those_of_the_table_in_its_order(name: str, schema: pa.Schema) -> None:
    names = schema.names
    listed = re.search(r"(?:select|\()\n(.*?)\n(?:from|\))", load_sql(name), re.DOTALL)
    assert listed is not None
    assert re.findall(r"\w+", listed[1]) == names


def test_an_unknown_statement_is_named() -> None:
    with pytest.raises(QueryInvalid, match="silver/no_such"):
        load_sql("silver/no_such")
