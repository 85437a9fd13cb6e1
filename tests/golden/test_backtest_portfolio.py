"""The reference's scored portfolio, sent as applications and backtested by the command."""

import json
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from dataflows.backtest import main

_FIELDS = {
    "loan_amnt": "loan_amnt",
    "annual_inc": "annual_inc",
    "dti": "dti",
    "revol_util": "revol_util_pct",
    "int_rate": "int_rate_pct",
    "delinq_2yrs": "delinq_2yrs",
    "inq_last_6mths": "inq_last_6mths",
}


def _as_events(path: Path, to: Path) -> None:
    """Give each row an id and the dates that the portfolio lacks; no rule looks at their value."""
    rows = pq.read_table(path).to_pylist()
    with to.open("w", encoding="utf-8") as file:
        for number, row in enumerate(rows):
            event = {field: row[name] for field, name in _FIELDS.items()}
            event |= {"id": number, "issue_d": "Jan-2015", "earliest_cr_line": "Jan-2000"}
            event["loan_status"] = "Charged Off" if row["default"] else "Fully Paid"
            file.write(json.dumps(event) + "\n")


def test_the_references_published_figures_come_out_of_a_backtest(
    shared_data: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("RISK_HOME", str(tmp_path))
    events = tmp_path / "portfolio.jsonl"
    _as_events(shared_data / "portfolio_reference.parquet", events)
    assert main([str(events), "--policy", "reference-1", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    figures = found["first"]["figures"]
    watchlist = figures["tiers"]["Watchlist"]
    assert (found["decided"], found["first"]["refused"]) == (51_121, {})
    assert watchlist["applications"] == 3_178
    assert round(figures["watchlist_share"], 6) == 0.062166
    assert round(watchlist["default_rate"]["value"], 6) == 0.267149
    assert round(figures["lift"], 4) == 1.3413
