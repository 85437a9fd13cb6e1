from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from dataflows import replay_decision
from dataflows.replay_decision import main
from lakehouse.registry.artefacts import load_model
from lakehouse.silver.reference_tables import shipped
from risk.decision.judge import Rules
from tests.flow import run_module
from tests.lakehouse.recall_cases import decide_simulated, rewrite, with_value
from tests.risk.applications import shipped_policy


@pytest.fixture
def lake_uri(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """Fifty decisions by the shipped rules."""
    monkeypatch.setenv("RISK_HOME", str(tmp_path))
    uri = str(tmp_path / "lake")
    rules = Rules(load_model(), shipped_policy("standard-1"), shipped())
    decide_simulated(uri, [rules], each=50)
    return uri


def answer(capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(capsys.readouterr().out)
    return found


@pytest.mark.usefixtures("lake_uri")
def test_all_match_and_the_exit_code_is_0(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--all"]) == 0
    assert capsys.readouterr().out == "50 decisions made again: 50 match, 0 differ\n"


@pytest.mark.usefixtures("lake_uri")
@pytest.mark.parametrize("arguments", [["--sample", "7"], ["--sample", "7", "--seed", "3"]])
def test_a_sample_is_as_large_as_was_asked(
    capsys: pytest.CaptureFixture[str], arguments: list[str]
) -> None:
    assert main([*arguments, "--json"]) == 0
    assert answer(capsys) == {"decisions": 7, "matching": 7, "by_cause": {}, "differing": []}


def test_what_differs_is_named_and_the_exit_code_is_1(
    lake_uri: str, capsys: pytest.CaptureFixture[str]
) -> None:
    rewrite(lake_uri, "decisions", with_value("pd", 0.5, at=7))
    rewrite(lake_uri, "raw_events", with_value("raw", b"{,}", at=8))
    assert main(["--all", "--json"]) == 1
    found = answer(capsys)
    assert (found["decisions"], found["matching"]) == (50, 48)
    assert found["by_cause"] == {"column": 1, "refused": 1}
    by_off = {each["off"]: each["difference"] for each in found["differing"]}
    assert (by_off[7]["cause"], by_off[7]["what"], by_off[7]["stored"]) == ("column", "pd", 0.5)
    assert by_off[8]["what"].startswith("malformed_json: ")


def test_what_differs_is_shown_in_a_table(
    lake_uri: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.setattr(replay_decision, "_MOST_KEPT", 1)
    rewrite(lake_uri, "decisions", with_value("tier", "[red]None[/red]", at=7))
    rewrite(lake_uri, "decisions", with_value("points", 1.0, at=8))
    assert main(["--all"]) == 1
    shown = capsys.readouterr().out
    assert "50 decisions made again: 48 match, 2 differ (2 by column)" in shown
    assert "'[red]None[/red]'" in shown
    assert "and 1 more" in shown


def test_decisions_are_asked_for_by_their_event_ids(
    lake_uri: str, capsys: pytest.CaptureFixture[str]
) -> None:
    rewrite(lake_uri, "decisions", with_value("event_id", "mine", at=7))
    assert main(["mine", "--json"]) == 1
    (each,) = answer(capsys)["differing"]
    assert (each["event_id"], each["off"]) == ("mine", 7)
    assert each["difference"] == {"cause": "column", "what": "event_id"}


@pytest.mark.usefixtures("lake_uri")
def test_an_event_that_was_never_decided_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["nobody"]) == 2
    assert "the lake has no decision on nobody" in capsys.readouterr().err


@pytest.mark.parametrize("arguments", [[], ["a", "--all"], ["--all", "--sample", "3"]])
def test_it_must_be_clear_which_decisions_are_meant(arguments: list[str]) -> None:
    with pytest.raises(SystemExit, match="2"):
        main(arguments)


@pytest.mark.parametrize("size", ["0", "-1"])
def test_a_sample_of_nothing_is_bad_usage(size: str) -> None:
    with pytest.raises(SystemExit, match="2"):
        main(["--sample", size])


def answered(*step: str, settings: dict[str, str]) -> str:
    done = run_module(*step, settings=settings)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.timeout(120)
def test_what_the_flow_decided_under_loaded_tables_is_made_again(tmp_path: Path) -> None:
    """From end to end, and the outcomes beside it do not disturb the account of events."""
    source = "sim://?rate=0&seed=5&limit=3000"
    settings = {"RISK_SOURCE": source, "RISK_HOME": str(tmp_path)}
    table = tmp_path / "purposes.csv"
    table.write_text("purpose,group\ncredit_card,Plastic\n", encoding="utf-8")
    answered("lakehouse", "migrate", settings=settings)
    answered("lakehouse", "reference", "load", "purposes", str(table), settings=settings)
    flow = settings | {"RISK_METRICS_ADDRESS": "127.0.0.1:0"}
    answered("bytewax.run", "dataflows.score", settings=flow)
    recorded = json.loads(answered("dataflows.outcomes", source, "--json", settings=settings))
    account = json.loads(answered("lakehouse", "check", "--json", settings=settings))
    found = json.loads(answered("dataflows.replay_decision", "--all", "--json", settings=settings))
    assert recorded["recorded"] > 1_500
    assert found["matching"] == found["decisions"] == account["decided"] > 2_800
