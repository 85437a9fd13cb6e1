import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from lakehouse.__main__ import main
from lakehouse.lake.filters import Grain
from lakehouse.lake.session import Lake
from lakehouse.monitoring.alert_backtest import backtest_alerts
from tests.lakehouse.history import decide_rows

USUAL: dict[str, Any] = {"fico": 700.0, "term_months": 36.0, "purpose": "car"}


@pytest.fixture
def uri(tmp_path: Path) -> str:
    """Fourteen months of 150 decisions; in the last, half are watchlisted and lack a rate."""
    rows = [
        {
            **USUAL,
            "applied_on": date(2017 + month // 12, month % 12 + 1, 5),
            "rate_pct": None if month == 13 and row % 2 else 10.0,
            "tier": "Watchlist" if row % 20 == 0 or (month == 13 and row % 2) else "Low",
        }
        for month in range(14)
        for row in range(150)
    ]
    decide_rows(str(tmp_path), *rows)
    return str(tmp_path)


def test_an_alert_fires_on_the_day_after_its_period(uri: str) -> None:
    lake = Lake(uri)
    fired = backtest_alerts(lake, uri, grain=Grain.MONTH, today=date(2018, 3, 1))
    earlier = backtest_alerts(lake, uri, grain=Grain.MONTH, today=date(2018, 2, 28))
    lake.close()
    assert {each.alert for each in earlier} == {"drift"}
    watchlist = [each for each in fired if each.alert == "watchlist_share"]
    (found,) = watchlist
    assert (found.on, found.period) == (date(2018, 3, 1), date(2018, 2, 1))
    assert (found.share, found.share_before) == (83 / 150, 8 / 150)
    missing = [each for each in fired if each.alert == "field_missing"]
    assert [(each.subject, each.share, each.share_before) for each in missing] == [
        ("rate_pct", 0.5, 0.0)
    ]
    drifted = {each.subject for each in fired if each.alert == "drift"}
    assert "fico" in drifted
    assert fired == sorted(fired, key=lambda each: (each.on, each.alert, each.subject))


@pytest.mark.parametrize("grain", ["day", "week", "quarter"])
def test_the_command_says_on_how_many_days(
    uri: str,
    grain: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("RISK_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("RISK_LAKE_URI", uri)
    assert main(["alerts", "backtest", "--grain", grain]) == 0
    assert "alerts on" in capsys.readouterr().out
    assert main(["alerts", "backtest", "--grain", grain, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)[0]["alert"] == "drift"
