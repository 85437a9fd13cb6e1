"""Fitting logistic regressions: what they find, and what they make of what is missing or rare."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from sklearn.compose import make_column_transformer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from risk.errors import ModelError
from risk.fitting import logistic as fitting
from risk.fitting import sklearn_adapter as fits
from risk.fitting.logistic import INVERSE_PENALTIES, fit_logistic
from risk.models.document import to_json
from risk.models.logistic import Logistic
from risk.models.logistic_document import Curve, Levels
from risk.models.model import score
from risk.monitoring.performance import auc, calibration
from tests.risk.loans import PURPOSES, some_loans

_FEATURES = ("fico", "inquiries_6m", "term_months", "amount_usd", "purpose")


def _fit(count: int = 3_000, *, features: tuple[str, ...] = _FEATURES, **changes: Any) -> Logistic:
    frame, defaulted = some_loans(count)
    frame.update(changes)
    return fit_logistic(frame, defaulted, version="t", data_sha256="0" * 64, features=features)


def _curve(model: Logistic, feature: str) -> Curve:
    found = model.effects[model.features.index(feature)]
    assert isinstance(found, Curve)
    return found


def _levels(model: Logistic, feature: str) -> Levels:
    found = model.effects[model.features.index(feature)]
    assert isinstance(found, Levels)
    return found


def test_a_fit_finds_what_was_put_in() -> None:
    model = _fit(20_000)
    frame, defaulted = some_loans(20_000, seed=2)
    pd, _ = score(model, frame)
    purpose = np.array([PURPOSES.index(text) for text in frame["purpose"]])
    truth = -0.02 * frame["fico"] + 0.3 * frame["inquiries_6m"]
    truth += np.array([-0.4, 0.0, 0.9])[purpose]
    assert auc(pd, defaulted).value > auc(truth, defaulted).value - 0.005
    line = calibration(pd, defaulted)
    assert line.slope == pytest.approx(1.0, abs=0.1)
    assert line.mean_pd == pytest.approx(line.default_rate, abs=0.01)
    assert _curve(model, "fico").slope == pytest.approx(-20_000, rel=0.1)
    assert (_curve(model, "fico").low, _curve(model, "fico").high) == (662.0, 797.0)


def test_pds_are_those_of_scikit_learns_own_pipeline_on_the_calibration_line() -> None:
    frame, defaulted = some_loans()
    model = _fit(features=("fico", "purpose"))
    table = np.column_stack([frame["fico"], [PURPOSES.index(text) for text in frame["purpose"]]])
    pipeline = make_pipeline(
        make_column_transformer((StandardScaler(), [0]), (OneHotEncoder(), [1])),
        LogisticRegression(C=model.fit.inverse_penalty, max_iter=1_000),
    ).fit(table, defaulted)
    line = model.fit.calibration_intercept + model.fit.calibration_slope * (
        pipeline.decision_function(table)
    )
    pd, _ = score(model, frame)
    np.testing.assert_allclose(pd, 1.0 / (1.0 + np.exp(-line)), atol=1e-4)


def test_the_penalty_is_the_one_with_the_least_loss_on_loans_not_seen() -> None:
    fit = _fit().fit
    assert tuple(one.inverse_penalty for one in fit.tried) == INVERSE_PENALTIES
    best = min(fit.tried, key=lambda one: one.log_loss)
    assert fit.inverse_penalty == best.inverse_penalty


def test_the_average_loan_of_the_fit_has_the_mean_effects() -> None:
    model = _fit()
    frame, _ = some_loans()
    mean = model.base + sum(effect.mean for effect in model.effects)
    _, points = score(model, frame)
    assert points.mean() == pytest.approx(model.scale.points(-mean / 1e6), abs=0.01)
    assert abs(_curve(model, "fico").mean) <= 1


def test_features_that_hardly_a_loan_has_or_all_have_alike_are_left_out_and_named() -> None:
    dti_pct = np.full(3_000, np.nan)
    dti_pct[:49] = np.arange(49.0)
    state = np.full(3_000, "CA", dtype=object)
    home_ownership = np.array([f"a home {row}" for row in range(3_000)], dtype=object)
    features = (*_FEATURES, "dti_pct", "state", "home_ownership")
    model = _fit(features=features, dti_pct=dti_pct, state=state, home_ownership=home_ownership)
    assert model.fit.left_out == ("term_months", "dti_pct", "state", "home_ownership")


@pytest.mark.parametrize(
    ("feature", "transform"),
    [("amount_usd", "log1p"), ("inquiries_6m", "log1p"), ("fico", "identity")],
)
def test_money_and_counts_are_taken_as_logarithms(feature: str, transform: str) -> None:
    assert _curve(_fit(), feature).transform == transform


def test_missing_values_of_bad_loans_are_bad() -> None:
    frame, defaulted = some_loans()
    fico = frame["fico"].copy()
    fico[np.flatnonzero(defaulted)[:200]] = np.nan
    model = _fit(fico=fico)
    frame["fico"] = np.full(len(defaulted), np.nan)
    missing, _ = score(model, frame)
    frame["fico"] = np.full(len(defaulted), 730.0)
    ordinary, _ = score(model, frame)
    assert missing.mean() > 1.5 * ordinary.mean()


def test_missing_values_of_a_few_loans_count_as_the_median() -> None:
    frame, _ = some_loans()
    fico = frame["fico"].copy()
    fico[:49] = np.nan
    model = _fit(fico=fico)
    frame["fico"] = np.full(3_000, np.nanmedian(fico))
    median, _ = score(model, frame)
    frame["fico"] = np.full(3_000, np.nan)
    assert score(model, frame)[0].tolist() == pytest.approx(median.tolist(), abs=1e-6)


def test_rare_texts_have_no_level_and_unknown_ones_no_effect() -> None:
    frame, _ = some_loans()
    purpose = frame["purpose"].copy()
    purpose[:49] = "rare"
    levels = _levels(_fit(purpose=purpose), "purpose")
    assert levels.values == PURPOSES
    *_, unseen, missing = levels.effects
    assert (unseen, missing) == (0, 0)
    assert levels.loans[-2:] == (49, 0)
    assert sum(levels.loans) == 3_000
    purpose[49:149] = None
    assert _levels(_fit(purpose=purpose), "purpose").effects[-1] != 0


def test_the_same_loans_give_the_same_bytes() -> None:
    assert to_json(_fit()) == to_json(_fit())


def test_weights_of_one_and_of_any_other_constant_change_nothing() -> None:
    frame, defaulted = some_loans()
    one, other = (
        fit_logistic(
            frame, defaulted, version="t", data_sha256="", features=_FEATURES, weights=weights
        )
        for weights in (None, np.full(3_000, 4.0))
    )
    assert to_json(one) == to_json(other)


def test_weights_undo_a_sample_that_holds_too_many_defaults() -> None:
    frame, defaulted = some_loans(12_000)
    weights = np.where(defaulted, 0.5, 1.0)
    model = fit_logistic(
        frame, defaulted, version="t", data_sha256="", features=_FEATURES, weights=weights
    )
    pd, _ = score(model, frame)
    expected = np.average(defaulted, weights=weights)
    assert np.average(pd, weights=weights) == pytest.approx(expected, abs=0.01)


def test_the_lenders_price_is_taken_only_where_it_is_asked_for() -> None:
    frame, defaulted = some_loans()
    priced = (*_FEATURES, "rate_pct")
    with pytest.raises(ModelError, match="candidate rate_pct"):
        fit_logistic(frame, defaulted, version="t", data_sha256="", features=priced)
    model = fit_logistic(
        frame, defaulted, version="t", data_sha256="", features=priced, with_lender_fields=True
    )
    assert model.uses_lender_fields


@pytest.mark.parametrize("feature", ["recoveries", "loan_status"])
def test_what_happens_after_the_application_is_refused(feature: str) -> None:
    frame, defaulted = some_loans()
    with pytest.raises(ModelError, match=f"candidate {feature}"):
        fit_logistic(
            frame,
            defaulted,
            version="t",
            data_sha256="",
            features=(feature,),
            with_lender_fields=True,
        )


def test_loans_that_nothing_tells_apart_are_refused() -> None:
    frame, _ = some_loans()
    defaulted = np.arange(3_000) % 7 == 0
    for features in (("term_months",), ("utilisation_pct",)):
        with pytest.raises(ModelError, match="no candidate feature tells"):
            fit_logistic(frame, defaulted, version="t", data_sha256="", features=features)


def test_too_few_defaults_are_refused() -> None:
    frame, defaulted = some_loans(200)
    with pytest.raises(ModelError, match="expected 50 defaults"):
        fit_logistic(
            frame,
            defaulted & (np.arange(200) < 50),
            version="t",
            data_sha256="",
            features=_FEATURES,
        )


@pytest.mark.filterwarnings("ignore:lbfgs failed to converge")
def test_weights_that_do_not_converge_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fits, "MAX_ITERATIONS", 1)
    monkeypatch.setattr(fitting, "INVERSE_PENALTIES", (1.0,))
    with pytest.raises(ModelError, match="no optimum in 1 iterations"):
        _fit()


def test_figures_below_zero_count_as_zero_where_logarithms_are_taken() -> None:
    amount_usd = some_loans()[0]["amount_usd"].copy()
    amount_usd[:60] = -5.0
    assert _curve(_fit(amount_usd=amount_usd), "amount_usd").low == 0.0
