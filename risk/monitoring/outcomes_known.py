"""Which loans may be judged: loans past their term, in vintages with enough known outcomes.

A default is known sooner than a repayment, and a loan that is still open has not defaulted so far.
Among the finished loans of a young vintage the share of defaults is therefore far too high or, in
its first months, far too low: 0.8 % in one real quarter, 26.7 % in another. So a vintage counts
when the term of all its loans is over and at least `KNOWN_SHARE` of them have ended. Each term is
judged alone. What is left out is listed with its reason, and gets no figure.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from risk.errors import ContractError

Floats: TypeAlias = NDArray[np.float64]

KNOWN_SHARE = 0.85
"""Share of a vintage's loans whose outcome has to be known."""


class Standing(StrEnum):
    """Whether a vintage may be judged."""

    MATURE = "mature"
    TERM_RUNNING = "term still running"
    TOO_FEW_KNOWN = "too few outcomes known"


@dataclass(frozen=True, slots=True)
class Maturity:
    """How far a vintage of one term has come.

    Attributes
    ----------
    loans, known
        How many were issued, and have a known outcome.
    standing
        Whether the vintage may be judged, or why not.
    """

    loans: int
    known: int
    standing: Standing

    @property
    def known_share(self) -> float:
        """Known outcomes of all loans, 0 to 1; 0 of none."""
        return self.known / self.loans if self.loans else 0.0


@dataclass(frozen=True, slots=True)
class ScoredCounts:
    """Loans of one group by distinct PD.

    Attributes
    ----------
    pd
        Probability of default, 0 to 1, each once.
    loans, known, defaults
        How many loans were given it, have a known outcome, and defaulted.

    Raises
    ------
    ContractError
        A PD has more defaults than known outcomes, or more of these than loans.
    """

    pd: Floats
    loans: NDArray[np.int64]
    known: NDArray[np.int64]
    defaults: NDArray[np.int64]

    def __post_init__(self) -> None:
        if ((self.defaults > self.known) | (self.known > self.loans)).any():
            raise ContractError(
                "scored counts: expected no more defaults than known outcomes, and no more of "
                "these than loans; count each loan once"
            )

    @classmethod
    def of(cls, pd: Any, loans: Any, known: Any, defaults: Any) -> ScoredCounts:
        """Return the counts with equal PDs put together, in order of PD."""
        distinct, group = np.unique(np.asarray(pd, dtype=np.float64), return_inverse=True)

        def summed(counts: Any) -> NDArray[np.int64]:
            sums = np.zeros(len(distinct), dtype=np.int64)
            np.add.at(sums, group, np.asarray(counts, dtype=np.int64))
            return sums

        return cls(distinct, summed(loans), summed(known), summed(defaults))

    def outcomes(self) -> tuple[Floats, NDArray[np.bool_], Floats]:
        """Return PD, outcome and count of each kind of loan that there is."""
        pd = np.concatenate([self.pd, self.pd])
        defaulted = np.repeat([True, False], len(self.pd))
        counts = np.concatenate([self.defaults, self.known - self.defaults]).astype(np.float64)
        is_there = counts > 0
        return pd[is_there], defaulted[is_there], counts[is_there]


def maturity(*, loans: int, known: int, has_run_out: bool) -> Maturity:
    """Return how far a vintage has come and whether it may be judged."""
    if not has_run_out:
        standing = Standing.TERM_RUNNING
    elif not loans or known / loans < KNOWN_SHARE:
        standing = Standing.TOO_FEW_KNOWN
    else:
        standing = Standing.MATURE
    return Maturity(loans, known, standing)
