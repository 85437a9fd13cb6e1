from __future__ import annotations

import io
import signal
import socket
import sys
from collections.abc import Sequence
from datetime import UTC, date, datetime
from pathlib import Path

import pyarrow as pa
import pytest
from rich.console import Console
from rich.table import Table

from dataflows import demo, demo_api
from dataflows.demo_api import ApiAnswer, ApiReason
from lakehouse.reconciliation import EventAccount
from risk.contract.application import Tier
from tests.flow import run_module


def printed(table: Table) -> str:
    text = io.StringIO()
    Console(file=text, width=200).print(table)
    return text.getvalue()


def an_account(**differing: bool) -> EventAccount:
    holds = {"balanced": True, "gold_equals_silver": True, **differing}
    return EventAccount(
        read=12_345,
        decided=12_000,
        duplicates=300,
        conflicts=20,
        quarantined=45,
        recovered=0,
        gold_behind=0,
        unknown_to_silver=[],
        partitions=[],
        histories=[],
        **holds,
    )


@pytest.mark.parametrize(
    ("value", "cell"),
    [
        (None, ""),
        (0.0123456, "0.0123"),
        (-0.5, "-0.5000"),
        (1234.567, "1,234.57"),
        (15000.0, "15,000"),
        (1234567, "1,234,567"),
        (True, "yes"),
        (False, "no"),
        (datetime(2026, 3, 1, 12, 0, 0, 123456, tzinfo=UTC), "2026-03-01 12:00:00"),
        (date(2026, 3, 1), "2026-03-01"),
        ("dti_high|util_high", "dti_high util_high"),
        ("[red]credit[/red]", r"\[red]credit\[/red]"),
        ("\x1b[2Jgone", "\N{REPLACEMENT CHARACTER}[2Jgone"),
        ("קניית רכב", "קניית רכב"),
    ],
)
def test_a_cell_is_written_for_a_person(value: object, cell: str) -> None:
    assert demo._cell(value) == cell


def test_numbers_stand_to_the_right_and_words_to_the_left() -> None:
    rows = pa.table({"tier": ["Low"], "n": [1], "mean_pd": [0.5], "is_joint": [True]})
    table = demo._as_table("Tiers", rows)
    assert [column.justify for column in table.columns] == ["left", "right", "right", "left"]
    assert table.row_count == 1


def test_what_an_applicant_wrote_is_shown_as_it_was_written() -> None:
    assert "[bold]car[/bold]" in printed(
        demo._as_table("Latest", pa.table({"purpose": ["[bold]car[/bold]"]}))
    )


def test_the_account_is_shown_with_its_verdicts() -> None:
    text = printed(demo._account_table(an_account(gold_equals_silver=False)))
    for words in ("12,345", "12,000", "300 (20 with other content)", "45"):
        assert words in text
    verdicts = {line.split()[1]: line.split()[-2] for line in text.splitlines() if "│" in line}
    assert (verdicts["balanced"], verdicts["gold"]) == ("yes", "NO")


def test_the_apis_answer_is_shown_in_sentences() -> None:
    found = (ApiReason("dti_high", "DTI: above 30"),)
    said = (ApiReason("inquiries", "Recent inquiries"), ApiReason("new_code", None))
    answer = ApiAnswer("53595000", 0.25, Tier.WATCHLIST, found, said)
    text = printed(demo._answer_table(answer))
    for words in (
        "53595000",
        "0.2500",
        "Watchlist",
        "DTI: above 30",
        "Recent inquiries",
        "new_code",
    ):
        assert words in text


@pytest.mark.parametrize("code", [0, 3])
def test_a_flow_that_ends_by_itself_gives_its_exit_code(
    code: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(demo, "FLOW", (sys.executable, "-c", f"raise SystemExit({code})"))
    assert demo.run_flow(None) == code


def test_a_flow_is_asked_to_stop_when_its_time_is_over(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(demo, "FLOW", ("sleep", "60"))
    assert demo.run_flow(0.01) == -signal.SIGTERM


def test_a_wrong_setting_ends_the_demo_before_anything_is_started(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("RISK_POLICI", "standard-1")
    monkeypatch.setattr(demo, "FLOW", ("no such command",))
    assert demo.main([]) == 2
    assert "RISK_POLICI" in capsys.readouterr().err


@pytest.fixture
def own_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home in which neither a real flow nor a real API is started."""
    monkeypatch.setenv("RISK_HOME", str(tmp_path))
    monkeypatch.setenv("RISK_API_ADDRESS", "127.0.0.1:0")
    monkeypatch.setattr(demo_api, "API", (sys.executable, "-c", "raise SystemExit(3)"))
    monkeypatch.setattr(demo, "FLOW", (sys.executable, "-c", "raise SystemExit(4)"))
    return tmp_path


@pytest.mark.usefixtures("own_home")
def test_a_flow_that_fails_gives_the_demo_its_exit_code(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert demo.main(["5"]) == 4
    assert "What to try next" not in capsys.readouterr().out


def test_without_the_api_the_flow_runs_and_one_line_says_why(
    own_home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert demo.main(["5"]) == 4
    why = f"  the API does not run: it ended with exit code 3; see {own_home / 'api.log'}"
    assert why in capsys.readouterr().out.splitlines()


@pytest.mark.usefixtures("own_home")
def test_a_taken_port_does_not_keep_the_flow_from_running(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        monkeypatch.setenv("RISK_API_ADDRESS", f"127.0.0.1:{other.getsockname()[1]}")
        assert demo.main(["5"]) == 4
    assert "the API does not run: RISK_API_ADDRESS" in capsys.readouterr().out


@pytest.mark.usefixtures("own_home")
def test_a_flow_that_is_stopped_during_its_start_is_told_in_words(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(demo, "FLOW", ("sleep", "60"))
    assert demo.main(["0.01"]) == demo.SIGNALLED + signal.SIGTERM
    said = capsys.readouterr().out
    assert "The flow was stopped during its start: nothing was read; give it more seconds" in said
    assert "What to try next" not in said


@pytest.mark.usefixtures("own_home")
def test_an_interrupt_before_the_flow_runs_ends_the_demo(monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_: object) -> Sequence[bytes]:
        raise KeyboardInterrupt

    monkeypatch.setattr(demo, "running_api", interrupted)
    assert demo.main(["5"]) == 128 + signal.SIGINT


def test_the_demo_shows_the_account_and_an_answer_of_the_api(tmp_path: Path) -> None:
    done = run_module(
        "dataflows.demo",
        settings={
            "RISK_HOME": str(tmp_path),
            "RISK_SOURCE": "sim://?rate=0&seed=1&limit=200",
            "RISK_METRICS_ADDRESS": "127.0.0.1:0",
            "RISK_API_ADDRESS": "127.0.0.1:0",
        },
    )
    assert done.returncode == 0, done.stdout + done.stderr
    shown = ("The account of events", "The API, asked about one application", "What to try next")
    assert [title for title in shown if title in done.stdout] == list(shown)
