"""Fitting is proven on loans whose distribution is known: those of the simulator itself."""

import msgspec
import numpy as np
import pytest

from risk.errors import ModelError
from risk.frame.frame import Frame, concat, take
from risk.monitoring.drift import bin_counts, psi, reference_edges
from risk.simulation.calibration.catalogue import LATENTS, LatentSpec
from risk.simulation.calibration.copula import nearest_correlation, normal_scores
from risk.simulation.calibration.fit import YEARS, fit_simulation
from risk.simulation.calibration.latents import latent_columns
from risk.simulation.calibration.marginals import Sample, fit_latent
from risk.simulation.calibration.outcomes import fit_logistic, fit_timeline
from risk.simulation.calibration.tables import (
    SMALLEST_CELL,
    availability,
    common,
    prices,
    states_by_home,
    zips_by_state,
)
from risk.simulation.parameters import (
    GRADES,
    Cells,
    MarginalCurve,
    MarginalLevels,
    SimulationParameters,
)
from tests.risk.simulated import (
    QUIET,
    a_simulator,
    loans_on_file,
    rank_correlation,
    shipped_parameters,
)

_LATENTS = len(LATENTS)
_WITHOUT = ("fico_range_low", "mort_acc", "tot_cur_bal", "open_acc_6m", "sec_app_open_acc")


def _sample_without_bureau() -> Frame:
    """Return a sample of resolved loans that lacks fields, as some real ones do."""
    loans = loans_on_file(
        1,
        seed=9,
        uses={
            "use.volume": False,
            "use.all_years": False,
            "use.level": np.nan,
            "use.risk": 1.0,
            "use.sample": 1.0,
        },
    )
    loans |= {name: np.full(len(loans["term"]), np.nan) for name in _WITHOUT}
    loans["verification_status"] = np.full(len(loans["term"]), None)
    return take(loans, np.isin(loans["loan_status"], ("Fully Paid", "Charged Off")))


@pytest.fixture(scope="module")
def fitted() -> SimulationParameters:
    return fit_simulation(
        concat([loans_on_file(7), _sample_without_bureau()]),
        version="again",
        about="Fitted to simulated loans.",
        snapshot="2019-03",
        rng=np.random.default_rng(1),
    )


@pytest.fixture(scope="module")
def truth() -> Frame:
    return a_simulator(noise=QUIET, seed=4).applications(0, 10_000)


@pytest.fixture(scope="module")
def again(fitted: SimulationParameters) -> Frame:
    return a_simulator(noise=QUIET, seed=5, parameters=fitted).applications(0, 10_000)


@pytest.mark.parametrize(
    "name",
    [
        "amount_usd",
        "rate_pct",
        "income_usd",
        "dti_pct",
        "utilisation_pct",
        "fico",
        "inquiries_6m",
        "credit_age_years",
        "revolving_balance_usd",
        "accounts_opened_24m",
    ],
)
def test_what_was_fitted_simulates_the_same_marginals(
    truth: Frame, again: Frame, name: str
) -> None:
    edges = reference_edges(truth[name])
    assert psi(bin_counts(truth[name], edges), bin_counts(again[name], edges)) < 0.03


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("fico", "rate_pct"),
        ("fico", "utilisation_pct"),
        ("income_usd", "amount_usd"),
        ("inquiries_6m", "rate_pct"),
        ("open_accounts", "total_accounts"),
        ("term_months", "amount_usd"),
    ],
)
def test_what_was_fitted_simulates_the_same_correlations(
    truth: Frame, again: Frame, first: str, second: str
) -> None:
    expected = rank_correlation(truth[first], truth[second])
    assert rank_correlation(again[first], again[second]) == pytest.approx(expected, abs=0.06)


def test_the_risk_of_each_loan_is_found_again(fitted: SimulationParameters) -> None:
    """Coefficients share their weight among figures that go together; their sum must agree."""
    truth, again = (
        a_simulator(noise=QUIET, parameters=parameters)._fates
        for parameters in (shipped_parameters(), fitted)
    )
    design = np.random.default_rng(1).normal(size=(500, len(truth._weights)))
    assert np.corrcoef(design @ truth._weights, design @ again._weights)[0, 1] > 0.85
    assert again._parameters.intercept == pytest.approx(truth._parameters.intercept, abs=0.25)


def test_terms_and_step_changes_are_found_again(fitted: SimulationParameters) -> None:
    truth = shipped_parameters()
    assert fitted.long_term == pytest.approx(truth.long_term, abs=0.08)
    first = {step.fields[0]: step.first_month for step in fitted.availability}
    assert first["open_acc_6m"] == "2015-12"
    assert first["tot_coll_amt"] in {"2012-08", "2012-09"}
    assert "2017-04" <= first["revol_bal_joint"] <= "2017-06"
    assert min(fitted.joint) >= "2015-10"
    assert sum(fitted.vintages.values()) == pytest.approx(1, abs=0.001)


def test_the_document_can_be_read_again(fitted: SimulationParameters) -> None:
    document = msgspec.json.encode(fitted)
    assert msgspec.json.decode(document, type=SimulationParameters) == fitted
    assert len(document) < 300_000


def test_no_point_of_a_curve_is_a_single_loans_value() -> None:
    loans = loans_on_file(1)
    income = loans["annual_inc"]
    richest = int(np.argmax(income))
    income[richest] = 9e6
    loans["dti"][richest] = 99.99
    fitted = fit_simulation(
        loans, version="x", about="x", snapshot="2019-03", rng=np.random.default_rng(1)
    )
    document = msgspec.json.encode(fitted)
    assert b"99.99" not in document
    assert b"9000000" not in document
    dti = next(latent for latent in fitted.latents if latent.name == "dti")
    assert isinstance(dti, MarginalCurve)
    assert max(max(knots) for knots in dti.knots) < 80


def test_rare_values_are_left_out() -> None:
    assert common(["a"] * SMALLEST_CELL + ["b"] * (SMALLEST_CELL - 1) + [None]) == {"a": 1.0}


def test_a_rare_sub_grade_is_priced_between_its_neighbours() -> None:
    loans: Frame = {
        "origin.month": np.full(60, 42 * 12),
        "int_rate": np.repeat([6.0, 8.0, 7.77], [30, 25, 5]),
        "sub_grade": np.repeat(np.array(["A1", "A3", "A2"], dtype=object), [30, 25, 5]),
    }
    listed = prices(loans, YEARS)
    assert listed["2012-1"][:3] == [[(6.0, 30.0)], [(7.0, 1.0)], [(8.0, 25.0)]]
    assert len(listed["2012-1"]) == len(GRADES)
    assert listed["2018-2"] == listed["2012-1"], "a half-year without loans has the usual prices"


def test_a_rare_home_ownership_lives_where_everyone_lives() -> None:
    loans: Frame = {
        "addr_state": np.repeat(np.array(["CA", "TX"], dtype=object), [150, 150]),
        "home_ownership": np.repeat(np.array(["RENT", "OWN"], dtype=object), [150, 150]),
    }
    states = states_by_home(loans, ["RENT", "ANY"])
    assert states == {"RENT": {"CA": 1.0}, "ANY": {"CA": 0.5, "TX": 0.5}}


def test_a_state_of_rare_postal_codes_has_an_unknown_one() -> None:
    loans: Frame = {
        "addr_state": np.full(30, "WY", dtype=object),
        "zip_code": np.array([f"82{code}xx" for code in range(10)] * 3, dtype=object),
    }
    assert zips_by_state(loans, ["WY"]) == {"WY": {"000xx": 1.0}}


def test_a_field_that_no_loan_has_is_never_sent() -> None:
    loans = loans_on_file(1)
    loans["open_acc_6m"] = np.full(len(loans["term"]), np.nan)
    assert all("open_acc_6m" not in step.fields for step in availability(loans))


def test_a_field_that_hardly_any_loan_has_is_never_sent() -> None:
    loans = loans_on_file(1)
    month = loans["origin.month"]
    busiest = month == np.bincount(month).argmax()
    loans["open_acc_6m"] = np.where(np.cumsum(busiest) == 1, 1.0, np.nan)
    loans["open_acc_6m"][~busiest] = np.nan
    assert all("open_acc_6m" not in step.fields for step in availability(loans))


def test_values_that_are_all_rare_become_one() -> None:
    nobody = np.zeros(8, dtype=np.int64)
    sample = Sample({"x": np.arange(8.0)}, nobody, nobody > 0, nobody, nobody > 0)
    latent = fit_latent(LatentSpec("x"), sample, Cells(eras=[0], by_term=False), SMALLEST_CELL)
    assert isinstance(latent, MarginalLevels)
    assert latent.values == [0.0]
    assert latent.thresholds == [[]]


def test_null_means_none_only_where_the_field_was_sent() -> None:
    loans = loans_on_file(1)
    columns = latent_columns(loans)
    was_sent = ~np.isnan(loans["mort_acc"])
    never = np.isnan(loans["mths_since_recent_inq"]) & (loans["inq_last_6mths"] == 0)
    assert np.isposinf(columns["inquiry.old"][never & was_sent]).all()
    assert np.isnan(columns["inquiry.old"][never & ~was_sent]).all()


def test_the_logistic_regression_finds_the_odds() -> None:
    design = np.repeat([[1.0, 0.0], [1.0, 1.0]], 100, axis=0)
    is_lost = np.concatenate([np.arange(100) < 20, np.arange(100) < 50]).astype(np.float64)
    weights = fit_logistic(design, is_lost, ridge=1e-9)
    assert weights == pytest.approx([np.log(0.25), np.log(4)], abs=1e-6)


def test_loans_still_open_count_among_those_at_risk() -> None:
    """Half are lost in month 1; the others, watched for ten months only, are not lost later."""
    payments = np.repeat([1.0, 10.0], 500)
    line = fit_timeline(payments, payments == 1, np.zeros(1_000, dtype=np.bool_), term=36)
    assert sum(line.charged_off[:3]) == pytest.approx(1, abs=1e-4)
    assert line.paid_off[36] == 1.0


def test_normal_scores_put_ties_in_the_middle_of_their_ranks() -> None:
    values = np.array([1.0, 1.0, 2.0, np.nan, 7.0])
    scores = normal_scores(values, np.array([0, 0, 0, 0, 1]))
    assert scores[[0, 1]] == pytest.approx([-0.4307, -0.4307], abs=1e-3)
    assert scores[2] == pytest.approx(0.9674, abs=1e-3)
    assert np.isnan(scores[3])
    assert scores[4] == pytest.approx(0, abs=1e-9)


def test_an_impossible_correlation_becomes_a_possible_one() -> None:
    impossible = np.array([[1.0, 0.9, -0.9], [0.9, 1.0, 0.9], [-0.9, 0.9, 1.0]])
    nearest = nearest_correlation(impossible)
    assert np.linalg.eigvalsh(nearest).min() > 0
    assert np.diag(nearest) == pytest.approx([1, 1, 1])


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"effects": []}, r"effects: expected \d+ entries, found 0"),
        ({"factor": []}, r"factor: expected \d+ entries, found 0"),
        ({"factor": [[1.0]] * _LATENTS}, r"factor\[1\]: expected 2 entries, found 1"),
        ({"long_term": [0.3]}, "long_term: expected 7 entries, found 1"),
        ({"described": []}, "described"),
        ({"purpose_shares": []}, "purpose_shares"),
        ({"purposes": ["car"]}, r"effects\[0\]: expected 3 entries"),
        ({"rates": {"2012-1": []}}, "rates of 2012-1: expected 35 entries"),
    ],
)
def test_parameters_whose_parts_do_not_fit_are_refused(
    change: dict[str, object], message: str
) -> None:
    with pytest.raises(ModelError, match=message):
        msgspec.structs.replace(shipped_parameters(), **change)


def test_a_latent_without_a_row_for_each_cell_is_refused() -> None:
    parameters = shipped_parameters()
    short = msgspec.structs.replace(parameters.latents[0], thresholds=[])
    with pytest.raises(ModelError, match="cells of loan_amnt: expected 14 entries, found 0"):
        msgspec.structs.replace(parameters, latents=[short, *parameters.latents[1:]])
