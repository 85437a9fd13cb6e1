"""Answers leave in four formats, and nothing that an applicant wrote is executed on the way."""

import csv
import io
import json
from datetime import UTC, date, datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from rich.console import Console

from lakehouse.errors import QueryInvalid
from lakehouse.lake.answers import SHOWN_ROWS, format_of, neutralised, save, show, write

AT = datetime(2026, 11, 22, 9, 30, 0, 123456, tzinfo=UTC)
ANSWER = pa.table(
    {
        "name": ["Zoë 👋", None],
        "n": [1, -2],
        "pd": [0.1 + 0.2, float("nan")],
        "is_joint": [True, None],
        "at": pa.array([AT, None], pa.timestamp("us")),
        "on": [date(2026, 11, 22), None],
        "raw": [b"{}\xff", None],
        "many": [[1, 2], None],
    }
)


def as_text(answer: pa.Table, form: str) -> str:
    file = io.StringIO()
    write(answer, file, form)
    return file.getvalue()


def shown(answer: pa.Table) -> str:
    file = io.StringIO()
    show(answer, Console(file=file, width=200))
    return file.getvalue()


def test_csv_holds_every_kind_of_value() -> None:
    header, first, second = csv.reader(io.StringIO(as_text(ANSWER, "csv")))
    assert header == ["name", "n", "pd", "is_joint", "at", "on", "raw", "many"]
    assert first == [
        "Zoë 👋",
        "1",
        "0.30000000000000004",
        "true",
        "2026-11-22T09:30:00.123456Z",
        "2026-11-22",
        "{}\\xff",
        "[1, 2]",
    ]
    assert second == ["", "-2", "nan", "", "", "", "", ""]


def test_json_is_one_array_that_any_parser_reads() -> None:
    first, second = json.loads(as_text(ANSWER, "json"))
    assert first == {
        "name": "Zoë 👋",
        "n": 1,
        "pd": 0.30000000000000004,
        "is_joint": True,
        "at": "2026-11-22T09:30:00.123456Z",
        "on": "2026-11-22",
        "raw": "{}\\xff",
        "many": [1, 2],
    }
    assert second == dict.fromkeys(first) | {"n": -2}


def test_no_rows_are_an_empty_array() -> None:
    assert json.loads(as_text(ANSWER.slice(0, 0), "json")) == []


def test_parquet_keeps_every_value_exactly(tmp_path: Path) -> None:
    path = tmp_path / "answer.parquet"
    save(ANSWER, path, "parquet")
    assert pq.read_table(path).drop(["pd"]) == ANSWER.drop(["pd"])


@pytest.mark.parametrize(
    "cell",
    [
        "=1+1",
        "+1",
        "-1",
        "@SUM(A1)",
        "\t=1",
        "\r=1",
        "\n=1",
        "  =HYPERLINK(1)",
        "\uff1d1",
        "=cmd|' /C calc'!A0",
    ],
)
def test_formulas_are_neutralised_in_csv(cell: str) -> None:
    rows = list(csv.reader(io.StringIO(as_text(pa.table({cell: [cell]}), "csv"), newline="")))
    assert rows == [[f"'{cell}"], [f"'{cell}"]]


@pytest.mark.parametrize("cell", ["36 months", "10+ years", "a=b", "debt-free", "", "'quoted'"])
def test_other_text_is_left_alone(cell: str) -> None:
    assert neutralised(cell) == cell


def test_negative_numbers_stay_numbers() -> None:
    assert as_text(pa.table({"n": [-1.5]}), "csv") == "n\r\n-1.5\r\n"


def test_a_table_shows_columns_and_how_many_rows() -> None:
    text = shown(ANSWER)
    assert "Zoë 👋" in text
    assert "2 rows" in text


def test_a_table_says_what_it_does_not_show() -> None:
    text = shown(pa.table({"n": range(SHOWN_ROWS + 7)}))
    assert f"{SHOWN_ROWS + 7} rows, 7 of them not shown" in text


def test_an_answer_of_many_columns_is_shown_row_by_row() -> None:
    text = shown(pa.table({f"column_{n}": [n] for n in range(20)}))
    assert "row 1" in text
    assert "column_19" in text


def test_what_would_command_the_terminal_is_escaped() -> None:
    text = shown(pa.table({"\x1b[2Jname": ["\x1b]0;owned\x07 [red]plain[/red]"]}))
    assert "\x1b" not in text
    assert "\\x1b]0;owned\\x07 [red]plain[/red]" in text


def test_columns_of_one_name_are_told_apart() -> None:
    twice = pa.table([pa.array([1]), pa.array([2])], names=["a", "a"])
    assert json.loads(as_text(twice, "json")) == [{"a": 1, "a_2": 2}]


@pytest.mark.parametrize(("name", "form"), [("a.csv", "csv"), ("a.JSON", "json")])
def test_a_file_name_says_its_format(name: str, form: str) -> None:
    assert format_of(Path(name)) == form


@pytest.mark.parametrize("name", ["answer", "answer.xlsx", "answer.table"])
def test_a_file_name_that_says_no_format_is_refused(name: str) -> None:
    with pytest.raises(QueryInvalid, match=r"end it in \.csv, \.json or \.parquet"):
        format_of(Path(name))


def test_a_file_that_cannot_be_written_is_said_so(tmp_path: Path) -> None:
    with pytest.raises(QueryInvalid, match="cannot write"):
        save(ANSWER, tmp_path / "no such folder" / "a.csv", "csv")
