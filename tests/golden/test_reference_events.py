"""The reference's own events and what its code decided on each of them."""

import csv
import gzip
from datetime import UTC, datetime
from pathlib import Path

import pytest

from risk.contract.application import RejectCode
from risk.frame.frame import Frame
from tests.risk.applications import judge_all

_LATER = datetime(2026, 11, 1, tzinfo=UTC)
_COMPARED = ("dti_band", "util_band", "rate_band", "early_warning_flag", "risk_tier", "reasons")


@pytest.fixture(scope="module")
def events(shared_data: Path) -> list[bytes]:
    with gzip.open(shared_data / "events_reference.jsonl.gz") as lines:
        return [line.rstrip(b"\n") for line in lines]


@pytest.fixture(scope="module")
def reference(shared_data: Path) -> list[dict[str, str]]:
    with (shared_data / "decisions_reference.csv").open() as lines:
        return list(csv.DictReader(lines))


def _as_the_reference_writes(decided: Frame, place: int) -> list[str]:
    row = {name: column[place] for name, column in decided.items()}
    row["early_warning_flag"] = int(row["early_warning_flag"])
    row["risk_tier"] = row["tier"]
    return ["" if row[name] is None else str(row[name]) for name in _COMPARED]


def test_reference_1_decides_every_event_as_the_reference_does(
    events: list[bytes], reference: list[dict[str, str]]
) -> None:
    verdicts = judge_all(events, policy="reference-1", received_at=_LATER)
    scored = {number for number, row in enumerate(reference) if row["scored"] == "1"}
    compared = 0
    for place, number in enumerate(verdicts.decided["row"].tolist()):
        if number in scored:
            compared += 1
            expected = [reference[number][name] for name in _COMPARED]
            assert _as_the_reference_writes(verdicts.decided, place) == expected, number
    assert compared == len(scored) == 760


def test_reference_1_refuses_the_two_events_without_a_dti_and_no_other(events: list[bytes]) -> None:
    """The reference also refused five for their credit history: its date bug, not its rules."""
    verdicts = judge_all(events, policy="reference-1", received_at=_LATER)
    assert [(r.row, r.code) for r in verdicts.rejects] == [
        (482, RejectCode.MISSING_REQUIRED),
        (600, RejectCode.MISSING_REQUIRED),
    ]
    assert all(b'"id": 132032819,' in events[reject.row] for reject in verdicts.rejects)
    assert len(set(verdicts.decided["event_id"])) == 666


def test_standard_1_decides_every_event_and_resent_ones_have_the_same_content(
    events: list[bytes],
) -> None:
    verdicts = judge_all(events, received_at=_LATER)
    assert verdicts.rejects == []
    pairs = zip(verdicts.decided["event_id"], verdicts.decided["content_hash"], strict=True)
    assert len(set(verdicts.decided["event_id"])) == 667
    assert len(set(pairs)) == 667
    assert set(verdicts.decided["issues"]) == {""}
