import json
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest

from lakehouse.__main__ import main
from lakehouse.errors import QueryInvalid
from lakehouse.lake.filters import Filters
from lakehouse.lake.session import Lake
from lakehouse.monitoring.simulator import curve, limits_of, simulated
from lakehouse.registry.artefacts import load_model, load_policy
from lakehouse.shipped_simulation import load_simulation_parameters
from risk.decision.decide import decide
from risk.frame.frame import Frame
from risk.models.model import score
from risk.policy.candidate import candidate
from risk.policy.document import parse_policy
from risk.simulation.noise import KINDS
from risk.simulation.simulator import Simulator
from tests.lakehouse.history import decide_rows, end, record, store

STANDARD = load_policy("standard-1")
AS_OF = date(2019, 3, 31)


@pytest.fixture(scope="module")
def applications() -> Frame:
    simulator = Simulator(
        load_simulation_parameters(),
        seed=5,
        started_at=datetime(2019, 4, 1, tzinfo=UTC),
        rate_per_second=0.0,
    )
    frame = simulator.applications(0, 6_000)
    is_loan = frame.pop("kind") == KINDS[0]
    return {name: values[is_loan] for name, values in frame.items()}


@pytest.fixture(scope="module")
def lake(applications: Frame, tmp_path_factory: pytest.TempPathFactory) -> Any:
    uri = str(tmp_path_factory.mktemp("cutoffs"))
    store(uri, stored(decide(applications, model=load_model(), policy=STANDARD)))
    session = Lake(uri)
    yield session
    session.close()


def stored(decided: Frame) -> Frame:
    count = len(decided["pd"])
    others = ("purpose_group", "region", "reference_version")
    return {**decided, **{name: np.full(count, "x", dtype=object) for name in others}}


def test_a_candidate_policy_decides_as_the_simulator_counted(
    lake: Lake, applications: Frame
) -> None:
    today = limits_of(STANDARD, pd=0.25)
    then = replace(today, pd=0.2, dti_pct=25.0, inquiries_6m=1.0)
    found = simulated(lake, today, then, as_of=AS_OF)
    policy, document = candidate(
        STANDARD, {"high_dti": 25.0, "many_inquiries": 1.0}, version="c-1", reason="a trial"
    )
    approved = {}
    pd, amount = score(load_model(), applications)[0], applications["amount_usd"]
    for name, each, limit in (("today", STANDARD, 0.25), ("then", parse_policy(document), 0.2)):
        tier = decide(applications, model=load_model(), policy=each)["tier"]
        approved[name] = (pd <= limit) & (tier != "Watchlist")
    assert policy == parse_policy(document)
    assert found.today.loans == approved["today"].sum() > 1_000
    assert found.then.loans == approved["then"].sum()
    assert found.swapped_in.loans == (approved["then"] & ~approved["today"]).sum()
    assert found.swapped_out.loans == (approved["today"] & ~approved["then"]).sum() > 100
    expected = 0.65 * (pd * amount)[approved["then"]].sum()
    assert found.then.expected_loss_usd == pytest.approx(expected)


def test_a_curve_adds_up_the_loans_by_rising_pd(lake: Lake, applications: Frame) -> None:
    points = curve(lake, limits_of(STANDARD), as_of=AS_OF, width=0.05)
    assert [pd for pd, _ in points] == sorted(pd for pd, _ in points)
    decided = decide(applications, model=load_model(), policy=STANDARD)
    within = decided["tier"] != "Watchlist"
    at_20 = next(book for pd, book in points if pd == pytest.approx(0.2))
    assert at_20.loans == (within & (decided["pd"] <= 0.2)).sum()
    assert points[-1][1].share == 1.0


def test_rates_are_of_vintages_that_have_matured(tmp_path: Path) -> None:
    uri = str(tmp_path)
    old = {"applied_on": date(2015, 1, 5), "term_months": 36.0, "pd": 0.1}
    young = {"applied_on": date(2018, 1, 5), "term_months": 36.0, "pd": 0.1}
    decide_rows(uri, old, old, {**old, "pd": 0.4}, young, young)
    dead = [end(each, defaulted=True, ended_on=date(2016, 6, 30)) for each in ("e0", "e2", "e3")]
    record(uri, end("e1", defaulted=False), *dead)
    lake = Lake(uri)
    today = limits_of(STANDARD)
    found = simulated(lake, today, replace(today, pd=0.3), as_of=AS_OF)
    empty = simulated(lake, today, today, Filters(states=("TX",)), as_of=AS_OF)
    assert curve(lake, today, Filters(states=("TX",)), as_of=AS_OF) == []
    lake.close()
    assert (found.today.loans, found.today.judged, found.today.defaults) == (5, 3, 2)
    assert (found.then.loans, found.then.judged, found.then.defaults) == (4, 2, 1)
    assert empty.today.loans == 0


def test_a_policy_of_another_build_is_refused() -> None:
    other = msgspec.structs.replace(STANDARD, early_warning=(("high_dti",),))
    with pytest.raises(QueryInvalid, match="built otherwise"):
        limits_of(other)
    with pytest.raises(QueryInvalid, match="a PD from 0 to 1"):
        limits_of(STANDARD, pd=20.0)


def test_the_command_shows_both_books_and_writes_the_candidate(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("RISK_HOME", str(tmp_path))
    monkeypatch.setenv("RISK_LAKE_URI", str(tmp_path / "lake"))
    old = {"applied_on": date(2015, 1, 5), "term_months": 36.0, "dti_pct": 32.0}
    decide_rows(str(tmp_path / "lake"), *({**old, "inquiries_6m": 2.0} for _ in range(3)), old)
    file = tmp_path / "c-1.json"
    written = ["--write", str(file), "--version", "c-1", "--reason", "less strict"]
    assert main(["cutoffs", "--high-dti", "35", "--json", *written]) == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["today"]["loans"], found["then"]["loans"]) == (1, 4)
    assert parse_policy(file.read_bytes()).conditions[0].versions[0].threshold == 35.0
    assert main(["cutoffs", "--term", "0"]) == 0
    assert "over accepted loans only" in capsys.readouterr().out
    assert main(["cutoffs", "--write", str(file)]) == 2
    assert main(["cutoffs", "--lgd", "2"]) == 2
    assert main(["cutoffs", "--write", str(tmp_path / "no" / "c"), *written[2:]]) == 2
