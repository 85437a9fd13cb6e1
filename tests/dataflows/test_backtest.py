from __future__ import annotations

import io
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from rich.console import Console

from dataflows.backtest import main
from dataflows.loans.cases import Cases, cases_of
from dataflows.loans.decide_past import decide_past
from dataflows.reports.backtest_report import show
from dataflows.sources.urls import SimSource
from lakehouse.errors import SettingsInvalid
from risk.decision.judge import judge
from tests.lakehouse.recall_cases import registered
from tests.risk.applications import NOON, an_event, as_bytes, rules


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("RISK_HOME", str(tmp_path))
    return tmp_path


def some_cases(*outcomes: float, **but: Any) -> Cases:
    raws = [as_bytes(id=number, **but) for number in range(len(outcomes))]
    return Cases(raws, NOON, np.array(outcomes))


def answer(capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(capsys.readouterr().out)
    return found


def test_the_past_is_decided_as_the_stream_decides() -> None:
    (cases,) = cases_of(SimSource(seed=3, limit=1_000))
    found = decide_past([cases], [rules()], source="sim")
    decided = judge(cases.raws, rules=rules(), received_at=cases.received_at).decided
    _, firsts = np.unique(decided["event_id"].astype(str), return_index=True)
    tiers = decided["tier"][firsts].tolist()
    counted = {tier: group.applications for tier, group in found.first.figures.tiers.items()}
    assert counted == {tier: tiers.count(tier) for tier in ("Low", "Elevated", "Watchlist")}
    pd, amount = decided["pd"][firsts], decided["amount_usd"][firsts]
    assert found.first.figures.overall.expected_loss_usd == pytest.approx(0.65 * (pd @ amount))


def test_every_event_is_compared_repeated_or_refused() -> None:
    batches = cases_of(SimSource(seed=3, limit=3_000))
    found = decide_past(batches, [rules()], source="sim")
    assert found.read == 3_000
    assert found.read == found.decided + found.repeated + sum(found.first.refused.values())
    assert found.repeated > 0


def test_only_loans_whose_outcome_is_known_count_in_a_rate() -> None:
    found = decide_past([some_cases(1.0, 0.0, 0.0, np.nan)], [rules()], source="x")
    overall = found.first.figures.overall
    assert (overall.applications, overall.resolved, overall.defaults) == (4, 3, 1)


def test_two_versions_are_compared_on_what_both_decide() -> None:
    """Without a DTI one policy refuses and the other has a band."""
    batches = [
        some_cases(1.0, 0.0, dti=45.0),
        replace(some_cases(0.0), raws=[as_bytes(id=99, dti=None)]),
    ]
    sides = [rules("standard-1"), rules("reference-1")]
    found = decide_past(batches, sides, source="x")
    assert found.second is not None
    assert (found.first.refused, found.second.refused) == ({}, {"missing_required": 1})
    assert (found.read, found.decided) == (3, 2)
    assert found.first.figures.overall.applications == found.second.figures.overall.applications
    assert found.swap_set is not None
    assert sum(cell.swapped.figures.applications for cell in found.swap_set.cells) == 2


def test_the_first_of_an_event_that_comes_again_counts() -> None:
    again = replace(some_cases(0.0), raws=[as_bytes(id=0, dti=45.0)])
    found = decide_past([some_cases(1.0), again], [rules()], source="x")
    assert (found.decided, found.repeated) == (1, 1)
    assert found.first.figures.overall.defaults == 1


def test_a_past_without_decisions_is_refused() -> None:
    cases = Cases([b"{"], NOON, np.array([np.nan]))
    with pytest.raises(SettingsInvalid, match=r"1 events and none decided \(malformed_json\)"):
        decide_past([cases], [rules()], source="x")


def test_what_was_found_is_shown_in_tables() -> None:
    sides = [rules("standard-1"), rules("reference-1")]
    found = decide_past([some_cases(1.0, 0.0, dti=45.0)], sides, source="[b]x[/b]")
    text = io.StringIO()
    show(found, Console(file=text, width=200))
    for words in (
        "[b]x[/b]: 2 events read, 2 decided and compared, 0 repeated",
        "test-1",
        "policy reference-1",
        "Elevated",
        "0.5000 [0.0945, 0.9055]",
        "Swap set",
    ):
        assert words in text.getvalue()


def test_the_command_decides_a_file_by_the_rules_in_force(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = home / "loans.jsonl"
    statuses = ["Fully Paid", "Charged Off", "Current"]
    events = [an_event(id=row, loan_status=status) for row, status in enumerate(statuses)]
    path.write_text("".join(json.dumps(event) + "\n" for event in events))
    assert main([str(path), "--json"]) == 0
    found = answer(capsys)
    assert (found["first"]["model"], found["first"]["policy"]) == ("scorecard-1", "standard-2")
    assert found["first"]["figures"]["overall"]["resolved"] == 2
    assert found["swap_set"] is None


def test_the_command_compares_registered_versions(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    registered(str(home / "lake"), "mine-1", base_points=610)
    source = "sim://?seed=2&limit=1000"
    arguments = ["--model", "mine-1", "--against-policy", "reference-1", "--lgd", "0.5"]
    assert main([source, *arguments, "--json"]) == 0
    found = answer(capsys)
    sides = [(found[side]["model"], found[side]["policy"]) for side in ("first", "second")]
    assert sides == [("mine-1", "standard-2"), ("mine-1", "reference-1")]
    assert found["second"]["figures"]["lgd"] == 0.5
    assert main([source, "--against-model", "mine-1"]) == 0
    assert "Swap set" in capsys.readouterr().out


@pytest.mark.usefixtures("home")
@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["lake"], 2, "none decided"),
        (["sim://?seed=2"], 2, "has no end"),
        (["sim://?seed=2&limit=9", "--policy", "none-1"], 2, "no policy 'none-1'"),
        (["sim://?seed=2&limit=9", "--lgd", "2"], 1, "lgd: expected a share"),
    ],
)
def test_what_went_wrong_is_one_line_and_a_code(
    capsys: pytest.CaptureFixture[str], arguments: list[str], code: int, said: str
) -> None:
    assert main(arguments) == code
    complaint = capsys.readouterr().err
    assert said in complaint
    assert len(complaint.splitlines()) == 1


@pytest.mark.usefixtures("home")
def test_a_bad_byte_and_deep_nesting_are_refused_and_the_others_decided(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "loans.jsonl"
    good = [
        as_bytes(id=number, loan_status="Fully Paid", issue_d="Jul-2015") for number in range(3)
    ]
    bad = as_bytes(id=8, desc="here").replace(b"here", b"\xfd")
    deep = as_bytes(id=9, desc="here").replace(b'"here"', b"[" * 100_000 + b"]" * 100_000)
    path.write_bytes(b"\n".join([*good, bad, deep, b""]))
    assert main([str(path), "--json"]) == 0
    found = answer(capsys)
    assert (found["read"], found["decided"]) == (5, 3)
    assert found["first"]["refused"] == {"encoding": 1, "too_deep": 1}
