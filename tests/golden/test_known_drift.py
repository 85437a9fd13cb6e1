"""The known drift of real applications, 2012-13 against 2016-18, in its order of size."""

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest
from numpy.typing import NDArray

from risk.ingest import dialects
from risk.monitoring.drift import bin_counts, reference_edges
from risk.monitoring.population_shift import FeatureShift, feature_shift
from risk.monitoring.reference import Numbers

# As measured by others on a larger sample; this one has 6,110 and 735 loans.
KNOWN = {
    "int_rate": 0.22,
    "revol_util": 0.20,
    "inq_last_6mths": 0.12,
    "loan_amnt": 0.11,
    "dti": 0.07,
    "annual_inc": 0.05,
}


@pytest.fixture(scope="module")
def shifts(shared_data: Path) -> dict[str, FeatureShift]:
    rows = pq.read_table(shared_data / "loans_union.parquet")
    years = pc.year(rows.column("issue_month")).to_numpy()
    is_random = pc.match_substring(rows.column("sampling"), "random, all statuses").to_numpy()
    before, now = ((years >= a) & (years <= b) & is_random for a, b in ((2012, 2013), (2016, 2018)))
    columns = {name: numbers(rows.column(name).to_pylist()) for name in KNOWN}
    found = {name: compared(name, values, before, now) for name, values in columns.items()}
    age = credit_age(rows)  # most of the loans of 2012-13 are in a source without it
    has_age = ~np.isnan(age)
    return found | {"credit_age": compared("credit_age", age, before & has_age, now & has_age)}


def numbers(values: list[Any]) -> NDArray[np.float64]:
    parsed = [float(str(value).strip(" %")) if value is not None else np.nan for value in values]
    return np.array(parsed)


def credit_age(rows: Any) -> NDArray[np.float64]:
    issued = rows.column("issue_month").to_numpy().astype("datetime64[D]")
    first, _ = dialects.dates(rows.column("earliest_cr_line").to_pylist(), latest=issued)
    age = (issued - first).astype(np.float64) / 365.25
    return np.where(np.isnat(first), np.nan, age)


def compared(
    name: str, values: NDArray[np.float64], before: NDArray[np.bool_], now: NDArray[np.bool_]
) -> FeatureShift:
    edges = tuple(reference_edges(values[before]).tolist())
    counts = tuple(bin_counts(values[before], edges).tolist())
    bins = Numbers(feature=name, edges=edges, deciles=edges, counts=counts)
    return feature_shift(bins, bin_counts(values[now], edges))


@pytest.mark.parametrize("name", KNOWN)
def test_known_drift_is_found_in_its_size(shifts: dict[str, FeatureShift], name: str) -> None:
    assert shifts[name].psi == pytest.approx(KNOWN[name], abs=0.05)
    assert shifts[name].p_value < 1e-4


def test_known_drift_is_found_in_its_order(shifts: dict[str, FeatureShift]) -> None:
    sizes = [shifts[name].psi for name in KNOWN]
    assert sizes == pytest.approx(sorted(sizes, reverse=True), abs=0.025)


def test_credit_history_measured_to_the_application_stood_still(
    shifts: dict[str, FeatureShift],
) -> None:
    found = shifts["credit_age"]
    assert found.psi < found.noise
    assert found.p_value > 0.01
