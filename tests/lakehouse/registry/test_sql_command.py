"""A scorecard and a policy in SQL decide as `decide` does, to the bit."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa
import pytest
from numpy.typing import NDArray

from lakehouse.__main__ import main
from lakehouse.registry.artefacts import load_model, load_policy
from lakehouse.silver.reference_tables import shipped
from risk.contract.columns import APPLICATION_COLUMNS
from risk.decision.decide import decide
from risk.decision.reference_tables import join
from risk.frame.frame import Frame, complete, take
from risk.models.scorecard import Scorecard
from risk.models.scorecard_document import Steps
from risk.policy.document import Policy
from risk.policy.rules import refusals

COUNT = 100_000


def limits_of(model: Scorecard, policy: Policy) -> dict[str, list[float]]:
    """Every number at which an answer may change, by column."""
    found: dict[str, list[float]] = {}
    for characteristic in model.characteristics:
        if isinstance(characteristic, Steps):
            found.setdefault(characteristic.feature, []).extend(characteristic.limits)
    for scale in policy.scales:
        for version in scale.versions:
            found.setdefault(scale.column, []).extend([*version.edges, *(scale.within or ())])
    for condition in policy.conditions:
        found.setdefault(condition.column, []).extend(v.threshold for v in condition.versions)
    return found


def applications(model: Scorecard, policy: Policy) -> Frame:
    """Figures at, just beside and between all limits, missing ones, texts nobody knows."""
    rng = np.random.default_rng(17)
    limits = limits_of(model, policy)

    def numbers(name: str) -> NDArray[np.float64]:
        at = np.array([0.0, *limits.get(name, []), 10_000.0, 60_000.0])
        drawn = rng.choice(np.unique([at, np.nextafter(at, -1), np.nextafter(at, 1e9)]), COUNT)
        drawn = np.where(rng.random(COUNT) < 0.5, drawn, rng.uniform(0, 100_000, COUNT))
        drawn = np.where(np.abs(drawn) < 1e-9, 0.0, np.abs(drawn))
        return np.where(rng.random(COUNT) < 0.1, np.nan, drawn)

    groups = [c.groups for c in model.characteristics if not isinstance(c, Steps)]
    known = [value for of_one in groups for group in of_one for value in group.values]
    texts = np.array([None, "unheard of", "it's", *known], dtype=object)
    frame: Frame = {
        each.name: numbers(each.name) for each in APPLICATION_COLUMNS if each.kind == "float"
    }
    frame["event_id"] = np.array([f"e{row}" for row in range(COUNT)], dtype=object)
    frame["application_id"] = frame["event_id"]
    frame["purpose"] = rng.choice(texts, COUNT)
    frame["is_joint"] = rng.random(COUNT) < 0.3
    frame["applied_on"] = np.datetime64("2006-06-01") + rng.integers(0, 5_000, COUNT)
    return complete(frame)


def as_arrow(frame: Frame) -> pa.Table:
    return pa.table(
        {each.name: pa.array(frame[each.name], from_pandas=True) for each in APPLICATION_COLUMNS}
    )


@pytest.fixture
def connection() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as connection:
        yield connection


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RISK_HOME", str(tmp_path))


@pytest.mark.parametrize("policy_version", ["standard-1", "reference-1"])
def test_a_hundred_thousand_applications_are_decided_alike(
    policy_version: str, connection: duckdb.DuckDBPyConnection, capsys: pytest.CaptureFixture[str]
) -> None:
    model, policy = load_model("scorecard-1"), load_policy(policy_version)
    assert isinstance(model, Scorecard)
    frame = applications(model, policy)
    refused = [each.row for each in refusals(policy, frame)]
    frame = take(frame, np.delete(np.arange(COUNT), refused))
    decided = decide(join(shipped(), frame), model=model, policy=policy)
    connection.register("applications", as_arrow(frame))

    def answered(*command: str) -> dict[str, Any]:
        assert main([*command, "--from", "applications", "--joint"]) == 0
        rows = connection.sql(capsys.readouterr().out).order("cast(event_id[2:] as integer)")
        return {name: rows.to_arrow_table()[name].to_pylist() for name in rows.columns}

    scored = answered("models", "sql", "scorecard-1")
    assert scored["event_id"] == frame["event_id"].tolist()
    assert scored["points"] == decided["points"].astype(int).tolist()
    assert np.abs(np.array(scored["pd"]) - decided["pd"]).max() <= 1e-12
    judged = answered("policies", "sql", policy_version)
    for name in ("dti_band", "util_band", "rate_band", "early_warning_flag", "tier", "reasons"):
        assert judged[name] == decided[name].tolist(), name
    assert len(set(judged["tier"])) == 3


def test_refused_applications_are_left_out(
    connection: duckdb.DuckDBPyConnection, capsys: pytest.CaptureFixture[str]
) -> None:
    model, policy = load_model("scorecard-1"), load_policy("reference-1")
    assert isinstance(model, Scorecard)
    frame = applications(model, policy)
    connection.register("applications", as_arrow(frame))
    assert main(["policies", "sql", "reference-1", "--from", "applications", "--joint"]) == 0
    judged = connection.sql(capsys.readouterr().out).to_arrow_table()
    refused = {each.row for each in refusals(policy, frame)}
    assert refused
    assert set(judged["event_id"].to_pylist()) == {
        f"e{row}" for row in range(COUNT) if row not in refused
    }


def test_a_model_that_is_no_scorecard_has_no_such_formula(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["models", "sql", "boosting-1"]) == 2
    assert "expected a scorecard" in capsys.readouterr().err
