"""Which decisions a question is about: one value, applied in SQL by the macro `chosen`.

::

    Filters(from_on=date(2018, 1, 1), to_on=date(2019, 1, 1), terms=(36,), states=("CA",))

An empty filter chooses everything. The macro is `lakehouse/sql/lake/views/chosen.sql`.
"""

from dataclasses import asdict, dataclass
from datetime import date
from enum import StrEnum

from lakehouse.errors import QueryInvalid
from risk.contract.application import Tier


class Grain(StrEnum):
    """How long a period is, by application date."""

    DAY = "day"
    WEEK = "week"
    MONTH = "month"
    QUARTER = "quarter"
    YEAR = "year"


@dataclass(frozen=True, slots=True)
class Filters:
    """Conditions on decisions; all of them hold, and an empty one always does.

    Attributes
    ----------
    from_on, to_on
        Application date: from the first day on, before the second.
    vintages
        Months of origination, each as its first day.
    terms
        Terms in months.
    purposes, states
        As the application states them.
    tiers
        `risk.contract.application.Tier`.
    models
        Versions of the model that decided.

    Raises
    ------
    QueryInvalid
        The period is empty, a vintage is no first day of a month, or a tier is not known.
    """

    from_on: date | None = None
    to_on: date | None = None
    vintages: tuple[date, ...] = ()
    terms: tuple[int, ...] = ()
    purposes: tuple[str, ...] = ()
    states: tuple[str, ...] = ()
    tiers: tuple[str, ...] = ()
    models: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.from_on and self.to_on and self.from_on >= self.to_on:
            raise QueryInvalid(
                f"filter: expected a period that begins before it ends, found {self.from_on} to "
                f"{self.to_on}; the last day is not in it"
            )
        if days := [each for each in self.vintages if each.day != 1]:
            raise QueryInvalid(
                f"filter: expected vintages as first days of months, found {days[0]}; write "
                f"{days[0].replace(day=1)}"
            )
        if unknown := sorted(set(self.tiers) - {tier.value for tier in Tier}):
            raise QueryInvalid(
                f"filter: expected tiers among {', '.join(tier.value for tier in Tier)}, found "
                f"{', '.join(unknown)}"
            )

    def parameters(self) -> dict[str, object]:
        """Return the value of `$filters` in the questions."""
        return {
            name: list(value) if isinstance(value, tuple) else value
            for name, value in asdict(self).items()
        }


ALL = Filters()
"""Every decision."""
