"""Set up logging, define every metric once, and serve metrics.

A counter counts after the commit of what it counts. It exists from the start, with value 0 for
every known label value, so no panel is ever empty. Labels never carry an id.
"""

import logging
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable
from wsgiref.simple_server import WSGIServer

import numpy as np
import structlog
from numpy.typing import NDArray
from prometheus_client import REGISTRY, CollectorRegistry, Counter, Gauge, start_http_server
from prometheus_client.core import HistogramMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from lakehouse.errors import SettingsInvalid
from risk.contract.application import RejectCode, Tier

STAGES = ("read", "judge", "silver")
STORES = ("silver", "gold_decisions", "gold_duplicates", "gold_quarantine", "gold_raw_events")

LATENCY_BOUNDS_SECONDS = np.array(
    [round(0.001 * 1.25**step, 6) for step in range(60)], dtype=np.float64
)
"""Upper bounds, seconds: 1 ms growing by a quarter to about 9 minutes, so that a quantile read
from the buckets is at most a quarter too high."""

RECENT_MINUTES = 5
"""A quantile is of these last minutes: one since the start would hide what is slow now."""


def _no_counts() -> NDArray[np.int64]:
    return np.zeros(len(LATENCY_BOUNDS_SECONDS) + 1, dtype=np.int64)


class Latency(Collector):
    """A histogram that takes whole arrays: one `observe` a batch instead of one an event.

    Parameters
    ----------
    clock
        Seconds that never go back: `quantile` looks at the last `RECENT_MINUTES` by it.
    """

    def __init__(
        self,
        name: str,
        documentation: str,
        label: str,
        values: Iterable[str],
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._name = name
        self._documentation = documentation
        self._label = label
        self._clock = clock
        self._lock = threading.Lock()
        self._counts = {value: _no_counts() for value in values}
        self._sums = dict.fromkeys(self._counts, 0.0)
        # By value: the counts of each of the last minutes, oldest first.
        self._minutes: dict[str, deque[tuple[int, NDArray[np.int64]]]] = {
            value: deque(maxlen=RECENT_MINUTES) for value in self._counts
        }

    def observe(self, value: str, seconds: NDArray[np.float64] | float) -> None:
        """Add durations, seconds; negative ones (a clock ahead of ours) count as 0."""
        durations = np.maximum(np.atleast_1d(np.asarray(seconds, dtype=np.float64)), 0.0)
        places = np.searchsorted(LATENCY_BOUNDS_SECONDS, durations, side="left")
        counted = np.bincount(places, minlength=len(LATENCY_BOUNDS_SECONDS) + 1)
        minute = int(self._clock() // 60)
        with self._lock:
            self._counts[value] += counted
            self._sums[value] += float(durations.sum())
            recent = self._minutes[value]
            if not recent or recent[-1][0] != minute:
                recent.append((minute, _no_counts()))
            recent[-1][1][:] += counted

    def quantile(self, value: str, share: float) -> float | None:
        """Return the upper bound, in seconds, of this share of the recent observations.

        ``None`` when nothing was observed in the last `RECENT_MINUTES`; infinity beyond the last
        bound.
        """
        since = int(self._clock() // 60) - RECENT_MINUTES
        with self._lock:
            recent = [counts for minute, counts in self._minutes[value] if minute > since]
            cumulated = np.cumsum(sum(recent, _no_counts()))
        if cumulated[-1] == 0:
            return None
        place = int(np.searchsorted(cumulated, share * cumulated[-1], side="left"))
        if place == len(LATENCY_BOUNDS_SECONDS):
            return float("inf")
        return float(LATENCY_BOUNDS_SECONDS[place])

    def collect(self) -> Iterable[Metric]:
        """Return the present state in Prometheus' form."""
        family = HistogramMetricFamily(self._name, self._documentation, labels=[self._label])
        bounds = [*map(str, LATENCY_BOUNDS_SECONDS.tolist()), "+Inf"]
        with self._lock:
            for value, counts in self._counts.items():
                cumulated = np.cumsum(counts).tolist()
                family.add_metric(
                    [value],
                    buckets=list(zip(bounds, map(float, cumulated), strict=True)),
                    sum_value=self._sums[value],
                )
        yield family


EVENTS_READ = Counter(
    "risk_events_read", "Events taken over and accounted for in silver.", ["topic", "part"]
)
EVENTS_DECIDED = Counter("risk_events_decided", "Decisions stored in silver.", ["tier"])
EVENTS_DUPLICATE = Counter(
    "risk_events_duplicate", "Events whose id was decided before.", ["is_conflict"]
)
EVENTS_QUARANTINED = Counter(
    "risk_events_quarantined", "Events that could not be read or trusted.", ["code"]
)
BACKGROUND_FAILURES = Counter(
    "risk_background_failures",
    "Turns of a background thread that failed unexpectedly; the thread takes the next one.",
    ["thread"],
)
RULES_REFUSED = Counter(
    "risk_rules_refused",
    "Models, tables or looks at them that were refused, the rules before staying in force.",
    ["code"],
)
COMMITS = Counter("risk_commits", "Commits by store.", ["store"])
STORE_RETRIES = Counter(
    "risk_store_retries",
    "Attempts on a store that failed and were made again, by the error's class.",
    ["store", "cause"],
)
PARTITION_LAG = Gauge(
    "risk_partition_lag_events", "Events waiting behind the position.", ["topic", "part"]
)
PARTITION_LAG_SECONDS = Gauge(
    "risk_partition_lag_seconds",
    "While events wait: seconds since the broker took in the newest event read; else 0.",
    ["topic", "part"],
)
RULES_IN_FORCE = Gauge(
    "risk_rules_in_force",
    "1 for each version that decides or scores beside: model, challenger, policy, reference.",
    ["kind", "version"],
)
POSITION = Gauge("risk_partition_position", "The next offset to be read.", ["topic", "part"])
SILVER_COMMITTED_AT = Gauge("risk_silver_committed_at_seconds", "Last commit of silver, Unix time.")
GOLD_COMMITTED_AT = Gauge(
    "risk_gold_committed_at_seconds", "Last commit of a gold table, Unix time.", ["table"]
)
LAKE_FILES = Gauge(
    "risk_lake_files", "Data files of a gold table at its last maintenance.", ["table"]
)
LAKE_BYTES = Gauge("risk_lake_bytes", "Their size, bytes.", ["table"])
LAKE_MAINTAINED_AT = Gauge(
    "risk_lake_maintained_at_seconds", "End of the last maintenance of the lake, Unix time."
)
STAGE_SECONDS = Latency(
    "risk_stage_seconds",
    "Wall time in one stage of what is judged and stored at once.",
    "stage",
    STAGES,
)
STAGE_CPU_SECONDS = Counter(
    "risk_stage_cpu_seconds", "CPU time of the thread by stage; a stage's own work.", ["stage"]
)
GOLD_COMMIT_SECONDS = Latency(
    "risk_gold_commit_seconds",
    "From sealing a gold table's file to its commit, attempts that failed included.",
    "table",
    # A history commits outcomes as well, and a replay of the quarantine recoveries; no flow does.
    (
        *(store.removeprefix("gold_") for store in STORES if store != "silver"),
        "outcome_records",
        "recoveries",
    ),
)
EVENT_TO_SILVER_SECONDS = Latency(
    "risk_event_to_silver_seconds",
    "From the moment an event was made (its event_time) to its commit in silver.",
    "topic_kind",
    ("stream", "bounded"),
)

REGISTRY.register(STAGE_SECONDS)
REGISTRY.register(GOLD_COMMIT_SECONDS)
REGISTRY.register(EVENT_TO_SILVER_SECONDS)
for _tier in Tier:
    EVENTS_DECIDED.labels(_tier.value)
for _code in RejectCode:
    EVENTS_QUARANTINED.labels(_code.value)
for _is_conflict in ("false", "true"):
    EVENTS_DUPLICATE.labels(_is_conflict)
for _stage in STAGES:
    STAGE_CPU_SECONDS.labels(_stage)
for _store in STORES:
    COMMITS.labels(_store)
for _reason in ("artefact_invalid", "unavailable", "denied", "internal"):
    RULES_REFUSED.labels(_reason)


def configure_logging(*, to_terminal: bool, level: str = "info") -> None:
    """Send log lines to standard error: JSON, or coloured text for a person at a terminal."""
    renderer: structlog.typing.Processor = (
        structlog.dev.ConsoleRenderer()
        if to_terminal
        else structlog.processors.JSONRenderer(sort_keys=False)
    )
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(
            logging.getLevelNamesMapping()[level.upper()]
        ),
        logger_factory=structlog.PrintLoggerFactory(file=sys.stderr),
        cache_logger_on_first_use=True,
    )


def listen_for_scrapes(
    setting: str, address: str, *, example: str, registry: CollectorRegistry = REGISTRY
) -> tuple[WSGIServer, threading.Thread]:
    """Serve ``/metrics`` at `address` (``HOST:PORT``) from a thread.

    Raises
    ------
    SettingsInvalid
        The address cannot be listened on. The message names the setting and an example.
    """
    host, _, port = address.rpartition(":")
    try:
        return start_http_server(int(port), addr=host.strip("[]"), registry=registry)
    except (OSError, OverflowError, ValueError) as error:
        raise SettingsInvalid(
            f"{setting}: cannot listen on {address} ({error}); expected an address of this machine "
            f"and a free port, as in {example}"
        ) from error
