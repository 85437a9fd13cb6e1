"""The pages show the very figures that the monitoring job records and SQL reads."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from dataflows.monitoring.run import monitor
from lakehouse.lake.copied import CopiedLake
from lakehouse.lake.filters import ALL, Grain
from lakehouse.lake.session import Lake
from lakehouse.settings.settings import Settings
from tests.lakehouse.history import decide_rows
from ui.cards import View
from ui.data.asking import Desk
from ui.data.filters import parse
from ui.data.questions import Stores
from ui.open_alerts import history_of, open_alerts
from ui.shifts import drifted, latest_shifts

NOW = datetime(2018, 4, 10, 9, 30, tzinfo=UTC)


@pytest.fixture
def lake(tmp_path: Path) -> Iterator[CopiedLake]:
    """Three closed months, of 300, 12 and 300 decisions, and one that is not over."""
    usual = {"term_months": 36.0, "income_usd": 60_000.0, "purpose": "car"}
    rows = [
        {**usual, "applied_on": date(2018, month, 5), "fico": fico + row % 50, "pd": 0.1}
        for month, size, fico in ((1, 300, 700.0), (2, 12, 700.0), (3, 300, 640.0), (4, 90, 640.0))
        for row in range(size)
    ]
    decide_rows(str(tmp_path), *rows)
    session = CopiedLake(str(tmp_path), memory_mb=200)
    yield session
    session.close()


@pytest.fixture
def view(lake: CopiedLake, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> View:
    settings = Settings.from_env({"RISK_HOME": str(tmp_path), "RISK_LAKE_URI": str(tmp_path)})
    stores = Stores(settings, "", now=lambda: NOW)
    monkeypatch.setattr(stores, "sent_alerts", lambda _since: [])  # needs silver
    return View(Desk(lake, stores, now=lambda: NOW), parse({}), "light")


def test_drift_is_the_same_on_the_page_in_sql_and_by_the_job(
    lake: Lake, view: View, tmp_path: Path
) -> None:
    monitor(lake, str(tmp_path), grain=Grain.MONTH, now=NOW, with_reports=False)
    recorded = {
        (row["period"], row["subject"]): (row["value"], row["is_alarm"])
        for row in lake.query(
            "select period, subject, value, is_alarm from drift where figure = 'psi' and "
            "subject <> 'all'"
        ).to_pylist()
    }
    shown = {
        (month.period, each.feature): (each.psi, each.is_alarm)
        for month in drifted(view, ALL).periods
        for each in month.shift.features
        if month.period < date(2018, 4, 1)
    }
    assert shown == recorded
    assert {month for month, _ in shown} == {date(2018, 1, 1), date(2018, 3, 1)}
    assert dict(latest_shifts(drifted(view, ALL).periods))["FICO"].level == "act"


def test_alerts_on_the_page_are_the_figures_that_alarm(
    lake: Lake, view: View, tmp_path: Path
) -> None:
    monitor(lake, str(tmp_path), grain=Grain.MONTH, now=NOW, with_reports=False)
    alarms = lake.query("select period, subject from drift where is_alarm").to_pylist()
    fired = [each for each in history_of(view) if each.alert == "drift"]
    assert {(each.period, each.subject) for each in fired} == {
        (row["period"], row["subject"]) for row in alarms
    }
    opened = {each.title: each for each in open_alerts(view)}
    assert opened["FICO has shifted"].severity == "severe"
    assert opened["FICO has shifted"].since == "Mar 2018"
