"""``python -m lakehouse``: what it prints, where, and with which exit code."""

import io
import json
from collections.abc import Callable
from pathlib import Path

import psycopg
import pyarrow.parquet as pq
import pytest
from prompt_toolkit.application import create_app_session
from prompt_toolkit.input import create_pipe_input
from prompt_toolkit.output import DummyOutput
from rich.console import Console

from lakehouse.__main__ import main
from lakehouse.errors import Unavailable
from lakehouse.gold.tables import SCHEMAS
from lakehouse.lake.prompt import converse, prompt_session
from lakehouse.lake.session import Lake
from tests.lakehouse.gold_cases import a_gold_writer, decided_rows, raw_rows
from tests.lakehouse.silver_cases import TOPIC, a_batch, a_decision, a_writer

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def home(silver: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A project with an empty silver and an empty lake, by settings; returns the lake."""
    monkeypatch.setenv("RISK_HOME", str(tmp_path))
    monkeypatch.setenv("RISK_SILVER_DSN", silver)
    return str(tmp_path / "lake")


@pytest.fixture
def run(home: str, capsys: pytest.CaptureFixture[str]) -> Run:
    assert home

    def call(*arguments: str) -> tuple[int, str, str]:
        code = main(arguments)
        out, err = capsys.readouterr()
        return code, out, err

    return call


@pytest.fixture
def decided(home: str) -> str:
    writer = a_gold_writer(home, "decisions")
    writer.append(TOPIC, 0, 3, decided_rows(range(3), purpose="=1+1"))
    writer.flush()
    return home


QUESTION = "select event_id, off, purpose from decisions order by off"


@pytest.mark.usefixtures("decided")
def test_a_question_is_answered_as_a_table(run: Run) -> None:
    code, out, err = run("sql", QUESTION)
    assert (code, err) == (0, "")
    assert "event_id" in out
    assert "3 rows" in out


@pytest.mark.usefixtures("decided")
def test_a_question_is_answered_as_json(run: Run) -> None:
    code, out, _ = run("sql", QUESTION, "--format", "json")
    assert code == 0
    assert [row["off"] for row in json.loads(out)] == [0, 1, 2]


@pytest.mark.usefixtures("decided")
def test_a_question_is_answered_as_csv_without_formulas(run: Run) -> None:
    code, out, _ = run("sql", QUESTION, "--format", "csv")
    assert code == 0
    assert out.splitlines()[:2] == ["event_id,off,purpose", "e0,0,'=1+1"]


@pytest.mark.usefixtures("decided")
def test_an_answer_goes_into_a_file_whose_name_says_the_format(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "answer.parquet"
    code, out, _ = run("sql", QUESTION, "--out", str(path))
    assert (code, out) == (0, f"3 rows in {path}\n")
    assert pq.read_table(path)["purpose"].to_pylist() == ["=1+1"] * 3


@pytest.mark.usefixtures("decided")
def test_a_question_may_come_by_standard_input(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("select count(*) as n from decisions"))
    code, out, _ = run("sql", "--format", "csv")
    assert (code, out) == (0, "n\r\n3\r\n")


def test_an_empty_lake_answers_with_no_rows(run: Run) -> None:
    assert run("sql", "select * from decisions", "--format", "json") == (0, "[]\n", "")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("sql", "selec 1"), "query_invalid: Parser Error"),
        (("sql", "select 1", "--format", "parquet"), "--out FILE.parquet"),
        (("sql", "select 1", "--out", "answer.xlsx"), "end it in .csv"),
        (("sql", "drop view decisions"), "the lake is only read here"),
        (("reference", "load", "states", "/no/such/file.csv"), "artefact_invalid: cannot read"),
    ],
)
def test_what_cannot_be_asked_is_said_with_exit_code_2(
    run: Run, arguments: tuple[str, ...], said: str
) -> None:
    code, out, err = run(*arguments)
    assert (code, out) == (2, "")
    assert said in err
    assert "Traceback" not in err


def test_a_wrong_setting_is_said_with_exit_code_2(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RISK_COLOUR", "red")
    code, _, err = run("sql", "select 1")
    assert code == 2
    assert err.startswith("settings_invalid: RISK_COLOUR")


def test_an_unreachable_silver_is_said_in_one_line_with_exit_code_4(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_dsn: str) -> None:
        raise Unavailable("Postgres (silver) is not available")

    monkeypatch.setattr("lakehouse.__main__.require_current", refuse)
    assert run("check") == (4, "", "unavailable: Postgres (silver) is not available\n")


def test_an_account_that_holds_ends_with_0(run: Run, home: str, silver: str) -> None:
    writer = a_writer(silver)
    batch = a_batch(a_decision("e0", 0), a_decision("e1", 1), a_decision("e0", 2))
    stored = writer.store(batch)
    writer.close()
    rows = {
        "decisions": stored.decisions,
        "duplicates": stored.duplicates,
        "quarantine": stored.quarantine,
        "raw_events": raw_rows(range(3)),
    }
    for name in SCHEMAS:
        gold = a_gold_writer(home, name)
        gold.append(TOPIC, 0, 3, rows[name])
        gold.flush()
    code, out, err = run("check", "--json")
    assert (code, err) == (0, "")
    found = json.loads(out)
    assert {key: found[key] for key in list(found)[:8]} == {
        "read": 3,
        "decided": 2,
        "duplicates": 1,
        "conflicts": 0,
        "quarantined": 0,
        "balanced": True,
        "gold_equals_silver": True,
        "gold_behind": 0,
    }
    code, out, _ = run("check")
    assert code == 0
    assert out == (
        "read 3 = decided 2 + duplicates 1 (conflicts 0) + quarantined 0: balanced\n"
        "gold equals silver, 0 offsets behind\n"
    )


def test_an_account_that_does_not_hold_ends_with_1_and_says_where(
    run: Run, decided: str, silver: str
) -> None:
    assert decided
    writer = a_writer(silver)
    writer.store(a_batch(*(a_decision(f"e{off}", off, pd=0.9) for off in range(3))))
    writer.close()
    with psycopg.connect(silver) as connection:
        connection.execute("delete from silver.decisions where off = 1")
    code, out, _ = run("check")
    assert code == 1
    assert "DOES NOT BALANCE" in out
    assert "DIFFERS FROM silver" in out
    assert f"{TOPIC}/0: decisions reached offset 2 with 3 rows, silver has 2" in out


def test_migrating_twice_changes_nothing(
    run: Run, postgres: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RISK_SILVER_DSN", postgres)
    code, out, _ = run("migrate")
    assert code == 0
    assert out.startswith("ran 0001_silver.sql\n")
    assert run("migrate") == (0, "silver is up to date\n", "")


def test_checking_before_migrating_says_what_to_do(
    run: Run, postgres: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RISK_SILVER_DSN", postgres)
    code, _, err = run("check")
    assert code == 1
    assert "python -m lakehouse migrate" in err


def test_loading_a_reference_table_puts_it_in_force(run: Run, tmp_path: Path, silver: str) -> None:
    with psycopg.connect(silver) as connection:
        connection.execute("truncate silver.reference_sets, silver.reference_in_force")
    assert "(as shipped): 51 states" in run("reference", "show")[1]
    path = tmp_path / "purposes.csv"
    path.write_text("purpose,group\ncar,Vehicle\n", encoding="utf-8")
    code, out, _ = run("reference", "load", "purposes", str(path))
    assert code == 0
    assert out.endswith("are in force\n")
    assert "(loaded): 51 states, 1 purposes" in run("reference", "show")[1]


def test_an_interruption_is_no_traceback(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(Lake, "query", interrupt)
    assert run("sql", "select 1") == (130, "", "")


def test_the_prompt_answers_goes_on_after_a_mistake_and_ends(decided: str) -> None:
    questions = iter(["", "selec 1;", "select count(*) as n from decisions;", "exit", "select 9"])
    said, lake = io.StringIO(), Lake(decided)
    converse(lake, lambda: next(questions), Console(file=said, width=120))
    lake.close()
    assert "query_invalid: Parser Error" in said.getvalue()
    assert "1 row\n" in said.getvalue()
    assert next(questions) == "select 9"


def test_the_prompt_ends_at_the_end_of_input_and_outlives_ctrl_c(tmp_path: Path) -> None:
    events = iter([KeyboardInterrupt, EOFError])

    def read() -> str:
        raise next(events)

    lake = Lake(str(tmp_path))
    converse(lake, read, Console(file=io.StringIO()))
    lake.close()
    assert next(events, None) is None


def test_a_question_at_the_prompt_ends_with_a_semicolon() -> None:
    with create_pipe_input() as keys, create_app_session(input=keys, output=DummyOutput()):
        keys.send_text("select 1\rfrom decisions;\r")
        assert prompt_session()() == "select 1\nfrom decisions;"
