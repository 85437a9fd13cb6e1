"""The reference's scored portfolio: 51,121 loans that ended, with its bands, flags and tiers."""

from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

from risk.frame.frame import Frame, complete
from risk.policy.rules import apply, refusals
from tests.risk.applications import shipped_policy

_COLUMNS = {
    "amount_usd": "loan_amnt",
    "income_usd": "annual_inc",
    "dti_pct": "dti",
    "utilisation_pct": "revol_util_pct",
    "rate_pct": "int_rate_pct",
    "delinquencies_2y": "delinq_2yrs",
    "inquiries_6m": "inq_last_6mths",
    "credit_age_years": "credit_history_years",
}


@pytest.fixture(scope="module")
def portfolio(shared_data: Path) -> Frame:
    table = pq.read_table(shared_data / "portfolio_reference.parquet")
    return {name: table[name].to_numpy() for name in table.column_names}


@pytest.fixture(scope="module")
def frame(portfolio: Frame) -> Frame:
    return complete({ours: portfolio[theirs] for ours, theirs in _COLUMNS.items()})


def test_reference_1_judges_every_loan_as_the_reference_does(
    portfolio: Frame, frame: Frame
) -> None:
    judged = apply(shipped_policy("reference-1"), frame)
    assert len(judged["tier"]) == 51_121
    for band in ("dti_band", "util_band", "rate_band"):
        assert judged[band].tolist() == portfolio[band].tolist(), band
    assert judged["tier"].tolist() == portfolio["risk_tier"].tolist()
    np.testing.assert_array_equal(judged["early_warning_flag"], portfolio["early_warning_flag"])
    assert refusals(shipped_policy("reference-1"), frame) == []


def test_the_references_published_figures_come_out_to_the_digit(
    portfolio: Frame, frame: Frame
) -> None:
    judged = apply(shipped_policy("reference-1"), frame)
    is_watchlisted = judged["tier"] == "Watchlist"
    defaulted = portfolio["default"].astype(np.float64)
    baseline, watched = defaulted.mean(), defaulted[is_watchlisted].mean()
    assert is_watchlisted.sum() == 3_178
    assert round(is_watchlisted.mean(), 6) == 0.062166
    assert round(baseline, 4) == 0.1992
    assert round(watched, 6) == 0.267149
    assert round(watched / baseline, 4) == 1.3413
