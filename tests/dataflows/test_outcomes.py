from __future__ import annotations

import gzip
import json
from collections.abc import Iterable
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from dataflows import outcomes
from dataflows.loans.observed_on import shown_on
from dataflows.outcomes import OutcomeCounts, main, record_outcomes
from dataflows.sources.urls import FileSource, SimSource
from lakehouse.errors import SettingsInvalid
from lakehouse.lake.session import Lake
from tests.risk.applications import an_event

TODAY = date(2026, 3, 1)


def a_file(path: Path, *events: dict[str, Any]) -> Path:
    path.write_text("".join(json.dumps(event) + "\n" for event in events))
    return path


def a_loan(number: int, status: str | None, **but: Any) -> dict[str, Any]:
    return an_event(id=number, loan_status=status, issue_d="Jul-2015", **but)


def a_year_of_loans(folder: Path) -> Path:
    return a_file(
        folder / "loans.jsonl",
        a_loan(1, "Fully Paid", last_pymnt_d="Feb-2018"),
        a_loan(2, "Charged Off", last_credit_pull_d="Mar-2018", next_pymnt_d="Apr-2018"),
        a_loan(3, "Current"),
        a_loan(4, None),
        a_loan(2, "Charged Off"),
        {"loan_status": "Fully Paid"},
    )


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("RISK_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


def stored(home: Path) -> list[dict[str, Any]]:
    lake = Lake(str(home / "lake"))
    try:
        rows: list[dict[str, Any]] = lake.query(
            "select application_id, outcome, defaulted, issued_on, observed_on, source "
            "from outcomes order by application_id"
        ).to_pylist()
        return rows
    finally:
        lake.close()


def counted(capsys: pytest.CaptureFixture[str]) -> dict[str, int]:
    counts: dict[str, int] = json.loads(capsys.readouterr().out)
    return counts


def test_final_outcomes_are_recorded_once_and_all_records_are_accounted_for(
    home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = a_year_of_loans(tmp_path)
    counts = []
    for _ in range(2):
        assert main([str(path), "--json"]) == 0
        counts.append(counted(capsys))
    others = {"not_final": 2, "unreadable": 0, "without_decision": 3}
    assert counts == [
        {"recorded": 3, "already_there": 1, **others},
        {"recorded": 0, "already_there": 4, **others},
    ]
    common = {
        "issued_on": date(2015, 7, 1),
        "observed_on": date(2018, 3, 31),
        "source": "loans.jsonl",
    }
    *known, by_position = stored(home)
    assert known == [
        {"application_id": "1", "outcome": "Fully Paid", "defaulted": False, **common},
        {"application_id": "2", "outcome": "Charged Off", "defaulted": True, **common},
    ]
    assert by_position["application_id"].startswith("file-")  # it had no id


def test_a_later_file_corrects_an_earlier_one(
    home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    spring = a_file(tmp_path / "spring.jsonl", a_loan(1, "Charged Off", last_pymnt_d="Mar-2018"))
    summer = a_file(tmp_path / "summer.jsonl", a_loan(1, "Fully Paid", last_pymnt_d="Jun-2018"))
    for path in (summer, spring, summer):
        assert main([str(path)]) == 0
    assert [(row["outcome"], row["source"]) for row in stored(home)] == [
        ("Fully Paid", "summer.jsonl")
    ]
    assert capsys.readouterr().out.splitlines()[-1] == (
        "0 outcomes recorded, 1 already there, 0 not final yet, 0 unreadable"
    )


def test_the_day_of_observation_can_be_said(home: Path, tmp_path: Path) -> None:
    assert main([str(a_year_of_loans(tmp_path)), "--observed-on", "2018-05-07"]) == 0
    assert {row["observed_on"] for row in stored(home)} == {date(2018, 5, 7)}


def test_the_simulators_outcomes_are_those_of_its_applications(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    source = "sim://?seed=3&limit=1500"
    assert main([source, "--json"]) == 0
    counts = counted(capsys)
    assert counts.pop("without_decision") == counts["recorded"]
    assert sum(counts.values()) == 1_500
    assert main(["sim://?seed=3&limit=2000", "--json"]) == 0
    more = counted(capsys)
    assert more["already_there"] >= counts["recorded"] > 500
    assert len(stored(home)) == counts["recorded"] + more["recorded"]
    assert {row["observed_on"] for row in stored(home)} == {date(2019, 3, 31)}


def handed_over(monkeypatch: pytest.MonkeyPatch, batches: Iterable[list[bytes]]) -> list[int]:
    monkeypatch.setattr(outcomes, "_AT_ONCE", 3)
    sizes: list[int] = []

    def record(offered: pa.Table) -> int:
        sizes.append(offered.num_rows)
        return int(offered.num_rows)

    counts = record_outcomes(
        batches,
        record,
        len,
        source="loans.csv",
        observed_on=TODAY,
        recorded_at=datetime(2026, 3, 1, tzinfo=UTC),
    )
    assert counts == OutcomeCounts(recorded=sum(sizes))
    return sizes


def test_no_more_than_a_few_batches_wait_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    loans = [json.dumps(a_loan(number, "Fully Paid")).encode() for number in range(7)]
    batches = [loans[:2], loans[2:4], loans[4:6], loans[6:]]
    assert handed_over(monkeypatch, batches) == [4, 3]


@pytest.mark.parametrize(
    ("months", "expected"),
    [
        ({"last_pymnt_d": "Feb-2018", "issue_d": "Jul-2015"}, date(2018, 2, 28)),
        ({"last_credit_pull_d": "Dec-17"}, date(2017, 12, 31)),
        ({"last_pymnt_d": "Jan-2031", "issue_d": "Jul-2015"}, date(2015, 7, 31)),
        ({"last_pymnt_d": "Mar-2026"}, TODAY),
    ],
    ids=["the latest of all", "two digits of a year", "none to come", "never after today"],
)
def test_a_file_tells_as_of_the_latest_month_it_shows(
    tmp_path: Path, months: dict[str, str], expected: date
) -> None:
    path = a_file(tmp_path / "loans.jsonl", an_event(**{"issue_d": None, **months}))
    assert shown_on(FileSource(str(path)), today=TODAY) == expected


def test_a_file_without_any_month_is_asked_about(
    home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "loans.jsonl.gz"
    path.write_bytes(gzip.compress(json.dumps(an_event(issue_d=None)).encode()))
    assert main([str(path)]) == 2
    assert "--observed-on YYYY-MM-DD" in capsys.readouterr().err
    assert not home.exists()


def test_a_simulation_without_end_is_refused(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["sim://?seed=7"]) == 2
    assert "sim://?seed=7&limit=100000" in capsys.readouterr().err
    assert not home.exists()


def test_a_topic_holds_no_outcomes() -> None:
    assert main(["kafka://localhost:9092/loans"]) == 2


def test_the_simulators_snapshot_is_the_day_of_its_outcomes() -> None:
    assert shown_on(SimSource(), today=TODAY) == date(2019, 3, 31)


def test_what_shows_no_month_is_an_error_of_the_settings(tmp_path: Path) -> None:
    path = a_file(tmp_path / "loans.jsonl", an_event(issue_d="some day"))
    with pytest.raises(SettingsInvalid, match="found none"):
        shown_on(FileSource(str(path)), today=TODAY)


BAD_BYTE = b'{"id": 8, "loan_status": "Fully Pa\xfd", "issue_d": "Jul-2015"}'
DEEP = b'{"id": 9, "desc": ' + b"[" * 100_000 + b"]" * 100_000 + b"}"


def test_a_bad_byte_and_deep_nesting_are_unreadable_records(
    home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "loans.jsonl"
    good = json.dumps(a_loan(1, "Fully Paid", last_pymnt_d="Feb-2018")).encode()
    path.write_bytes(b"\n".join([good, BAD_BYTE, DEEP, b""]))
    assert main([str(path), "--json"]) == 0
    assert counted(capsys) == {
        "recorded": 1,
        "already_there": 0,
        "not_final": 0,
        "unreadable": 2,
        "without_decision": 1,
    }
    assert [row["application_id"] for row in stored(home)] == ["1"]
