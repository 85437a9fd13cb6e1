"""Logistic regressions: their document, and scoring with it."""

from __future__ import annotations

import json
import math
import pickle
from pathlib import Path

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lakehouse.registry.artefacts import load_model, save_model
from risk.errors import ContractError, ModelError
from risk.features.catalogue import CATALOGUE
from risk.frame.frame import Frame, complete, take
from risk.models.document import to_json
from risk.models.logistic import Logistic
from risk.models.logistic_document import Curve
from risk.models.model import parse_model, score
from tests.risk.applications import assert_same_frame, figures
from tests.risk.logistics import a_logistic
from tests.risk.simulated import QUIET, a_simulator

_LOADED = load_model("price-aware-1")
assert isinstance(_LOADED, Logistic)
_SHIPPED: Logistic = _LOADED
_APPLICATIONS = complete(a_simulator(noise=QUIET).applications(0, 2_000))


def _one(**changes: object) -> Frame:
    row = {"dti_pct": 20.0, "income_usd": 99_999.0, "credit_age_years": 13.0} | changes
    purpose = np.array([row.pop("purpose", "credit_card")], dtype=object)
    return figures(**{name: [value] for name, value in row.items()}, purpose=purpose)


def test_a_curve_has_no_bins() -> None:
    curve = next(part for part in _SHIPPED.parts if isinstance(part, Curve))
    assert (curve.limits, curve.bin_of(math.nan)) == (None, "missing")


@pytest.mark.parametrize(
    ("changes", "log_odds"),
    [
        ({}, -2.0 - 0.05),
        ({"dti_pct": 25.0}, -2.0 - 0.05 + 0.1),
        ({"dti_pct": 90.0}, -2.0 - 0.05 + 0.4),
        ({"dti_pct": math.inf}, -2.0 - 0.05 + 0.4),
        ({"dti_pct": math.nan}, -2.0 - 0.05 + 0.05),
        ({"purpose": "car"}, -2.0 + 0.1),
        ({"purpose": "a new purpose"}, -2.0),
        ({"purpose": None}, -2.0 + 0.2),
        ({"income_usd": 1.0}, -2.0 - 0.05 - 0.2 * (math.log(1e4) - math.log(1e5))),
        ({"income_usd": math.nan}, -2.0 - 0.05 + 0.2 * (math.log(1e5) - 11.5)),
    ],
)
def test_effects_are_added_up_and_values_beyond_the_range_count_as_its_end(
    changes: dict[str, object], log_odds: float
) -> None:
    model = a_logistic()
    expected = log_odds - 0.2 * (math.log(1e5) - 11.5)
    pd, points = score(model, _one(**changes))
    assert pd[0] == pytest.approx(1.0 / (1.0 + math.exp(-expected)), abs=1e-6)
    assert points[0] == pytest.approx(model.scale.points(-expected), abs=0.01)
    assert model.scale.pd(float(points[0])) == pytest.approx(pd[0], rel=1e-3)


def test_a_frame_without_a_column_of_the_model_is_refused_by_name() -> None:
    frame = _one()
    del frame["dti_pct"]
    with pytest.raises(ContractError, match=r"logistic-1 looks at column 'dti_pct'"):
        score(a_logistic(), frame)


def test_no_rows_have_no_scores() -> None:
    pd, points = score(_SHIPPED, take(_APPLICATIONS, np.zeros(0, dtype=np.int64)))
    assert pd.shape == points.shape == (0,)


def test_a_model_of_texts_alone_scores_too() -> None:
    purpose = a_logistic().effects[1]
    model = msgspec.structs.replace(a_logistic(), features=("purpose",), effects=(purpose,))
    pd, _ = score(model, _one(purpose="car"))
    assert pd[0] == pytest.approx(1.0 / (1.0 + math.exp(1.9)), abs=1e-9)


@given(
    rows=st.lists(st.integers(0, 1_999), min_size=1, max_size=40, unique=True),
    lost=st.sets(st.sampled_from(_SHIPPED.features), max_size=4),
)
@settings(max_examples=60)
def test_a_row_scores_the_same_alone_in_any_batch_and_in_any_order(
    rows: list[int], lost: set[str]
) -> None:
    frame = dict(_APPLICATIONS)
    for name in lost & frame.keys():
        missing = None if CATALOGUE[name].kind == "text" else math.nan
        frame[name] = np.full(2_000, missing, dtype=frame[name].dtype)
    pd, points = score(_SHIPPED, frame)
    some_pd, some_points = score(_SHIPPED, take(frame, np.array(rows)))
    assert some_pd.tobytes() == pd[rows].tobytes()
    assert some_points.tobytes() == points[rows].tobytes()
    for row in rows[:5]:
        alone_pd, alone_points = score(_SHIPPED, take(frame, np.array([row])))
        assert alone_pd.tobytes() == pd[[row]].tobytes()
        assert alone_points.tobytes() == points[[row]].tobytes()


def test_scoring_changes_nothing_in_the_frame() -> None:
    frame = {name: column.copy() for name, column in _APPLICATIONS.items()}
    score(_SHIPPED, frame)
    assert_same_frame(frame, _APPLICATIONS)


_CURVES = [effect for effect in _SHIPPED.effects if isinstance(effect, Curve)]


@pytest.mark.parametrize("curve", _CURVES, ids=lambda curve: curve.feature)
@given(one=st.floats(0.0, 1e7), other=st.floats(0.0, 1e7))
@settings(max_examples=30)
def test_an_effect_moves_one_way_and_stays_between_its_ends(
    curve: Curve, one: float, other: float
) -> None:
    columns = {name: np.full(2, math.nan) for name in _SHIPPED.features}
    columns |= {
        name: np.full(2, None, dtype=object)
        for name in _SHIPPED.features
        if CATALOGUE[name].kind == "text"
    }
    columns[curve.feature] = np.array(sorted([one, other]))
    place = _SHIPPED.features.index(curve.feature)
    low, high = _SHIPPED.effects_by_feature(columns)[:, place].tolist()
    least, most = sorted(curve.known)
    # The ends are by Python's own logarithm, which may differ in the last bit.
    assert least - 1 <= min(low, high) <= max(low, high) <= most + 1
    assert low <= high if curve.weight > 0 else low >= high


def test_the_document_gives_back_the_same_model() -> None:
    document = to_json(a_logistic())
    again = parse_model(document)
    assert again == a_logistic() == parse_model(document)
    assert to_json(again) == document
    assert again.sha256 != a_logistic("logistic-2").sha256
    assert b'"kind": "logistic"' in document


def test_a_model_with_the_lenders_fields_says_so() -> None:
    assert not a_logistic().uses_lender_fields
    assert _SHIPPED.uses_lender_fields


def test_it_is_known_where_a_weight_goes_against_what_applicants_are_told() -> None:
    curves = [effect for effect in a_logistic().effects if isinstance(effect, Curve)]
    assert [c.feature for c in curves if c.contradicts_its_reason] == ["credit_age_years"]
    mirrored = (msgspec.structs.replace(curve, weight=-curve.weight) for curve in curves)
    assert [c.feature for c in mirrored if c.contradicts_its_reason] == ["dti_pct", "income_usd"]


def _written(document: object) -> bytes:
    return msgspec.json.format(json.dumps(document).encode(), indent=1) + b"\n"


def _spoilt(path: list[str | int], value: object) -> bytes:
    document = json.loads(to_json(a_logistic()))
    place = document
    for step in path[:-1]:
        place = place[step]
    place[path[-1]] = value
    return _written(document)


_DTI: list[str | int] = ["effects", 0]
_PURPOSE: list[str | int] = ["effects", 1]
_INCOME: list[str | int] = ["effects", 2]


@pytest.mark.parametrize(
    ("path", "value", "said"),
    [
        (["contract_version"], "0", "contract version 1, found 0"),
        (["features"], ["purpose", "dti_pct"], "in that order, found"),
        (["features"], [], "in that order, found"),
        ([*_DTI, "feature"], "total_pymnt", "in that order, found"),
        (["uses_lender_fields"], True, "its features say otherwise"),
        ([*_DTI, "low"], 40.0, "dti_pct: expected low below high"),
        ([*_DTI, "scale"], 0.0, "a scale above 0"),
        ([*_DTI, "scale"], 1e-320, "expected effects within"),
        ([*_DTI, "weight"], 1e3, "expected effects within"),
        ([*_DTI, "missing"], 0.5, "Expected `int`"),
        ([*_DTI, "mean"], 400_001, "a mean among -400000 to 400000"),
        ([*_DTI, "transform"], "square", "Invalid enum value"),
        ([*_INCOME, "low"], -0.5, "neither below 0.0"),
        ([*_PURPOSE, "effects"], [0, 0, 0], "effects, loans and defaults of 4 levels"),
        ([*_PURPOSE, "values"], ["car", "car"], "at least one value, each once"),
        (["scale", "pdo"], 0.0, "above 0"),
        (["base"], 20_000_000, "a PD of 0 or 1"),
        (["surprise"], 1, "unknown field `surprise`"),
    ],
)
def test_a_document_that_contradicts_itself_is_refused_by_name(
    path: list[str | int], value: object, said: str
) -> None:
    with pytest.raises(ModelError, match=said):
        parse_model(_spoilt(path, value))


def test_figures_that_are_not_finite_are_refused() -> None:
    dti, *_ = a_logistic().effects
    with pytest.raises(ModelError, match="dti_pct: expected finite numbers"):
        msgspec.structs.replace(
            a_logistic(),
            features=("dti_pct",),
            effects=(msgspec.structs.replace(dti, centre=math.nan),),
        )


@pytest.mark.parametrize("feature", ["recoveries", "loan_status", "lender_grade"])
def test_a_model_of_anything_but_admitted_features_of_its_kind_is_refused(feature: str) -> None:
    document = to_json(a_logistic()).replace(b'"dti_pct"', f'"{feature}"'.encode())
    with pytest.raises(ModelError, match=f"{feature}: expected a feature of the catalogue"):
        parse_model(document)


@pytest.mark.parametrize(
    "document",
    [
        b"",
        pickle.dumps({"kind": "logistic"}),
        to_json(a_logistic()).rstrip(),
        to_json(a_logistic()).replace(b"-50000", b"-50000.0"),
        to_json(a_logistic()).replace(b"-50000", b"-5x000"),
    ],
    ids=["empty", "a pickle", "reformatted", "a number otherwise", "a flipped byte"],
)
def test_what_is_not_a_document_as_it_was_written_is_refused(document: bytes) -> None:
    with pytest.raises(ModelError):
        parse_model(document)
    with pytest.raises(ModelError):
        parse_model(document)


def test_a_saved_model_is_the_one_that_is_loaded(tmp_path: Path) -> None:
    save_model(a_logistic(), folder=tmp_path)
    assert load_model("logistic-1", folder=tmp_path) == a_logistic()
