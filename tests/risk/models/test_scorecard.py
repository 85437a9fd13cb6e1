import json
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lakehouse.registry.artefacts import load_model
from risk.contract.application import CONTRACT_VERSION
from risk.errors import ContractError, ModelError
from risk.features.catalogue import CATALOGUE
from risk.frame.frame import Frame, take
from risk.models.document import to_json
from risk.models.model import parse_model, score
from risk.models.scorecard import Scorecard
from risk.models.scorecard_document import Steps
from tests.risk.applications import a_model, figures

_SHIPPED = load_model()
assert isinstance(_SHIPPED, Scorecard)
_CHAMPION: Scorecard = _SHIPPED


@pytest.mark.parametrize(
    ("dti_pct", "points"),
    [
        (-math.inf, 615),
        (0.0, 615),
        (20.0, 615),
        (math.nextafter(20.0, 21.0), 585),
        (math.inf, 585),
        (math.nan, 595),
    ],
)
def test_a_limit_belongs_to_the_step_below_it_and_missing_has_its_own_bin(
    dti_pct: float, points: float
) -> None:
    frame = figures(dti_pct=[dti_pct], purpose=np.array(["car"], dtype=object))
    assert score(a_model(), frame)[1].tolist() == [points]


@pytest.mark.parametrize(
    ("purpose", "points"), [("credit_card", 625), ("a new purpose", 615), ("", 615), (None, 605)]
)
def test_an_unseen_text_and_a_missing_one_have_bins_of_their_own(
    purpose: str | None, points: float
) -> None:
    frame = figures(dti_pct=[10.0], purpose=np.array([purpose], dtype=object))
    assert score(a_model(), frame)[1].tolist() == [points]


def test_the_pd_follows_from_the_points_by_the_scale() -> None:
    frame = figures(dti_pct=[10.0], purpose=np.array(["credit_card"], dtype=object))
    pd, points = score(a_model(), frame)
    assert points.tolist() == [625.0]
    # 600 points are 20 to 1, 20 more double the odds.
    assert pd[0] == pytest.approx(1.0 / (1.0 + 20.0 * 2.0 ** (25.0 / 20.0)), abs=1e-9)


def test_a_scale_gives_back_the_points_of_its_log_odds() -> None:
    scale = _CHAMPION.scale
    for points in (300.0, 600.0, 712.0):
        pd = scale.pd(points)
        assert scale.points(math.log((1.0 - pd) / pd)) == pytest.approx(points, abs=1e-3)


def test_no_rows_have_no_scores() -> None:
    pd, points = score(_CHAMPION, figures(dti_pct=np.zeros(0)))
    assert pd.shape == points.shape == (0,)
    assert pd.dtype == points.dtype == np.float64


def test_a_frame_without_a_column_of_the_model_is_refused_by_name() -> None:
    frame = figures(dti_pct=[10.0])
    del frame["dti_pct"]
    with pytest.raises(ContractError, match="dti_pct"):
        score(a_model(), frame)


def _maybe(low: float, high: float) -> st.SearchStrategy[float]:
    return st.floats(low, high) | st.just(math.nan)


_PURPOSES = st.sampled_from(["credit_card", "small_business", "wedding", "other.", "", None])
_ROWS = st.fixed_dictionaries(
    {
        "fico": _maybe(300, 850),
        "inquiries_6m": _maybe(0, 40),
        "income_usd": st.just(0.0) | _maybe(0.01, 1e7),
        "amount_usd": st.floats(1, 1e6),
        "utilisation_pct": _maybe(0, 1000),
        "public_records": _maybe(0, 90),
        "employment_years": _maybe(0, 10),
        "term_months": _maybe(1, 600),
        "dti_pct": _maybe(0, 100),
        "joint_income_usd": st.just(0.0) | _maybe(0.01, 1e7),
        "joint_dti_pct": _maybe(0, 100),
        "is_joint": st.booleans(),
        "purpose": _PURPOSES,
    }
)


def _frame(rows: list[dict[str, object]]) -> Frame:
    columns = {name: np.array([row[name] for row in rows]) for name in rows[0]}
    columns["purpose"] = np.array([row["purpose"] for row in rows], dtype=object)
    return figures(**columns)


@given(st.lists(_ROWS, min_size=1, max_size=12))
def test_a_row_scores_the_same_alone_in_any_batch_and_in_any_order(
    rows: list[dict[str, object]],
) -> None:
    frame = _frame(rows)
    pd, points = score(_CHAMPION, frame)
    order = np.random.default_rng(len(rows)).permutation(len(rows))
    shuffled_pd, shuffled_points = score(_CHAMPION, take(frame, order))
    assert shuffled_pd.tobytes() == pd[order].tobytes()
    assert shuffled_points.tobytes() == points[order].tobytes()
    for row in range(len(rows)):
        alone_pd, alone_points = score(_CHAMPION, take(frame, np.array([row])))
        assert alone_pd.tobytes() == pd[row].tobytes()
        assert alone_points.tobytes() == points[row].tobytes()


@pytest.mark.parametrize("count", [1, 2, 3, 7, 8, 9, 31, 64, 1000])
def test_scores_do_not_depend_on_where_a_column_lies_in_memory(count: int) -> None:
    generator = np.random.default_rng(count)
    wide = generator.uniform(600.0, 850.0, 3 * count + 1)
    apart = figures(fico=wide[1::3])
    together = figures(fico=np.ascontiguousarray(wide[1::3]))
    assert score(_CHAMPION, apart)[0].tobytes() == score(_CHAMPION, together)[0].tobytes()


@given(st.lists(_ROWS, min_size=2, max_size=8))
def test_pds_are_probabilities_and_fewer_points_are_never_safer(
    rows: list[dict[str, object]],
) -> None:
    pd, points = score(_CHAMPION, _frame(rows))
    assert ((pd > 0.0) & (pd < 1.0)).all()
    by_points = np.argsort(points)
    assert (np.diff(pd[by_points]) <= 0.0).all()


_DIRECTIONS = [
    (characteristic.feature, characteristic.direction)
    for characteristic in _CHAMPION.characteristics
    if isinstance(characteristic, Steps) and characteristic.feature != "amount_to_income"
]


@pytest.mark.parametrize(
    ("column", "direction"), [*_DIRECTIONS, ("amount_usd", "rises"), ("joint_income_usd", "falls")]
)
@given(row=_ROWS, one=st.floats(0, 1e6), other=st.floats(0, 1e6))
@settings(max_examples=60)
def test_the_pd_moves_with_a_feature_only_the_way_it_is_meant_to(
    row: dict[str, object], one: float, other: float, column: str, direction: str
) -> None:
    low, high = sorted([one, other])
    if column.endswith("income_usd"):
        low, high = low + 1.0, high + 1.0
    pd, _ = score(_CHAMPION, _frame([{**row, column: low}, {**row, column: high}]))
    assert pd[0] <= pd[1] if direction == "rises" else pd[0] >= pd[1]


def test_a_joint_application_is_scored_by_both_incomes_where_they_are_given() -> None:
    single = {"amount_usd": [20_000.0], "fico": [702.0]}
    of_one = figures(income_usd=[30_000.0], **single)
    of_both = figures(income_usd=[90_000.0], **single)
    joint = figures(income_usd=[30_000.0], joint_income_usd=[90_000.0], is_joint=[True], **single)
    not_given = figures(income_usd=[30_000.0], is_joint=[True], **single)
    not_joint = figures(income_usd=[30_000.0], joint_income_usd=[90_000.0], **single)
    assert score(_CHAMPION, joint)[1] == score(_CHAMPION, of_both)[1]
    assert score(_CHAMPION, not_given)[1] == score(_CHAMPION, of_one)[1]
    assert score(_CHAMPION, not_joint)[1] == score(_CHAMPION, of_one)[1]
    assert score(_CHAMPION, of_both)[1] > score(_CHAMPION, of_one)[1]


def test_scoring_leaves_the_frame_as_it_was() -> None:
    frame = figures(income_usd=[30_000.0], joint_income_usd=[90_000.0], is_joint=[True])
    score(_CHAMPION, frame)
    assert frame["income_usd"].tolist() == [30_000.0]
    assert "amount_to_income" not in frame


def test_the_document_gives_back_the_same_model() -> None:
    document = to_json(a_model())
    again = parse_model(document)
    assert again == a_model()
    assert to_json(again) == document
    assert again.sha256 == a_model().sha256
    assert a_model("test-2").sha256 != a_model().sha256


def test_the_champion_looks_only_at_what_applicant_and_bureau_give() -> None:
    assert {CATALOGUE[feature].origin for feature in _CHAMPION.features} == {"applicant", "bureau"}


def _spoilt(path: list[str | int], value: object) -> bytes:
    document = json.loads(to_json(a_model()))
    place = document
    for step in path[:-1]:
        place = place[step]
    place[path[-1]] = value
    return json.dumps(document).encode()


_DTI = ["characteristics", 0]


@pytest.mark.parametrize(
    ("path", "value", "said"),
    [
        (["contract_version"], "0", f"contract version {CONTRACT_VERSION}, found 0"),
        (["features"], ["purpose", "dti_pct"], "in that order, found"),
        ([*_DTI, "feature"], "total_pymnt", "in that order, found"),
        ([*_DTI, "steps", 0, "upto"], None, "rising limits"),
        ([*_DTI, "steps", 1, "upto"], 30.0, "rising limits"),
        ([*_DTI, "steps"], [], "rising limits"),
        ([*_DTI, "direction"], "falls", "contradict that PD falls"),
        (["characteristics", 1, "groups", 0, "values"], ["car", "car"], "stands in two groups"),
        (["scale", "pdo"], 0.0, "above 0"),
        (["scale", "anchor_odds"], -1.0, "above 0"),
        (["scale", "pdo"], 0.01, "a PD of 0 or 1"),
        (["base_points"], -2000, "a PD of 0 or 1"),
        ([*_DTI, "missing", "points"], 20_000, "span more than"),
        ([*_DTI, "missing", "points"], 0.5, "Expected `int`"),
        (["surprise"], 1, "unknown field `surprise`"),
    ],
)
def test_a_document_that_contradicts_itself_is_refused_by_name(
    path: list[str | int], value: object, said: str
) -> None:
    with pytest.raises(ModelError, match=said):
        parse_model(_spoilt(path, value))


@pytest.mark.parametrize("feature", ["total_pymnt", "recoveries", "loan_status", "lender_grade"])
def test_a_model_of_anything_but_admitted_features_of_its_kind_is_refused(feature: str) -> None:
    document = to_json(a_model()).replace(b'"dti_pct"', f'"{feature}"'.encode())
    with pytest.raises(ModelError, match=f"{feature}: expected a feature of the catalogue"):
        parse_model(document)


@pytest.mark.parametrize(
    "document",
    [
        b"",
        b"\x80\x04\x95\x10\x00\x00\x00",
        b"[]",
        b'{"version": "\xff"}',
        to_json(a_model()).rstrip(),
        to_json(a_model()).replace(b"{", b'{"version": "twice",', 1),
    ],
    ids=["empty", "a pickle", "no object", "no UTF-8", "reformatted", "a field twice"],
)
def test_what_is_not_a_document_as_it_was_written_is_refused(document: bytes) -> None:
    with pytest.raises(ModelError):
        parse_model(document)


def test_a_model_cannot_be_changed() -> None:
    model: Scorecard = a_model()
    with pytest.raises(AttributeError):
        model.version = "other"  # type: ignore[misc]
