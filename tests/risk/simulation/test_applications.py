"""What simulated applications are like, and how the scenarios move them."""

from typing import Any

import numpy as np
import pytest

from risk.frame.frame import Frame, concat
from risk.monitoring.drift import bin_counts, category_counts, psi, reference_edges
from risk.simulation.draw import Choice, Marginal, tilt
from risk.simulation.parameters import MarginalLevels
from risk.simulation.scenarios import SCENARIOS
from risk.simulation.simulator import Drift
from tests.risk.simulated import QUIET, a_simulator, numbers, rank_correlation, read

_COUNT = 6_000
_AT_ONCE = Drift(begins_at=0, full_at=0)


@pytest.fixture(scope="module")
def fields() -> Frame:
    simulator = a_simulator(noise=QUIET)
    return concat([simulator._block(number).loans for number in range(_COUNT // 1_000)])


@pytest.fixture(scope="module")
def ordinary() -> Frame:
    return a_simulator(noise=QUIET).applications(0, _COUNT)


def _psi(reference: Frame, current: Frame, name: str) -> float:
    if reference[name].dtype == object:
        categories = sorted({value for value in reference[name] if value is not None})
        counts = [
            category_counts(frame[name].tolist(), categories) for frame in (reference, current)
        ]
    else:
        edges = reference_edges(reference[name])
        counts = [bin_counts(frame[name], edges) for frame in (reference, current)]
    return psi(*counts)


def _drifted(scenario: str) -> Frame:
    return a_simulator(noise=QUIET, scenario=scenario, drift=_AT_ONCE, seed=2).applications(
        0, _COUNT
    )


def test_without_a_scenario_nothing_drifts(ordinary: Frame) -> None:
    for name in ("rate_pct", "fico", "income_usd", "dti_pct", "purpose", "term_months"):
        assert _psi(ordinary, _drifted("none"), name) < 0.02


@pytest.mark.parametrize(
    ("scenario", "moved", "unmoved"),
    [
        ("rate-rise", ("rate_pct",), ("fico", "income_usd", "purpose")),
        ("mix-shift", ("fico", "purpose", "term_months", "rate_pct"), ("inquiries_6m",)),
        ("recession", ("dti_pct", "income_usd", "utilisation_pct"), ("purpose", "term_months")),
        ("broken-feed", (), ("rate_pct", "dti_pct", "utilisation_pct")),
    ],
)
def test_a_scenario_moves_what_it_is_about(
    ordinary: Frame, scenario: str, moved: tuple[str, ...], unmoved: tuple[str, ...]
) -> None:
    drifted = _drifted(scenario)
    assert {name: _psi(ordinary, drifted, name) > 0.1 for name in moved} == dict.fromkeys(
        moved, True
    )
    assert {name: _psi(ordinary, drifted, name) < 0.05 for name in unmoved} == dict.fromkeys(
        unmoved, True
    )


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_until_a_drift_begins_there_is_none(scenario: str) -> None:
    drift = Drift(begins_at=1_000, full_at=2_000)
    ordinary, drifted = (
        a_simulator(scenario=name, drift=drift).events(0, 2_000) for name in ("none", scenario)
    )
    assert drifted[:1_000] == ordinary[:1_000]
    assert (drifted[1_500:] == ordinary[1_500:]) is (scenario == "none")


def test_a_broken_feed_spoils_fields_of_ever_more_events() -> None:
    simulator = a_simulator(
        noise=QUIET, scenario="broken-feed", drift=Drift(begins_at=0, full_at=2_000)
    )
    events, truth = [read(e) for e in simulator.events(0, 4_000)], simulator.applications(0, 4_000)
    is_null = np.array([event["inq_last_6mths"] is None for event in events])
    assert is_null[:1_000].mean() == pytest.approx(0.25, abs=0.05)
    assert is_null[2_000:].all()
    sent = np.array([event["dti"] for event in events[2_000:]])
    assert sent == pytest.approx(truth["dti_pct"][2_000:] / 100, abs=1e-4)
    assert {type(event["revol_util"]) for event in events} <= {str, type(None)}


def test_instalments_pay_the_amount_back_over_the_term(fields: Frame) -> None:
    monthly = fields["int_rate"] / 1_200
    annuity = monthly / (1 - (1 + monthly) ** -fields["term"])
    late = fields["loan_amnt"] * annuity - fields["installment"]
    assert (late >= 0).all()
    assert (late <= 0.01 + 1e-9).all()


def test_rates_rise_with_the_grade(fields: Frame) -> None:
    grade = np.array([name[0] for name in fields["sub_grade"].tolist()])
    usual = [np.median(fields["int_rate"][grade == letter]) for letter in "ABCDEF"]
    assert usual == sorted(usual)


@pytest.mark.parametrize(
    ("first", "second", "sign"),
    [
        ("fico_range_low", "int_rate", -1),
        ("fico_range_low", "revol_util", -1),
        ("inq_last_6mths", "int_rate", 1),
        ("annual_inc", "loan_amnt", 1),
        ("term", "loan_amnt", 1),
        ("open_acc", "total_acc", 1),
        ("annual_inc", "dti", -1),
    ],
)
def test_figures_go_together_as_they_do_in_real_files(
    fields: Frame, first: str, second: str, sign: int
) -> None:
    known = ~np.isnan(fields[second])
    assert sign * rank_correlation(fields[first][known], fields[second][known]) > 0.1


@pytest.mark.parametrize(
    ("narrow", "wide"),
    [
        ("open_acc", "total_acc"),
        ("num_actv_rev_tl", "num_op_rev_tl"),
        ("num_op_rev_tl", "num_rev_accts"),
        ("pub_rec_bankruptcies", "pub_rec"),
        ("inq_last_6mths", "inq_last_12m"),
        ("open_rv_12m", "open_rv_24m"),
        ("total_bal_ex_mort", "tot_cur_bal"),
        ("total_bc_limit", "total_rev_hi_lim"),
        ("mths_since_last_delinq", "mths_since_last_major_derog"),
        ("mo_sin_rcnt_tl", "credit.age"),
    ],
)
def test_no_part_is_more_than_its_whole(fields: Frame, narrow: str, wide: str) -> None:
    assert not (fields[narrow] > fields[wide]).any()


def test_a_delinquency_of_late_is_a_delinquency_within_two_years(fields: Frame) -> None:
    since, is_recent = fields["mths_since_last_delinq"], fields["delinq_2yrs"] > 0
    assert (since[is_recent] <= 24).all()
    assert not (since[~is_recent] < 23).any()
    assert 0.4 < np.isnan(since).mean() < 0.6


def test_a_record_has_a_date_and_no_record_has_none(fields: Frame) -> None:
    assert (np.isnan(fields["mths_since_last_record"]) == (fields["pub_rec"] == 0)).all()


@pytest.mark.parametrize(
    ("name", "first_month"),
    [("open_acc_6m", "2015-12"), ("tot_cur_bal", "2012-08"), ("dti_joint", "2015-10")],
)
def test_fields_are_null_before_they_were_sent(fields: Frame, name: str, first_month: str) -> None:
    month = fields["origin.month"]
    first = np.datetime64(first_month, "M").astype(int)
    assert np.isnan(fields[name][month < first]).all()
    later = fields["is.joint"] if name == "dti_joint" else np.ones(len(month), dtype=bool)
    assert not np.isnan(fields[name][(month > first) & later]).any()


def test_joint_applications_have_two_incomes_and_others_one(fields: Frame) -> None:
    is_joint = fields["is.joint"]
    assert 0.02 < is_joint.mean() < 0.12
    assert (fields["annual_inc_joint"][is_joint] >= fields["annual_inc"][is_joint]).all()
    assert np.isnan(fields["annual_inc_joint"][~is_joint]).all()
    assert all(status is None for status in fields["verification_status_joint"][~is_joint])


def test_people_ask_for_round_amounts(ordinary: Frame) -> None:
    amounts = ordinary["amount_usd"]
    assert (amounts % 25 == 0).all()
    assert ((amounts % 1_000) == 0).mean() == pytest.approx(0.66, abs=0.06)
    assert numbers(ordinary, "income_usd").min() > 1_000


def test_a_choice_by_group_keeps_to_its_weights() -> None:
    choice = Choice([{"a": 1.0, "b": 3.0}, {"c": 1.0}])
    uniform = np.linspace(0, 1 - 1e-12, 1_000)
    assert (choice.draw(uniform) == "b").mean() == pytest.approx(0.75, abs=0.01)
    assert set(choice.draw(uniform, 1)) == {"c"}


def test_the_largest_uniform_number_stays_within_its_group() -> None:
    choice = Choice([{group: 1.0} for group in range(1_000)])
    assert choice.draw(np.array([1 - 2**-53]), np.array([998])).tolist() == [998.0]


def test_a_marginal_of_one_level_is_that_level() -> None:
    marginal = Marginal(MarginalLevels(name="x", cells="era", values=[4.0], thresholds=[[], []]))
    drawn: Any = marginal.draw(np.array([-9.0, 9.0]), np.array([0, 1]), np.zeros((2, 2)))
    assert drawn.tolist() == [4.0, 4.0]


def test_tilting_adds_to_the_log_odds() -> None:
    tilted = tilt(np.array([0.2, 0.0, 0.5]), np.array([1.0, 1.0, 0.0]))
    assert np.log(tilted[0] / (1 - tilted[0])) == pytest.approx(np.log(0.25) + 1)
    assert tilted[1:].tolist() == [0.0, 0.5]
