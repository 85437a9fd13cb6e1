"""On which days each data alert would have fired, over all history."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

import numpy as np

from lakehouse.lake import monitoring, portfolio
from lakehouse.lake.filters import Filters, Grain
from lakehouse.lake.session import Lake
from lakehouse.monitoring.drift import PERIODS_A_YEAR, drift
from lakehouse.registry.artefacts import find_model
from lakehouse.registry.references import find_reference
from risk.monitoring.drift import psi
from risk.monitoring.population_shift import ALARM_PSI
from risk.monitoring.significance import YEARLY_LEVEL, homogeneity_p

__all__ = ["BASELINE_PERIODS", "Fired", "backtest_alerts"]

BASELINE_PERIODS: Final = 12
"""The watchlist's share is compared with that of so many periods before."""


@dataclass(frozen=True, slots=True)
class Fired:
    """An alert that would have fired.

    Attributes
    ----------
    on
        The day after the period it is about: nobody could have known sooner.
    alert
        ``drift`` or ``watchlist_share``.
    value
        PSI of the feature or of the tier mix.
    """

    on: date
    period: date
    alert: str
    model_version: str
    subject: str
    value: float
    decisions: int


def backtest_alerts(lake: Lake, lake_uri: str, *, grain: Grain) -> list[Fired]:
    """Return the alerts of every model over all history, in the order of their days.

    Raises
    ------
    ArtefactInvalid
        A model that decided, or its reference, is nowhere.
    Unavailable, Denied
        The lake does not answer, or does not let us read.
    """
    decided = monitoring.models_by_period(lake, grain=grain).column("model_version").to_pylist()
    fired = [
        each
        for version in sorted(set(decided))
        for each in (
            *_drift(lake, lake_uri, version, grain),
            *_watchlist(lake, version, grain),
        )
    ]
    return sorted(fired, key=lambda each: (each.on, each.alert, each.subject))


def _drift(lake: Lake, lake_uri: str, version: str, grain: Grain) -> Iterator[Fired]:
    reference = find_reference(lake_uri, find_model(lake_uri, version))
    for each in drift(lake, reference, Filters(models=(version,)), grain=grain):
        for feature in each.shift.features:
            if feature.is_alarm:
                yield Fired(
                    _day_after(each.period, grain),
                    each.period,
                    "drift",
                    version,
                    feature.feature,
                    feature.psi,
                    each.shift.decisions,
                )


def _watchlist(lake: Lake, version: str, grain: Grain) -> Iterator[Fired]:
    """Compare each period's watchlist share with the periods before it: never an absolute rate."""
    rows = portfolio.by_period(lake, Filters(models=(version,)), grain=grain).to_pylist()
    counts = np.array(
        [(row["watchlisted"], row["decisions"] - row["watchlisted"]) for row in rows]
    ).reshape(-1, 2)
    level = YEARLY_LEVEL / PERIODS_A_YEAR[grain]
    for place in range(BASELINE_PERIODS, len(rows)):
        before, now = counts[place - BASELINE_PERIODS : place].sum(axis=0), counts[place]
        moved = psi(before, now)
        if homogeneity_p(before, now) <= level and moved >= ALARM_PSI / 10:
            period = rows[place]["period"]
            yield Fired(
                _day_after(period, grain),
                period,
                "watchlist_share",
                version,
                "tier",
                moved,
                int(now.sum()),
            )


def _day_after(period: date, grain: Grain) -> date:
    if grain in {Grain.DAY, Grain.WEEK}:
        return period + timedelta(days=1 if grain is Grain.DAY else 7)
    months = {Grain.MONTH: 1, Grain.QUARTER: 3, Grain.YEAR: 12}[grain]
    found: date = (np.datetime64(period, "M") + months).astype("datetime64[D]").astype(date)
    return found
