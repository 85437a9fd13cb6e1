import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from risk.errors import ModelError
from risk.fitting import monotone_regression
from risk.fitting.binning import Candidate, StepCoder, evidence, prepare
from risk.fitting.candidates import CANDIDATES
from risk.fitting.scorecard import fit_scorecard
from risk.fitting.sklearn_adapter import REFERENCE_FEATURES, fit_reference
from risk.frame.frame import take
from risk.models.document import to_json
from risk.models.model import parse_model, score
from risk.models.scorecard import Scorecard
from risk.models.scorecard_document import Groups, Steps
from risk.monitoring.performance import auc, calibration
from tests.risk.loans import PURPOSES, some_loans

_CANDIDATES = (
    Candidate("fico", "falls", tuple(np.arange(669.5, 790.0, 10.0))),
    Candidate("inquiries_6m", "rises", (0.0, 1.0, 2.0, 3.0, 4.0)),
    Candidate("utilisation_pct", "rises", (25.0, 50.0, 75.0)),
    Candidate("term_months", "rises", (36.0,)),
    Candidate("purpose"),
)


def _fit(count: int = 3_000, **changes: object) -> Scorecard:
    frame, defaulted = some_loans(count)
    for column, values in changes.items():
        frame[column] = values  # type: ignore[assignment]
    return fit_scorecard(
        frame, defaulted, version="test", data_sha256="0" * 64, candidates=_CANDIDATES
    )


@pytest.fixture(scope="module")
def model() -> Scorecard:
    return _fit(20_000)


def test_a_fit_finds_what_was_put_in(model: Scorecard) -> None:
    frame, defaulted = some_loans(20_000, seed=2)
    pd, _ = score(model, frame)
    fico, inquiries = frame["fico"], frame["inquiries_6m"]
    purpose = np.array([PURPOSES.index(text) for text in frame["purpose"]])
    truth = -0.02 * fico + 0.3 * inquiries + np.array([-0.4, 0.0, 0.9])[purpose]
    assert auc(pd, defaulted).value > auc(truth, defaulted).value - 0.005
    line = calibration(pd, defaulted)
    assert line.slope == pytest.approx(1.0, abs=0.08)
    assert line.mean_pd == pytest.approx(line.default_rate, abs=0.01)


def test_features_that_tell_nothing_are_left_out_and_named(model: Scorecard) -> None:
    assert model.features == ("fico", "inquiries_6m", "purpose")
    assert model.fit.left_out == ("utilisation_pct", "term_months")


def test_points_of_a_number_go_one_way_even_where_the_loans_do_not(model: Scorecard) -> None:
    fico, inquiries, purpose = model.characteristics
    assert isinstance(fico, Steps)
    assert isinstance(inquiries, Steps)
    assert isinstance(purpose, Groups)
    rising = [step.points for step in fico.steps]
    falling = [step.points for step in inquiries.steps]
    assert rising == sorted(rising)
    assert falling == sorted(falling, reverse=True)
    assert len(set(rising)) == len(rising)


def test_a_direction_against_the_evidence_leaves_a_feature_out() -> None:
    frame, defaulted = some_loans()
    wrong = Candidate("inquiries_6m", "falls", (0.0, 1.0, 2.0))
    model = fit_scorecard(
        frame,
        defaulted,
        version="test",
        data_sha256="",
        candidates=[_CANDIDATES[0], wrong],
    )
    assert model.fit.left_out == ("inquiries_6m",)


def test_the_evidence_counts_every_loan_once(model: Scorecard) -> None:
    for characteristic in model.characteristics:
        assert sum(bin_.loans for bin_ in characteristic.bins) == model.fit.loans == 20_000
        assert sum(bin_.defaults for bin_ in characteristic.bins) == model.fit.defaults


def test_missing_values_are_average_where_there_are_few_and_themselves_where_there_are_many() -> (
    None
):
    frame, defaulted = some_loans(5_000)
    fico = frame["fico"].copy()
    fico[:20] = np.nan
    few = _fit(5_000, fico=fico).characteristics[0]
    fico[np.flatnonzero(defaulted)[:400]] = np.nan
    many = _fit(5_000, fico=fico).characteristics[0]
    assert few.missing.points == 0
    assert many.missing.points < -40


def test_missing_and_rare_texts_are_average_where_there_are_few() -> None:
    purpose = some_loans(5_000)[0]["purpose"].copy()
    purpose[:30], purpose[30:60] = None, "space travel"
    characteristic = _fit(5_000, purpose=purpose).characteristics[-1]
    assert isinstance(characteristic, Groups)
    assert [group.values for group in characteristic.groups] == [(text,) for text in PURPOSES]
    assert (characteristic.missing.points, characteristic.missing.loans) == (0, 30)
    assert (characteristic.unseen.points, characteristic.unseen.loans) == (0, 30)


def test_the_same_loans_give_the_same_bytes() -> None:
    assert to_json(_fit()) == to_json(_fit())


def test_the_order_of_the_loans_changes_no_bin() -> None:
    frame, defaulted = some_loans()
    order = np.random.default_rng(0).permutation(len(defaulted))
    one = fit_scorecard(frame, defaulted, version="t", data_sha256="", candidates=_CANDIDATES)
    other = fit_scorecard(
        take(frame, order), defaulted[order], version="t", data_sha256="", candidates=_CANDIDATES
    )
    assert one.features == other.features
    for left, right in zip(one.characteristics, other.characteristics, strict=True):
        assert [bin_.loans for bin_ in left.bins] == [bin_.loans for bin_ in right.bins]


def test_a_fitted_model_is_a_valid_document(model: Scorecard) -> None:
    assert parse_model(to_json(model)) == model
    assert (model.fit.first_month, model.fit.last_month) == ("2010-01", "2010-12")
    assert [name for name, _ in model.fit.libraries] == ["numpy", "scipy", "sklearn"]


@pytest.mark.parametrize(
    "candidate",
    [
        Candidate("rate_pct", "rises", (10.0,)),
        Candidate("lender_grade"),
        Candidate("recoveries", "rises", (0.0,)),
        Candidate("loan_status"),
        Candidate("purpose", "rises", (1.0,)),
        Candidate("fico"),
    ],
    ids=["price", "grade", "outcome", "status", "text as number", "number as text"],
)
def test_what_is_not_known_or_not_the_applicants_cannot_be_trained_on(
    candidate: Candidate,
) -> None:
    frame, defaulted = some_loans(200)
    with pytest.raises(ModelError, match=f"candidate {candidate.feature}"):
        fit_scorecard(frame, defaulted, version="t", data_sha256="", candidates=[candidate])


def test_too_few_defaults_are_refused() -> None:
    frame, defaulted = some_loans(200)
    with pytest.raises(ModelError, match="expected 50 defaults"):
        fit_scorecard(frame, defaulted & (np.arange(200) < 50), version="t", data_sha256="")


def test_loans_that_nothing_tells_apart_are_refused() -> None:
    frame, defaulted = some_loans()
    flat = Candidate("term_months", "rises", (36.0,))
    with pytest.raises(ModelError, match="no candidate feature"):
        fit_scorecard(frame, defaulted, version="t", data_sha256="", candidates=[flat])


def test_weights_that_do_not_converge_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(monotone_regression, "MAX_ITERATIONS", 1)
    with pytest.raises(ModelError, match="did not converge in 1 iterations"):
        _fit()


def test_every_candidate_is_told_which_way_it_goes_or_is_a_text() -> None:
    for candidate in CANDIDATES:
        assert (candidate.direction is None) == (candidate.limits == ())
        assert list(candidate.limits) == sorted(set(candidate.limits))


def test_limits_that_would_leave_too_few_loans_on_a_side_are_dropped() -> None:
    column = np.array([1.0] * 10 + [2.0] * 2 + [3.0] * 10 + [4.0] * 2 + [np.nan] * 5)
    coder = prepare(Candidate("fico", "falls", (0.0, 1.0, 2.0, 3.0, 4.0)), column, fewest=5)
    assert isinstance(coder, StepCoder)
    assert coder.limits.tolist() == [1.0]
    assert coder.codes(np.array([1.0, 1.5, np.inf, np.nan])).tolist() == [0, 1, 1, 2]


def test_weight_of_evidence_compares_the_shares_of_goods_and_defaults() -> None:
    codes = np.array([0] * 1_000 + [1] * 1_000)
    defaulted = np.zeros(2_000, dtype=np.bool_)
    defaulted[:100] = defaulted[1_000:1_300] = True
    safe, risky, empty = evidence(codes, defaulted, 3)
    assert safe.woe == pytest.approx(np.log((900 / 1600) / (100 / 400)), abs=0.01)
    assert risky.woe == pytest.approx(np.log((700 / 1600) / (300 / 400)), abs=0.01)
    assert (empty.loans, empty.defaults, empty.woe) == (0, 0, 0.0)


def test_a_bin_without_defaults_has_finite_evidence() -> None:
    codes = np.array([0] * 50 + [1] * 50)
    defaulted = np.arange(100) >= 80
    safe, _ = evidence(codes, defaulted, 2)
    assert 0.0 < safe.woe < 10.0


def test_the_reference_predicts_from_its_seven_features_missing_ones_too() -> None:
    frame, _ = some_loans()
    defaulted = frame["rate_pct"] + np.random.default_rng(0).normal(0, 4, 3_000) > 18.0
    frame["dti_pct"][:10] = np.nan
    pd = fit_reference(frame, defaulted)(frame)
    assert pd.shape == (3_000,)
    assert roc_auc_score(defaulted, pd) > 0.85
    assert len(REFERENCE_FEATURES) == 7


def test_weights_undo_a_sample_that_holds_too_many_defaults() -> None:
    frame, defaulted = some_loans(12_000)
    weights = np.where(defaulted, 0.5, 1.0)
    model = fit_scorecard(
        frame,
        defaulted,
        version="t",
        data_sha256="",
        candidates=_CANDIDATES,
        weights=weights,
    )
    pd, _ = score(model, frame)
    line = calibration(pd, defaulted, weights=weights)
    assert line.slope == pytest.approx(1.0, abs=0.05)
    assert line.mean_pd == pytest.approx(line.default_rate, abs=0.01)
    reference = fit_reference(frame, defaulted, weights=weights)(frame)
    assert reference.mean() < defaulted.mean() - 0.05


def test_weights_of_any_constant_change_nothing() -> None:
    frame, defaulted = some_loans()
    one, other = (
        fit_scorecard(
            frame, defaulted, version="t", data_sha256="", candidates=_CANDIDATES, weights=weights
        )
        for weights in (None, np.full(3_000, 4.0))
    )
    assert one == other


@pytest.mark.parametrize("wrong", [0.0, -1.0, np.nan, np.inf])
def test_weights_that_are_none_are_refused(wrong: float) -> None:
    frame, defaulted = some_loans()
    weights = np.ones(3_000)
    weights[7] = wrong
    with pytest.raises(ModelError, match=r"3000 finite numbers above 0, found .* with 1 others"):
        fit_scorecard(frame, defaulted, version="t", data_sha256="", weights=weights)


def test_the_lenders_price_is_taken_only_where_it_is_asked_for_and_then_said() -> None:
    frame, defaulted = some_loans()
    frame["rate_pct"] = 15.0 + 5.0 * defaulted + np.random.default_rng(0).normal(0, 3, 3_000)
    model = fit_scorecard(
        frame,
        defaulted,
        version="t",
        data_sha256="",
        candidates=[Candidate("rate_pct", "rises", (10.0, 15.0, 20.0))],
        with_lender_fields=True,
    )
    assert model.uses_lender_fields
    assert b'"uses_lender_fields": true' in to_json(model)
    assert parse_model(to_json(model)) == model
    hidden = to_json(model).replace(b' "uses_lender_fields": true,\n', b"")
    with pytest.raises(ModelError, match="its features say otherwise"):
        parse_model(hidden)
