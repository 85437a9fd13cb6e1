import doctest
import math
from typing import Any

import numpy as np
import pytest

from risk.fitting.reference_population import describe
from risk.models.inputs import model_columns as columns_of
from risk.models.model import Model, score
from risk.monitoring import population_shift
from risk.monitoring.drift import bin_counts, reference_edges
from risk.monitoring.population_shift import (
    FEWEST_DECISIONS,
    FeatureShift,
    bin_shifts,
    feature_shift,
    merged,
    period_shift,
)
from risk.monitoring.reference import Numbers, Reference, ReferenceTexts


def numbers(values: Any, *, points: tuple[int, ...] = ()) -> Numbers:
    edges = tuple(reference_edges(values).tolist())
    counts = tuple(bin_counts(values, edges).tolist())
    return Numbers(feature="income_usd", edges=edges, deciles=edges, counts=counts, points=points)


def a_reference(*features: Numbers | ReferenceTexts, loans: int) -> Reference:
    return Reference(
        model_version="m-1",
        model_sha256="ab",
        first_month="2010-01",
        last_month="2010-09",
        loans=loans,
        mean_points=600.0,
        mean_pd=0.13,
        pd_spread=0.1,
        points_to_double_odds=40.0,
        features=features,
    )


def moved(reference: Reference, counts: dict[str, Any], periods_a_year: int = 12) -> Any:
    return period_shift(
        reference,
        counts,
        mean_points=590.0,
        mean_pd=0.14,
        pd_spread=0.11,
        amount_usd=1e6,
        lgd=0.5,
        periods_a_year=periods_a_year,
    )


def test_the_examples_in_the_docstrings_hold() -> None:
    assert doctest.testmod(population_shift).failed == 0
    assert doctest.testmod(population_shift).attempted > 0


INCOMES = np.random.default_rng(1).lognormal(11.0, 0.5, 10_000)


@pytest.mark.parametrize("outliers", [[], [9e6]])
def test_incomes_up_by_half_are_found_whatever_one_of_them_says(outliers: list[float]) -> None:
    bins = numbers(INCOMES)
    raised = np.append(INCOMES * 1.5, outliers)
    found = feature_shift(bins, bin_counts(raised, bins.edges))
    assert found.psi >= 0.5
    assert found.ks_shift == pytest.approx(0.31, abs=0.02)


def test_values_that_go_missing_are_found() -> None:
    bins = numbers(INCOMES)
    gone = np.where(np.arange(len(INCOMES)) % 10 < 6, np.nan, INCOMES)
    reference = a_reference(bins, loans=10_000)
    (found,) = moved(reference, {"income_usd": bin_counts(gone, bins.edges)}).features
    assert found.is_alarm
    assert found.missing_share == 0.6
    assert found.ks_shift is not None
    assert found.ks_shift < 0.02


def test_a_text_that_the_reference_never_had_is_a_bin() -> None:
    bins = ReferenceTexts(feature="purpose", values=("car", "house"), counts=(500, 500, 0, 0))
    found = feature_shift(bins, [400, 400, 200, 0])
    assert (found.unseen_share, found.missing_share) == (0.2, 0.0)
    assert found.psi > 0.25
    assert (found.ks_shift, found.wasserstein, found.points) == (None, None, None)


def test_values_move_as_far_as_wasserstein_says() -> None:
    bins = numbers(np.arange(0.0, 1_000.0))
    found = feature_shift(bins, bin_counts(np.arange(0.0, 1_000.0) + 50.0, bins.edges))
    assert found.wasserstein == pytest.approx(50.0 * 0.8, rel=0.1)
    one_edge = numbers(np.repeat([0.0, 1.0], 50))
    assert feature_shift(one_edge, [10, 90, 0]).wasserstein is None


def test_a_period_whose_values_are_all_missing_has_no_distance_but_a_shift() -> None:
    bins = numbers(INCOMES)
    found = feature_shift(bins, [0] * 10 + [300])
    assert (found.ks_shift, found.wasserstein, found.missing_share) == (None, None, 1.0)
    assert found.psi > 1.0


def test_fine_bins_are_put_together_by_decile() -> None:
    bins = Numbers(
        feature="x", edges=(1.0, 2.0, 3.0, 4.0), deciles=(2.0, 4.0), counts=(1, 2, 3, 4, 5, 6)
    )
    assert merged(bins, bins.counts).tolist() == [3.0, 7.0, 5.0, 6.0]


def test_what_each_feature_did_adds_up_to_what_the_score_did(champion: Model, loans: Any) -> None:
    reference = describe(champion, loans)
    later = {**loans, "fico": loans["fico"] - 15.0, "inquiries_6m": loans["inquiries_6m"] + 1.0}
    pd, points = score(champion, later)
    then = describe(champion, later)
    counts = {}
    for bins in reference.features:
        values = {"points": points, "pd": pd}.get(bins.feature)
        if isinstance(bins, Numbers):
            column = columns_of(later)[bins.feature] if values is None else values
            counts[bins.feature] = bin_counts(column, bins.edges)
        else:
            counts[bins.feature] = np.array(bins.counts)
    found = period_shift(
        reference,
        counts,
        mean_points=then.mean_points,
        mean_pd=then.mean_pd,
        pd_spread=then.pd_spread,
        amount_usd=2e6,
        lgd=0.65,
        periods_a_year=12,
    )
    by_name = {each.feature: each for each in found.features}
    contributed = [each.points for each in found.features if each.points is not None]
    assert math.fsum(contributed) == pytest.approx(found.points, abs=1e-9)
    assert by_name["fico"].points is not None
    assert by_name["fico"].points < -5.0
    in_pd = [each.pd for each in found.features if each.pd is not None]
    assert math.fsum(in_pd) + found.curvature == pytest.approx(found.pd, abs=1e-12)
    assert abs(found.curvature) < 0.1 * found.pd
    assert found.expected_loss_usd == pytest.approx(found.pd * 2e6 * 0.65)


@pytest.mark.parametrize(
    ("shares", "loans", "level"),
    [
        ((0.5, 0.3, 0.2), 20_000, "chance"),
        ((0.47, 0.29, 0.24), 20_000, "small"),
        ((0.34, 0.31, 0.35), 20_000, "watch"),
        ((0.15, 0.3, 0.55), 20_000, "act"),
        ((0.5, 0.1, 0.4), 30, "chance"),
    ],
)
def test_a_shift_is_as_grave_as_its_index_unless_chance_explains_it(
    shares: tuple[float, ...], loans: int, level: str
) -> None:
    bins = ReferenceTexts(
        feature="purpose", values=("a", "b", "c"), counts=(5_000, 3_000, 2_000, 0, 0)
    )
    reference = a_reference(bins, loans=10_000)
    counts = [round(share * loans) for share in shares]
    (found,) = moved(reference, {"purpose": [*counts, 0, 0]}).features
    assert found.level == level


def test_a_numbers_bins_are_its_deciles_and_add_up_to_what_it_did() -> None:
    bins = Numbers(
        feature="x",
        edges=(1.0, 2.0, 3.0, 4.0),
        deciles=(2.0, 4.0),
        counts=(10, 20, 30, 20, 10, 10),
        points=(30, 20, 10, 0, -10, -20),
    )
    counts = [0, 10, 20, 30, 20, 20]
    found = bin_shifts(bins, counts)
    assert [each.name for each in found] == ["to 2", "2 \N{EN DASH} 4", "above 4", "missing"]
    assert [each.before for each in found] == pytest.approx([0.3, 0.5, 0.1, 0.1])
    assert [each.now for each in found] == pytest.approx([0.1, 0.5, 0.2, 0.2])
    whole = feature_shift(bins, counts).points
    assert math.fsum(each.points for each in found) == pytest.approx(whole)


def test_bins_are_named_where_there_are_no_edges_and_for_texts() -> None:
    one = Numbers(feature="x", edges=(), deciles=(), counts=(9, 1))
    assert [(each.name, each.now) for each in bin_shifts(one, [3, 1])] == [
        ("any", 0.75),
        ("missing", 0.25),
    ]
    texts = ReferenceTexts(feature="purpose", values=("home_improvement",), counts=(10, 0, 0))
    found = bin_shifts(texts, [5, 4, 1])
    assert [each.name for each in found] == ["home improvement", "unseen", "missing"]
    assert [each.points for each in found] == [0.0, 0.0, 0.0]


def test_a_period_without_decisions_has_no_figures() -> None:
    reference = a_reference(numbers(INCOMES), loans=10_000)
    for counts in ({}, {"income_usd": [0] * 11}):
        found = moved(reference, counts)
        assert (found.decisions, found.features) == (0, ())
        assert found.points == 0.0


@pytest.mark.parametrize("rows", [1, FEWEST_DECISIONS - 1])
def test_too_few_rows_are_counted_and_not_measured(rows: int) -> None:
    reference = a_reference(numbers(INCOMES), loans=10_000)
    found = moved(reference, {"income_usd": [rows] + [0] * 10})
    assert (found.decisions, found.features) == (rows, ())


def without_drift(runs: int, periods: int, rows: int, *, seed: int) -> int:
    """In how many runs any of five features raises an alarm in any period."""
    generator = np.random.default_rng(seed)
    shares = [np.full(10, 0.1), np.full(5, 0.2), np.array([0.7, 0.2, 0.07, 0.02, 0.01])]
    shares += [np.array([0.94, 0.06]), np.array([0.3, 0.25, 0.2, 0.15, 0.06, 0.03, 0.01])]
    alarmed = 0
    for _ in range(runs):
        bins = [
            ReferenceTexts(
                feature=f"f{place}",
                values=tuple(map(str, range(len(each)))),
                counts=(*generator.multinomial(14_000, each).tolist(), 0, 0),
            )
            for place, each in enumerate(shares)
        ]
        reference = a_reference(*bins, loans=14_000)
        alarmed += any(
            alarm.is_alarm
            for _ in range(periods)
            for alarm in alarms(reference, generator, shares, rows)
        )
    return alarmed


def alarms(
    reference: Reference, generator: np.random.Generator, shares: list[Any], rows: int
) -> tuple[FeatureShift, ...]:
    counts = {
        f"f{place}": np.append(generator.multinomial(rows, each), [0, 0])
        for place, each in enumerate(shares)
    }
    found: tuple[FeatureShift, ...] = moved(reference, counts, periods_a_year=52).features
    return found


@pytest.mark.long
@pytest.mark.parametrize("rows", [30, 100, 400, 5_000])
def test_of_200_years_of_weeks_without_drift_none_raises_an_alarm(rows: int) -> None:
    """The bar is 5 in 100; with a hundred rows it is none."""
    assert without_drift(200, 52, rows, seed=rows) == 0


def test_a_hundred_rows_raise_no_alarm_from_noise() -> None:
    assert without_drift(20, 52, 100, seed=2) == 0
