import doctest
import itertools
import math
from collections.abc import Callable, Iterator
from typing import Any

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.optimize import brentq
from scipy.special import expit

from risk.errors import ContractError
from risk.monitoring import champion_challenger
from risk.monitoring.champion_challenger import Trial, Verdict, observe, update

_RUNS = 200
_DAYS = 365
_LOANS_A_DAY = 40

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]
Pair = Callable[[np.random.Generator, Floats, Floats], tuple[Floats, Floats]]


def _identical(_: np.random.Generator, known: Floats, true: Floats) -> tuple[Floats, Floats]:
    pd = np.sqrt(expit(known) * true)
    return pd, pd


def _equally_good(generator: np.random.Generator, _: Floats, true: Floats) -> tuple[Floats, Floats]:
    """Return PDs as far above the true one as the other's below, a coin deciding which."""
    error = 0.8 * generator.random(len(true)) * np.minimum(true, 1.0 - true)
    error *= generator.choice([-1.0, 1.0], len(true))
    return true + error, true - error


def _better(_: np.random.Generator, known: Floats, true: Floats) -> tuple[Floats, Floats]:
    """Return a champion that overlooks a feature, and a challenger that does not."""
    return expit(known + 0.02), true


def _year(
    seed: int, models: Pair, days: int = _DAYS
) -> Iterator[tuple[Floats, Floats, Flags, Floats]]:
    """Yield each day's champion PDs, challenger PDs, outcomes and true PDs."""
    generator = np.random.default_rng(seed)
    count = days * _LOANS_A_DAY
    known = -1.9 + 0.7 * generator.normal(size=count)
    true = expit(known + 0.35 * generator.normal(size=count))
    champion, challenger = models(generator, known, true)
    defaulted = generator.random(count) < true
    for day in range(days):
        loans = slice(day * _LOANS_A_DAY, (day + 1) * _LOANS_A_DAY)
        yield champion[loans], challenger[loans], defaulted[loans], true[loans]


def _verdicts(seed: int, models: Pair, trial: Trial | None = None) -> list[Verdict]:
    """Return the verdict of each day of a year."""
    trial, verdicts = trial or Trial(), []
    for champion, challenger, defaulted, _ in _year(seed, models):
        trial = observe(trial, champion, challenger, defaulted)
        verdicts.append(trial.verdict)
    return verdicts


def test_the_example_in_the_docstring_holds() -> None:
    assert doctest.testmod(champion_challenger).failed == 0
    assert doctest.testmod(champion_challenger).attempted > 0


@pytest.mark.parametrize("models", [_identical, _equally_good])
def test_of_challengers_that_are_no_better_5_percent_are_promoted_in_a_year_of_daily_looks(
    models: Pair,
) -> None:
    years = [_verdicts(seed, models) for seed in range(_RUNS)]
    assert sum(Verdict.PROMOTE in year for year in years) <= 0.05 * _RUNS
    assert sum(Verdict.DROP in year for year in years) <= 0.05 * _RUNS


def test_a_challenger_that_sees_what_the_champion_overlooks_is_promoted_within_8000_loans() -> None:
    """Both are calibrated; the overlooked feature moves the log-odds by 0.35, one sigma."""
    days = 8_000 // _LOANS_A_DAY
    years = [_verdicts(seed, _better)[:days] for seed in range(40)]
    promoted = [Verdict.PROMOTE in year for year in years]
    assert sum(promoted) >= 0.95 * len(years)
    assert not any(Verdict.DROP in year for year in years)


def test_a_challenger_that_overlooks_what_the_champion_sees_is_dropped_within_8000_loans() -> None:
    def worse(*world: Any) -> tuple[Floats, Floats]:
        champion, challenger = _better(*world)
        return challenger, champion

    days = 8_000 // _LOANS_A_DAY
    years = [_verdicts(seed, worse)[:days] for seed in range(10)]
    assert all(Verdict.DROP in year and Verdict.PROMOTE not in year for year in years)


def test_a_margin_asks_for_more_than_being_better() -> None:
    assert Verdict.PROMOTE in _verdicts(1, _better)
    assert set(_verdicts(1, _better, Trial(margin=0.01))) == {Verdict.KEEP_WATCHING}


def test_the_interval_holds_the_true_mean_difference_on_all_days_of_95_percent_of_years() -> None:
    failed = 0
    for seed in range(40):
        trial, expected = Trial(), 0.0
        for champion, challenger, defaulted, true in _year(seed, _better, days=60):
            trial = observe(trial, champion, challenger, defaulted)
            expected += float((np.square(champion - true) - np.square(challenger - true)).sum())
            low, high = trial.difference.low, trial.difference.high
            if not low <= expected / trial.loans <= high:
                failed += 1
                break
    assert failed <= 2


def test_the_interval_leaves_zero_when_the_evidence_is_plain() -> None:
    trial = Trial()
    for champion, challenger, defaulted, _ in _year(0, _better):
        trial = observe(trial, champion, challenger, defaulted)
    assert trial.difference.low > 0.0
    assert trial.difference.value == pytest.approx(trial.total / trial.loans)


def _all_sequences(win: float, loss: float, chance: float, length: int) -> Iterator[Any]:
    """Yield every sequence of wins and losses with its probability."""
    for wins in itertools.product([True, False], repeat=length):
        probability = math.prod(chance if won else 1.0 - chance for won in wins)
        yield np.array([win if won else -loss for won in wins]), probability


@pytest.mark.parametrize("margin", [0.0, 0.05])
@pytest.mark.parametrize(("win", "loss"), [(0.3, 0.1), (1.0, 0.5), (0.06, 1.0)])
def test_evidence_for_a_challenger_that_is_better_by_the_margin_alone_is_1_on_average(
    win: float, loss: float, margin: float
) -> None:
    """Summed over every course that nine loans can take."""
    chance = (margin + loss) / (win + loss)
    sequences = list(_all_sequences(win, loss, chance, 9))
    better = sum(update(Trial(margin=margin), d).e_better * p for d, p in sequences)
    worse = sum(update(Trial(margin=margin), -d).e_worse * p for d, p in sequences)
    assert better == pytest.approx(1.0, abs=1e-9)
    assert worse == pytest.approx(1.0, abs=1e-9)


_DIFFERENCES = st.lists(st.floats(-1.0, 1.0), max_size=40)


@given(_DIFFERENCES, st.floats(0.0, 0.5))
def test_evidence_is_the_mean_capital_of_bettors_who_stake_fixed_shares(
    differences: list[float], margin: float
) -> None:
    def capital(share: float, sign: int) -> float:
        return math.prod(1.0 + share / (1.0 + margin) * (sign * d - margin) for d in differences)

    shares = [0.96 / 2**halvings for halvings in range(6)]
    trial = update(Trial(margin=margin), np.array(differences))
    assert trial.e_better == pytest.approx(sum(capital(s, 1) for s in shares) / 6)
    assert trial.e_worse == pytest.approx(sum(capital(s, -1) for s in shares) / 6)


@given(_DIFFERENCES, st.randoms(use_true_random=False))
def test_a_batch_is_the_same_as_one_by_one_in_any_order(
    differences: list[float], random: Any
) -> None:
    together = update(Trial(), np.array(differences))
    random.shuffle(differences)
    singly = Trial()
    for difference in differences:
        singly = update(singly, np.array([difference]))
    assert singly.loans == together.loans
    assert singly.log_better == pytest.approx(together.log_better, abs=1e-9)
    assert singly.log_worse == pytest.approx(together.log_worse, abs=1e-9)
    assert singly.difference.low == pytest.approx(together.difference.low, abs=1e-9)
    assert singly.difference.high == pytest.approx(together.difference.high, abs=1e-9)


@given(_DIFFERENCES)
def test_evidence_never_suffices_for_both(differences: list[float]) -> None:
    trial = update(Trial(), np.array(differences))
    assert min(trial.e_better, trial.e_worse) < 1.0 + 1e-9


@given(_DIFFERENCES.filter(bool), st.sampled_from([0.01, 0.05, 0.2]))
def test_the_intervals_reach_is_where_the_mixture_of_tilts_is_two_over_alpha(
    differences: list[float], alpha: float
) -> None:
    trial = update(Trial(alpha=alpha), np.array(differences))
    stakes = 0.96 * 0.5 ** np.arange(6)
    costs = (-np.log(1.0 - stakes) - stakes) * np.square(differences).sum()

    def surplus(reach: float) -> float:
        return float(np.logaddexp.reduce(stakes * reach - costs) - math.log(12.0 / alpha))

    reach = brentq(surplus, 0.0, 1e6, xtol=1e-12) / trial.loans
    mean = float(np.mean(differences))
    assert trial.difference.low == pytest.approx(max(mean - reach, -1.0), abs=1e-6)
    assert trial.difference.high == pytest.approx(min(mean + reach, 1.0), abs=1e-6)


def test_a_trial_goes_on_from_its_numbers() -> None:
    days = list(_year(3, _better, days=20))
    through = resumed = Trial(margin=0.0005)
    for champion, challenger, defaulted, _ in days:
        through = observe(through, champion, challenger, defaulted)
        resumed = msgspec.json.decode(msgspec.json.encode(resumed), type=Trial)
        resumed = observe(resumed, champion, challenger, defaulted)
    assert resumed == through


def test_before_the_first_loan_nothing_is_known() -> None:
    trial = update(Trial(), np.zeros(0))
    assert trial == Trial()
    assert (trial.e_better, trial.e_worse, trial.verdict) == (1.0, 1.0, Verdict.KEEP_WATCHING)
    assert (trial.difference.low, trial.difference.high) == (-1.0, 1.0)


def test_overwhelming_evidence_stays_a_number() -> None:
    trial = update(Trial(), np.full(10_000, 0.9))
    assert math.isfinite(trial.e_better)
    assert trial.e_worse < 1e-100


@pytest.mark.parametrize("wrong", [1.01, -1.01, np.nan, np.inf])
def test_what_is_no_difference_of_scores_is_refused(wrong: float) -> None:
    with pytest.raises(ContractError, match="from -1 to 1"):
        update(Trial(), np.array([0.0, wrong]))


@pytest.mark.parametrize("wrong", [{"alpha": 0.0}, {"alpha": 1.0}, {"margin": 1.0}, {"margin": -1}])
def test_a_trial_without_a_sensible_alpha_or_margin_is_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(ContractError, match="alpha between 0 and 1"):
        Trial(**wrong)  # type: ignore[arg-type]
