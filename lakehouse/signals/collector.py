"""Metrics that are read from the stores, so that they are right however many processes write.

The flow and the API serve what they did themselves. What is true of the whole system (the account,
gold behind silver, when a job last succeeded) is asked here of silver and gold, at each scrape.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Final

import structlog
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.registry import Collector

from lakehouse.errors import LakehouseError
from lakehouse.gold.tables import SCHEMAS
from lakehouse.signals.jobs import JOBS, LatestRun, latest_runs
from lakehouse.silver.progress import all_progress

if TYPE_CHECKING:
    from prometheus_client.metrics_core import Metric

    from lakehouse.lake.session import Lake

__all__ = ["StoreCollector"]

log = structlog.get_logger()

_STATES: Final = {
    "read": "read",
    "decided": "decided",
    "duplicate": "duplicates",
    "conflict": "conflicts",
    "quarantined": "quarantined",
    "recovered": "recovered",
}
"""The label's value, and the attribute of `PipelineProgress`."""


class StoreCollector(Collector):
    """What silver and gold say of the system, asked anew at each scrape.

    A store that does not answer is `risk_store_up` 0, and its other figures are absent: an old
    figure would look like a true one.

    Parameters
    ----------
    silver_dsn, lake
        The stores; the lake is refreshed here.
    clock
        Seconds that never go back: how long gold has been behind.
    """

    def __init__(
        self, silver_dsn: str, lake: Lake, *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._dsn = silver_dsn
        self._lake = lake
        self._clock = clock
        # By gold table: since when it has not moved although silver was ahead, and where it stood.
        self._behind: dict[str, tuple[float, int]] = {}

    def collect(self) -> Iterable[Metric]:
        """Return the figures; one family that cannot be had does not take the others along."""
        up = GaugeMetricFamily(
            "risk_store_up", "Whether the store answered this scrape: 1 or 0.", labels=["store"]
        )
        for store, figures in (("silver", self._silver), ("gold", self._gold)):
            try:
                found = [*figures()]
            except LakehouseError as error:
                log.warning("store_not_read", store=store, code=error.code, cause=str(error))
                up.add_metric([store], 0)
                continue
            up.add_metric([store], 1)
            yield from found
        yield up

    def _silver(self) -> Iterator[Metric]:
        events = CounterMetricFamily(
            "risk_account_events",
            "Events by what became of them, of all pipelines since they began; conflicts are "
            "duplicates too. Recovered ones are counted where they ended and as quarantined, so "
            "that no count goes back.",
            labels=["pipeline", "state"],
        )
        counted: Counter[tuple[str, str]] = Counter()
        for each in all_progress(self._dsn):
            for state, attribute in _STATES.items():
                counted[each.pipeline, state] += getattr(each, attribute)
            counted[each.pipeline, "quarantined"] += each.recovered
        for labels, count in counted.items():
            events.add_metric(labels, count)
        yield events
        yield from _jobs(latest_runs(self._dsn))

    def _gold(self) -> Iterator[Metric]:
        self._lake.refresh()
        behind = GaugeMetricFamily(
            "risk_gold_behind_offsets",
            "Offsets that silver holds and a gold table does not hold yet.",
            labels=["table"],
        )
        seconds = GaugeMetricFamily(
            "risk_gold_stalled_seconds",
            "For how long a gold table has not moved although silver is ahead of it; 0 while it "
            "follows or has nothing to do.",
            labels=["table"],
        )
        version = GaugeMetricFamily(
            "risk_gold_table_version", "The table's newest commit.", labels=["table"]
        )
        positions = all_progress(self._dsn)
        versions = self._lake.versions()
        now = self._clock()
        for table in SCHEMAS:
            missing = reached = 0
            for each in positions:
                last = self._lake.last_off(table, each.pipeline, each.topic, each.part)
                stands = each.start_off if last is None else last + 1
                missing += max(0, each.next_off - stands)
                reached += stands
            since, stood = self._behind.get(table, (now, reached))
            if not missing or reached != stood:
                since = now
            self._behind[table] = (since, reached)
            behind.add_metric([table], missing)
            seconds.add_metric([table], now - since)
            if table in versions:
                version.add_metric([table], versions[table])
        yield behind
        yield seconds
        yield version


def _jobs(runs: Iterable[LatestRun]) -> Iterator[Metric]:
    known = {run.job: run for run in runs}
    succeeded = GaugeMetricFamily(
        "risk_job_last_success_seconds",
        "When a job last succeeded, Unix time; 0 if it never did.",
        labels=["job"],
    )
    took = GaugeMetricFamily(
        "risk_job_seconds", "How long the job's last successful run took.", labels=["job"]
    )
    failed = GaugeMetricFamily(
        "risk_job_failed", "Whether the job's newest run failed: 1 or 0.", labels=["job"]
    )
    figures = GaugeMetricFamily(
        "risk_job_figure",
        "What the job's last successful run found, by name; docs/metrics.md has units.",
        labels=["job", "figure"],
    )
    for job in sorted({*JOBS, *known}):
        run = known.get(job)
        at = run.succeeded_at.timestamp() if run and run.succeeded_at else 0.0
        succeeded.add_metric([job], at)
        failed.add_metric([job], float(run is not None and run.outcome == "failed"))
        if run is None or run.seconds is None:
            continue
        took.add_metric([job], run.seconds)
        for name, value in run.figures.items():
            figures.add_metric([job, name], value)
    yield succeeded
    yield took
    yield failed
    yield figures
