"""The reconciliation as a command and as a job: exit codes, words, figures for the alerts."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from deltalake import Field
from deltalake.schema import PrimitiveType

from lakehouse.__main__ import main
from lakehouse.gold.ranges import replace_range
from lakehouse.signals.jobs import LatestRun, latest_runs
from tests.flow import ROOT, environment
from tests.lakehouse.gold_cases import delta
from tests.lakehouse.quarantine_cases import FilledStores
from tests.lakehouse.silver_cases import TOPIC, tell
from tests.risk.applications import as_bytes
from tests.waiting import until

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def settings(silver: str, tmp_path: Path) -> dict[str, str]:
    tell(silver, "truncate silver.job_runs")
    return {
        "RISK_HOME": str(tmp_path),
        "RISK_LAKE_URI": str(tmp_path / "lake"),
        "RISK_SILVER_DSN": silver,
    }


@pytest.fixture
def stores(
    silver: str, settings: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> Iterator[FilledStores]:
    for name, value in settings.items():
        monkeypatch.setenv(name, value)
    stores = FilledStores(silver, settings["RISK_LAKE_URI"])
    stores.read([as_bytes(id=1 + off) for off in range(20)])
    yield stores
    stores.close()


@pytest.fixture
def run(stores: FilledStores, capsys: pytest.CaptureFixture[str]) -> Run:
    assert stores.silver

    def call(*arguments: str) -> tuple[int, str, str]:
        code = main(["reconcile", *arguments])
        out, err = capsys.readouterr()
        return code, out, err

    return call


def lose_one(stores: FilledStores) -> None:
    replace_range(
        stores.lake_uri,
        "decisions",
        topic=TOPIC,
        part=0,
        first_off=7,
        next_off=8,
        right=lambda rows: rows.slice(0, 0),
    )


def latest(stores: FilledStores) -> LatestRun:
    (run,) = [each for each in latest_runs(stores.silver) if each.job == "reconcile"]
    return run


def test_stores_that_agree_end_with_0_and_figures(run: Run, stores: FilledStores) -> None:
    code, out, _ = run()
    assert code == 0
    assert out == (
        "compared 1 ranges with 20 events that were new\n"
        "gold equals silver, every event is accounted for\n"
    )
    figures = latest(stores).figures
    assert (figures["unaccounted_events"], figures["gold_mismatches"]) == (0, 0)


def test_what_differs_is_named_ends_with_1_and_is_repaired(run: Run, stores: FilledStores) -> None:
    lose_one(stores)
    code, out, _ = run()
    assert code == 1
    assert f"  {TOPIC}/0: decisions differs in offsets 0 to 19: 1 missing, at 7\n" in out
    assert latest(stores).figures["gold_mismatches"] == 1
    code, out, _ = run("--repair", "--json")
    assert (code, json.loads(out)["differences"]) == (0, [])
    assert stores.in_gold("decisions") == [(0, off) for off in range(20)]
    code, out, _ = run("--all")
    assert out.startswith("compared 1 ranges with 20 events that were new\n")


def test_a_column_of_others_fails_the_run_in_one_line(run: Run, stores: FilledStores) -> None:
    delta(stores.lake_uri, "decisions").alter.add_columns(
        [Field("theirs", PrimitiveType("string"))]
    )
    code, _, err = run()
    assert code == 1
    assert err.count("\n") == 1
    assert "theirs is not known here" in err
    assert (latest(stores).outcome, latest(stores).cause) == ("failed", "schema_differs")


def test_again_and_again_until_asked_to_end(
    stores: FilledStores, settings: dict[str, str], tmp_path: Path
) -> None:
    log = tmp_path / "job.log"
    command = [sys.executable, "-m", "lakehouse", "reconcile", "--every", "0.2"]
    with log.open("wb") as output:
        job = subprocess.Popen(command, env=environment(settings), cwd=ROOT, stderr=output)
    try:
        until(lambda: log.read_text("utf-8").count("reconciled") >= 2, what="two runs", seconds=60)
        job.terminate()
        assert job.wait(timeout=30) == 0
    finally:
        job.kill()
        job.wait()
    assert latest(stores).outcome == "ok"
