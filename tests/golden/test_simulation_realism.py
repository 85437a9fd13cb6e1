"""Simulated loans against real ones: the random samples of 2012 to 2015.

Some of those samples have all statuses, some resolved loans only, so outcomes are compared within
36-month loans, nearly all of which were resolved in either kind.
"""

from collections import Counter
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from dataflows.derive_simulation import main
from lakehouse.registry.artefacts import load_model
from lakehouse.shipped_simulation import load_simulation_parameters
from risk.contract.application import Limits
from risk.features.catalogue import derive
from risk.frame.frame import Frame
from risk.ingest.decode import decode
from risk.ingest.lending_club import clean
from risk.models.model import score
from risk.monitoring.drift import bin_counts, category_counts, psi, reference_edges
from risk.simulation.parameters import SimulationParameters
from tests.risk.simulated import QUIET, a_simulator, rank_correlation

_NOW = datetime(2026, 3, 1, tzinfo=UTC)
_SIMULATED = 40_000
_BAR = 0.1
_FIELDS = """
    loan_amnt term int_rate installment sub_grade emp_length home_ownership annual_inc issue_d
    verification_status purpose addr_state dti delinq_2yrs earliest_cr_line fico_range_low
    inq_last_6mths mths_since_last_delinq mths_since_last_record open_acc pub_rec revol_bal
    revol_util total_acc application_type pub_rec_bankruptcies mort_acc tot_cur_bal
""".split()  # noqa: SIM905  (a table reads best as words)


@pytest.fixture(scope="module")
def table(shared_data: Path) -> pa.Table:
    union = pq.read_table(shared_data / "loans_union.parquet")
    is_random = np.array([text.startswith("random") for text in union["sampling"].to_pylist()])
    year = union["issue_month"].to_numpy().astype("datetime64[Y]").astype(int) + 1970
    return union.filter(pa.array(is_random & (year >= 2012) & (year <= 2015)))


@pytest.fixture(scope="module")
def real(table: pa.Table) -> Frame:
    given = {"event_time": "2026-03-01T00:00:00+00:00"}
    rows = []
    for number, row in enumerate(table.select(_FIELDS).to_pylist()):
        low = row["fico_range_low"]
        high = None if low is None else low + 4  # the union left it out
        rows.append(msgspec.json.encode({"id": number, "fico_range_high": high} | given | row))
    cleaned = clean(decode(rows, limits=Limits()).applications, received_at=_NOW)
    status = np.array(table["loan_status"].to_pylist(), dtype=object)
    frame = dict(cleaned.frame)
    kept = frame["event_id"].astype(np.int64)
    assert len(kept) > 0.999 * len(rows)
    is_resolved = np.isin(status[kept], ("Fully Paid", "Charged Off"))
    frame["defaulted"] = np.where(is_resolved, status[kept] == "Charged Off", np.nan)
    return frame


@pytest.fixture(scope="module")
def simulated(real: Frame) -> Frame:
    months = Counter(real["applied_on"].astype("datetime64[M]").astype(str).tolist())
    simulator = a_simulator(noise=QUIET, seed=20, vintages=months)
    outcomes = simulator.outcomes(0, _SIMULATED)
    return simulator.applications(0, _SIMULATED) | {"defaulted": outcomes["defaulted"]}


@pytest.mark.parametrize(
    "name",
    [
        "dti_pct",
        "rate_pct",
        "amount_usd",
        "income_usd",
        "utilisation_pct",
        "fico",
        "inquiries_6m",
        "open_accounts",
        "total_accounts",
        "credit_age_years",
        "revolving_balance_usd",
        "delinquencies_2y",
    ],
)
def test_figures_are_distributed_as_in_real_samples(
    real: Frame, simulated: Frame, name: str
) -> None:
    edges = reference_edges(real[name])
    counts = [bin_counts(frame[name], edges)[:-1] for frame in (real, simulated)]
    assert psi(*counts) < _BAR / 4


@pytest.mark.parametrize("name", ["term_months", "purpose", "home_ownership", "verification"])
def test_categories_are_distributed_as_in_real_samples(
    real: Frame, simulated: Frame, name: str
) -> None:
    categories = sorted({str(value) for value in real[name] if value is not None})
    counts = [
        category_counts([str(value) for value in frame[name]], categories)[:-1]
        for frame in (real, simulated)
    ]
    assert psi(*counts) < _BAR / 4


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("fico", "rate_pct"),
        ("fico", "utilisation_pct"),
        ("rate_pct", "term_months"),
        ("rate_pct", "inquiries_6m"),
        ("rate_pct", "utilisation_pct"),
        ("income_usd", "amount_usd"),
        ("income_usd", "dti_pct"),
        ("income_usd", "total_accounts"),
        ("amount_usd", "term_months"),
        ("amount_usd", "revolving_balance_usd"),
        ("dti_pct", "open_accounts"),
        ("inquiries_6m", "fico"),
    ],
)
def test_figures_go_together_as_in_real_samples(
    real: Frame, simulated: Frame, first: str, second: str
) -> None:
    found = []
    for frame in (real, simulated):
        known = ~np.isnan(frame[first]) & ~np.isnan(frame[second])
        found.append(rank_correlation(frame[first][known], frame[second][known]))
    assert found[1] == pytest.approx(found[0], abs=0.1)


def _by_decile(frame: Frame) -> tuple[list[float], float]:
    """Return the default rate per decile of the scorecard, and its AUC, over 36-month loans."""
    frame = frame | derive(frame)
    pd, _ = score(load_model(), frame)
    rows = ~np.isnan(frame["defaulted"]) & ~np.isnan(frame["fico"]) & (frame["term_months"] == 36)
    pd, defaulted = pd[rows], frame["defaulted"][rows] == 1
    decile = np.searchsorted(np.quantile(pd, np.arange(1, 10) / 10), pd)
    rates = [float(defaulted[decile == place].mean()) for place in range(10)]
    ranks = pd.argsort().argsort() + 1.0
    bads = int(defaulted.sum())
    auc = (ranks[defaulted].sum() - bads * (bads + 1) / 2) / bads / (len(pd) - bads)
    return rates, float(auc)


def test_defaults_rise_with_the_scorecard_as_in_real_samples(real: Frame, simulated: Frame) -> None:
    real_rates, real_auc = _by_decile(real)
    rates, auc = _by_decile(simulated)
    assert rates == sorted(rates)
    assert auc == pytest.approx(real_auc, abs=0.03)
    # A decile of the real ones is some 240 loans: three standard errors of its share.
    for expected, found in zip(real_rates, rates, strict=True):
        assert found == pytest.approx(expected, abs=3 * np.sqrt(0.15 * 0.85 / 240))
    assert np.mean(rates) == pytest.approx(np.mean(real_rates), abs=0.02)


def test_the_shipped_parameters_are_what_the_script_derives(
    shared_data: Path, tmp_path: Path
) -> None:
    out = tmp_path / "again.json"
    assert main([str(shared_data), "--out", str(out)]) == 0
    derived = msgspec.json.decode(out.read_bytes(), type=SimulationParameters)
    shipped = load_simulation_parameters()
    # Linear algebra differs by platform in the last bits, and eight rounds of it by a little more.
    for ours, theirs in zip(shipped.factor, derived.factor, strict=True):
        assert ours == pytest.approx(theirs, abs=0.02)
    for ours, theirs in zip(shipped.effects, derived.effects, strict=True):
        assert ours == pytest.approx(theirs, abs=0.02)
    alike = {"factor": shipped.factor, "effects": shipped.effects, "outcomes": shipped.outcomes}
    assert msgspec.structs.replace(derived, **alike) == shipped
