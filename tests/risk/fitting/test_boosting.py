"""Fitting boosting models: what they find, that they fold exactly, that they stay monotone."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest

from risk.errors import ModelError
from risk.fitting import boosting as fitting
from risk.fitting.binning import Candidate
from risk.fitting.boosting import fit_boosting
from risk.fitting.boosting_tables import fold_bags
from risk.fitting.sklearn_adapter import Growth, grow
from risk.models.boosting import Boosting
from risk.models.boosting_document import Intervals, Texts
from risk.models.document import to_json
from risk.models.model import score
from risk.monitoring.performance import auc, calibration
from tests.risk.loans import PURPOSES, some_loans

_CANDIDATES = (
    Candidate("fico", "falls", tuple(np.arange(669.5, 790.0, 10.0))),
    Candidate("inquiries_6m", "rises", (0.0, 1.0, 2.0, 3.0, 4.0)),
    Candidate("term_months", "rises", (36.0,)),
    Candidate("purpose"),
)


@pytest.fixture(autouse=True, scope="module")
def few_trees() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(fitting, "ROUNDS", (10, 30))
        patch.setattr(fitting, "_BAGS", 2)
        yield


@pytest.fixture(scope="module")
def fitted(few_trees: None) -> Boosting:  # noqa: ARG001  (before it)
    """What 3,000 loans give."""
    return _fit()


def _fit(count: int = 3_000, **changes: object) -> Boosting:
    frame, defaulted = some_loans(count)
    for column, values in changes.items():
        frame[column] = values  # type: ignore[assignment]
    return fit_boosting(
        frame, defaulted, version="test", data_sha256="0" * 64, candidates=_CANDIDATES
    )


def test_folded_bags_say_what_scikit_learn_says() -> None:
    generator = np.random.default_rng(3)
    codes = np.stack([generator.integers(0, size, 4_000) for size in (12, 6, 5)])
    chance = 0.15 + 0.4 * (codes[0] > 6) * (codes[1] > 2) + 0.2 * (codes[2] == 1)
    defaulted = generator.random(4_000) < chance
    growth = Growth(
        known=(11, 5, 3),
        neutral=(1, 1, 2),
        directions=("rises", "rises", None),
        rounds=60,
        learning_rate=0.2,
        smallest_leaf=20,
        ridge=1.0,
        share_of_features=1.0,
        seed=1,
    )
    bags = [grow(codes[:, part::2], defaulted[part::2], np.ones(2_000), growth) for part in (0, 1)]
    folded = fold_bags(bags, 60, (12, 6, 5))
    total = np.mean([bag.base for bag in bags]) + sum(
        table[codes[place]] for place, table in enumerate(folded.alone)
    )
    for (first, second), table in folded.pairs.items():
        total += table[codes[first], codes[second]]
    expected = np.mean([bag.log_odds(codes) for bag in bags], axis=0)
    assert folded.pairs
    np.testing.assert_allclose(total, expected, atol=1e-6, rtol=0)


def test_log_odds_by_rounds_end_with_those_of_all_rounds() -> None:
    codes = np.stack([np.arange(400) % 5, np.arange(400) % 3])
    growth = Growth((4, 2), (1, 1), ("rises", None), 7, 0.1, 20, 1.0, 1.0, 0)
    bag = grow(codes, np.arange(400) % 5 > 2, np.ones(400), growth)
    staged = bag.log_odds_by_rounds(codes, (2, 7))
    np.testing.assert_array_equal(staged[-1], bag.log_odds(codes))


def test_a_fit_finds_what_was_put_in() -> None:
    model = _fit(20_000)
    frame, defaulted = some_loans(20_000, seed=2)
    pd, _ = score(model, frame)
    purpose = np.array([PURPOSES.index(text) for text in frame["purpose"]])
    truth = -0.02 * frame["fico"] + 0.3 * frame["inquiries_6m"]
    truth += np.array([-0.4, 0.0, 0.9])[purpose]
    assert auc(pd, defaulted).value > auc(truth, defaulted).value - 0.01
    assert calibration(pd, defaulted).slope == pytest.approx(1.0, abs=0.1)
    assert model.fit.left_out == ("term_months",)
    assert not model.uses_lender_fields


def test_bins_are_counted_once_and_those_alike_are_joined(fitted: Boosting) -> None:
    model = fitted
    for coding in model.codings:
        assert sum(coding.loans) == model.fit.loans == 3_000
        assert sum(coding.defaults) == model.fit.defaults
    fico, *_, purpose = model.codings
    assert isinstance(fico, Intervals)
    assert set(fico.limits) <= set(_CANDIDATES[0].limits)
    assert isinstance(purpose, Texts)
    assert sorted(purpose.values) == sorted(PURPOSES)


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


def test_the_same_loans_give_the_same_bytes_whatever_constant_weighs_them(
    fitted: Boosting,
) -> None:
    frame, defaulted = some_loans()
    again = fit_boosting(
        frame,
        defaulted,
        version="test",
        data_sha256="0" * 64,
        candidates=_CANDIDATES,
        weights=np.full(3_000, 4.0),
    )
    assert to_json(again) == to_json(fitted)


def test_weights_undo_a_sample_that_holds_too_many_defaults() -> None:
    frame, defaulted = some_loans(12_000)
    weights = np.where(defaulted, 0.5, 1.0)
    model = fit_boosting(
        frame, defaulted, version="t", data_sha256="", candidates=_CANDIDATES, weights=weights
    )
    pd, _ = score(model, frame)
    expected = np.average(defaulted, weights=weights)
    assert np.average(pd, weights=weights) == pytest.approx(expected, abs=0.01)


def test_the_lenders_price_is_taken_only_where_it_is_asked_for() -> None:
    frame, defaulted = some_loans()
    priced = (*_CANDIDATES, Candidate("rate_pct", "rises", (10.0, 15.0, 20.0)))
    with pytest.raises(ModelError, match="candidate rate_pct"):
        fit_boosting(frame, defaulted, version="t", data_sha256="", candidates=priced)
    frame["rate_pct"] = 15.0 + 5.0 * defaulted + np.random.default_rng(0).normal(0, 3, 3_000)
    model = fit_boosting(
        frame,
        defaulted,
        version="t",
        data_sha256="",
        candidates=priced,
        with_lender_fields=True,
    )
    assert model.uses_lender_fields


def test_loans_that_nothing_tells_apart_are_refused() -> None:
    frame, _ = some_loans()
    defaulted = np.arange(3_000) % 7 == 0
    with pytest.raises(ModelError, match="no candidate feature tells"):
        fit_boosting(frame, defaulted, version="t", data_sha256="", candidates=_CANDIDATES[2:3])


def test_too_few_defaults_are_refused() -> None:
    frame, defaulted = some_loans(200)
    with pytest.raises(ModelError, match="expected 50 defaults"):
        fit_boosting(frame, defaulted & (np.arange(200) < 50), version="t", data_sha256="")
