from datetime import date
from typing import Any

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lakehouse.registry.artefacts import load_model
from risk.contract.application import Band
from risk.decision.decide import decide
from risk.errors import ContractError
from risk.explain.explanation import Explanation, explain
from risk.explain.reasons import adverse_reasons
from risk.frame.frame import Frame, take
from risk.models.inputs import model_columns
from risk.policy.document import Edges, Policy, Threshold
from tests.risk.applications import a_model, figures, shipped_policy
from tests.risk.boosted import a_boosting
from tests.risk.logistics import a_logistic
from tests.risk.simulated import QUIET, a_simulator

_CHAMPION = load_model()
_APPLICATIONS = a_simulator(noise=QUIET).applications(0, 1_000)
_WATCHED: dict[str, Any] = {
    "dti_pct": [32.0],
    "utilisation_pct": [85.0],
    "rate_pct": [12.0],
    "delinquencies_2y": [0.0],
    "inquiries_6m": [3.0],
    "fico": [662.0],
    "applied_on": np.array(["2015-07-01"], dtype="datetime64[D]"),
    "purpose": np.array(["credit_card"], dtype=object),
}


def _explained(policy: str = "standard-1", **changes: Any) -> Explanation:
    return explain(figures(**_WATCHED | changes), model=_CHAMPION, policy=shipped_policy(policy))


def _dated_policy() -> Policy:
    """Return the standard policy with DTI rules that tighten in 2016."""
    standard = shipped_policy("standard-1")
    dti, *scales = standard.scales
    high_dti, *conditions = standard.conditions
    later = date(2016, 1, 1)
    edges = Edges(effective_from=later, edges=(10, 20, 30))
    limit = Threshold(effective_from=later, threshold=20, code="DTI>=20")
    return msgspec.structs.replace(
        standard,
        scales=(msgspec.structs.replace(dti, versions=(*dti.versions, edges)), *scales),
        conditions=(
            msgspec.structs.replace(high_dti, versions=(*high_dti.versions, limit)),
            *conditions,
        ),
    )


@settings(max_examples=60)
@given(row=st.integers(0, 999), policy=st.sampled_from(["standard-2", "standard-1", "reference-1"]))
def test_an_explanation_is_that_of_the_decision(row: int, policy: str) -> None:
    one = take(_APPLICATIONS, np.array([row]))
    rules = shipped_policy(policy)
    decided = {
        name: column[0] for name, column in decide(one, model=_CHAMPION, policy=rules).items()
    }
    explanation = explain(one, model=_CHAMPION, policy=rules)
    found, model = explanation.policy, explanation.model
    assert found.tier == decided["tier"]
    assert "|".join(found.reasons) == decided["reasons"]
    assert {band.name: band.band for band in found.bands} == {
        name: decided[name] for name in ("dti_band", "util_band", "rate_band")
    }
    assert found.early_warning.is_raised == decided["early_warning_flag"]
    assert found.early_warning.is_raised == all(found.early_warning.met)
    assert (model.pd, model.points) == (decided["pd"], decided["points"])
    assert (model.version, model.sha256) == (decided["model_version"], decided["model_sha256"])


@settings(max_examples=60)
@given(row=st.integers(0, 999))
def test_contributions_add_up_to_the_points_and_reasons_are_the_adverse_ones(row: int) -> None:
    one = take(_APPLICATIONS, np.array([row]))
    explanation = explain(one, model=_CHAMPION, policy=shipped_policy("standard-1"))
    model = explanation.model
    assert tuple(each.feature for each in model.contributions) == _CHAMPION.features
    assert model.base_points + sum(each.points for each in model.contributions) == model.points
    assert all(c.shortfall == c.reference_points - c.points for c in model.contributions)
    adverse = np.array([explanation.policy.tier != "Low"])
    codes = adverse_reasons(_CHAMPION, model_columns(one), adverse)[0]
    assert "|".join(reason.code for reason in model.reasons) == (codes or "")


def test_a_watchlisted_application_shows_every_condition_and_which_are_met() -> None:
    found = _explained().policy
    assert (found.tier, found.early_warning.is_raised) == ("Watchlist", True)
    assert [(c.name, c.threshold, c.figure, c.is_met) for c in found.conditions] == [
        ("high_dti", 30, 32.0, True),
        ("high_utilisation", 80, 85.0, True),
        ("recent_delinquency", 0, 0.0, False),
        ("many_inquiries", 2, 3.0, True),
    ]
    assert found.early_warning.expression == (
        "(high_dti or high_utilisation) and (recent_delinquency or many_inquiries)"
    )
    assert found.early_warning.met == (("high_dti", "high_utilisation"), ("many_inquiries",))
    assert found.reasons == ("DTI>=30", "REVOL_UTIL>=80", "INQ_LAST_6MTHS>=2")


def test_a_pd_rule_shows_its_limit_the_pd_and_the_tier_that_it_gives() -> None:
    explanation = _explained("standard-2")
    found, pd = explanation.policy.pd_rules, explanation.model.pd
    assert [(rule.tier, rule.threshold, rule.code) for rule in found] == [
        ("Elevated", 0.3, "PD_HIGH"),
        ("Watchlist", 0.5, "PD_VERY_HIGH"),
    ]
    assert {rule.pd for rule in found} == {pd}
    assert [rule.is_met for rule in found] == [pd >= rule.threshold for rule in found]


def test_a_band_shows_its_edges_its_figure_and_whether_it_elevates() -> None:
    dti, utilisation, rate = _explained(utilisation_pct=[np.nan]).policy.bands
    assert (dti.edges, dti.figure, dti.band, dti.code) == (
        (20, 30, 40),
        32.0,
        Band.HIGH,
        "DTI_HIGH",
    )
    assert (utilisation.figure, utilisation.band, utilisation.code) == (
        None,
        Band.MISSING,
        "REVOL_UTIL_MISSING",
    )
    assert (rate.band, rate.elevates, rate.code) == (Band.MODERATE, False, None)


def test_a_band_may_elevate_without_a_code_and_a_figure_may_have_no_band() -> None:
    dti, utilisation, _ = _explained("reference-1", utilisation_pct=[0.0]).policy.bands
    assert (dti.band, dti.elevates, dti.code) == (Band.HIGH, True, None)
    assert (utilisation.figure, utilisation.band) == (0.0, None)
    assert utilisation.within is not None


@pytest.mark.parametrize(
    ("applied_on", "threshold", "edges", "since"),
    [
        ("2015-12-31", 30, (20, 30, 40), date(1970, 1, 1)),
        ("2016-01-01", 20, (10, 20, 30), date(2016, 1, 1)),
        ("NaT", 30, (20, 30, 40), date(1970, 1, 1)),
    ],
)
def test_the_rules_shown_are_those_in_force_on_the_application_date(
    applied_on: str, threshold: float, edges: tuple[float, ...], since: date
) -> None:
    row = _WATCHED | {
        "dti_pct": [25.0],
        "utilisation_pct": [10.0],
        "applied_on": np.array([applied_on], dtype="datetime64[D]"),
    }
    found = explain(figures(**row), model=_CHAMPION, policy=_dated_policy()).policy
    rule = found.conditions[0]
    assert (rule.threshold, rule.effective_from, found.bands[0].edges) == (threshold, since, edges)
    assert rule.is_met == found.early_warning.is_raised == (threshold == 20)
    assert found.applied_on == (None if applied_on == "NaT" else date.fromisoformat(applied_on))


def test_a_joint_application_is_explained_by_both_applicants_figures() -> None:
    joint: dict[str, Any] = {
        "is_joint": [True],
        "joint_dti_pct": [12.0],
        "joint_income_usd": [90_000.0],
    }
    explanation = _explained(**joint)
    income = next(c for c in explanation.model.contributions if c.feature == "income_usd")
    assert explanation.policy.conditions[0].figure == 12.0
    assert income.value == 90_000.0


@pytest.mark.parametrize(
    ("column", "value", "words", "points"),
    [
        ("fico", 662.0, "up to 664.5", -33),
        ("fico", 664.5, "up to 664.5", -33),
        ("fico", 665.0, "above 664.5, up to 669.5", -28),
        ("fico", 840.0, "above 784.5", 42),
        ("fico", np.nan, "missing", 0),
        ("employment_years", 4.0, "any", 0),
        ("employment_years", np.nan, "missing", -25),
        ("income_usd", 80_000.0, "above 70,000, up to 90,000", 2),
        ("purpose", "credit_card", "credit_card", 18),
        ("purpose", "renewable_energy", "not among the loans of the fit", 0),
        ("purpose", "a new purpose", "not a word of the catalogue", 0),
        ("purpose", None, "missing", 0),
    ],
)
def test_a_contribution_says_the_bin_and_its_points(
    column: str, value: Any, words: str, points: int
) -> None:
    values = np.array([value], dtype=object if column == "purpose" else np.float64)
    changes: dict[str, Any] = {column: values}
    contributions = _explained(**changes).model.contributions
    found = next(each for each in contributions if each.feature == column)
    assert (found.bin, found.points) == (words, points)


def test_reasons_come_with_their_sentences_and_only_where_the_decision_is_adverse() -> None:
    first, *_ = _explained().model.reasons
    assert (first.code, first.sentence) == (
        "FICO_LOW",
        "The FICO score is lower than in safer applications.",
    )
    mild: dict[str, Any] = {"dti_pct": [10.0], "utilisation_pct": [10.0]}
    explanation = _explained(**mild)
    assert (explanation.policy.tier, explanation.model.reasons) == ("Low", ())


def test_an_explanation_is_json_without_help() -> None:
    document = msgspec.json.encode(_explained(fico=[np.nan]))
    assert msgspec.json.decode(document, type=Explanation) == _explained(fico=[np.nan])


@pytest.mark.parametrize("count", [0, 2])
def test_one_application_is_explained_at_a_time(count: int) -> None:
    frame: Frame = figures(dti_pct=np.zeros(count))
    with pytest.raises(ContractError, match=f"one application, found {count}"):
        explain(frame, model=a_model(), policy=shipped_policy("standard-1"))


@pytest.mark.parametrize("dti_pct", [10.0, 20.0, 30.0, np.nan])
@pytest.mark.parametrize("purpose", ["credit_card", "a new purpose", None])
def test_a_boostings_contributions_add_up_to_its_points_too(
    dti_pct: float, purpose: str | None
) -> None:
    row = {"dti_pct": [dti_pct], "purpose": np.array([purpose], dtype=object)}
    model = explain(
        figures(**_WATCHED | row), model=a_boosting(), policy=shipped_policy("standard-1")
    ).model
    total = model.base_points + sum(each.points for each in model.contributions)
    # PDs and points are looked up to the nearest thousandth of log-odds.
    assert total == pytest.approx(model.points, abs=0.02)


def test_a_boosting_says_bins_halves_a_pairs_effect_and_what_neutralising_would_gain() -> None:
    row = {"dti_pct": [30.0], "purpose": np.array([None], dtype=object)}
    model = explain(
        figures(**_WATCHED | row), model=a_boosting(), policy=shipped_policy("standard-1")
    ).model
    dti, purpose = model.contributions
    assert (dti.bin, purpose.bin, dti.value, purpose.value) == ("above 20", "missing", 30.0, None)
    points = 20.0 / np.log(2.0)
    assert dti.points == pytest.approx(-points * (0.1 + 0.06 / 2))
    assert purpose.points == pytest.approx(-points * (0.2 + 0.06 / 2))
    assert dti.shortfall == pytest.approx(points * 0.26)
    assert dti.reference_points == pytest.approx(dti.points + dti.shortfall)
    assert [reason.code for reason in model.reasons] == ["DTI_HIGH", "PURPOSE_MISSING"]


@settings(max_examples=60)
@given(row=st.integers(0, 999))
def test_a_logistics_contributions_add_up_to_its_points_too(row: int) -> None:
    one = take(_APPLICATIONS, np.array([row]))
    model = explain(
        one, model=load_model("price-aware-1"), policy=shipped_policy("standard-1")
    ).model
    total = model.base_points + sum(each.points for each in model.contributions)
    assert total == pytest.approx(model.points, abs=0.006)


@pytest.mark.parametrize(
    ("dti_pct", "purpose", "words"),
    [
        (30.0, "car", ["30", "car"]),
        (45.0, None, ["40 or more", "missing"]),
        (0.0, "a new purpose", ["0 or less", "not a word of the catalogue"]),
        (0.0, "renewable_energy", ["0 or less", "not among the loans of the fit"]),
        (np.nan, "car", ["missing", "car"]),
    ],
)
def test_a_logistic_says_the_value_and_what_it_is_worth_beside_the_average_loan(
    dti_pct: float, purpose: str | None, words: list[str]
) -> None:
    row = {"dti_pct": [dti_pct], "purpose": np.array([purpose], dtype=object)}
    model = explain(
        figures(**_WATCHED | row), model=a_logistic(), policy=shipped_policy("standard-1")
    ).model
    dti, bought, *_ = model.contributions
    assert [dti.bin, bought.bin] == words
    points = 20.0 / np.log(2.0)
    assert dti.reference_points == 0.0
    assert bought.reference_points == pytest.approx(-points * 0.0125)
    effect = 0.05 if np.isnan(dti_pct) else 0.02 * (min(dti_pct, 40.0) - 20.0)
    assert dti.points == pytest.approx(-points * effect)


def test_a_contribution_against_credit_sense_is_shown_but_is_no_reason() -> None:
    row: dict[str, Any] = {"credit_age_years": [33.0], "income_usd": [np.expm1(11.5)]}
    model = explain(
        figures(**_WATCHED | row), model=a_logistic(), policy=shipped_policy("standard-1")
    ).model
    age = model.contributions[-1]
    assert age.shortfall > 0
    assert "credit_age_years" not in {reason.feature for reason in model.reasons}
