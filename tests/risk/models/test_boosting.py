"""Boosting models: their document, and scoring with it."""

from __future__ import annotations

import json
import math
import pickle
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lakehouse.errors import ArtefactInvalid
from lakehouse.registry.artefacts import load_model, save_model
from risk.errors import ContractError, ModelError
from risk.frame.frame import Frame, take
from risk.models.boosting import Boosting
from risk.models.boosting_document import Intervals
from risk.models.document import to_json
from risk.models.model import parse_model, score
from tests.risk.applications import figures
from tests.risk.boostings import a_boosting

_LOADED = load_model("boosting-1")
assert isinstance(_LOADED, Boosting)
_SHIPPED: Boosting = _LOADED


def _one(dti_pct: float, purpose: str | None) -> Frame:
    return figures(dti_pct=[dti_pct], purpose=np.array([purpose], dtype=object))


@pytest.mark.parametrize(
    ("dti_pct", "purpose", "log_odds"),
    [
        (20.0, "credit_card", -2.0 - 0.1 - 0.3 + 0.01),
        (math.nextafter(20.0, 21.0), "wedding", -2.0 + 0.2 + 0.0 + 0.02),
        (math.inf, None, -2.0 + 0.2 + 0.4 - 0.3),
        (math.nan, None, -2.0 + 0.05 + 0.4 + 0.07),
    ],
)
def test_effects_of_bins_and_of_their_pairs_are_summed_up(
    dti_pct: float, purpose: str | None, log_odds: float
) -> None:
    model = a_boosting()
    pd, points = score(model, _one(dti_pct, purpose))
    assert pd[0] == pytest.approx(1.0 / (1.0 + math.exp(-log_odds)), rel=1e-3)
    assert points[0] == pytest.approx(model.scale.points(-log_odds), abs=0.05)


def test_points_and_pd_are_on_the_scorecards_scale() -> None:
    model = a_boosting()
    pd, points = score(model, _one(10.0, "credit_card"))
    assert model.scale.pd(float(points[0])) == pytest.approx(pd[0], rel=1e-3)


def test_a_frame_without_a_column_of_the_model_is_refused_by_name() -> None:
    frame = _one(1.0, None)
    del frame["dti_pct"]
    with pytest.raises(ContractError, match=r"trees-1 looks at column 'dti_pct'"):
        score(a_boosting(), frame)


def test_no_rows_have_no_scores() -> None:
    pd, points = score(a_boosting(), figures(dti_pct=np.zeros(0)))
    assert pd.shape == points.shape == (0,)


def _maybe(low: float, high: float) -> st.SearchStrategy[float]:
    return st.floats(low, high) | st.just(math.nan)


_NUMBERS = {
    "fico": _maybe(300, 850),
    "inquiries_6m": _maybe(0, 40),
    "income_usd": _maybe(0.01, 1e7),
    "amount_usd": st.floats(1, 1e6),
    "utilisation_pct": _maybe(0, 1000),
    "public_records": _maybe(0, 90),
    "employment_years": _maybe(0, 10),
    "term_months": _maybe(1, 600),
}
_TEXTS = {
    "purpose": ["credit_card", "small_business", "wedding", "other.", None],
}
_ROWS = st.fixed_dictionaries(
    {**_NUMBERS, **{name: st.sampled_from(texts) for name, texts in _TEXTS.items()}}
)


def _frame(rows: list[dict[str, object]]) -> Frame:
    return figures(
        **{
            name: np.array([row[name] for row in rows], dtype=object if name in _TEXTS else float)
            for name in rows[0]
        }
    )


@given(rows=st.lists(_ROWS, min_size=1, max_size=12))
@settings(max_examples=40)
def test_a_row_scores_the_same_alone_in_any_batch_and_in_any_order(
    rows: list[dict[str, object]],
) -> None:
    frame = _frame(rows)
    pd, points = score(_SHIPPED, frame)
    order = np.random.default_rng(len(rows)).permutation(len(rows))
    assert score(_SHIPPED, take(frame, order))[0].tobytes() == pd[order].tobytes()
    for row in range(len(rows)):
        alone_pd, alone_points = score(_SHIPPED, take(frame, np.array([row])))
        assert alone_pd.tobytes() == pd[row].tobytes()
        assert alone_points.tobytes() == points[row].tobytes()


_DIRECTIONS = [
    (coding.feature, coding.direction)
    for coding in _SHIPPED.codings
    if isinstance(coding, Intervals) and coding.feature != "amount_to_income"
]


@pytest.mark.parametrize(
    ("column", "direction"),
    _DIRECTIONS,
    ids=[column for column, _ in _DIRECTIONS],
)
@given(row=_ROWS, one=st.floats(0.01, 1e6), other=st.floats(0.01, 1e6))
@settings(max_examples=40)
def test_the_pd_moves_with_a_feature_only_the_way_it_is_meant_to(
    row: dict[str, object],
    one: float,
    other: float,
    column: str,
    direction: str,
) -> None:
    low, high = sorted([one, other])
    pd, points = score(_SHIPPED, _frame([{**row, column: low}, {**row, column: high}]))
    assert pd[0] <= pd[1] if direction == "rises" else pd[0] >= pd[1]
    assert points[0] >= points[1] if direction == "rises" else points[0] <= points[1]


def test_the_document_gives_back_the_same_model() -> None:
    document = to_json(a_boosting())
    again = parse_model(document)
    assert again == a_boosting() == parse_model(document)
    assert to_json(again) == document
    assert again.sha256 != a_boosting("trees-2").sha256


def test_a_model_with_the_lenders_fields_says_so() -> None:
    assert not _SHIPPED.uses_lender_fields
    graded = to_json(a_boosting()).replace(b'"purpose"', b'"lender_grade"')
    with pytest.raises(ModelError, match="its features say otherwise"):
        parse_model(graded)
    said = graded.replace(b'"uses_lender_fields":false', b'"uses_lender_fields":true')
    assert parse_model(said).uses_lender_fields


def _spoilt(path: list[str | int], value: object) -> bytes:
    document = json.loads(to_json(a_boosting()))
    place = document
    for step in path[:-1]:
        place = place[step]
    place[path[-1]] = value
    return json.dumps(document, separators=(",", ":")).encode() + b"\n"


_DTI: list[str | int] = ["codings", 0]


@pytest.mark.parametrize(
    ("path", "value", "said"),
    [
        (["contract_version"], "0", "contract version 1, found 0"),
        (["features"], ["purpose", "dti_pct"], "in that order, found"),
        (["features"], [], "in that order, found"),
        ([*_DTI, "feature"], "total_pymnt", "in that order, found"),
        (["uses_lender_fields"], True, "its features say otherwise"),
        ([*_DTI, "limits"], [20.0, 10.0], "effects, loans and defaults of 4 bins"),
        ([*_DTI, "effects"], [0, 0], "effects, loans and defaults of 3 bins"),
        ([*_DTI, "effects"], [0, 0.5, 0], "Expected `int`"),
        ([*_DTI, "direction"], "falls", "dti_pct: effects contradict that PD falls"),
        ([*_DTI, "effects"], [200_000, 200_000, 0], "first at bin \\[0\\]"),
        (["pairs", 0, "effects"], [[0] * 3, [-300_001, 0, 0], [0] * 3], "contradict that PD rises"),
        (["pairs", 0, "effects"], [[0] * 3, [0] * 3], "effects of 3 by 3"),
        (["pairs", 0, "effects"], [[0] * 3, [0] * 2, [0] * 3], "effects of 3 by 3"),
        (["pairs", 0, "features"], ["purpose", "dti_pct"], "two features of the model in its"),
        (["pairs", 0, "features"], ["dti_pct", "fico"], "two features of the model in its"),
        (["scale", "pdo"], 0.0, "above 0"),
        (["base"], 40_000_000, "a PD of 0 or 1"),
        (["surprise"], 1, "unknown field `surprise`"),
    ],
)
def test_a_document_that_contradicts_itself_is_refused_by_name(
    path: list[str | int], value: object, said: str
) -> None:
    with pytest.raises(ModelError, match=said):
        parse_model(_spoilt(path, value))


def test_limits_that_do_not_rise_are_refused() -> None:
    document = json.loads(to_json(a_boosting()))
    document["codings"][0] |= {"limits": [20.0, 20.0], "effects": [0] * 4}
    document["codings"][0] |= {"loans": [0] * 4, "defaults": [0] * 4}
    with pytest.raises(ModelError, match="rising, finite limits"):
        parse_model(json.dumps(document, separators=(",", ":")).encode() + b"\n")


def test_a_text_in_two_bins_and_a_pair_given_twice_are_refused() -> None:
    document = json.loads(to_json(a_boosting()))
    document["pairs"] *= 2
    with pytest.raises(ModelError, match="each pair once"):
        parse_model(json.dumps(document, separators=(",", ":")).encode() + b"\n")
    document = json.loads(to_json(a_boosting()))
    document["codings"][1] |= {"values": ["car", "car"], "effects": [0] * 4}
    document["codings"][1] |= {"loans": [0] * 4, "defaults": [0] * 4}
    with pytest.raises(ModelError, match="a text stands in two bins"):
        parse_model(json.dumps(document, separators=(",", ":")).encode() + b"\n")


@pytest.mark.parametrize("feature", ["recoveries", "loan_status", "lender_grade"])
def test_a_model_of_anything_but_admitted_features_of_its_kind_is_refused(feature: str) -> None:
    document = to_json(a_boosting()).replace(b'"dti_pct"', f'"{feature}"'.encode())
    with pytest.raises(ModelError, match=f"{feature}: expected a feature of the catalogue"):
        parse_model(document)


@pytest.mark.parametrize(
    "document",
    [
        b"",
        pickle.dumps({"kind": "boosting"}),
        to_json(a_boosting()).rstrip(),
        to_json(a_boosting()).replace(b"-100000", b"-100000.0"),
        to_json(a_boosting()).replace(b"-300000", b"-3x0000"),
    ],
    ids=["empty", "a pickle", "reformatted", "a number otherwise", "a flipped byte"],
)
def test_what_is_not_a_document_as_it_was_written_is_refused(document: bytes) -> None:
    with pytest.raises(ModelError):
        parse_model(document)
    with pytest.raises(ModelError):
        parse_model(document)


@pytest.mark.parametrize("position", [0, 1, 100, -2])
def test_a_flipped_byte_of_a_saved_model_is_refused(tmp_path: Path, position: int) -> None:
    path = save_model(a_boosting(), folder=tmp_path)
    assert load_model("trees-1", folder=tmp_path) == a_boosting()
    document = bytearray(path.read_bytes())
    document[position] ^= 1
    path.write_bytes(document)
    with pytest.raises(ArtefactInvalid, match="the model was altered"):
        load_model("trees-1", folder=tmp_path)
