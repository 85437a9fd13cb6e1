"""One run of the monitoring job over a lake: compute, record, render, and sum up."""

from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Final

import pyarrow as pa
import structlog

from dataflows.monitoring.evidently_report import SAMPLE_ROWS, render
from dataflows.monitoring.periods import closed, last_closed, last_day, next_period
from dataflows.monitoring.rows import drift_rows, performance_rows, quality_rows
from lakehouse.errors import ArtefactInvalid
from lakehouse.lake import monitoring, quality, queries
from lakehouse.lake.filters import Filters, Grain
from lakehouse.lake.session import Lake
from lakehouse.monitoring.drift import DriftPeriod, drift
from lakehouse.monitoring.figures import Figure, keep_report, record_figures
from lakehouse.monitoring.performance import Performance, performance
from lakehouse.registry.artefacts import find_model
from lakehouse.registry.references import find_reference

AS_OF_PERIODS: Final = 4
"""Performance is computed as of the ends of so many periods, the last with known outcomes."""

_TERMS: Final = (36, 60)
_A_YEAR: Final = timedelta(days=365)
_log = structlog.get_logger()


@dataclass
class Monitored:
    """What a run found.

    Attributes
    ----------
    periods, recorded
        How many closed periods of all models were looked at, and how many figures were recorded.
    without_reference
        Models whose drift cannot be measured.
    drift, performance
        The newest, by model; performance of the first term.
    reports
        Where in the lake the reports of this run are.
    """

    grain: Grain
    periods: int = 0
    recorded: int = 0
    without_reference: dict[str, str] = field(default_factory=dict)
    drift: dict[str, DriftPeriod] = field(default_factory=dict)
    performance: dict[str, Performance] = field(default_factory=dict)
    reports: list[str] = field(default_factory=list)


def monitor(
    lake: Lake, lake_uri: str, *, grain: Grain, now: datetime, with_reports: bool = True
) -> Monitored:
    """Compute, record and render what is new of every closed period, and return what was found.

    Running it again adds nothing, unless more became known.

    Raises
    ------
    LakehouseError
        The lake does not answer, or refuses us.
    """
    found = Monitored(grain)
    decided = monitoring.models_by_period(lake, grain=grain).to_pylist()
    for model_version in sorted({row["model_version"] for row in decided}):
        periods = closed(
            (row["period"] for row in decided if row["model_version"] == model_version),
            grain,
            today=now.date(),
        )
        if not periods:
            continue
        filters = Filters(to_on=next_period(periods[-1], grain), models=(model_version,))
        figures = _figures(lake, lake_uri, found, filters)
        new = record_figures(lake, lake_uri, figures, grain=grain, recorded_at=now)
        found.periods += len(periods)
        found.recorded += new
        _log.info("monitored", model=model_version, periods=len(periods), recorded=new)
        if with_reports and new:
            found.reports += _reports(lake, lake_uri, filters, periods[-1], grain, now)
    return found


def _figures(
    lake: Lake, lake_uri: str, found: Monitored, filters: Filters
) -> dict[str, list[Figure]]:
    (version,), grain = filters.models, found.grain
    figures: dict[str, list[Figure]] = {"drift": [], "performance": [], "data_quality": []}
    try:
        reference = find_reference(lake_uri, find_model(lake_uri, version))
    except ArtefactInvalid as error:
        found.without_reference[version] = str(error)
    else:
        shifts = drift(lake, reference, filters, grain=grain)
        found.drift[version] = shifts[-1]
        figures["drift"] += drift_rows(shifts, model_version=version)
    known_on = queries.latest_observation(lake)
    for period in last_closed(known_on, grain, count=AS_OF_PERIODS) if known_on else ():
        for term in _TERMS:
            judged = performance(
                lake,
                filters,
                as_of=last_day(period, grain),
                term_months=term,
                grain=Grain.QUARTER,
            )
            figures["performance"] += performance_rows(judged, period=period, model_version=version)
            if term == _TERMS[0]:
                found.performance[version] = judged
    figures["data_quality"] += quality_rows(
        quality.nulls_by_field(lake, filters, grain=grain),
        quality.issues_by_field(lake, filters, grain=grain),
        model_version=version,
    )
    return figures


def _reports(
    lake: Lake, lake_uri: str, filters: Filters, period: date, grain: Grain, now: datetime
) -> list[str]:
    end = next_period(period, grain)
    current, before = (
        _sample(lake, Filters(from_on=first, to_on=last, models=filters.models), as_of=now.date())
        for first, last in ((period, end), (period - _A_YEAR, period))
    )
    return [
        keep_report(
            lake_uri,
            content,
            period=period,
            grain=grain,
            model_version=filters.models[0],
            kind=kind,
            rows_seen=current.num_rows,
            recorded_at=now,
        )
        for kind, content in render(current, before)
    ]


def _sample(lake: Lake, filters: Filters, *, as_of: date) -> pa.Table:
    counted = monitoring.score_moments(lake, filters, grain=Grain.YEAR)
    rows = sum(counted.column("decisions").to_pylist())
    every = max(rows // SAMPLE_ROWS, 1)
    return monitoring.sampled_features(lake, filters, as_of=as_of, every=every, limit=SAMPLE_ROWS)
