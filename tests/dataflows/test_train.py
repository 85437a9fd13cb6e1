import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from dataflows import model_card, train
from dataflows.loans import Loans, read_loans
from dataflows.train import main
from lakehouse.errors import SettingsInvalid
from lakehouse.registry import SHIPPED, load_model
from risk.fit import fit_reference
from risk.performance import auc, calibration, gains, ks_separation, lift
from risk.scorecard import score, to_json
from tests.risk.applications import an_event
from tests.risk.loans import some_loans

NOW = datetime(2026, 3, 1, tzinfo=UTC)
MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def _events(count: int = 2_400) -> Iterator[dict[str, Any]]:
    """Yield a year of simulated loans as LendingClub would have written them."""
    frame, defaulted = some_loans(count)
    for row in range(count):
        yield an_event(
            id=row,
            event_time=None,
            issue_d=f"{MONTHS[row * 12 // count]}-2010",
            fico_range_low=frame["fico"][row] - 2.0,
            fico_range_high=frame["fico"][row] + 2.0,
            inq_last_6mths=frame["inquiries_6m"][row],
            purpose=frame["purpose"][row],
            int_rate=f"{frame['rate_pct'][row]:.2f}%",
            dti=frame["dti_pct"][row],
            revol_util=frame["utilisation_pct"][row],
            loan_amnt=frame["amount_usd"][row],
            annual_inc=frame["income_usd"][row],
            emp_length=None if defaulted[row] and row % 2 else "3 years",
            loan_status="Charged Off" if defaulted[row] else "Fully Paid",
            recoveries=1e4 * float(defaulted[row]),
        )


def _write(path: Path, events: list[dict[str, Any]]) -> Path:
    path.write_text("".join(json.dumps(event) + "\n" for event in events))
    return path


@pytest.fixture(scope="module")
def loans_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    events = list(_events())
    events[5]["loan_status"] = "Current"
    events[6]["loan_status"] = None
    events[7]["annual_inc"] = -1
    del events[8]["loan_amnt"]
    return _write(tmp_path_factory.mktemp("loans") / "loans.jsonl", events)


def test_only_loans_with_a_final_outcome_are_kept_and_the_others_counted(loans_file: Path) -> None:
    loans = read_loans(loans_file, received_at=NOW)
    assert len(loans.defaulted) == len(loans.months) == len(loans.frame["fico"]) == 2_396
    assert loans.excluded == {
        "not readable as an application": 1,
        "refused by the contract": 1,
        "neither Fully Paid nor Charged Off": 2,
    }
    _, defaulted = some_loans(2_400)
    assert loans.defaulted.tolist() == np.delete(defaulted, [5, 6, 7, 8]).tolist()
    assert str(loans.months[0]) == "2010-01"


def test_a_file_without_outcomes_is_refused(tmp_path: Path) -> None:
    path = _write(tmp_path / "loans.jsonl", [an_event(loan_status="Current")])
    with pytest.raises(SettingsInvalid, match="expected loans with loan_status"):
        read_loans(path, received_at=NOW)


def test_training_writes_a_model_that_loads_and_its_card(
    loans_file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "new" / "models"
    assert (
        main([str(loans_file), "--out", str(out), "--version", "mine-1", "--test-months", "3"]) == 0
    )
    model = load_model("mine-1", folder=out)
    assert {"fico", "inquiries_6m", "purpose"} <= set(model.features)
    assert (model.fit.first_month, model.fit.last_month) == ("2010-01", "2010-09")
    card = (out / "mine-1.md").read_text("utf-8")
    assert model.sha256 in card
    assert "issued 2010-10 to\n  2010-12" in card
    assert str(out / "mine-1.json") in capsys.readouterr().out


def test_the_same_file_gives_the_same_bytes(loans_file: Path, tmp_path: Path) -> None:
    for folder in ("one", "two"):
        arguments = [
            "--out",
            str(tmp_path / folder),
            "--card-out",
            str(tmp_path / "cards" / folder),
        ]
        assert main([str(loans_file), *arguments]) == 0
    names = sorted(path.name for path in (tmp_path / "one").iterdir())
    assert names == ["scorecard-1.json", "scorecard-1.json.sha256"]
    for name in names:
        assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "two" / name).read_bytes()
    one, two = (tmp_path / "cards" / folder / "scorecard-1.md" for folder in ("one", "two"))
    assert one.read_bytes() == two.read_bytes()


def test_outcome_fields_in_the_file_change_nothing(loans_file: Path, tmp_path: Path) -> None:
    events = [json.loads(line) for line in loans_file.read_text().splitlines()]
    bare = [{k: v for k, v in event.items() if k != "recoveries"} for event in events]
    given = read_loans(loans_file, received_at=NOW)
    stripped = read_loans(_write(tmp_path / "bare.jsonl", bare), received_at=NOW)
    one, _ = train.train(given, version="t", test_months=3)
    other, _ = train.train(stripped, version="t", test_months=3)
    assert one.characteristics == other.characteristics
    assert one.fit.data_sha256 != other.fit.data_sha256


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["nowhere.csv"], 2, "nowhere.csv: expected a file, found nothing"),
        (["FILE", "--test-months", "12"], 1, "model_error"),
    ],
)
def test_what_went_wrong_is_one_line_and_a_code(
    loans_file: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    arguments: list[str],
    code: int,
    said: str,
) -> None:
    given = [str(loans_file) if argument == "FILE" else argument for argument in arguments]
    assert main([*given, "--out", str(tmp_path / "out")]) == code
    complaint = capsys.readouterr().err
    assert said in complaint
    assert len(complaint.splitlines()) == 1
    assert not (tmp_path / "out").exists()


def test_no_months_to_judge_by_is_bad_usage(loans_file: Path) -> None:
    with pytest.raises(SystemExit, match="2"):
        main([str(loans_file), "--test-months", "0"])


def test_a_card_holds_every_bin_and_no_placeholder(loans_file: Path) -> None:
    loans = read_loans(loans_file, received_at=NOW)
    model, card = train.train(loans, version="t", test_months=3)
    for characteristic in model.characteristics:
        for bin_ in characteristic.bins:
            assert f"| {bin_.loans:,} | " in card
            assert f" | {bin_.woe:.4f} | {bin_.points:+d} |" in card
    assert not re.search(r"[{}]|None|nan", card)
    assert "whether it is known" in card


def test_a_card_says_so_when_nothing_was_left_out(loans_file: Path) -> None:
    loans = read_loans(loans_file, received_at=NOW)
    whole = Loans(loans.frame, loans.defaulted, loans.months, {}, "all.csv", "0" * 64)
    _, card = train.train(whole, version="t", test_months=3)
    assert "- Left out: nothing." in card


def test_limits_read_as_intervals() -> None:
    assert model_card._intervals([1.0, 2_500.5, None]) == [
        "up to 1",
        "above 1 to 2,500.5",
        "above 2,500.5",
    ]


@pytest.fixture(scope="module")
def real_loans(shared_data: Path) -> Loans:
    return read_loans(shared_data / "loans_2007_2011h1.parquet", received_at=NOW)


def _apart(loans: Loans) -> tuple[Any, Any]:
    return loans.chosen(loans.months > np.datetime64("2010-09"))


def test_the_champion_does_out_of_time_what_its_card_says(real_loans: Loans) -> None:
    frame, defaulted = _apart(real_loans)
    pd, _ = score(load_model(), frame)
    assert len(defaulted) == 12_751
    assert auc(pd, defaulted).value >= 0.700
    assert ks_separation(pd, defaulted) >= 0.295
    assert 0.9 <= calibration(pd, defaulted).slope <= 1.1
    assert lift(pd, defaulted, share=0.062) >= 2.3
    rates = [band.default_rate for band in gains(pd, defaulted)]
    assert rates == sorted(rates, reverse=True)


def test_the_reference_model_does_what_is_known_of_it(real_loans: Loans) -> None:
    fitted_on = real_loans.chosen(real_loans.months <= np.datetime64("2010-09"))
    frame, defaulted = _apart(real_loans)
    pd = fit_reference(*fitted_on)(frame)
    assert auc(pd, defaulted).value == pytest.approx(0.672, abs=0.001)
    assert ks_separation(pd, defaulted) == pytest.approx(0.256, abs=0.002)
    assert calibration(pd, defaulted).slope == pytest.approx(0.85, abs=0.005)
    assert lift(pd, defaulted, share=0.062) == pytest.approx(1.89, abs=0.03)


def test_the_shipped_champion_and_its_card_are_what_training_gives(real_loans: Loans) -> None:
    shipped = load_model()
    model, card = train.train(real_loans, version=shipped.version, test_months=9)
    if model.fit.libraries != shipped.fit.libraries:
        pytest.skip("the champion was fitted with other versions of NumPy, SciPy or scikit-learn")
    assert to_json(model) == to_json(shipped)
    assert card == (SHIPPED.parents[1] / "docs/models" / f"{shipped.version}.md").read_text("utf-8")
