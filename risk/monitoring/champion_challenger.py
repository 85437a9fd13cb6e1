"""Test whether a challenger is better than the champion; the test may be read on any day.

Both models score every loan. Once the outcome is known, the difference of their Brier scores
counts. Think of a bettor who stakes a fixed share of the capital on each difference. If the
challenger is not better, the bets win nothing on average, and the capital reaches ``1 / alpha`` at
any time with a chance of at most ``alpha`` (Ville, 1939), however often one looks and whenever one
stops. The capital is the mean over several shares (the diversified Kelly bettor of Waudby-Smith and
Ramdas, "Estimating means of bounded random variables by betting", *JRSS B* 86, 2024). The test
assumes nothing about how PDs, outcomes or their order come about, nor that the difference stays the
same: it is about the mean difference over the loans so far (Choe and Ramdas, "Comparing sequential
forecasters", *Operations Research* 72, 2024).

The trap is in the choice of loans: a default is known sooner than a repayment. Pass loans in an
order that was fixed beforehand, such as the order of application. Pass only months of origination
in which all loans are past their performance window.

>>> import numpy as np
>>> trial = Trial()
>>> trial.verdict.value, trial.e_better
('keep_watching', 1.0)
>>> defaulted = np.array([True] * 100 + [False] * 100)
>>> trial = observe(trial, np.full(200, 0.5), np.where(defaulted, 0.9, 0.1), defaulted)
>>> trial.verdict.value
'promote'
"""

import math
from enum import StrEnum

import msgspec
import numpy as np
from numpy.typing import NDArray

from risk.errors import ContractError
from risk.monitoring.performance import Estimate

Floats = NDArray[np.float64]

# Shares of the capital staked on a difference; below 1, so that no lost bet ruins.
_STAKES = 0.96 * 0.5 ** np.arange(6)
# What a stake costs for each squared difference: log(1 + s x) >= s x - cost(s) x^2 where x >= -1.
_COSTS = -np.log1p(-_STAKES) - _STAKES

_LARGEST_EXPONENT = 700.0
_HALVINGS = 60


class Verdict(StrEnum):
    """What the evidence so far allows to do."""

    PROMOTE = "promote"
    KEEP_WATCHING = "keep_watching"
    DROP = "drop"


class Trial(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The evidence so far: a few numbers, from which a later day goes on.

    Attributes
    ----------
    alpha
        Chance, over all looks together, of promoting a challenger that is not better, and of
        dropping one that is not worse.
    margin
        By how much the mean Brier score has to be better, or worse, to count.
    loans
        How many were compared.
    total
        Sum of the differences: the champion's Brier score less the challenger's.
    squares
        Sum of the squared differences.
    log_better, log_worse
        Logarithms of the capital, a number a stake, of betting that the challenger is better, and
        that it is worse.

    Raises
    ------
    ContractError
        `alpha` is not between 0 and 1, or `margin` not from 0 to below 1.
    """

    alpha: float = 0.05
    margin: float = 0.0
    loans: int = 0
    total: float = 0.0
    squares: float = 0.0
    log_better: tuple[float, ...] = (0.0,) * len(_STAKES)
    log_worse: tuple[float, ...] = (0.0,) * len(_STAKES)

    def __post_init__(self) -> None:
        if not (0.0 < self.alpha < 1.0 and 0.0 <= self.margin < 1.0):
            raise ContractError(
                f"trial: expected alpha between 0 and 1 and margin from 0 to below 1, found "
                f"{self.alpha} and {self.margin}"
            )

    @property
    def e_better(self) -> float:
        """Evidence that the challenger is better: at most 1 on average if it is not."""
        return _mean_capital(self.log_better)

    @property
    def e_worse(self) -> float:
        """Evidence that the challenger is worse: at most 1 on average if it is not."""
        return _mean_capital(self.log_worse)

    @property
    def verdict(self) -> Verdict:
        """Whether the evidence suffices; it cannot suffice for both."""
        if self.e_better >= 1.0 / self.alpha:
            return Verdict.PROMOTE
        if self.e_worse >= 1.0 / self.alpha:
            return Verdict.DROP
        return Verdict.KEEP_WATCHING

    @property
    def difference(self) -> Estimate:
        """The mean difference, with an interval that holds the true one on all days together.

        The chance that it ever fails is at most `alpha`: an empirical-Bernstein confidence sequence
        (Howard, Ramdas, McAuliffe and Sekhon, "Time-uniform, nonparametric, nonasymptotic
        confidence sequences", *Annals of Statistics* 49, 2021, theorem 4, with 0 as each
        difference's forecast), mixed over the stakes. It is wider than the bets need: a verdict may
        come before the interval has left the margin.
        """
        if not self.loans:
            return Estimate(0.0, -1.0, 1.0)
        mean = self.total / self.loans
        reach = _reach(self.squares, self.alpha) / self.loans
        return Estimate(mean, max(mean - reach, -1.0), min(mean + reach, 1.0))


def observe(
    trial: Trial, champion_pd: Floats, challenger_pd: Floats, defaulted: NDArray[np.bool_]
) -> Trial:
    """Return the trial after more loans, in the order given.

    Brier scores, because they are proper (the true PD has the best, so only a better model gains)
    and bounded: a bet needs to know what it can lose, and one confident mistake of either model
    under the logarithmic score would decide alone.

    Raises
    ------
    ContractError
        A PD is missing or not from 0 to 1.
    """
    return update(trial, np.square(champion_pd - defaulted) - np.square(challenger_pd - defaulted))


def update(trial: Trial, differences: Floats) -> Trial:
    """Return the trial after more differences from -1 to 1.

    The order matters only for what is seen in between: the same differences in one batch, in
    several or one by one lead to the same trial.

    Raises
    ------
    ContractError
        A difference is missing or outside -1 to 1.
    """
    if not (np.abs(differences) <= 1.0).all():
        raise ContractError("trial: expected score differences from -1 to 1; hand over PDs, 0 to 1")
    return msgspec.structs.replace(
        trial,
        loans=trial.loans + len(differences),
        total=trial.total + float(differences.sum()),
        squares=trial.squares + float(np.square(differences).sum()),
        log_better=_bet(trial.log_better, differences - trial.margin, trial.margin),
        log_worse=_bet(trial.log_worse, -differences - trial.margin, trial.margin),
    )


def _bet(log_capital: tuple[float, ...], gains: Floats, margin: float) -> tuple[float, ...]:
    # The most that can be lost is 1 + margin.
    stakes = _STAKES / (1.0 + margin)
    won = np.log1p(stakes[:, None] * gains).sum(axis=1)
    return tuple((won + log_capital).tolist())


def _mean_capital(log_capital: tuple[float, ...]) -> float:
    largest = max(log_capital)
    mean = math.fsum(math.exp(each - largest) for each in log_capital) / len(log_capital)
    return math.exp(min(largest + math.log(mean), _LARGEST_EXPONENT))


def _reach(squares: float, alpha: float) -> float:
    """Return how far the sum may be from its expectation, either way with chance `alpha / 2`."""
    needed = math.log(2.0 * len(_STAKES) / alpha)
    low, high = 0.0, float(((needed + _COSTS * squares) / _STAKES).min())
    for _ in range(_HALVINGS):
        middle = (low + high) / 2.0
        if np.logaddexp.reduce(_STAKES * middle - _COSTS * squares) < needed:
            low = middle
        else:
            high = middle
    return high
