"""Draw applications from the copula: months, terms, purposes, then all figures together."""

from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from risk.frame.frame import Frame
from risk.simulation.parameters import (
    GRADES,
    TERMS,
    Z_MAX,
    Latent,
    MarginalCurve,
    MarginalLevels,
    SimulationParameters,
    month_number,
)
from risk.simulation.scenarios import Scenario

Floats: TypeAlias = NDArray[np.float64]


class Marginal:
    """One latent's quantiles, ready to be looked up for many scores at once."""

    def __init__(self, latent: Latent) -> None:
        self.name, self.cells = latent.name, latent.cells
        self._latent = latent
        if isinstance(latent, MarginalCurve):
            self._table = np.array(latent.knots)
            self._above, self._below = np.array(latent.null_above), np.array(latent.null_below)
        else:
            shape = (len(latent.thresholds), -1 if latent.thresholds[0] else 0)
            self._table = np.array(latent.thresholds).reshape(shape)
        if isinstance(latent, MarginalLevels):
            is_text = any(isinstance(value, str) for value in latent.values)
            self._values = np.array(latent.values, dtype=object if is_text else np.float64)
        else:
            self._units = np.array([unit for unit, _ in latent.units])
            self._unit_shares = np.cumsum([share for _, share in latent.units])[:-1]

    def ranks(self, scores: Floats, cell: NDArray[np.int64]) -> Floats:
        """Return the position of each level or heap, or a curve's value, infinite for "none"."""
        if not isinstance(self._latent, MarginalCurve):
            return np.asarray((scores[:, None] > self._table[cell]).sum(axis=1), dtype=np.float64)
        width = self._table.shape[1]
        place = np.clip((scores + Z_MAX) * ((width - 1) / (2 * Z_MAX)), 0, width - 1 - 1e-9)
        left = place.astype(np.int64)
        flat = cell * width + left
        knots = self._table.ravel()
        low = knots[flat]
        values: Floats = low + (place - left) * (knots[flat + 1] - low)
        if len(self._above):
            values[scores > self._above[cell]] = np.inf
        if len(self._below):
            values[scores < self._below[cell]] = -np.inf
        return values

    def draw(self, scores: Floats, cell: NDArray[np.int64], uniform: Floats) -> NDArray[Any]:
        """Return values as they are written, rounded and with missing ones as NaN or None.

        `uniform` has two numbers for each, for the place between heaps and for the unit.
        """
        ranks = self.ranks(scores, cell)
        if isinstance(self._latent, MarginalLevels):
            return np.asarray(self._values[ranks.astype(np.int64)])
        unit = self._units[np.searchsorted(self._unit_shares, uniform[1], side="right")]
        if isinstance(self._latent, MarginalCurve):
            values = np.where(np.isinf(ranks), np.nan, ranks)
            return np.asarray(np.round(np.rint(values / unit) * unit, 3))
        left, is_between = np.divmod(ranks.astype(np.int64), 2)
        places = np.array(self._latent.places)
        values = places[left] + uniform[0] * (places[left + is_between] - places[left])
        return np.where(is_between, np.round(np.rint(values / unit) * unit, 3), places[left])


class Choice:
    """Weighted choice within groups by one uniform number each."""

    def __init__(self, groups: Sequence[Mapping[Any, float]]) -> None:
        values = [value for group in groups for value in group]
        is_number = all(isinstance(value, int | float) for value in values)
        self._values = np.array(values, dtype=np.float64 if is_number else object)
        self._edges = np.concatenate(
            [_cumulative(list(group.values())) + number for number, group in enumerate(groups)]
        )

    def draw(self, uniform: Floats, group: NDArray[np.int64] | int = 0) -> NDArray[Any]:
        """Return one value each; `uniform` in [0, 1)."""
        # Added to a large group a number just below 1 would round up into the next group.
        place = np.minimum(uniform, 1 - 1e-9) + group
        return np.asarray(self._values[np.searchsorted(self._edges, place, side="right")])


def _cumulative(weights: Sequence[float]) -> Floats:
    shares = np.cumsum(weights) / np.sum(weights)
    shares[-1] = 1.0
    return np.asarray(shares, dtype=np.float64)


def blank(column: NDArray[Any], rows: NDArray[np.bool_]) -> NDArray[Any]:
    """Return the column with these rows missing."""
    return np.where(rows, np.array(None if column.dtype == object else np.nan), column)


def tilt(share: Floats, log_odds: Floats) -> Floats:
    """Return the probability after adding to its log-odds."""
    odds = share * np.exp(log_odds)
    return np.asarray(odds / (1 - share + odds), dtype=np.float64)


class ApplicationModel:
    """Draws applications under one scenario.

    Parameters
    ----------
    parameters
        The fitted distribution.
    scenario
        What drifts.
    vintages
        Weight of each month of origination ("2014-07"), within the years of the parameters.
    """

    def __init__(
        self, parameters: SimulationParameters, scenario: Scenario, vintages: Mapping[str, float]
    ) -> None:
        self._scenario = scenario
        self._months = Choice([{month_number(month): weight for month, weight in vintages.items()}])
        self._first_year = parameters.years[0]
        self._cells = parameters.cells
        self._long_term = np.array(parameters.long_term)
        names = parameters.purposes
        self._purposes = Choice([_positions(shares) for shares in parameters.purpose_shares])
        factors = np.array([scenario.purposes.get(name, 1.0) for name in names])
        self._tilted = Choice([_positions(factors * row) for row in parameters.purpose_shares])
        self._purpose_names = np.array(names, dtype=object)
        self._joint_from = np.array([month_number(month) for month in parameters.joint])
        self._joint = np.array([0.0, *parameters.joint.values()])
        self._marginals = [Marginal(latent) for latent in parameters.latents]
        self._shifts = np.array([scenario.scores.get(m.name, 0.0) for m in self._marginals])
        effects = np.array(parameters.effects)
        self._by_purpose = np.ascontiguousarray(effects[:, : len(names)])
        self._by_flag = effects[:, len(names) :]
        self._factor = np.zeros((len(effects), len(effects)))
        for row, entries in enumerate(parameters.factor):
            self._factor[row, : row + 1] = entries
        self._first_half = _half_year(next(iter(parameters.rates)))
        self._halves = len(parameters.rates)
        self._rates = Choice(
            [dict(prices) for half in parameters.rates.values() for prices in half]
        )

    def draw(
        self,
        rng: np.random.Generator,
        strength: Floats,
        months: NDArray[np.int64] | None = None,
    ) -> Frame:
        """Return one application per entry of `strength`, 0 to 1, the drift's there.

        Names are LendingClub's; names with a dot are not fields
        (`risk.simulation.calibration.catalogue`). `months` are those of origination, counted from
        January 1970, where they are not to be drawn.
        """
        size = len(strength)
        uniform = rng.random((6, size))
        month = self._months.draw(uniform[0]).astype(np.int64) if months is None else months
        year = month // 12 + 1970 - self._first_year
        wish = self._scenario
        is_long = uniform[1] < tilt(self._long_term[year], strength * wish.long_term)
        group = self._cells["purpose"].of(year, is_long)
        is_tilted = uniform[2] < strength
        purpose = np.where(
            is_tilted, self._tilted.draw(uniform[3], group), self._purposes.draw(uniform[3], group)
        ).astype(np.int64)
        joint = self._joint[np.searchsorted(self._joint_from, month, side="right")]
        is_joint = uniform[4] < tilt(joint, strength * wish.joint)

        scores = self._factor @ rng.standard_normal((len(self._factor), size))
        scores += self._by_purpose[:, purpose]
        scores += self._by_flag @ np.array([is_joint, is_long], dtype=np.float64)
        scores += self._shifts[:, None] * strength
        loans: Frame = {
            "origin.month": month,
            "origin.year": year,
            "is.long": is_long,
            "is.joint": is_joint,
            "term": np.where(is_long, float(TERMS[1]), float(TERMS[0])),
            "purpose": self._purpose_names[purpose],
        }
        cell = {name: cells.of(year, is_long) for name, cells in self._cells.items()}
        rounding = rng.random((len(self._marginals), 2, size))
        for row, marginal in enumerate(self._marginals):
            loans[marginal.name] = marginal.draw(scores[row], cell[marginal.cells], rounding[row])
        self._price(loans, uniform[5], strength)
        return loans

    def _price(self, loans: Frame, uniform: Floats, strength: Floats) -> None:
        """Add the lender's rate for the grade in that half-year, and the instalment it makes."""
        half = np.clip(loans["origin.month"] // 6 - self._first_half, 0, self._halves - 1)
        grade = _GRADE_CODES(loans["sub_grade"]).astype(np.int64)
        rate = self._rates.draw(uniform, half * len(GRADES) + grade)
        loans["rate.base"] = rate
        loans["int_rate"] = np.round(rate + strength * self._scenario.rate_points, 2)
        monthly = loans["int_rate"] / 1200
        annuity = monthly / (1 - (1 + monthly) ** -loans["term"])
        loans["installment"] = np.floor(loans["loan_amnt"] * annuity * 100) / 100


_GRADE_CODES = np.vectorize({grade: code for code, grade in enumerate(GRADES)}.__getitem__)


def _positions(shares: Sequence[float] | Floats) -> dict[int, float]:
    return {position: float(share) for position, share in enumerate(shares)}


def _half_year(text: str) -> int:
    """Return the half-years from the first of 1970 to "2014-2"."""
    year, number = text.split("-")
    return 2 * (int(year) - 1970) + int(number) - 1
