"""A challenger against the champion, from the flow's own decisions and recorded outcomes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from dataflows import outcomes
from dataflows.verdict import main
from lakehouse.__main__ import main as lakehouse
from lakehouse.registry.artefacts import load_model, save_model
from risk.models.document import to_json
from tests.flow import run_module
from tests.risk.applications import a_model

SOURCE = "sim://?rate=0&seed=8&limit=20000"


def _registered_worse(folder: Path) -> str:
    """Register a model that knows two features, and those badly; return its version."""
    worse = a_model("two-features-1")
    path = save_model(worse, folder=folder)
    assert path.read_bytes() == to_json(worse)
    assert lakehouse(["models", "register", str(path)]) == 0
    return worse.version


def _decide_and_record(home: Path) -> None:
    settings = {"RISK_HOME": str(home), "RISK_SOURCE": SOURCE}
    done = run_module(
        "bytewax.run",
        "dataflows.score",
        settings=settings | {"RISK_METRICS_ADDRESS": "127.0.0.1:0"},
    )
    assert done.returncode == 0, done.stderr
    assert outcomes.main([SOURCE]) == 0


def _verdict(capsys: pytest.CaptureFixture[str], *arguments: str) -> dict[str, Any]:
    capsys.readouterr()
    assert main([*arguments, "--json"]) == 0
    found: dict[str, Any] = json.loads(capsys.readouterr().out)
    return found


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("RISK_HOME", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path)
    return tmp_path / "home"


@pytest.mark.parametrize(
    ("is_worse_champion", "verdict"), [(False, "drop"), (True, "promote")], ids=["worse", "better"]
)
def test_what_is_worse_is_dropped_and_what_is_better_is_promoted(
    home: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    is_worse_champion: bool,  # noqa: FBT001
    verdict: str,
) -> None:
    champion, challenger = load_model().version, _registered_worse(tmp_path / "models")
    if is_worse_champion:
        assert lakehouse(["models", "promote", challenger, "--reason", "a test"]) == 0
        champion, challenger = challenger, champion
    assert lakehouse(["models", "challenge", challenger, "--reason", "a test"]) == 0
    _decide_and_record(home)

    found = _verdict(capsys, challenger)
    assert (found["champion"], found["verdict"]) == (champion, verdict)
    assert 1_000 < found["loans"] < 20_000
    assert 0 < found["defaults"] < found["loans"]
    assert (found["brier_gain"] > 0) == is_worse_champion
    assert found["lower"] <= found["brier_gain"] <= found["upper"]


def test_without_outcomes_it_says_what_is_missing(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert not home.exists()
    assert main(["boosting-1"]) == 0
    assert "no loan yet" in capsys.readouterr().out
    assert main(["boosting-1", "--alpha", "2"]) == 2
    assert "alpha" in capsys.readouterr().err
