"""On which days each data alert fired or would have fired, over all history.

Three alerts, each of closed periods and beyond what chance explains: a feature drifts from the
population that its model was fitted on (`risk.monitoring.population_shift`), the watchlist's share
differs from that of the periods before, and a field is missing more often than in them. Both shares
are compared with their own past, never with a fixed rate.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final, Literal, NamedTuple, TypeAlias

import numpy as np

from lakehouse.lake import monitoring, portfolio, quality
from lakehouse.lake.filters import Filters, Grain
from lakehouse.lake.session import Lake
from lakehouse.monitoring.drift import PERIODS_A_YEAR, drift
from lakehouse.registry.artefacts import find_model
from lakehouse.registry.references import find_reference
from risk.monitoring.drift import psi
from risk.monitoring.population_shift import ALARM_PSI
from risk.monitoring.significance import YEARLY_LEVEL, adjusted, share_p

Alert: TypeAlias = Literal["drift", "watchlist_share", "field_missing"]

BASELINE_PERIODS: Final = 12
"""A share is compared with that of so many periods before."""

SHARE_ALARM_PSI: Final = ALARM_PSI / 10
"""A share's shift is worth an alarm from here on, if chance does not explain it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fired:
    """An alert that would have fired.

    Attributes
    ----------
    on
        The day after the period it is about: nobody could have known sooner.
    subject
        The feature or the field; ``tier`` for the watchlist's share.
    value
        PSI of the feature, or of the share.
    share, share_before
        On the watchlist, or missing: in the period and in those before, 0 to 1; None for drift.
    is_grave
        Whether somebody has to act: an input of the model has shifted.
    """

    on: date
    period: date
    alert: Alert
    model_version: str
    subject: str
    value: float
    decisions: int
    share: float | None = None
    share_before: float | None = None
    is_grave: bool = False


def backtest_alerts(lake: Lake, lake_uri: str, *, grain: Grain, today: date) -> list[Fired]:
    """Return the alerts of every model over all closed periods, in the order of their days.

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
            *_fields(lake, version, grain),
        )
        if each.on <= today
    ]
    return sorted(fired, key=lambda each: (each.on, each.alert, each.subject))


def _drift(lake: Lake, lake_uri: str, version: str, grain: Grain) -> Iterator[Fired]:
    reference = find_reference(lake_uri, find_model(lake_uri, version))
    for each in drift(lake, reference, Filters(models=(version,)), grain=grain):
        for feature in each.shift.features:
            if feature.is_alarm:
                yield Fired(
                    on=_day_after(each.period, grain),
                    period=each.period,
                    alert="drift",
                    model_version=version,
                    subject=feature.feature,
                    value=feature.psi,
                    decisions=each.shift.decisions,
                    is_grave=feature.level == "act" and feature.points is not None,
                )


class _Counted(NamedTuple):
    """How many of a period's decisions are on the watchlist, or lack a field."""

    period: date
    hits: int
    decisions: int


class _Moved(NamedTuple):
    """A period's share beside that of the periods before."""

    period: date
    psi: float
    p_value: float
    share: float
    share_before: float
    decisions: int


def _watchlist(lake: Lake, version: str, grain: Grain) -> Iterator[Fired]:
    rows = portfolio.by_period(lake, Filters(models=(version,)), grain=grain).to_pylist()
    counted = [_Counted(row["period"], row["watchlisted"], row["decisions"]) for row in rows]
    level = YEARLY_LEVEL / PERIODS_A_YEAR[grain]
    for each in _against_those_before(counted):
        if each.p_value <= level and each.psi >= SHARE_ALARM_PSI:
            yield _fired(each, "watchlist_share", "tier", version, grain)


def _fields(lake: Lake, version: str, grain: Grain) -> Iterator[Fired]:
    """Judge the fields of a period together: many are looked at."""
    counted: dict[str, list[_Counted]] = {}
    for row in quality.nulls_by_field(lake, Filters(models=(version,)), grain=grain).to_pylist():
        counted.setdefault(row["field"], []).append(
            _Counted(row["period"], row["missing"], row["decisions"])
        )
    by_period: dict[date, list[tuple[str, _Moved]]] = {}
    for field, periods in counted.items():
        for each in _against_those_before(periods):
            by_period.setdefault(each.period, []).append((field, each))
    level = YEARLY_LEVEL / PERIODS_A_YEAR[grain]
    for moved in by_period.values():
        p_values = adjusted([each.p_value for _, each in moved])
        for (field, each), p_value in zip(moved, p_values, strict=True):
            has_risen = each.share > each.share_before and each.psi >= SHARE_ALARM_PSI
            if has_risen and p_value <= level:
                yield _fired(each, "field_missing", field, version, grain)


def _against_those_before(counted: Sequence[_Counted]) -> Iterator[_Moved]:
    """Compare each period's share with that of the `BASELINE_PERIODS` before it."""
    for place in range(BASELINE_PERIODS, len(counted)):
        period, hits, decisions = counted[place]
        earlier = counted[place - BASELINE_PERIODS : place]
        hits_before = sum(each.hits for each in earlier)
        decisions_before = sum(each.decisions for each in earlier)
        before, now = (hits_before, decisions_before - hits_before), (hits, decisions - hits)
        yield _Moved(
            period,
            psi(before, now),
            share_p(before, now),
            hits / decisions,
            hits_before / decisions_before,
            decisions,
        )


def _fired(moved: _Moved, alert: Alert, subject: str, version: str, grain: Grain) -> Fired:
    return Fired(
        on=_day_after(moved.period, grain),
        period=moved.period,
        alert=alert,
        model_version=version,
        subject=subject,
        value=moved.psi,
        decisions=moved.decisions,
        share=moved.share,
        share_before=moved.share_before,
    )


def _day_after(period: date, grain: Grain) -> date:
    if grain in {Grain.DAY, Grain.WEEK}:
        return period + timedelta(days=1 if grain is Grain.DAY else 7)
    months = {Grain.MONTH: 1, Grain.QUARTER: 3, Grain.YEAR: 12}[grain]
    found: date = (np.datetime64(period, "M") + months).astype("datetime64[D]").astype(date)
    return found
