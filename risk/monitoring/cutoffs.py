"""What other cut-offs would have approved: shares, rates with intervals, loss and profit.

All figures are about accepted loans: nothing is known about applications that a lender refused. So
a limit that is laxer than the lender's own cannot be judged here.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, fields

from risk.errors import ContractError
from risk.monitoring.backtest import LGD, wilson
from risk.monitoring.performance import Estimate

MARGIN = 0.12
"""Assumed: what a repaid loan earns over its life, after funding, as a share of its amount."""


@dataclass(frozen=True, slots=True)
class Assumptions:
    """What money figures assume: loss given default and margin, shares of the amount, 0 to 1.

    Raises
    ------
    ContractError
        One is outside its bounds.
    """

    lgd: float = LGD
    margin: float = MARGIN

    def __post_init__(self) -> None:
        if not (0.0 <= self.lgd <= 1.0 and 0.0 <= self.margin <= 1.0):
            raise ContractError(
                f"assumptions: expected shares from 0 to 1, found LGD {self.lgd} and margin "
                f"{self.margin}"
            )


@dataclass(frozen=True, slots=True)
class Counts:
    """Loans of one kind: how many, how many may be judged, defaults of these, sums in USD."""

    loans: int = 0
    judged: int = 0
    defaults: int = 0
    amount_usd: float = 0.0
    expected_usd: float = 0.0

    def __add__(self, other: Counts) -> Counts:
        """Return both together."""
        return Counts(
            *(getattr(self, each.name) + getattr(other, each.name) for each in fields(Counts))
        )


@dataclass(frozen=True, slots=True)
class LoanBook:
    """Some of the loans.

    Attributes
    ----------
    share
        Of all loans, 0 to 1.
    default_rate
        Of the loans that may be judged, with Wilson's interval; None without any.
    expected_loss_usd
        Sum of PD, amount and loss given default.
    expected_profit_usd
        Margin on what is expected to be repaid, less the expected loss.
    """

    loans: int
    share: float
    judged: int
    defaults: int
    default_rate: Estimate | None
    amount_usd: float
    expected_loss_usd: float
    expected_profit_usd: float


@dataclass(frozen=True, slots=True)
class Simulation:
    """What limits of today and others approve of the same loans.

    Attributes
    ----------
    loans
        All of them; every share is of these.
    swapped_in, swapped_out
        Approved by the others only, and by today's only.
    """

    loans: int
    today: LoanBook
    then: LoanBook
    approved_by_both: LoanBook
    swapped_in: LoanBook
    swapped_out: LoanBook
    refused_by_both: LoanBook


def simulate(
    cells: Iterable[tuple[bool, bool, Counts]], assumptions: Assumptions | None = None
) -> Simulation:
    """Return the figures of both limits from counts by (approved today, approved then)."""
    counted = {(was, is_): counts for was, is_, counts in cells}
    total = sum((each.loans for each in counted.values()), 0)

    def of(*kinds: tuple[bool, bool]) -> LoanBook:
        together = Counts()
        for kind in kinds:
            together += counted.get(kind, Counts())
        return book(together, of_loans=total, assumptions=assumptions)

    both = (True, True)
    return Simulation(
        loans=total,
        today=of(both, (True, False)),
        then=of(both, (False, True)),
        approved_by_both=of(both),
        swapped_in=of((False, True)),
        swapped_out=of((True, False)),
        refused_by_both=of((False, False)),
    )


def book(counts: Counts, *, of_loans: int, assumptions: Assumptions | None = None) -> LoanBook:
    """Return the figures of some loans out of so many."""
    assumed = assumptions or Assumptions()
    loss = assumed.lgd * counts.expected_usd
    return LoanBook(
        loans=counts.loans,
        share=counts.loans / of_loans if of_loans else 0.0,
        judged=counts.judged,
        defaults=counts.defaults,
        default_rate=wilson(counts.defaults, counts.judged) if counts.judged else None,
        amount_usd=counts.amount_usd,
        expected_loss_usd=loss,
        expected_profit_usd=assumed.margin * (counts.amount_usd - counts.expected_usd) - loss,
    )
