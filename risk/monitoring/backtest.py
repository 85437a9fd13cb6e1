"""Compare decisions with the outcomes of the loans: by tier and by PD.

In all functions `known` says whether a loan's outcome is known, and `defaulted` whether the loan
did default; where `known` is false, `defaulted` has no meaning. Rates are of loans with known
outcomes. Counts and expected losses are of all applications. `Estimate` is None where there is
nothing to estimate from.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

from risk.contract.application import Tier
from risk.errors import ContractError
from risk.frame.frame import Frame, row_count
from risk.monitoring.performance import Estimate, auc, brier, ks_separation

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]

LGD = 0.65
"""Assumed loss given default: the share of the amount lent that is neither repaid nor recovered.

LendingClub's own loan files have the loss of the loans charged off, ``funded_amnt - total_rec_prncp
- recoveries + collection_recovery_fee``, at 0.60 of the amount for loans of 2007-06 to 2011-06, and
at 0.68 for a sample of 732 loans of 2008 to 2018.
"""


@dataclass(frozen=True, slots=True)
class Group:
    """Some of the applications.

    Attributes
    ----------
    applications, share
        How many, and of all.
    resolved, defaults
        How many have a known outcome, and defaulted.
    default_rate
        Defaults of the resolved, with Wilson's interval.
    mean_pd
        Of the resolved, to compare with the default rate.
    expected_loss_usd
        Sum of PD, loss given default and amount, resolved or not.
    defaulted_usd
        Amount lent to those that defaulted.
    """

    applications: int
    share: float
    resolved: int
    defaults: int
    default_rate: Estimate | None
    mean_pd: float | None
    expected_loss_usd: float
    defaulted_usd: float


@dataclass(frozen=True, slots=True)
class Backtest:
    """The comparison of decisions with outcomes.

    Attributes
    ----------
    tiers
        By the tier's name, mildest first.
    lift
        Default rate of the watchlist over that of all.
    auc, ks_separation, brier
        Of the PDs; None where no two outcomes are there to tell apart.
    lgd
        The loss given default that was assumed.
    """

    overall: Group
    tiers: dict[str, Group]
    watchlist_share: float
    lift: float | None
    auc: Estimate | None
    ks_separation: float | None
    brier: float | None
    lgd: float


@dataclass(frozen=True, slots=True)
class Swapped:
    """Applications that two versions tier so; `figures` has the PDs of the second."""

    figures: Group
    expected_loss_before_usd: float


@dataclass(frozen=True, slots=True)
class SwapCell:
    """Applications by their tier in the first version and in the second."""

    before: str
    after: str
    swapped: Swapped


@dataclass(frozen=True, slots=True)
class SwapSet:
    """What a second version changes on the same applications.

    Attributes
    ----------
    cells
        Every pair of tiers, the first version's in rows.
    swapped_in, swapped_out
        Applications that the second version puts on the watchlist, and takes off it.
    """

    cells: tuple[SwapCell, ...]
    swapped_in: Swapped
    swapped_out: Swapped


def backtest(decided: Frame, *, defaulted: Flags, known: Flags, lgd: float = LGD) -> Backtest:
    """Compare decisions with the outcomes of the loans.

    Parameters
    ----------
    decided
        `pd`, `tier` and `amount_usd` of every application.

    Raises
    ------
    ContractError
        Outcomes and decisions are not equally many, or `lgd` is not from 0 to 1.
    """
    books = _Books.of(decided, defaulted, known, lgd)
    tiers = {tier.value: books.group(books.tier == tier.value) for tier in Tier}
    overall = books.group(np.ones(row_count(decided), dtype=np.bool_))
    watchlist = tiers[Tier.WATCHLIST.value]
    pd, outcome = books.pd[known], defaulted[known]
    is_telling = 0 < overall.defaults < overall.resolved
    return Backtest(
        overall=overall,
        tiers=tiers,
        watchlist_share=watchlist.share,
        lift=_lift(watchlist.default_rate, overall.default_rate),
        auc=auc(pd, outcome) if is_telling else None,
        ks_separation=ks_separation(pd, outcome) if is_telling else None,
        brier=brier(pd, outcome) if overall.resolved else None,
        lgd=lgd,
    )


def swap_set(
    first: Frame, second: Frame, *, defaulted: Flags, known: Flags, lgd: float = LGD
) -> SwapSet:
    """Return what the second version decides otherwise than the first.

    Parameters
    ----------
    first, second
        `event_id`, `pd`, `tier` and `amount_usd` of the same applications in the same order.

    Raises
    ------
    ContractError
        They are not the same applications, or as for `backtest`.
    """
    if not np.array_equal(first["event_id"], second["event_id"]):
        raise ContractError(
            "swap set: expected two decisions on the same applications in the same order; "
            "decide the same frame twice"
        )
    before = _Books.of(first, defaulted, known, lgd)
    after = _Books.of(second, defaulted, known, lgd)

    def swapped(is_in: Flags) -> Swapped:
        return Swapped(after.group(is_in), before.expected_loss_usd(is_in))

    was_watched = before.tier == Tier.WATCHLIST.value
    is_watched = after.tier == Tier.WATCHLIST.value
    return SwapSet(
        cells=tuple(
            SwapCell(old.value, new.value, swapped((before.tier == old) & (after.tier == new)))
            for old in Tier
            for new in Tier
        ),
        swapped_in=swapped(is_watched & ~was_watched),
        swapped_out=swapped(was_watched & ~is_watched),
    )


def wilson(hits: int, trials: int, *, confidence: float = 0.95) -> Estimate:
    """Return a share of at least one trial with its score interval (Wilson, *JASA* 22, 1927)."""
    z = NormalDist().inv_cdf(0.5 + confidence / 2.0)
    share = hits / trials
    widening = 1.0 + z * z / trials
    middle = (share + z * z / (2.0 * trials)) / widening
    reach = z / widening * math.sqrt((share * (1.0 - share) + z * z / (4.0 * trials)) / trials)
    return Estimate(share, max(middle - reach, 0.0), min(middle + reach, 1.0))


@dataclass(frozen=True, slots=True)
class _Books:
    """Decisions of one version beside what became of the loans."""

    pd: Floats
    tier: NDArray[np.object_]
    amount_usd: Floats
    defaulted: Flags
    known: Flags
    lgd: float

    @classmethod
    def of(cls, decided: Frame, defaulted: Flags, known: Flags, lgd: float) -> _Books:
        count = row_count(decided)
        if not count == len(defaulted) == len(known):
            raise ContractError(
                f"outcomes: expected one for each of {count} decisions, found {len(defaulted)} and "
                f"{len(known)} known or not; hand over one each"
            )
        if not 0.0 <= lgd <= 1.0:
            raise ContractError(f"lgd: expected a share from 0 to 1, found {lgd}")
        return cls(
            decided["pd"], decided["tier"], decided["amount_usd"], defaulted & known, known, lgd
        )

    def expected_loss_usd(self, is_in: Flags) -> float:
        return self.lgd * float(self.pd[is_in] @ self.amount_usd[is_in])

    def group(self, is_in: Flags) -> Group:
        is_resolved = is_in & self.known
        is_default = is_in & self.defaulted
        applications, resolved = int(is_in.sum()), int(is_resolved.sum())
        defaults = int(is_default.sum())
        return Group(
            applications=applications,
            share=applications / max(len(is_in), 1),
            resolved=resolved,
            defaults=defaults,
            default_rate=wilson(defaults, resolved) if resolved else None,
            mean_pd=float(self.pd[is_resolved].mean()) if resolved else None,
            expected_loss_usd=self.expected_loss_usd(is_in),
            defaulted_usd=float(self.amount_usd[is_default].sum()),
        )


def _lift(rate: Estimate | None, overall: Estimate | None) -> float | None:
    if rate is None or overall is None or not overall.value:
        return None
    return rate.value / overall.value
