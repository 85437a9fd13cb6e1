import re
from collections.abc import Callable
from typing import Any

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from lakehouse.registry.artefacts import load_model
from risk.explain.reasons import MOST_REASONS, adverse_reasons, are_adverse
from risk.features.catalogue import CATALOGUE
from risk.features.reason_codes import REASONS, codes_of
from risk.features.words import WORDS
from risk.fitting.candidates import CANDIDATES
from risk.frame.frame import Frame, concat, take
from risk.models.inputs import model_columns
from risk.models.logistic import Logistic
from risk.models.logistic_document import Curve
from risk.models.model import Model, score
from risk.models.scorecard import Scorecard, reference_points
from risk.models.scorecard_document import Bin, Steps
from risk.policy.rules import apply, judged_figures
from tests.risk.applications import a_model, figures, shipped_policy
from tests.risk.boosted import a_boosting
from tests.risk.logistics import a_logistic
from tests.risk.simulated import QUIET, a_simulator

_MODEL = load_model()
assert isinstance(_MODEL, Scorecard)
_CHAMPION: Scorecard = _MODEL
_SIMULATED = 240_000
_CHUNK = 10_000


def _reasons(model: Model, frame: Frame) -> list[Any]:
    everyone = np.ones(len(frame["is_joint"]), dtype=np.bool_)
    texts: list[Any] = adverse_reasons(model, model_columns(frame), everyone).tolist()
    return texts


def _mean_points(bins: tuple[Bin, ...]) -> int:
    loans = sum(each.loans for each in bins)
    return int(np.floor(sum(each.points * each.loans for each in bins) / loans + 0.5))


def _best_points(bins: tuple[Bin, ...]) -> int:
    return max(each.points for each in bins)


def _neutralised(feature: str, worth: Callable[[tuple[Bin, ...]], int]) -> Scorecard:
    """Return the champion with every bin of the feature worth the same."""
    characteristics = []
    for each in _CHAMPION.characteristics:
        if each.feature != feature:
            characteristics.append(each)
            continue
        points = worth(each.bins)

        def levelled(bin_: Any, points: int = points) -> Any:
            return msgspec.structs.replace(bin_, points=points)

        changes: dict[str, Any] = {"missing": levelled(each.missing)}
        if isinstance(each, Steps):
            changes["steps"] = tuple(map(levelled, each.steps))
        else:
            changes["groups"] = tuple(map(levelled, each.groups))
            changes["unseen"] = levelled(each.unseen)
        characteristics.append(msgspec.structs.replace(each, **changes))
    return msgspec.structs.replace(
        _CHAMPION, version=f"without {feature}", characteristics=tuple(characteristics)
    )


def _neutral_pds(
    frame: Frame, worth: Callable[[tuple[Bin, ...]], int]
) -> dict[str, NDArray[np.float64]]:
    """Return every row's PD with each feature neutralised."""
    return {
        feature: score(_neutralised(feature, worth), frame)[0] for feature in _CHAMPION.features
    }


@pytest.fixture(scope="module")
def adverse() -> Frame:
    """The simulated applications that the standard policy does not tier Low, and their reasons."""
    simulator, policy = a_simulator(noise=QUIET), shipped_policy("standard-1")
    found = []
    for start in range(0, _SIMULATED, _CHUNK):
        frame = simulator.applications(start, _CHUNK)
        is_adverse = are_adverse(apply(policy, judged_figures(policy, frame))["tier"])
        frame["model_reasons"] = adverse_reasons(_CHAMPION, model_columns(frame), is_adverse)
        has_none = [text is None for text in frame["model_reasons"].tolist()]
        assert has_none == (~is_adverse).tolist()
        found.append(take(frame, is_adverse))
    return concat(found)


def test_every_adverse_application_has_one_to_four_distinct_reasons(adverse: Frame) -> None:
    assert len(adverse["model_reasons"]) >= 100_000
    for text in set(adverse["model_reasons"].tolist()):
        codes = text.split("|")
        assert 1 <= len(codes) <= 4
        assert len({REASONS[code].feature for code in codes}) == len(codes)


def test_neutralising_any_one_reason_and_rescoring_lowers_the_pd_the_first_the_most(
    adverse: Frame,
) -> None:
    pds, _ = score(_CHAMPION, adverse)
    as_average = _neutral_pds(adverse, _mean_points)
    as_best = _neutral_pds(adverse, _best_points)
    has_below_average = np.min(list(as_average.values()), axis=0) < pds
    assert 0 < (~has_below_average).sum() < len(pds) / 10
    for row, text in enumerate(adverse["model_reasons"].tolist()):
        neutral = as_average if has_below_average[row] else as_best
        found = [neutral[REASONS[code].feature][row] for code in text.split("|")]
        lower = sorted(pd[row] for pd in neutral.values() if pd[row] < pds[row])
        assert found == lower[:MOST_REASONS]


def test_reasons_do_not_depend_on_the_batch_or_its_order(adverse: Frame) -> None:
    rows = np.random.default_rng(0).permutation(len(adverse["model_reasons"]))[:2_000]
    some = take(adverse, rows)
    together = _reasons(_CHAMPION, some)
    assert together == some["model_reasons"].tolist() == _reasons(_CHAMPION, some)
    for row in range(0, len(rows), 10):
        assert _reasons(_CHAMPION, take(some, np.array([row]))) == [together[row]]


def _in_words(dti_pct: float, purpose: str | None) -> str:
    frame = figures(dti_pct=[dti_pct], purpose=np.array([purpose], dtype=object))
    text: str = _reasons(a_model(), frame)[0]
    return text


@pytest.mark.parametrize(
    ("dti_pct", "purpose", "codes"),
    [
        (30.0, "credit_card", "DTI_HIGH"),
        (np.nan, "credit_card", "DTI_MISSING"),
        (10.0, None, "PURPOSE_MISSING"),
        (30.0, None, "DTI_HIGH|PURPOSE_MISSING"),
        (np.nan, None, "PURPOSE_MISSING|DTI_MISSING"),
        (10.0, "a new purpose", "PURPOSE_UNKNOWN"),
        (10.0, "renewable_energy", "PURPOSE"),
        (10.0, "credit_card", ""),
    ],
    ids=[
        "a high figure",
        "a missing figure",
        "a missing text",
        "the weightier first",
        "the weightier first, whatever the model's order",
        "a word that is unknown; none below average: furthest below the best",
        "a word that the fit did not see; likewise",
        "the best everywhere",
    ],
)
def test_reasons_are_the_features_furthest_below_average(
    dti_pct: float, purpose: str | None, codes: str
) -> None:
    # The average loan has -2 points for its DTI (15, -15, -5) and 0 for its purpose (10, 0, -10).
    assert reference_points(a_model()).tolist() == [-2, 0]
    assert _in_words(dti_pct, purpose) == codes


def test_features_that_fall_equally_short_come_in_the_models_order() -> None:
    dti, purpose = a_model().characteristics
    missing = msgspec.structs.replace(dti.missing, points=-15)
    dti = msgspec.structs.replace(dti, missing=missing)
    model = msgspec.structs.replace(a_model(), characteristics=(dti, purpose))
    turned = msgspec.structs.replace(
        model, features=("purpose", "dti_pct"), characteristics=(purpose, dti)
    )
    frame = figures(dti_pct=[np.nan], purpose=np.array([None], dtype=object))
    assert model.shortfalls(model_columns(frame)).tolist() == [[10, 10]]
    assert _reasons(model, frame) == ["DTI_MISSING|PURPOSE_MISSING"]
    assert _reasons(turned, frame) == ["PURPOSE_MISSING|DTI_MISSING"]


def test_a_feature_without_evidence_is_held_against_no_points() -> None:
    dti, purpose = a_model().characteristics
    assert isinstance(dti, Steps)
    bare = msgspec.structs.replace(
        dti,
        steps=tuple(msgspec.structs.replace(step, loans=0, defaults=0) for step in dti.steps),
        missing=msgspec.structs.replace(dti.missing, loans=0, defaults=0),
    )
    model = msgspec.structs.replace(a_model(), characteristics=(bare, purpose))
    assert reference_points(model)[0] == 0


def test_no_adverse_row_has_no_reasons() -> None:
    frame = figures(dti_pct=[30.0, 30.0])
    nobody = np.zeros(2, dtype=np.bool_)
    assert adverse_reasons(a_model(), model_columns(frame), nobody).tolist() == [None, None]


def test_all_tiers_but_low_are_adverse() -> None:
    tiers = np.array(["Low", "Elevated", "Watchlist"], dtype=object)
    assert are_adverse(tiers).tolist() == [False, True, True]


@given(
    st.lists(
        st.tuples(st.sampled_from([10.0, 30.0, np.nan]), st.booleans()), min_size=1, max_size=9
    )
)
def test_only_adverse_rows_have_reasons_and_their_own(rows: list[tuple[float, bool]]) -> None:
    dti_pct, is_adverse = (np.array(column) for column in zip(*rows, strict=True))
    columns = model_columns(figures(dti_pct=dti_pct))
    found = adverse_reasons(a_model(), columns, is_adverse).tolist()
    assert found == [_in_words(dti, None) if adverse else None for dti, adverse in rows]


def test_every_feature_that_a_model_may_use_has_a_reason_for_its_value_and_for_its_absence() -> (
    None
):
    assert {reason.feature for reason in REASONS.values()} == set(CATALOGUE)
    for feature in CATALOGUE:
        of_value, of_absence, of_the_unknown = codes_of(feature)
        assert REASONS[of_value].feature == REASONS[of_absence].feature == feature
        assert REASONS[of_the_unknown].feature == feature
        assert (REASONS[of_the_unknown].when == "UNKNOWN") == (feature in WORDS)
        assert (REASONS[of_value].when == "MISSING", REASONS[of_absence].when) == (False, "MISSING")


def test_a_code_is_one_word_and_its_sentence_is_one_of_a_kind() -> None:
    sentences = [reason.sentence for reason in REASONS.values()]
    assert len(set(sentences)) == len(sentences) == 2 * len(CATALOGUE) + len(WORDS)
    for code, reason in REASONS.items():
        assert re.fullmatch("[A-Z][A-Z_]*[A-Z]", code)
        assert re.fullmatch(r"[A-Z][^.]*\.", reason.sentence)


@pytest.mark.parametrize(
    "candidate",
    CANDIDATES,
    ids=lambda each: each.feature,
)
def test_a_sentence_says_the_end_of_the_scale_that_the_models_hold_against_an_applicant(
    candidate: Any,
) -> None:
    expected = {"rises": "HIGH", "falls": "LOW", None: "OTHER"}[candidate.direction]
    assert REASONS[codes_of(candidate.feature)[0]].when == expected


@pytest.mark.parametrize(
    ("dti_pct", "purpose", "codes", "steps"),
    [
        (30.0, None, "DTI_HIGH|PURPOSE_MISSING", [260, 230]),
        (30.0, "other", "DTI_HIGH", [230, 0]),
        (30.0, "credit_card", "DTI_HIGH", [200, -80]),
        (np.nan, None, "PURPOSE_MISSING|DTI_MISSING", [150, 200]),
        (10.0, "other", "PURPOSE", [0, 0]),
        (10.0, "credit_card", "", [0, -50]),
    ],
    ids=[
        "together they cost more",
        "a high figure",
        "a feature that speaks for the application",
        "the weightier first",
        "none below average: furthest below the best",
        "the best everywhere",
    ],
)
def test_a_boostings_reasons_are_found_by_replacing_a_bin_and_rescoring(
    dti_pct: float, purpose: str | None, codes: str, steps: list[int]
) -> None:
    frame = figures(dti_pct=[dti_pct], purpose=np.array([purpose], dtype=object))
    assert a_boosting().shortfalls(model_columns(frame)).tolist() == [steps]
    assert _reasons(a_boosting(), frame) == [codes]


def test_neutralising_a_boostings_reason_in_the_application_itself_lowers_the_pd() -> None:
    dti_pct = np.repeat([10.0, 30.0, np.nan], 3)
    purpose = np.array(["credit_card", "other", None] * 3, dtype=object)
    frame = figures(dti_pct=dti_pct, purpose=purpose)
    average = {"dti_pct": np.full(9, 10.0), "purpose": np.full(9, "other", dtype=object)}
    best = average | {"purpose": np.full(9, "credit_card", dtype=object)}
    pds, _ = score(a_boosting(), frame)
    is_below_average = a_boosting().shortfalls(model_columns(frame)).max(axis=1) > 0
    reasons = _reasons(a_boosting(), frame)
    assert reasons.count("") == 1
    for row, text in enumerate(reasons):
        neutral = average if is_below_average[row] else best
        for code in text.split("|") if text else []:
            feature = REASONS[code].feature
            rescored, _ = score(a_boosting(), frame | {feature: neutral[feature]})
            assert rescored[row] < pds[row]


def test_a_boostings_reasons_do_not_depend_on_the_batch() -> None:
    dti_pct = np.tile([10.0, 30.0, np.nan], 3)
    purpose = np.repeat(np.array(["credit_card", "other", None], dtype=object), 3)
    frame = figures(dti_pct=dti_pct, purpose=purpose)
    singly = [_reasons(a_boosting(), take(frame, np.array([row])))[0] for row in range(9)]
    assert _reasons(a_boosting(), frame) == singly


@pytest.mark.parametrize(
    ("dti_pct", "purpose", "credit_age_years", "codes", "steps"),
    [
        (30.0, "car", 13.0, "DTI_HIGH|PURPOSE", [200, 87, 0, 0]),
        (np.nan, None, 13.0, "PURPOSE_MISSING|DTI_MISSING", [50, 187, 0, 0]),
        (90.0, "credit_card", 13.0, "DTI_HIGH", [400, -63, 0, 0]),
        (10.0, "credit_card", 33.0, "INCOME_LOW|DTI_HIGH", [-200, -63, 0, 0]),
        (10.0, "credit_card", np.nan, "CREDIT_AGE_MISSING", [-200, -63, 0, 30]),
    ],
    ids=[
        "the weightier first",
        "missing ones",
        "no more than the end of the range",
        "nothing where the reason would be false: furthest below the best",
        "its absence can be said",
    ],
)
def test_a_logistics_reasons_are_the_effects_furthest_above_their_mean(
    dti_pct: float, purpose: str | None, credit_age_years: float, codes: str, steps: list[int]
) -> None:
    frame = figures(
        dti_pct=[dti_pct],
        purpose=np.array([purpose], dtype=object),
        credit_age_years=[credit_age_years],
        income_usd=[np.expm1(11.5)],
    )
    assert a_logistic().shortfalls(model_columns(frame)).tolist() == [steps]
    assert _reasons(a_logistic(), frame) == [codes]


def _without(model: Logistic, feature: str, worth: Callable[[Any], int]) -> Logistic:
    """Return the model with the feature's effect the same for everybody."""
    place = model.features.index(feature)
    effect = model.effects[place]
    if isinstance(effect, Curve):
        level: Any = msgspec.structs.replace(effect, weight=0.0, missing=0, mean=0)
    else:
        level = msgspec.structs.replace(effect, effects=(0,) * len(effect.effects), mean=0)
    return msgspec.structs.replace(
        model,
        base=model.base + worth(effect),
        effects=(*model.effects[:place], level, *model.effects[place + 1 :]),
    )


def test_neutralising_any_one_reason_of_the_shipped_logistic_lowers_the_pd() -> None:
    model = load_model("price-aware-1")
    assert isinstance(model, Logistic)
    frame = a_simulator(noise=QUIET).applications(0, 2_000)
    columns = model_columns(frame)
    pds, _ = score(model, frame)
    is_below_average = model.shortfalls(columns).max(axis=1) > 0
    average = {
        name: score(_without(model, name, lambda each: each.mean), frame)[0]
        for name in model.features
    }
    best = {
        name: score(_without(model, name, lambda each: min(each.known)), frame)[0]
        for name in model.features
    }
    contrary = {
        e.feature for e in model.effects if isinstance(e, Curve) and e.contradicts_its_reason
    }
    for row, text in enumerate(_reasons(model, frame)):
        codes = text.split("|")
        assert 1 <= len(codes) <= MOST_REASONS
        neutral = average if is_below_average[row] else best
        found = [neutral[REASONS[code].feature][row] for code in codes]
        assert max(found) < pds[row]
        # A step is a thousandth of log-odds: features within the same one count as equal.
        assert np.all(np.diff(found) >= -1e-3 * pds[row])
        for code in codes:
            assert REASONS[code].when == "MISSING" or REASONS[code].feature not in contrary


def test_a_logistics_reasons_do_not_depend_on_the_batch() -> None:
    model = load_model("price-aware-1")
    frame = a_simulator(noise=QUIET).applications(0, 50)
    singly = [_reasons(model, take(frame, np.array([row])))[0] for row in range(50)]
    assert _reasons(model, frame) == singly
