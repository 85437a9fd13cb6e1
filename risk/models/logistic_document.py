"""The document of a logistic regression: the effect of each feature on the log-odds.

The weights are free: unlike in a scorecard or boosting model, no expected direction constrains
them. `Curve.contradicts_its_reason` says where a weight goes against its feature's reason code.
"""

import math
from typing import Final, Literal, TypeAlias

from risk.features.reason_codes import REASONS, codes_of
from risk.models.document import MICRO, Document, FeaturePart, Fit, expect

Transform: TypeAlias = Literal["identity", "log1p"]

BEYOND_DOUBT: Final = 20 * MICRO
"""A PD of 9 decimals is above 0 and below 1 up to here."""

_HELD_AGAINST = {"HIGH": 1, "LOW": -1}


class _Effect(FeaturePart, frozen=True, kw_only=True):
    """What a feature adds to log-odds of default.

    Attributes
    ----------
    mean
        Millionths that it adds for the average loan of the fit.
    """

    mean: int


class Curve(_Effect, frozen=True, tag="curve", kw_only=True):
    """A numeric feature: straight in its value or in the logarithm of it.

    Adds ``weight * (transform(value) - centre) / scale``, in whole millionths.

    Attributes
    ----------
    low, high
        Range among the loans of the fit; values beyond it are worth what its end is.
    centre, scale
        Mean and standard deviation there, of transformed values.
    weight
        Log-odds a standard deviation.
    missing
        Millionths that a missing value adds.
    """

    transform: Transform
    low: float
    high: float
    centre: float
    scale: float
    weight: float
    missing: int

    @property
    def slope(self) -> float:
        """Millionths a unit of the transformed value."""
        return self.weight / self.scale * MICRO

    @property
    def known(self) -> tuple[int, ...]:
        """Millionths at either end of the range: the least and the most of a known value."""
        ends = (self.low, self.high)
        if self.transform == "log1p":
            ends = (math.log1p(self.low), math.log1p(self.high))
        return tuple(round((end - self.centre) * self.slope) for end in ends)

    @property
    def all(self) -> tuple[int, ...]:
        """`known`, and what a missing value adds."""
        return (*self.known, self.missing)

    @property
    def contradicts_its_reason(self) -> bool:
        """Whether PD moves against what `reason_codes` says to applicants of the feature."""
        of_value = codes_of(self.feature).value
        return _HELD_AGAINST.get(REASONS[of_value].when, 0) * self.weight < 0

    def figure_of(self, figure: float) -> str:
        """Return the numbers that are worth what this one is, in words."""
        if figure >= self.high:
            return f"{self.high:,.10g} or more"
        return f"{self.low:,.10g} or less" if figure <= self.low else f"{figure:,.10g}"

    def check(self, where: str) -> None:
        """Refuse figures that are no numbers, an empty range, or effects beyond all bounds."""
        figures = (self.low, self.high, self.centre, self.scale, self.weight)
        expect(
            all(map(math.isfinite, figures)), f"{where}: expected finite numbers, found {figures}"
        )
        lowest = -math.inf if self.transform == "identity" else 0.0
        expect(
            lowest <= self.low < self.high and self.scale > 0.0,
            f"{where}: expected low below high, neither below {lowest}, and a scale above 0, found "
            f"{self.low}, {self.high} and {self.scale}",
        )
        expect(
            math.isfinite(self.slope) and max(map(abs, self.known)) < BEYOND_DOUBT,
            f"{where}: expected effects within {BEYOND_DOUBT} millionths",
        )


class Levels(_Effect, frozen=True, tag="levels", kw_only=True):
    """A feature of texts: one level for each value, one for any other, one for the missing.

    Attributes
    ----------
    effects
        Millionths, one a level.
    loans, defaults
        Of the fit, one a level.
    """

    values: tuple[str, ...]
    effects: tuple[int, ...]
    loans: tuple[int, ...]
    defaults: tuple[int, ...]

    @property
    def known(self) -> tuple[int, ...]:
        """Millionths of the values that have a level of their own."""
        return self.effects[:-2]

    @property
    def all(self) -> tuple[int, ...]:
        """Millionths of every level."""
        return self.effects

    @property
    def texts(self) -> tuple[tuple[str, ...], ...]:
        """Each value in a level of its own."""
        return tuple((value,) for value in self.values)

    def check(self, where: str) -> None:
        """Refuse figures of another number of levels, or a value twice."""
        count = len(self.values) + 2
        expect(
            len(self.effects) == len(self.loans) == len(self.defaults) == count,
            f"{where}: expected effects, loans and defaults of {count} levels",
        )
        expect(
            0 < len(set(self.values)) == len(self.values),
            f"{where}: expected at least one value, each once",
        )


Effect: TypeAlias = Curve | Levels


class Tried(Document, frozen=True):
    """One strength of the penalty, judged on loans not seen (folds of the loans of the fit).

    Attributes
    ----------
    inverse_penalty
        scikit-learn's C: less is stricter.
    log_loss
        Mean, before calibration.
    """

    inverse_penalty: float
    auc: float
    log_loss: float


class LogisticFit(Fit, frozen=True):
    """How the model came about.

    Attributes
    ----------
    inverse_penalty
        The one of `tried` with the least loss.
    """

    inverse_penalty: float
    tried: tuple[Tried, ...]
