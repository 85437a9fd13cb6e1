"""Files as people have them, through `train`, `outcomes` and `backtest`: read alike, or refused."""

import contextlib
import json
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from dataflows import backtest, outcomes
from dataflows.loans.matured import read_loans
from dataflows.sources.urls import FileSource
from lakehouse.errors import LakehouseError, SettingsInvalid

CASES = Path(__file__).parent / "cases"
NOW = datetime(2026, 3, 1, tzinfo=UTC)
Main = Callable[[Sequence[str]], int]


@pytest.fixture(autouse=True)
def _own_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RISK_HOME", str(tmp_path / "home"))


def said(main: Main, path: Path, capsys: pytest.CaptureFixture[str]) -> tuple[int, str]:
    code = main([str(path), "--json"])
    captured = capsys.readouterr()
    return code, captured.err if code else captured.out


READ = [
    # file, loans to learn from, loans left out as not matured, final outcomes, not final, decided
    ("01-LoanStats3a.csv", 4, 2, 8, 0, 8),
    ("02-loan-id-empty.csv", 25, 15, 35, 5, 40),
    ("04-Loan_status_2007-2020Q3.gzip", 25, 15, 35, 5, 40),
    ("05-LoanStats3b.csv.zip", 4, 2, 8, 0, 8),
    ("06-loan-NA.csv", 25, 15, 35, 5, 40),
    ("08c-percents.csv", 5, 3, 7, 1, 8),
    ("14b-pandas-id-float.parquet", 5, 3, 7, 1, 8),
    ("15-concatenated.csv", 8, 4, 16, 0, 14),
    ("17c-one-trailing-comma.csv", 5, 3, 7, 1, 8),
    ("18-id-float.csv", 5, 3, 7, 1, 8),
    ("18-id-int.csv", 5, 3, 7, 1, 8),
    ("many", 10, 6, 14, 2, 16),
]
"""Of `15-concatenated.csv` two loans stand in both parts, and are decided and recorded once."""

UNMATURED = [("03-lending_club_loan_two.csv", 35, 5, 40), ("07c-lending-club-data.csv", 35, 5, 40)]

REFUSED = [
    ("07-dates.csv", "RISK_FILE_DATES=mdy", "RISK_FILE_DATES=mdy"),
    ("08-financial_loan.csv", "loan_amnt (nearest found: loan_amount", "--observed-on"),
    ("08b-fractions.csv", "RISK_FILE_RATES=fraction", None),
]
"""Of a file whose rates may be fractions the outcomes are read: they need no rate."""


@pytest.mark.parametrize(("name", "learnt", "young", "final", "open_", "decided"), READ)
def test_a_file_is_learnt_from_recorded_and_decided(
    name: str,
    learnt: int,
    young: int,
    final: int,
    open_: int,
    decided: int,
    capsys: pytest.CaptureFixture[str],
) -> None:
    loans = read_loans(FileSource(str(CASES / name)), received_at=NOW)
    assert len(loans.months) == learnt
    assert f"{young} not matured by" in loans.in_words()
    _outcomes_and_backtest(name, final, open_, decided, capsys)


@pytest.mark.parametrize(("name", "final", "open_", "decided"), UNMATURED)
def test_a_file_whose_loans_had_not_matured_says_so_and_is_recorded_and_decided(
    name: str, final: int, open_: int, decided: int, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SettingsInvalid, match=r"had matured by .* left out: 40"):
        read_loans(FileSource(str(CASES / name)), received_at=NOW)
    _outcomes_and_backtest(name, final, open_, decided, capsys)


def _outcomes_and_backtest(
    name: str, final: int, open_: int, decided: int, capsys: pytest.CaptureFixture[str]
) -> None:
    code, recorded = said(outcomes.main, CASES / name, capsys)
    assert code == 0, recorded
    counts: dict[str, int] = json.loads(recorded)
    found = counts["recorded"] + counts["already_there"], counts["not_final"], counts["unreadable"]
    assert found == (final, open_, 0)
    code, judged = said(backtest.main, CASES / name, capsys)
    assert code == 0, judged
    result: dict[str, Any] = json.loads(judged)
    assert result["decided"] == decided
    assert result["first"]["refused"] == {}


@pytest.mark.parametrize(("name", "of_loans", "of_outcomes"), REFUSED)
def test_what_reads_two_ways_is_refused_alike(
    name: str, of_loans: str, of_outcomes: str | None, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SettingsInvalid) as refused:
        read_loans(FileSource(str(CASES / name)), received_at=NOW)
    assert of_loans in str(refused.value)
    for main, words in ((outcomes.main, of_outcomes), (backtest.main, of_loans)):
        if words is None:
            assert said(main, CASES / name, capsys)[0] == 0
            continue
        code, complaint = said(main, CASES / name, capsys)
        assert (code, len(complaint.splitlines())) == (2, 1)
        assert words in complaint


def test_a_listing_has_no_outcomes_and_is_decided(capsys: pytest.CaptureFixture[str]) -> None:
    listing = CASES / "09-primaryMarketNotes_browseNotes.csv"
    with pytest.raises(SettingsInvalid, match="the header lacks 1"):
        read_loans(FileSource(str(listing)), received_at=NOW)
    code, complaint = said(outcomes.main, listing, capsys)
    assert code == 2
    assert "loan_status (nearest found" in complaint
    code, judged = said(backtest.main, listing, capsys)
    assert (code, json.loads(judged)["decided"]) == (0, 8)


def test_every_other_file_of_that_kind_is_read_or_refused_in_words(
    shared_data: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Whatever lies there, nothing ends in a traceback, and every row is accounted for."""
    folder = shared_data.parent / "cases" / "files"
    if not folder.is_dir():
        pytest.skip("needs ../shared/cases/files")
    for path in sorted(folder.iterdir()):
        with contextlib.suppress(LakehouseError):
            assert len(read_loans(FileSource(str(path)), received_at=NOW).months)
        for main in (outcomes.main, backtest.main):
            code, words = said(main, path, capsys)
            if code:
                assert (code, len(words.splitlines())) == (2, 1), path.name
            elif main is backtest.main:
                found = json.loads(words)
                refused = sum(found["first"]["refused"].values())
                assert found["read"] == found["decided"] + found["repeated"] + refused
