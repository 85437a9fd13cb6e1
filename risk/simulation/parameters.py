"""What the simulator knows about real loans, as one frozen document of aggregated figures.

`risk.simulation.calibration.fit` makes it, `lakehouse/shipped/simulation/*.json` holds it,
`risk.simulation.simulator` draws from it. Nothing in it describes fewer than `smallest_cell` loans.
"""

from typing import Any, TypeAlias

import msgspec
import numpy as np
from numpy.typing import NDArray

from risk.errors import ModelError

GRADES: tuple[str, ...] = tuple(f"{letter}{digit}" for letter in "ABCDEFG" for digit in "12345")
TERMS = (36, 60)
Z_MAX = 3.0
"""Quantile curves run from -Z_MAX to Z_MAX standard deviations, in equal steps."""


class _Document(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """A part of the parameters."""


class Cells(_Document, frozen=True):
    """How loans are grouped for the marginals: by era of origination, and perhaps by term.

    Attributes
    ----------
    eras
        The era of each year, in the order of `SimulationParameters.years`.
    by_term
        Whether 36 and 60 months are apart; the cell is then ``2 * era + (term == 60)``.
    """

    eras: list[int]
    by_term: bool

    def of(self, year: NDArray[Any], is_long: NDArray[Any]) -> NDArray[np.int64]:
        """Return the cell of each loan from the position of its year and its term."""
        era = np.array(self.eras, dtype=np.int64)[year]
        return np.asarray(2 * era + is_long if self.by_term else era, dtype=np.int64)

    def __len__(self) -> int:
        return (max(self.eras) + 1) * (2 if self.by_term else 1)


class MarginalCurve(_Document, frozen=True, tag="curve"):
    """A quantile function per cell, over standard normal scores.

    Attributes
    ----------
    knots
        Per cell, the values at equally spaced scores from -Z_MAX to Z_MAX.
    units
        What values are rounded to, with the share of loans.
    null_above, null_below
        Per cell, the score beyond which there is no value ("never delinquent"); empty if none.
    """

    name: str
    cells: str
    knots: list[list[float]]
    units: list[tuple[float, float]]
    null_above: list[float] = []
    null_below: list[float] = []


class MarginalLevels(_Document, frozen=True, tag="levels"):
    """An ordered, discrete marginal per cell: the scores at which one value gives way to the next.

    Attributes
    ----------
    values
        In order; texts or numbers, null among them.
    thresholds
        Per cell, one ascending score between each two neighbouring values.
    """

    name: str
    cells: str
    values: list[str | float | None]
    thresholds: list[list[float]]


class Heaps(_Document, frozen=True, tag="heaps"):
    """A marginal with values that people choose, per cell: they ask for 10,000, not 9,975.

    Attributes
    ----------
    places
        Ascending: the lowest value, popular values, the highest.
    units
        What values between two places are rounded to, with the share of loans.
    thresholds
        Per cell, the ascending scores at which a place gives way to what lies between it and the
        next, and that to the next place.
    """

    name: str
    cells: str
    places: list[float]
    units: list[tuple[float, float]]
    thresholds: list[list[float]]


Latent: TypeAlias = MarginalCurve | Heaps | MarginalLevels


class Timeline(_Document, frozen=True):
    """When loans of one term end, in months on book: shares per month from month 0."""

    charged_off: list[float]
    paid_off: list[float]


class OutcomeParameters(_Document, frozen=True):
    """Whether, when and how loans end.

    Attributes
    ----------
    intercept, coefficients
        Log-odds of ever being charged off over `simulate_outcomes.RISK_TERMS`.
    years
        What each year of origination adds to the log-odds.
    timelines
        By term in months.
    recovered
        Share of the outstanding principal that comes back after a charge-off, as the means of
        eleven equal parts of the loans, in order.
    fico_after
        The same of the last FICO less the first: for loans paid or current, then charged off.
    settled
        Share of charged-off loans with a debt settlement.
    """

    intercept: float
    coefficients: dict[str, float]
    years: dict[str, float]
    timelines: dict[str, Timeline]
    recovered: list[float]
    fico_after: tuple[list[float], list[float]]
    settled: float


class Availability(_Document, frozen=True):
    """Fields that are null before a month, and for a share of the loans within it."""

    first_month: str
    share: float
    fields: list[str]


class SimulationParameters(_Document, frozen=True):
    """The joint distribution of applications and their outcomes, by month of origination.

    A Gaussian copula: scores are normal, ``effects @ nominal + scale * factor @ noise``, and
    become values through each latent's quantiles within its cell.

    Attributes
    ----------
    version, about, loans, smallest_cell
        What it was derived from, over how many loans, and the fewest behind any figure.
    snapshot
        Month in which outcomes were looked at.
    years, vintages
        The years covered; the weight of each month of origination.
    cells
        Groupings by name.
    long_term
        Per year, the share of loans over 60 months.
    purposes, purpose_shares
        Names, and their shares per cell of `cells["purpose"]`.
    joint
        Share of joint applications per month; none before the first month named.
    latents, effects, factor
        The copula: marginals; per latent its shift for each purpose, joint, 60 months; the lower
        triangle of the Cholesky factor of the scores' correlation.
    rates
        Per half-year ("2014-2"), per sub-grade: interest rates with weights.
    states
        Per home ownership, the weights of states. `zips`: per state, the weights of zip codes.
    employers, described
        Weights of job titles; per year, the share of loans with a description.
    availability, outcomes
        See there.
    """

    version: str
    about: str
    loans: int
    smallest_cell: int
    snapshot: str
    years: list[int]
    vintages: dict[str, float]
    cells: dict[str, Cells]
    long_term: list[float]
    purposes: list[str]
    purpose_shares: list[list[float]]
    joint: dict[str, float]
    latents: list[Latent]
    effects: list[list[float]]
    factor: list[list[float]]
    rates: dict[str, list[list[tuple[float, float]]]]
    states: dict[str, dict[str, float]]
    zips: dict[str, dict[str, float]]
    employers: dict[str, float]
    described: list[float]
    availability: list[Availability]
    outcomes: OutcomeParameters

    def __post_init__(self) -> None:
        """Check that the parts fit one another.

        Raises
        ------
        ModelError
            Some part has another size than the parts it is used with.
        """
        count = len(self.latents)
        _expect("effects", len(self.effects), count)
        _expect("factor", len(self.factor), count)
        _expect("long_term", len(self.long_term), len(self.years))
        _expect("described", len(self.described), len(self.years))
        _expect("purpose_shares", len(self.purpose_shares), len(self.cells["purpose"]))
        for row, effect in enumerate(self.effects):
            _expect(f"effects[{row}]", len(effect), len(self.purposes) + 2)
            _expect(f"factor[{row}]", len(self.factor[row]), row + 1)
        for latent in self.latents:
            table = latent.knots if isinstance(latent, MarginalCurve) else latent.thresholds
            _expect(f"cells of {latent.name}", len(table), len(self.cells[latent.cells]))
        for half, prices in self.rates.items():
            _expect(f"rates of {half}", len(prices), len(GRADES))


def month_number(text: str) -> int:
    """Return the months from January 1970 to "2014-07"."""
    return int(np.datetime64(text, "M").astype(np.int64))


def _expect(what: str, found: int, expected: int) -> None:
    if found != expected:
        raise ModelError(
            f"simulation parameters: {what}: expected {expected} entries, found {found}; "
            "derive them again with dataflows.derive_simulation"
        )
