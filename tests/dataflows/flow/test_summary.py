"""At the end of a file a person is told what became of its rows, and a script by the exit code."""

import json
from pathlib import Path

import numpy as np
import pytest
import structlog

from dataflows.flow.run_counts import RunCounts
from dataflows.flow.summary import NothingDecided, in_words, tell, verdict_on
from lakehouse.silver.writer import SilverBatch
from tests.dataflows.flow_cases import stored_whole
from tests.flow import run_module
from tests.lakehouse.silver_cases import TOPIC, a_batch, a_decision, a_reject

A_FOOTER = a_reject(2, code="not_a_record", reason="a remark")
REFUSED = [a_reject(off, code="out_of_range", reason="loan_amnt: too much") for off in (3, 4)]


def counts_of(batch: SilverBatch | None) -> RunCounts:
    counts = RunCounts(is_bounded=True)
    if batch is not None:
        counts.silver_committed(batch, stored_whole(batch), event_ages_seconds=np.zeros(0))
    return counts


@pytest.fixture
def mixed() -> RunCounts:
    """Two decided, a footer, two refused with one code and one with another."""
    decided = [a_decision("a", 0), a_decision("b", 1)]
    return counts_of(a_batch(*decided, A_FOOTER, *REFUSED, a_reject(5)))


def test_footers_are_counted_apart_and_each_code_has_an_example(mixed: RunCounts) -> None:
    first, *codes, show = in_words(mixed, "loans.csv").splitlines()
    assert first == (
        "Read 6 of loans.csv: 2 decided, 0 duplicates, 1 set aside as no loans, 3 quarantined"
    )
    assert [" ".join(line.split()) for line in codes] == [
        "out_of_range 2 e.g. partition 0, offset 3: loan_amnt: too much",
        "malformed_json 1 e.g. partition 0, offset 5: the event is not JSON",
    ]
    assert show.startswith('  See them: ./justw sql "select part, off, code, reason from')
    assert f"topic in ('{TOPIC}')" in show
    assert "code <> 'not_a_record'" in show


def test_a_run_that_had_nothing_left_to_read_says_so() -> None:
    said = in_words(counts_of(None), "loans.csv").splitlines()
    assert said[0].startswith("Read 0 of loans.csv")
    assert said[1].strip().startswith("Nothing was left to read")


def test_without_a_terminal_the_summary_is_one_event(mixed: RunCounts) -> None:
    with structlog.testing.capture_logs() as lines:
        tell(mixed, "loans.csv", to_terminal=False)
    (said,) = lines
    assert (said["event"], said["read"], said["decided"], said["set_aside"]) == ("summary", 6, 2, 1)
    assert said["quarantined"]["out_of_range"] == {
        "count": 2, "part": 0, "off": 3, "example": "loan_amnt: too much",
    }  # fmt: skip
    assert "not_a_record" not in said["quarantined"]


def test_a_terminal_is_told_in_words(mixed: RunCounts, capsys: pytest.CaptureFixture[str]) -> None:
    tell(mixed, "loans.csv", to_terminal=True)
    assert capsys.readouterr().err.strip() == in_words(mixed, "loans.csv")


def test_a_run_that_decided_something_has_not_failed(mixed: RunCounts) -> None:
    assert verdict_on(mixed, "loans.csv") is None


def test_a_file_of_which_nothing_was_decided_fails_and_says_why() -> None:
    failure = verdict_on(counts_of(a_batch(A_FOOTER, *REFUSED)), "loans.csv")
    assert isinstance(failure, NothingDecided)
    assert failure.exit_code == 6
    said = str(failure)
    assert said.startswith("loans.csv: expected applications to decide, found none among 3 records")
    assert "2 out_of_range (loan_amnt: too much)" in said
    assert "not_a_record (" not in said


@pytest.mark.parametrize(
    ("row", "code", "decided"), [("1,5000,24000", 0, 1), ("1,much,24000", 6, 0)]
)
def test_the_flow_ends_with_the_summary_and_6_if_it_decided_nothing(
    row: str, code: int, decided: int, tmp_path: Path
) -> None:
    file = tmp_path / "loans.csv"
    file.write_text(f"id,loan_amnt,annual_inc,issue_d\n{row},Dec-2011\n", encoding="utf-8")
    settings = {"RISK_SOURCE": str(file), "RISK_HOME": str(tmp_path / "home")}
    settings |= {"RISK_METRICS_ADDRESS": "127.0.0.1:0"}
    done = run_module("bytewax.run", "dataflows.score", settings=settings)
    assert done.returncode == code, done.stderr
    lines = [json.loads(line) for line in done.stderr.splitlines() if line.startswith("{")]
    (summary,) = [line for line in lines if line["event"] == "summary"]
    assert (summary["read"], summary["decided"]) == (1, decided)
    assert ("nothing_decided: " in done.stderr) is (code == 6)
