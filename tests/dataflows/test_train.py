import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from dataflows import train
from dataflows.dossiers.tables import intervals
from dataflows.loans.matured import Loans, known_loans, read_loans
from dataflows.loans.simulated import simulate_loans
from dataflows.sources.urls import FileSource, SimSource
from dataflows.train import main
from lakehouse.errors import SettingsInvalid
from lakehouse.registry.artefacts import SHIPPED, load_model
from risk.fitting import boosting
from risk.fitting.sklearn_adapter import fit_reference
from risk.models.document import to_json
from risk.models.logistic import Logistic
from risk.models.logistic_document import Levels
from risk.models.model import score
from risk.models.scorecard import Scorecard
from risk.monitoring.performance import auc, calibration, gains, ks_separation, lift
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
            last_credit_pull_d="Apr-2014",
            stands_for=2.0 if defaulted[row] else 1.0,
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


@pytest.fixture
def few_trees(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(boosting, "ROUNDS", (20, 40))
    monkeypatch.setattr(boosting, "_BAGS", 2)


def test_only_loans_with_a_final_outcome_are_kept_and_the_others_counted(loans_file: Path) -> None:
    loans = read_loans(FileSource(str(loans_file)), received_at=NOW)
    assert len(loans.defaulted) == len(loans.months) == len(loans.frame["fico"]) == 2_396
    assert loans.excluded == {
        "out_of_range (annual_inc)": 1,
        "missing_field (loan_amnt)": 1,
        "neither Fully Paid nor Charged Off": 2,
    }
    _, defaulted = some_loans(2_400)
    assert loans.defaulted.tolist() == np.delete(defaulted, [5, 6, 7, 8]).tolist()
    assert str(loans.months[0]) == "2010-01"


def test_the_books_are_of_the_latest_month_that_they_show(loans_file: Path) -> None:
    assert str(read_loans(FileSource(str(loans_file)), received_at=NOW).observed_in) == "2014-04"


def test_books_that_show_no_month_are_looked_at_today(tmp_path: Path) -> None:
    event = an_event(issue_d=None, event_time="2016-01-01T00:00:00Z", loan_status="Fully Paid")
    loans = read_loans(FileSource(str(_write(tmp_path / "loans.jsonl", [event]))), received_at=NOW)
    assert str(loans.observed_in) == "2026-03"


@pytest.mark.parametrize(
    ("observed_in", "matured"), [("2013-03", 0), ("2013-04", 1), ("2013-06", 3), ("2014-04", 12)]
)
def test_a_loan_counts_three_months_after_its_term(
    loans_file: Path, observed_in: str, matured: int
) -> None:
    month = np.datetime64(observed_in, "M")
    if not matured:
        with pytest.raises(SettingsInvalid, match="had matured by 2013-03"):
            read_loans(FileSource(str(loans_file)), received_at=NOW, observed_in=month)
        return
    loans = read_loans(FileSource(str(loans_file)), received_at=NOW, observed_in=month)
    assert len(np.unique(loans.months)) == matured
    assert sum(loans.excluded.values()) + len(loans.defaulted) == 2_400


def test_a_loan_of_unknown_term_has_not_matured() -> None:
    frame, defaulted = some_loans(10)
    frame["term_months"][0] = np.nan
    loans = known_loans(
        frame,
        defaulted.astype(float),
        observed_in=np.datetime64("2026-01"),
        name="books",
        data_sha256="",
    )
    assert loans.excluded == {"not matured by 2026-01": 1}


@pytest.mark.parametrize("status", ["Current", "In Grace Period", None])
def test_a_file_without_outcomes_is_refused(tmp_path: Path, status: str | None) -> None:
    path = _write(tmp_path / "loans.jsonl", [an_event(event_time=None, loan_status=status)])
    with pytest.raises(SettingsInvalid, match="with loan_status Charged Off or Fully Paid, found"):
        read_loans(FileSource(str(path)), received_at=NOW)


def test_a_file_of_which_the_contract_takes_nothing_is_refused(tmp_path: Path) -> None:
    path = _write(tmp_path / "loans.jsonl", [an_event(annual_inc=-1)])
    with pytest.raises(SettingsInvalid, match="found none that the contract takes"):
        read_loans(FileSource(str(path)), received_at=NOW)


def test_weights_are_read_from_the_column_that_is_named(loans_file: Path) -> None:
    loans = read_loans(FileSource(str(loans_file)), received_at=NOW, weighted_by="stands_for")
    assert loans.weights is not None
    assert loans.weights.tolist() == (1.0 + loans.defaulted).tolist()


@pytest.mark.parametrize("column", ["purpose", "no_such_column", "recoveries"])
def test_a_column_that_holds_no_weights_is_refused(loans_file: Path, column: str) -> None:
    with pytest.raises(SettingsInvalid, match=f"column {column}: expected a finite weight above 0"):
        read_loans(FileSource(str(loans_file)), received_at=NOW, weighted_by=column)


def test_simulated_loans_are_those_that_have_matured_and_the_same_each_time() -> None:
    one, other = (simulate_loans(SimSource(seed=3, limit=4_000)) for _ in range(2))
    assert one.data_sha256 == other.data_sha256
    assert simulate_loans(SimSource(seed=4, limit=4_000)).data_sha256 != one.data_sha256
    assert sum(one.excluded.values()) + len(one.defaulted) == 4_000
    due = one.months + one.frame["term_months"].astype(int) + 3
    assert (due <= one.observed_in).all()
    assert str(one.observed_in) == "2019-03"
    assert 0.1 < one.defaulted.mean() < 0.25
    earlier = simulate_loans(SimSource(seed=3, limit=4_000), observed_in=np.datetime64("2017-01"))
    assert len(earlier.defaulted) < len(one.defaulted)


@pytest.mark.usefixtures("few_trees")
def test_training_writes_models_that_load_and_their_dossiers(
    loans_file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "new" / "models"
    given = [str(loans_file), "--out", str(out), "--revision", "mine", "--test-months", "3"]
    assert main([*given, "--weight", "stands_for"]) == 0
    shown = capsys.readouterr().out
    for name in ("scorecard-mine", "boosting-mine", "price-aware-mine"):
        model = load_model(name, folder=out)
        assert {"fico", "inquiries_6m", "purpose"} <= set(model.features)
        assert (model.fit.first_month, model.fit.last_month) == ("2010-01", "2010-09")
        dossier = (out / f"{name}.md").read_text("utf-8")
        assert str(out / f"{name}.json") in shown
        assert model.sha256 in dossier
        assert "issued 2010-10 to\n  2010-12" in dossier
        assert "- Weights: column `stands_for`" in dossier
        assert not re.search(r"[{}]|None|nan", dossier)


@pytest.mark.usefixtures("few_trees")
def test_the_same_simulation_gives_the_same_bytes(tmp_path: Path) -> None:
    for folder in ("one", "two"):
        given = ["--out", str(tmp_path / folder), "--dossiers", str(tmp_path / folder / "said")]
        assert main(["sim://?seed=5&limit=12000", *given]) == 0
    one, two = (
        {
            path.name: path.read_bytes()
            for path in (tmp_path / folder).rglob("*.*")
            if path.is_file()
        }
        for folder in ("one", "two")
    )
    assert len(one) == 9
    assert one == two


@pytest.mark.usefixtures("few_trees")
def test_outcome_fields_in_the_file_change_nothing(loans_file: Path, tmp_path: Path) -> None:
    events = [json.loads(line) for line in loans_file.read_text().splitlines()]
    bare = [{k: v for k, v in event.items() if k != "recoveries"} for event in events]
    given = read_loans(FileSource(str(loans_file)), received_at=NOW)
    stripped = read_loans(FileSource(str(_write(tmp_path / "bare.jsonl", bare))), received_at=NOW)
    one, *_ = train.train(given, revision="t", test_months=3)
    other, *_ = train.train(stripped, revision="t", test_months=3)
    assert isinstance(one.model, Scorecard)
    assert isinstance(other.model, Scorecard)
    assert one.model.characteristics == other.model.characteristics
    assert one.model.fit.data_sha256 != other.model.fit.data_sha256


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["nowhere.csv"], 2, "nowhere.csv: expected a file, found nothing"),
        (["FILE", "--test-months", "12"], 1, "model_error"),
        (["kafka://localhost:9092/loans"], 2, "a topic holds no outcomes"),
        (["sim://", "--weight", "x"], 2, "has no columns of its own"),
        (["FILE", "--observed-on", "2012-01"], 2, "had matured by 2012-01"),
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
    *_, complaint = capsys.readouterr().err.splitlines()  # how the file is read stands before
    assert said in complaint
    assert not (tmp_path / "out").exists()


def test_a_lake_without_outcomes_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RISK_HOME", str(tmp_path))
    assert main(["lake", "--out", str(tmp_path / "out")]) == 2
    assert "the lake holds no outcomes" in capsys.readouterr().err


@pytest.mark.parametrize(
    "arguments",
    [["--test-months", "0"], ["--observed-on", "2012"], ["--revision", "../up"]],
    ids=["no months", "no month", "a path"],
)
def test_what_cannot_be_meant_is_bad_usage(loans_file: Path, arguments: list[str]) -> None:
    with pytest.raises(SystemExit, match="2"):
        main([str(loans_file), *arguments])


@pytest.mark.usefixtures("few_trees")
def test_a_dossier_holds_every_bin_and_pools_small_groups(loans_file: Path) -> None:
    loans = read_loans(FileSource(str(loans_file)), received_at=NOW)
    frame = dict(loans.frame)
    frame["state"] = np.array(["CA", "NV"], dtype=object)[(np.arange(2_396) % 40 == 0).astype(int)]
    whole = known_loans(
        frame,
        loans.defaulted.astype(float),
        observed_in=loans.observed_in,
        name="all.csv",
        data_sha256="0" * 64,
    )
    scorecard, boosting, price_aware = train.train(whole, revision="t", test_months=3)
    assert "- Left out: nothing." in scorecard.dossier
    assert "| 1 smaller groups |" in scorecard.dossier
    assert "| NV |" not in scorecard.dossier
    assert "It may be the champion" in scorecard.dossier
    assert "A challenger" in boosting.dossier
    assert "A benchmark, never the champion" in price_aware.dossier
    assert isinstance(scorecard.model, Scorecard)
    for characteristic in scorecard.model.characteristics:
        for bin_ in characteristic.bins:
            assert f" | {bin_.woe:.4f} | {bin_.points:+d} |" in scorecard.dossier
    assert isinstance(price_aware.model, Logistic)
    for effect in price_aware.model.effects:
        if isinstance(effect, Levels):
            for value, count in zip(effect.values, effect.loans, strict=False):
                assert f"| {value} | {count:,} |" in price_aware.dossier
        else:
            assert f"\n| `{effect.feature}` | " in price_aware.dossier


def test_limits_read_as_intervals() -> None:
    assert intervals([1.0, 2_500.5]) == ["up to 1", "above 1 to 2,500.5", "above 2,500.5"]
    assert intervals([]) == ["any"]


@pytest.fixture(scope="module")
def real_loans(shared_data: Path) -> Loans:
    return read_loans(FileSource(str(shared_data / "loans_2007_2011h1.parquet")), received_at=NOW)


def _apart(loans: Loans) -> tuple[Any, Any]:
    return loans.chosen(loans.months > np.datetime64("2010-09"))


def test_all_real_loans_had_matured_when_their_books_were_looked_at(real_loans: Loans) -> None:
    assert str(real_loans.observed_in) == "2018-12"
    assert len(real_loans.defaulted) == 27_293


def test_the_champion_does_out_of_time_what_its_dossier_says(real_loans: Loans) -> None:
    frame, defaulted = _apart(real_loans)
    pd, _ = score(load_model(), frame)
    assert len(defaulted) == 12_751
    assert auc(pd, defaulted).value >= 0.700
    assert ks_separation(pd, defaulted) >= 0.295
    assert 0.9 <= calibration(pd, defaulted).slope <= 1.1
    assert lift(pd, defaulted, share=0.062) >= 2.3
    rates = [band.default_rate for band in gains(pd, defaulted)]
    assert rates == sorted(rates, reverse=True)


@pytest.mark.parametrize(
    ("version", "least_auc", "least_ks", "least_slope", "least_lift"),
    [("boosting-1", 0.704, 0.310, 0.9, 2.25), ("price-aware-1", 0.708, 0.310, 0.85, 2.35)],
)
def test_the_challengers_do_out_of_time_what_their_dossiers_say(
    real_loans: Loans,
    version: str,
    least_auc: float,
    least_ks: float,
    least_slope: float,
    least_lift: float,
) -> None:
    frame, defaulted = _apart(real_loans)
    pd, _ = score(load_model(version), frame)
    assert auc(pd, defaulted).value >= least_auc
    assert ks_separation(pd, defaulted) >= least_ks
    assert least_slope <= calibration(pd, defaulted).slope <= 1.1
    assert lift(pd, defaulted, share=0.062) >= least_lift


def test_the_reference_model_does_what_is_known_of_it(real_loans: Loans) -> None:
    fitted_on = real_loans.chosen(real_loans.months <= np.datetime64("2010-09"))
    frame, defaulted = _apart(real_loans)
    pd = fit_reference(*fitted_on)(frame)
    assert auc(pd, defaulted).value == pytest.approx(0.672, abs=0.001)
    assert ks_separation(pd, defaulted) == pytest.approx(0.256, abs=0.002)
    assert calibration(pd, defaulted).slope == pytest.approx(0.85, abs=0.005)
    assert lift(pd, defaulted, share=0.062) == pytest.approx(1.89, abs=0.03)


@pytest.mark.long
def test_the_shipped_models_and_their_dossiers_are_what_training_gives(real_loans: Loans) -> None:
    trained = train.train(real_loans, revision="1", test_months=9)
    if trained[0].model.fit.libraries != load_model().fit.libraries:
        pytest.skip("the champion was fitted with other versions of NumPy, SciPy or scikit-learn")
    pages = SHIPPED.parents[1] / "docs/models"
    for each in trained:
        assert to_json(each.model) == to_json(load_model(each.model.version))
        assert each.dossier == (pages / f"{each.model.version}.md").read_text("utf-8")
