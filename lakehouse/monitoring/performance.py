"""How the model did, as it was known on a day: one term at a time, mature vintages only.

A vintage that may not be judged is there with its counts and the reason, never with a figure
(`risk.monitoring.outcomes_known`). Beside what came true stands what was to be expected, estimated
from the PDs alone and graded on the vintages that have matured (`risk.monitoring.label_free`).
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from itertools import pairwise
from typing import Final

import numpy as np
import pyarrow as pa

from lakehouse.lake import vintages
from lakehouse.lake.filters import ALL, Filters, Grain
from lakehouse.lake.session import Lake
from risk.errors import ContractError
from risk.monitoring.label_free import Estimated, Grade, estimate, grade
from risk.monitoring.outcomes_analysis import Analysis, analyse
from risk.monitoring.outcomes_known import Maturity, ScoredCounts, Standing, maturity

DEFAULT_TERM_MONTHS: Final = 36
AT_A_TIME: Final = 4
"""So many vintages make one figure: a year of quarters."""

_MONTHS: Final = {Grain.MONTH: 1, Grain.QUARTER: 3, Grain.YEAR: 12}
_COUNTS: Final = ("pd", "loans", "known", "defaults")


@dataclass(frozen=True, slots=True)
class VintagePerformance:
    """A vintage of one term.

    Attributes
    ----------
    vintage
        First day of its period.
    maturity
        How many of its loans are known, and whether it may be judged.
    analysis
        What came true; None of a vintage that may not be judged.
    expected
        What to expect of all its loans, from their PDs; None of a single loan.
    """

    vintage: date
    maturity: Maturity
    analysis: Analysis | None
    expected: Estimated | None


@dataclass(frozen=True, slots=True)
class Performance:
    """How the model did on loans of one term, as it was known on a day.

    Attributes
    ----------
    judged
        All mature vintages together.
    latest, before
        The last mature vintages together, at most `AT_A_TIME`, and those before them; None without.
    grade
        How the estimates turned out on them.
    left_out
        Loans of vintages that may not be judged, by reason.
    """

    as_of: date
    term_months: int
    judged: Analysis
    latest: Analysis | None
    before: Analysis | None
    vintages: tuple[VintagePerformance, ...]
    grade: Grade
    left_out: dict[str, int]


def performance(
    lake: Lake,
    filters: Filters = ALL,
    *,
    as_of: date,
    term_months: int = DEFAULT_TERM_MONTHS,
    grain: Grain = Grain.QUARTER,
) -> Performance:
    """Return how the model did on one term's loans, with what was known on a day.

    Parameters
    ----------
    filters
        Its terms are replaced by `term_months`.
    grain
        Of a vintage: month, quarter or year.

    Raises
    ------
    Unavailable, Denied
        The lake does not answer.
    """
    counted = vintages.scored_outcomes(
        lake, replace(filters, terms=(term_months,)), as_of=as_of, grain=grain
    )
    found = [
        _vintage(period, counts, as_of=as_of, months=_MONTHS[grain], term_months=term_months)
        for period, counts in _by_vintage(counted)
    ]
    mature = [
        (each, counts)
        for each, (_, counts) in zip(found, _by_vintage(counted), strict=True)
        if each.analysis is not None
    ]
    counts_of = [counts for _, counts in mature]
    latest, before = counts_of[-AT_A_TIME:], counts_of[-2 * AT_A_TIME : -AT_A_TIME]
    left_out: dict[str, int] = {}
    for each in found:
        if each.analysis is None:
            reason = each.maturity.standing.value
            left_out[reason] = left_out.get(reason, 0) + each.maturity.loans
    return Performance(
        as_of=as_of,
        term_months=term_months,
        judged=_together(counts_of),
        latest=_together(latest) if latest else None,
        before=_together(before) if before else None,
        vintages=tuple(found),
        grade=_grade(mature),
        left_out=left_out,
    )


def _together(some: Sequence[ScoredCounts]) -> Analysis:
    columns = ([getattr(each, name) for each in some] for name in _COUNTS)
    return analyse(ScoredCounts.of(*(np.concatenate(each or [[]]) for each in columns)))


def _by_vintage(counted: pa.Table) -> list[tuple[date, ScoredCounts]]:
    periods = counted.column("vintage").to_numpy()
    columns = [counted.column(name).to_numpy() for name in _COUNTS]
    # In order of vintage, so each is one slice.
    begins = np.flatnonzero(periods[1:] != periods[:-1]) + 1
    bounds = [0, *begins.tolist(), len(periods)] if len(periods) else []
    slices = [slice(*ends) for ends in pairwise(bounds)]
    return [
        (periods[each][0].item(), ScoredCounts.of(*(column[each] for column in columns)))
        for each in slices
    ]


def _vintage(
    period: date, counts: ScoredCounts, *, as_of: date, months: int, term_months: int
) -> VintagePerformance:
    last = np.datetime64(period, "M") + months - 1
    has_run_out = bool((last + term_months).astype("datetime64[D]") <= np.datetime64(as_of))
    found = maturity(
        loans=int(counts.loans.sum()), known=int(counts.known.sum()), has_run_out=has_run_out
    )
    return VintagePerformance(
        period,
        found,
        analyse(counts) if found.standing is Standing.MATURE else None,
        _expected(counts),
    )


def _expected(counts: ScoredCounts) -> Estimated | None:
    try:
        return estimate(counts)
    except ContractError:
        return None


def _grade(mature: list[tuple[VintagePerformance, ScoredCounts]]) -> Grade:
    """Grade the estimates of the loans whose outcome is known against these outcomes."""
    estimates, came_true = [], []
    for each, counts in mature:
        if each.analysis is not None and each.analysis.auc is not None:
            known = ScoredCounts.of(counts.pd, counts.known, counts.known, counts.defaults)
            estimates.append(estimate(known))
            came_true.append(
                (each.analysis.auc.value, each.analysis.defaults / each.analysis.loans)
            )
    return grade(estimates, came_true)
