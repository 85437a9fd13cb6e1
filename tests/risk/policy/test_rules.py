from datetime import date
from typing import Any

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from risk.contract.application import Band, RejectCode, Stage, Tier
from risk.errors import PolicyError
from risk.frame.frame import Frame, take
from risk.policy.document import SCALES, Edges, Policy, Threshold, parse_policy
from risk.policy.rules import apply, judged_figures, refusals
from tests.risk.applications import SHIPPED, assert_same_frame, figures, shipped_policy

_FIGURE = {"dti_band": "dti_pct", "util_band": "utilisation_pct", "rate_band": "rate_pct"}
_EDGES = {"dti_band": (20, 30, 40), "util_band": (30, 60, 80), "rate_band": (10, 15, 20)}


def _judged(policy: str = "standard-1", **columns: list[float]) -> Frame:
    return apply(shipped_policy(policy), figures(**columns))


def _one(policy: str = "standard-1", **values: float) -> dict[str, Any]:
    return {name: column[0] for name, column in _judged(policy, **_columns(values)).items()}


def _columns(values: dict[str, float]) -> dict[str, list[float]]:
    return {name: [float(value)] for name, value in values.items()}


@pytest.mark.parametrize("policy", ["standard-1", "reference-1"])
@pytest.mark.parametrize("band", SCALES)
def test_an_edge_belongs_to_the_band_below_it(policy: str, band: str) -> None:
    first, second, third = _EDGES[band]
    steps = [0.01, first, first + 0.01, second, second + 0.01, third, third + 0.01, 100]
    names = _judged(policy, **{_FIGURE[band]: [float(step) for step in steps]})[band].tolist()
    assert names == [name for name in ("Low", "Moderate", "High", "Very High") for _ in range(2)]


@pytest.mark.parametrize("band", SCALES)
@pytest.mark.parametrize(
    ("figure", "standard", "reference"),
    [(0.0, "Low", None), (100.01, "Very High", None), (np.nan, "Missing", None)],
    ids=["zero", "above 100", "missing"],
)
def test_bands_are_total_in_the_standard_and_not_in_the_reference(
    band: str, figure: float, standard: str, reference: str | None
) -> None:
    assert _one("standard-1", **{_FIGURE[band]: figure})[band] == standard
    assert _one("reference-1", **{_FIGURE[band]: figure})[band] == reference


_MILD = {"dti_pct": 10, "utilisation_pct": 10, "delinquencies_2y": 0, "inquiries_6m": 0}


@pytest.mark.parametrize(
    ("values", "reasons"),
    [
        ({"dti_pct": 30, "delinquencies_2y": 1}, "DTI>=30|DELINQ_2YRS>0"),
        ({"dti_pct": 30, "inquiries_6m": 2}, "DTI>=30|INQ_LAST_6MTHS>=2"),
        ({"utilisation_pct": 80, "inquiries_6m": 2}, "REVOL_UTIL>=80|INQ_LAST_6MTHS>=2"),
        (
            {"dti_pct": 99, "utilisation_pct": 99, "delinquencies_2y": 9, "inquiries_6m": 9},
            "DTI>=30|REVOL_UTIL>=80|DELINQ_2YRS>0|INQ_LAST_6MTHS>=2",
        ),
    ],
    ids=["DTI and delinquency", "DTI and inquiries", "utilisation and inquiries", "all"],
)
@pytest.mark.parametrize("policy", ["standard-1", "reference-1"])
def test_debt_and_trouble_together_put_an_application_on_the_watchlist(
    policy: str, values: dict[str, float], reasons: str
) -> None:
    judged = _one(policy, **_MILD | values)
    assert judged["early_warning_flag"]
    assert (judged["tier"], judged["reasons"]) == ("Watchlist", reasons)


@pytest.mark.parametrize(
    "values",
    [
        {"dti_pct": 29.99, "delinquencies_2y": 1, "inquiries_6m": 1},
        {"utilisation_pct": 79.99, "delinquencies_2y": 1},
        {"dti_pct": 30, "utilisation_pct": 80, "inquiries_6m": 1},
        {"dti_pct": np.nan, "utilisation_pct": np.nan, "delinquencies_2y": 5},
        {"dti_pct": 50, "delinquencies_2y": np.nan, "inquiries_6m": np.nan},
    ],
    ids=["below DTI", "below utilisation", "no trouble", "no figures", "trouble unknown"],
)
@pytest.mark.parametrize("policy", ["standard-1", "reference-1"])
def test_one_of_the_two_alone_does_not(policy: str, values: dict[str, float]) -> None:
    judged = _one(policy, **_MILD | values)
    assert not judged["early_warning_flag"]
    assert judged["tier"] != "Watchlist"


@pytest.mark.parametrize(
    ("values", "reasons"),
    [
        ({"dti_pct": 30.01}, "DTI_HIGH"),
        ({"dti_pct": 40.01}, "DTI_VERY_HIGH"),
        ({"dti_pct": np.nan}, "DTI_MISSING"),
        ({"utilisation_pct": 60.01}, "REVOL_UTIL_HIGH"),
        ({"utilisation_pct": 101}, "REVOL_UTIL_VERY_HIGH"),
        ({"utilisation_pct": np.nan}, "REVOL_UTIL_MISSING"),
        ({"dti_pct": 35, "utilisation_pct": 70}, "DTI_HIGH|REVOL_UTIL_HIGH"),
    ],
    ids=str,
)
def test_an_elevated_application_says_which_bands_elevate_it(
    values: dict[str, float], reasons: str
) -> None:
    judged = _one("standard-1", **_MILD | values)
    assert (judged["tier"], judged["reasons"]) == ("Elevated", reasons)


def test_a_low_application_says_so() -> None:
    assert _one("standard-1", **_MILD)["reasons"] == "WITHIN_LIMITS"


def test_the_reference_gives_reasons_for_the_watchlist_only() -> None:
    judged = _judged("reference-1", dti_pct=[10.0, 35.0], utilisation_pct=[10.0, 10.0])
    assert judged["tier"].tolist() == ["Low", "Elevated"]
    assert judged["reasons"].tolist() == ["", ""]


def test_a_rate_band_does_not_elevate() -> None:
    assert _one("standard-1", **_MILD, rate_pct=30)["tier"] == "Low"


_ANY = st.one_of(st.floats(allow_infinity=False), st.sampled_from([0.0, 20.0, 30.0, 80.0, 100.0]))


@given(st.lists(st.tuples(_ANY, _ANY, _ANY, _ANY, _ANY), min_size=1, max_size=20))
def test_every_figure_has_a_band_and_every_tier_a_reason(rows: Any) -> None:
    dti, utilisation, rate, delinquencies, inquiries = map(list, zip(*rows, strict=True))
    judged = _judged(
        dti_pct=dti,
        utilisation_pct=utilisation,
        rate_pct=rate,
        delinquencies_2y=delinquencies,
        inquiries_6m=inquiries,
    )
    for band in SCALES:
        assert set(judged[band]) <= set(Band)
    assert set(judged["tier"]) <= set(Tier)
    assert all(judged["reasons"])
    assert (judged["early_warning_flag"] == (judged["tier"] == "Watchlist")).all()


@given(st.floats(0, 200), st.floats(0, 200))
def test_a_higher_figure_is_never_in_a_lower_band(one: float, other: float) -> None:
    ladder = [str(band) for band in Band]
    low, high = sorted((one, other))
    bands = _judged(dti_pct=[low, high])["dti_band"]
    assert ladder.index(bands[0]) <= ladder.index(bands[1])


def test_joint_figures_stand_in_where_the_application_is_joint_and_gives_them() -> None:
    frame = figures(
        dti_pct=[35.0, 35.0, 35.0],
        joint_dti_pct=[12.0, np.nan, 12.0],
        income_usd=[0.0, 10.0, 20.0],
        joint_income_usd=[90.0, np.nan, 90.0],
        is_joint=[True, True, False],
    )
    standard = judged_figures(shipped_policy("standard-1"), frame)
    assert standard["dti_pct"].tolist() == [12.0, 35.0, 35.0]
    assert standard["income_usd"].tolist() == [90.0, 10.0, 20.0]
    reference = judged_figures(shipped_policy("reference-1"), frame)
    assert reference["dti_pct"].tolist() == [35.0, 35.0, 35.0]
    assert frame["dti_pct"].tolist() == [35.0, 35.0, 35.0]


def test_the_reference_refuses_what_lacks_a_figure_it_needs() -> None:
    complete = {
        "amount_usd": [1.0, 1.0],
        "income_usd": [1.0, 1.0],
        "dti_pct": [1.0, np.nan],
        "rate_pct": [1.0, 1.0],
        "credit_age_years": [1.0, np.nan],
    }
    (reject,) = refusals(shipped_policy("reference-1"), figures(**complete))
    assert (reject.row, reject.stage, reject.code) == (1, Stage.DECIDE, RejectCode.MISSING_REQUIRED)
    assert reject.reason.endswith("without dti_pct, credit_age_years")


def test_the_standard_refuses_nothing_that_the_contract_accepts() -> None:
    assert refusals(shipped_policy("standard-1"), figures(amount_usd=[1.0])) == []


def _changed(**changes: Any) -> Policy:
    return msgspec.structs.replace(shipped_policy("standard-1"), **changes)


def _two_eras() -> Policy:
    """Return the standard with a DTI limit of 35, edges to match, from 2020 on."""
    policy = shipped_policy("standard-1")
    scale, *scales = policy.scales
    condition, *conditions = policy.conditions
    later = date(2020, 1, 1)
    return _changed(
        scales=(
            msgspec.structs.replace(
                scale, versions=(*scale.versions, Edges(later, (25.0, 35.0, 45.0)))
            ),
            *scales,
        ),
        conditions=(
            msgspec.structs.replace(
                condition, versions=(*condition.versions, Threshold(later, 35.0, "DTI>=35"))
            ),
            *conditions,
        ),
    )


def test_a_past_month_is_judged_by_the_rules_of_its_time() -> None:
    frame = figures(
        dti_pct=[34.0, 34.0, 36.0, 34.0],
        utilisation_pct=[10.0] * 4,
        delinquencies_2y=[1.0] * 4,
        applied_on=np.array(
            ["2019-12-31", "2020-01-01", "2020-01-01", "NaT"], dtype="datetime64[D]"
        ),
    )
    judged = apply(_two_eras(), frame)
    assert judged["dti_band"].tolist() == ["High", "Moderate", "High", "High"]
    assert judged["tier"].tolist() == ["Watchlist", "Low", "Watchlist", "Watchlist"]
    assert judged["reasons"].tolist() == [
        "DTI>=30|DELINQ_2YRS>0",
        "WITHIN_LIMITS",
        "DTI>=35|DELINQ_2YRS>0",
        "DTI>=30|DELINQ_2YRS>0",
    ]
    for row in range(4):
        alone = slice(row, row + 1)
        assert_same_frame(apply(_two_eras(), take(frame, alone)), take(judged, alone))


def test_an_application_older_than_the_policy_is_refused() -> None:
    policy = _two_eras()
    frame = figures(amount_usd=[1.0], applied_on=np.array(["1969-12-31"], dtype="datetime64[D]"))
    (reject,) = refusals(policy, frame)
    assert (reject.stage, reject.code) == (Stage.DECIDE, RejectCode.OUT_OF_RANGE)
    assert "1970-01-01" in reject.reason


@pytest.mark.parametrize("name", ["standard-1", "reference-1"])
def test_a_shipped_policy_is_called_as_its_file_and_speaks_for_itself(name: str) -> None:
    policy = shipped_policy(name)
    assert policy.version == name
    assert "DTI of exactly 30 raises the early warning while its band says" in policy.description
    for rule in policy.rules:
        assert rule.label
        assert rule.unit
        assert rule.reference


def test_a_policy_that_is_no_json_or_has_an_unknown_field_is_refused() -> None:
    document = (SHIPPED / "policies" / "standard-1.json").read_bytes()
    for broken in (b"{", document.replace(b'"low_code"', b'"low_kode"', 1)):
        with pytest.raises(PolicyError, match="policy document: "):
            parse_policy(broken)


_STANDARD = msgspec.to_builtins(shipped_policy("standard-1"))


def _with(path: str, value: object) -> bytes:
    """Return the standard's document with one value changed."""
    document = msgspec.json.decode(msgspec.json.encode(_STANDARD))
    *way, last = [int(step) if step.isdigit() else step for step in path.split(".")]
    place = document
    for step in way:
        place = place[step]
    place[last] = value
    return msgspec.json.encode(document)


@pytest.mark.parametrize(
    ("path", "value", "message"),
    [
        ("scales.0.name", "rate_band", "the scales"),
        ("scales.0.column", "purpose", r"not \['purpose'\]"),
        ("scales.0.versions.0.edges", [20, 40, 30], "edges that rise"),
        ("scales.0.versions", [], "a first version from 1970-01-01"),
        ("scales.0.versions.0.effective_from", "1980-01-01", "a first version from 1970-01-01"),
        ("conditions.1.name", "high_dti", "each condition's name once"),
        ("conditions.0.column", "pd", r"not \['pd'\]"),
        ("conditions.0.versions.0.code", "A|B", "reason codes"),
        ("conditions.0.versions.0.code", "", "reason codes"),
        ("low_code", "", "reason codes"),
        ("early_warning", [["high_dti"], ["unheard_of"]], "early_warning to name"),
        ("elevating.0.scale", "fico_band", "elevating to name"),
        ("required", ["loan_status"], r"not \['loan_status'\]"),
        ("joint_figures.0.joint_column", "nothing", r"not \['nothing'\]"),
    ],
    ids=lambda value: str(value)[:40],
)
def test_a_policy_that_contradicts_itself_or_the_contract_is_refused(
    path: str, value: Any, message: str
) -> None:
    with pytest.raises(PolicyError, match=message):
        parse_policy(_with(path, value))


def test_versions_out_of_order_are_refused() -> None:
    version = _STANDARD["conditions"][0]["versions"][0]
    with pytest.raises(PolicyError, match="versions in order of date"):
        parse_policy(_with("conditions.0.versions", [version, version]))
