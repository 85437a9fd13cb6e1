"""The monitoring job over small lakes: what it records, renders and says."""

from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest

from dataflows.monitoring.periods import closed, last_closed, last_day
from dataflows.monitoring.run import monitor
from dataflows.monitoring.verdict import in_figures, in_words
from lakehouse.lake import monitoring
from lakehouse.lake.filters import Grain
from lakehouse.lake.session import Lake
from tests.lakehouse.history import decide_rows, end, record

NOW = datetime(2026, 12, 1, 9, 30, tzinfo=UTC)
USUAL = {"fico": 700.0, "purpose": "car", "term_months": 36.0, "income_usd": 60_000.0}


def months(*sizes: int, **but: Any) -> list[dict[str, Any]]:
    return [
        {**USUAL, "applied_on": date(2018, month, 5), "pd": 0.1 + (row % 7) / 50, **but}
        for month, size in enumerate(sizes, 1)
        for row in range(size)
    ]


Run = Callable[..., Any]


@pytest.fixture
def run(tmp_path: Path) -> Run:
    def once(**but: Any) -> Any:
        lake = Lake(str(tmp_path))
        try:
            return monitor(
                lake,
                str(tmp_path),
                **{"grain": Grain.MONTH, "now": NOW, "with_reports": False, **but},
            )
        finally:
            lake.close()

    return once


def figures(uri: Path) -> list[dict[str, Any]]:
    lake = Lake(str(uri))
    try:
        found: list[dict[str, Any]] = monitoring.recorded_figures(lake).to_pylist()
        return found
    finally:
        lake.close()


def test_a_second_run_adds_nothing(run: Run, tmp_path: Path) -> None:
    decide_rows(str(tmp_path), *months(60, 40))
    first = run()
    before = figures(tmp_path)
    second = run(now=NOW.replace(hour=10))
    assert (first.recorded, second.recorded) == (len(before), 0)
    assert before == figures(tmp_path)
    psi = [each for each in before if each["figure"] == "psi" and each["subject"] == "fico"]
    assert [(each["period"], each["rows_seen"]) for each in psi] == [
        (date(2018, 1, 1), 60),
        (date(2018, 2, 1), 40),
    ]


def test_few_rows_and_none_are_named_and_never_a_crash(run: Run, tmp_path: Path) -> None:
    assert run().recorded == 0
    decide_rows(str(tmp_path), *months(1, 0, 60))
    run()
    notes = {
        each["period"]: each["note"]
        for each in figures(tmp_path)
        if each["table_name"] == "drift" and each["value"] is None and each["subject"] == "all"
    }
    assert notes == {date(2018, 1, 1): "not enough data (n = 1)"}


def test_an_open_period_waits_until_it_is_over(run: Run, tmp_path: Path) -> None:
    decide_rows(str(tmp_path), *months(40, 40))
    found = run(now=datetime(2018, 2, 20, tzinfo=UTC))
    assert found.periods == 1
    assert {each["period"] for each in figures(tmp_path)} == {date(2018, 1, 1)}


def test_what_becomes_known_later_is_recorded_beside_what_was_said(
    run: Run, tmp_path: Path
) -> None:
    rows = months(80, applied_on=date(2012, 1, 5))
    decide_rows(str(tmp_path), *rows)
    run()
    record(str(tmp_path), *(end(f"e{row}", defaulted=row % 2 == 0) for row in range(80)))
    found = run()
    judged = found.performance["scorecard-1"].judged
    assert (judged.loans, judged.defaults) == (80, 40)
    assert {"auc", "actual_over_expected_low", "estimated_auc"} <= in_figures(found).keys()
    assert in_figures(found)["estimates_reliable"] == 0.0
    assert "unreliable: only 1 matured vintages" in in_words(found)
    auc = [each for each in figures(tmp_path) if each["figure"] == "auc"]
    assert {each["subject"] for each in auc} == {"term 36", "term 60"}
    assert max(each["rows_seen"] for each in auc if each["subject"] == "term 36") == 80
    assert "not enough data (n = 0" in next(e["note"] for e in auc if e["subject"] == "term 60")


def test_a_model_without_a_reference_is_monitored_but_for_drift(run: Run, tmp_path: Path) -> None:
    decide_rows(str(tmp_path), *months(40, model_version="gone-1"))
    found = run()
    assert "gone-1" in found.without_reference
    assert {each["table_name"] for each in figures(tmp_path)} == {"data_quality"}
    assert "drift: not measured" in in_words(found)
    assert len(in_words(found).splitlines()) == 5


def test_the_verdict_has_five_lines_and_its_figures_have_names(run: Run, tmp_path: Path) -> None:
    decide_rows(str(tmp_path), *months(60, 200, fico=None))
    found = run()
    lines = in_words(found).splitlines()
    assert len(lines) == 5
    assert "(n = 200): " in lines[1]
    assert "no outcomes yet" in lines[3]
    named = in_figures(found)
    assert named["drift_alarms"] >= named["drifting_features"] >= 1
    assert named["score_psi_above_chance"] > 0.1
    assert "estimated_auc" not in named
    assert len(in_words(run(now=NOW.replace(year=2010))).splitlines()) == 5


def test_reports_are_rendered_into_the_lake_with_their_place_in_an_index(
    run: Run, tmp_path: Path
) -> None:
    pytest.importorskip("evidently", reason="rendering reports needs the extra `monitor`")
    decide_rows(str(tmp_path), *months(40, 60))
    record(str(tmp_path), *(end(f"e{row}", defaulted=row % 3 == 0) for row in range(100)))
    found = run(with_reports=True)
    lake = Lake(str(tmp_path))
    index = monitoring.recorded_reports(lake).to_pylist()
    lake.close()
    kinds = {
        f"{name}.{form}" for name in ("data_drift", "classification") for form in ("html", "json")
    }
    assert {each["kind"] for each in index} == kinds
    assert sorted(found.reports) == sorted(each["path"] for each in index)
    for each in index:
        assert (tmp_path / each["path"]).stat().st_size == each["size_bytes"]
    html = next(each["path"] for each in index if each["kind"] == "data_drift.html")
    assert "The figures that decide are in the table" in (tmp_path / html).read_text("utf-8")
    assert run(with_reports=True).reports == []


def test_periods_are_whole_and_end_on_their_last_day() -> None:
    days = [date(2018, 1, 1), date(2018, 2, 1), date(2018, 2, 1)]
    assert closed(days, Grain.MONTH, today=date(2018, 3, 1)) == days[:2]
    assert last_day(date(2018, 10, 1), Grain.QUARTER) == date(2018, 12, 31)
    assert last_closed(date(2018, 12, 31), Grain.MONTH, count=2) == [
        date(2018, 11, 1),
        date(2018, 12, 1),
    ]
    assert last_closed(date(2018, 12, 30), Grain.QUARTER, count=1) == [date(2018, 7, 1)]
    assert last_closed(date(2018, 12, 30), Grain.WEEK, count=1) == [date(2018, 12, 24)]
