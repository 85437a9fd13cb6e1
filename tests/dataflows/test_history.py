"""A history is decided as the stream decides, is in gold once, and balances whatever stops it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from dataflows import history
from dataflows.history import main
from lakehouse.arrow_schemas import DECISIONS, QUARANTINE, RAW_EVENTS
from lakehouse.gold import history as gold_history
from lakehouse.gold.history import History
from lakehouse.gold.tables import OUTCOME_RECORDS
from lakehouse.lake.archive import archived_all
from lakehouse.lake.session import Lake
from lakehouse.postgres.connection import Patience
from lakehouse.postgres.migrate import migrate
from lakehouse.reconciliation import account
from lakehouse.rules.as_decided import Rulebook
from lakehouse.rules.redecide import recall_batch
from tests.risk.simulated import a_simulator

EVENTS = 2_500


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("RISK_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Loans as they come, not by date."""
    path = tmp_path_factory.mktemp("history") / "loans.jsonl"
    path.write_bytes(b"".join(event + b"\n" for event in a_simulator().events(0, EVENTS)))
    return path


@pytest.fixture
def lake(home: Path) -> Iterator[Lake]:
    lake = Lake(str(home / "lake"))
    yield lake
    lake.close()


def loaded(capsys: pytest.CaptureFixture[str], source: object, *options: str) -> dict[str, Any]:
    assert main([str(source), "--json", "--observed-on", "2019-03-31", *options]) == 0
    figures: dict[str, Any] = json.loads(capsys.readouterr().out)
    assert figures["read"] == figures["decided"] + figures["duplicates"] + figures["quarantined"]
    return figures


def everything(lake: Lake) -> dict[str, list[dict[str, Any]]]:
    lake.refresh()
    asked = {
        "decisions": "select * exclude (decided_at) from decisions order by off",
        "duplicates": "select * exclude (seen_at) from duplicates order by off",
        "quarantine": "select * exclude (first_seen_at) from quarantine order by off",
        "raw_events": "select * exclude (received_at) from raw_events order by off",
        "outcomes": "select * exclude (recorded_at) from outcome_records order by application_id",
    }
    return {name: lake.query(question).to_pylist() for name, question in asked.items()}


@pytest.mark.usefixtures("home")
def test_a_file_is_loaded_once_however_often_it_is_asked_for(
    file: Path, lake: Lake, capsys: pytest.CaptureFixture[str]
) -> None:
    figures = loaded(capsys, file)
    assert figures["read"] == EVENTS
    assert figures["duplicates"]
    assert figures["quarantined"]
    once = everything(lake)
    assert len(once["decisions"]) == figures["decided"]
    assert len(once["outcomes"]) == figures["outcomes"]
    again = loaded(capsys, file)
    assert again["read"] == again["outcomes"] == 0
    assert everything(lake) == once


def test_each_file_of_a_folder_is_a_history_of_its_own(
    lake: Lake, file: Path, tmp_path: Path, postgres: str, capsys: pytest.CaptureFixture[str]
) -> None:
    migrate(postgres)
    lines = file.read_bytes().splitlines(keepends=True)
    folder = tmp_path / "quarters"
    folder.mkdir()
    (folder / "Q1.jsonl").write_bytes(b"".join(lines[:300]))
    (folder / "Q2.jsonl").write_bytes(b"".join(lines[300:500]))
    first = loaded(capsys, folder)
    assert first["read"] == 500
    (folder / "Q1b.jsonl").write_bytes(b"".join(lines[500:600]))  # by name before Q2
    assert loaded(capsys, folder / "*.jsonl")["read"] == 100
    lake.refresh()
    found = account(postgres, lake)
    assert found.holds
    assert [told.read for told in found.histories] == [300, 100, 200]
    assert loaded(capsys, folder)["read"] == 0


@pytest.mark.usefixtures("home")
def test_an_interrupted_load_goes_on_where_it_was(
    file: Path,
    lake: Lake,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(history, "_AT_ONCE", 100)
    monkeypatch.setattr(gold_history, "_EVENTS_A_COMMIT", 700)

    class Stopping:
        def __init__(self, *_: object, **named: object) -> None:
            pass

        def show(self, counts: dict[str, int], _: float | None) -> None:
            if counts["read"] == 1_700:
                raise KeyboardInterrupt

    with monkeypatch.context() as stopping:
        stopping.setattr(history, "JobProgress", Stopping)
        assert main([str(file), "--observed-on", "2019-03-31"]) == 130
    rest = loaded(capsys, file)
    assert rest["read"] == EVENTS - 1_400
    interrupted = everything(lake)
    monkeypatch.setenv("RISK_HOME", str(tmp_path / "other"))
    loaded(capsys, file)
    whole = Lake(str(tmp_path / "other" / "lake"))
    try:
        assert everything(whole) == interrupted
    finally:
        whole.close()


def test_a_simulated_history_is_in_order_and_every_decision_can_be_made_again(
    home: Path, lake: Lake, capsys: pytest.CaptureFixture[str]
) -> None:
    figures = loaded(capsys, "sim://?limit=1200&seed=3", "--processes", "1")
    lake.refresh()
    (row,) = lake.query(
        "select count(distinct applied_on) as months, count(distinct event_id) as ids, "
        "count(*) filter (where decided_at < event_at) as early, "
        "count(*) filter (where date_trunc('month', decided_at) <> date_trunc('month', event_at)) "
        "as late from decisions"
    ).to_pylist()
    assert row["months"] > 60
    assert row["ids"] == figures["decided"]
    assert row["early"] == row["late"] == 0
    rulebook = Rulebook(str(home / "lake"), lambda: "")
    recalled = [each for batch in archived_all(lake) for each in recall_batch(batch, rulebook)]
    assert len(recalled) == figures["decided"]
    assert all(each.matches for each in recalled)


def test_the_account_knows_a_history_and_sees_what_it_lost(
    home: Path, file: Path, lake: Lake, postgres: str, capsys: pytest.CaptureFixture[str]
) -> None:
    migrate(postgres)
    figures = loaded(capsys, file)
    found = account(postgres, lake)
    assert found.holds
    assert found.unknown_to_silver == []
    (told,) = found.histories
    assert (told.read, told.decided) == (EVENTS, figures["decided"])
    an_event = lake.query("select * from raw_events limit 1").cast(RAW_EVENTS)
    with History(
        str(home / "lake"), str(file), is_in_order=True, patience=Patience(10.0)
    ) as writer:
        writer.append(
            first_off=EVENTS,
            next_off=EVENTS + 1,
            decided=DECISIONS.empty_table(),
            quarantined=QUARANTINE.empty_table(),
            raw=an_event.set_column(2, RAW_EVENTS.field("off"), [[EVENTS]]),
            outcomes=OUTCOME_RECORDS.append(pa.field("off", pa.int64())).empty_table(),
        )
        writer.commit()
    found = account(postgres, lake)
    assert not found.holds
    assert not found.histories[0].balanced


@pytest.mark.usefixtures("home")
def test_a_load_by_other_versions_is_refused(
    file: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    loaded(capsys, file)
    monkeypatch.setenv("RISK_POLICY", "reference-1")
    assert main([str(file), "--observed-on", "2019-03-31"]) == 5
    assert "policy_version 'standard-2', now 'reference-1'" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("source", "says"),
    [
        ("kafka://localhost:9092/loans", "a topic is for the flow"),
        ("sim://?seed=1", "which has no end"),
        ("nothing.jsonl", "found nothing"),
    ],
)
@pytest.mark.usefixtures("home")
def test_what_is_no_history_is_refused(
    source: str, says: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([source]) == 2
    assert says in capsys.readouterr().err
