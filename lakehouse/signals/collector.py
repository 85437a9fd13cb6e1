"""Metrics that are read from the stores, so they are right however many processes write.

The flow and the API serve metrics of their own work. This module asks silver and gold, at each
scrape, for what is true of the whole system: the account, how far gold is behind silver, when a job
last succeeded.
"""

import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime
from typing import Final

import structlog
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from lakehouse.errors import LakehouseError, Unavailable
from lakehouse.gold.tables import SCHEMAS
from lakehouse.gold.writer import transaction_id
from lakehouse.lake.session import Lake
from lakehouse.signals.jobs import JOBS, LatestRun, latest_runs, made_at
from lakehouse.silver.progress import PipelineProgress, all_progress

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


_ANSWER_SECONDS: Final = 5.0
"""Less than Prometheus waits: a store that hangs must not take the other's figures along."""


class _Question(threading.Thread):
    """Ask one store, for as long as that takes."""

    def __init__(self, store: str, figures: Callable[[], Iterable[Metric]]) -> None:
        super().__init__(name=f"ask-{store}", daemon=True)
        self._figures = figures
        self.found: list[Metric] = []
        self.failure: BaseException | None = None

    def run(self) -> None:
        try:
            self.found = [*self._figures()]
        except BaseException as error:  # noqa: BLE001 - raised where the answer is waited for
            self.failure = error

    def answer(self, seconds: float) -> list[Metric]:
        """Return the figures.

        Raises
        ------
        Unavailable
            There are none within so many seconds.
        """
        self.join(max(0.0, seconds))
        if self.is_alive():
            raise Unavailable(f"no answer within {_ANSWER_SECONDS:g} s")
        if self.failure is not None:
            raise self.failure
        return self.found


class StoreCollector(Collector):
    """Metrics that are read from silver and gold at each scrape.

    A store that does not answer within 5 s is `risk_store_up` 0, and its other figures are absent:
    an old figure would look like a true one.

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
        self._progress: list[PipelineProgress] = []
        self._positions: dict[str, Mapping[str, int]] = {}
        self._asked: dict[str, _Question] = {}
        self._lock = threading.Lock()

    def collect(self) -> Iterable[Metric]:
        """Return the figures; one family that cannot be had does not take the others along."""
        up = GaugeMetricFamily(
            "risk_store_up", "Whether the store answered this scrape: 1 or 0.", labels=["store"]
        )
        figures: list[Metric] = []
        answered = set()
        with self._lock:
            self._ask("silver", self._silver)
            self._ask("gold", self._gold)
            over_at = time.monotonic() + _ANSWER_SECONDS
            for store, question in self._asked.items():
                try:
                    figures += question.answer(over_at - time.monotonic())
                except LakehouseError as error:
                    log.warning("store_not_read", store=store, code=error.code, cause=str(error))
                    up.add_metric([store], 0)
                else:
                    up.add_metric([store], 1)
                    answered.add(store)
            if len(answered) == len(self._asked):
                figures += self._following()
        return [*figures, up]

    def _ask(self, store: str, figures: Callable[[], Iterable[Metric]]) -> None:
        """Begin to ask a store, unless it hangs since a scrape before."""
        if store not in self._asked or not self._asked[store].is_alive():
            self._asked[store] = _Question(store, figures)
            self._asked[store].start()

    def _silver(self) -> Iterator[Metric]:
        events = CounterMetricFamily(
            "risk_account_events",
            "Events by what became of them, of all pipelines since they began; conflicts are "
            "duplicates too. Recovered ones are counted where they ended and as quarantined, so "
            "that no count goes back.",
            labels=["pipeline", "state"],
        )
        counted: Counter[tuple[str, str]] = Counter()
        self._progress = all_progress(self._dsn)
        for each in self._progress:
            for state, attribute in _STATES.items():
                counted[each.pipeline, state] += getattr(each, attribute)
            counted[each.pipeline, "quarantined"] += each.recovered
        for labels, count in counted.items():
            events.add_metric(labels, count)
        yield events
        yield from _jobs(latest_runs(self._dsn), made_at(self._dsn))

    def _gold(self) -> Iterator[Metric]:
        self._lake.refresh()
        self._positions = {table: self._lake.positions(table) for table in SCHEMAS}
        version = GaugeMetricFamily(
            "risk_gold_table_version", "The table's newest commit.", labels=["table"]
        )
        for table, newest in self._lake.versions().items():
            if table in SCHEMAS:
                version.add_metric([table], newest)
        yield version

    def _following(self) -> Iterator[Metric]:
        """Compare what the two stores just said."""
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
        now = self._clock()
        for table in SCHEMAS:
            missing = reached = 0
            for each in self._progress:
                slot = transaction_id(each.pipeline, each.topic, each.part)
                last = self._positions[table].get(slot)
                stands = each.start_off if last is None else last + 1
                missing += max(0, each.next_off - stands)
                reached += stands
            since, stood = self._behind.get(table, (now, reached))
            if not missing or reached != stood:
                since = now
            self._behind[table] = (since, reached)
            behind.add_metric([table], missing)
            seconds.add_metric([table], now - since)
        yield behind
        yield seconds


def _jobs(runs: Iterable[LatestRun], made_at: datetime) -> Iterator[Metric]:
    known = {run.job: run for run in runs}
    succeeded = GaugeMetricFamily(
        "risk_job_last_success_seconds",
        "When a job last succeeded, Unix time; 0 if it never did.",
        labels=["job_name"],
    )
    awaited = GaugeMetricFamily(
        "risk_job_awaited_since_seconds",
        "When the job last succeeded, or when silver was made if it never did, Unix time: how late "
        "it is counts from here.",
        labels=["job_name"],
    )
    took = GaugeMetricFamily(
        "risk_job_seconds", "How long the job's last successful run took.", labels=["job_name"]
    )
    failed = GaugeMetricFamily(
        "risk_job_failed", "Whether the job's newest run failed: 1 or 0.", labels=["job_name"]
    )
    figures = GaugeMetricFamily(
        "risk_job_figure",
        "What the job's last successful run found, by name; docs/metrics.md has units.",
        labels=["job_name", "figure"],
    )
    for job in sorted({*JOBS, *known}):
        run = known.get(job)
        succeeded_at = run.succeeded_at if run else None
        succeeded.add_metric([job], succeeded_at.timestamp() if succeeded_at else 0.0)
        awaited.add_metric([job], (succeeded_at or made_at).timestamp())
        failed.add_metric([job], float(run is not None and run.outcome == "failed"))
        if run is None or run.seconds is None:
            continue
        took.add_metric([job], run.seconds)
        for name, value in run.figures.items():
            figures.add_metric([job, name], value)
    yield succeeded
    yield awaited
    yield took
    yield failed
    yield figures
