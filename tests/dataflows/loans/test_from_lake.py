"""The lake's own decisions and outcomes: what a backtest and a fit see of them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest

from dataflows import backtest, outcomes
from dataflows.loans.cases import cases_of_lake
from dataflows.loans.from_lake import loans_of_lake
from dataflows.loans.matured import read_loans
from dataflows.sources.urls import FileSource
from lakehouse.errors import SettingsInvalid
from lakehouse.lake.session import Lake
from lakehouse.registry.artefacts import load_model
from lakehouse.silver.reference_tables import shipped
from risk.decision.judge import Rules
from tests.lakehouse.recall_cases import decide_simulated, rewrite, without_row
from tests.risk.applications import assert_same_frame, shipped_policy
from tests.risk.simulated import QUIET, a_simulator

COUNT = 1_000


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A thousand decisions in a lake, and the same loans as their lender's file."""
    folder = tmp_path_factory.mktemp("home")
    rules = Rules(load_model(), shipped_policy("standard-1"), shipped())
    decide_simulated(str(folder / "lake"), [rules], each=COUNT)
    events = a_simulator(noise=QUIET).events(0, COUNT)
    (folder / "loans.jsonl").write_bytes(b"\n".join(events) + b"\n")
    return folder


@pytest.fixture
def home(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("RISK_HOME", str(folder))
    return folder


@pytest.fixture
def lake(home: Path) -> Iterator[Lake]:
    assert outcomes.main([str(home / "loans.jsonl"), "--observed-on", "2019-03-31"]) == 0
    session = Lake(str(home / "lake"))
    yield session
    session.close()


def test_loans_of_the_lake_are_those_of_the_file_that_brought_both(lake: Lake, home: Path) -> None:
    ours = loans_of_lake(lake)
    theirs = read_loans(
        FileSource(str(home / "loans.jsonl")),
        received_at=datetime.now(UTC),
        observed_in=np.datetime64("2019-03"),
    )
    assert len(ours.defaulted) > 200
    assert_same_frame(ours.frame, theirs.frame)
    assert ours.defaulted.tolist() == theirs.defaulted.tolist()
    assert str(ours.observed_in) == "2019-03"


def test_the_same_lake_gives_the_same_checksum(lake: Lake) -> None:
    assert loans_of_lake(lake).data_sha256 == loans_of_lake(lake).data_sha256


def test_the_month_of_observation_can_be_said(lake: Lake) -> None:
    earlier = loans_of_lake(lake, observed_in=np.datetime64("2017-01"))
    assert len(earlier.defaulted) < len(loans_of_lake(lake).defaulted)


@pytest.mark.usefixtures("lake")
def test_a_backtest_of_the_lake_equals_one_of_the_file(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    found = []
    for source in ("lake", str(home / "loans.jsonl")):
        capsys.readouterr()
        assert backtest.main([source, "--json"]) == 0
        found.append(json.loads(capsys.readouterr().out))
    assert found[0].pop("source") != found[1].pop("source")
    assert found[0] == found[1]
    assert found[0]["first"]["figures"]["overall"]["resolved"] > 500


def test_without_outcomes_the_lake_says_how_to_record_some(tmp_path: Path) -> None:
    empty = Lake(str(tmp_path))
    with pytest.raises(SettingsInvalid, match=r"python -m dataflows\.outcomes"):
        loans_of_lake(empty)
    with pytest.raises(SettingsInvalid, match="no decisions"):
        loans_of_lake(empty, observed_in=np.datetime64("2019-03"))
    empty.close()


def test_an_event_that_the_archive_lacks_is_no_case(tmp_path: Path) -> None:
    uri = str(tmp_path)
    rules = Rules(load_model(), shipped_policy("standard-1"), shipped())
    decide_simulated(uri, [rules], each=10)
    rewrite(uri, "raw_events", without_row(3))
    session = Lake(uri)
    (cases,) = cases_of_lake(session)
    session.close()
    assert len(cases.raws) == len(cases.outcomes) == 9
    assert np.isnan(cases.outcomes).all()
