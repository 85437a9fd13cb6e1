"""The API's metrics, and how those of several workers are added up.

Each worker counts for itself. With one worker ``/metrics`` shows its figures. With several, each
keeps them in a file below ``RISK_HOME/api-metrics`` (`PROMETHEUS_MULTIPROC_DIR`, set by the command
before anything is counted), and the worker that is asked adds all of them up.
"""

import os
from collections.abc import Mapping

from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4
from prometheus_client.multiprocess import MultiProcessCollector

from lakehouse.telemetry import BACKGROUND_FAILURES
from risk.contract.application import RejectCode, Tier
from serving.http.processes import Processes, workers_of

CONTENT_TYPE = CONTENT_TYPE_PLAIN_0_0_4
MULTIPROCESS = "PROMETHEUS_MULTIPROC_DIR"

API = CollectorRegistry()
"""The API's own registry: the stream's metrics, at 0 here, would look like a stream at rest."""

REQUESTS = Counter("risk_api_requests", "Requests answered.", ["operation", "status"], registry=API)
REQUEST_SECONDS = Histogram(
    "risk_api_request_seconds",
    "From a request's first byte handed over to its last byte sent.",
    ["operation"],
    buckets=(0.001, 0.002, 0.004, 0.006, 0.008, 0.012, 0.016, 0.024, 0.05, 0.1, 0.25, 1, 5),
    registry=API,
)
BATCH_SIZE = Histogram(
    "risk_api_batch_applications",
    "Applications judged together.",
    buckets=(1, 2, 4, 8, 16, 32, 64),
    registry=API,
)
DECIDED = Counter("risk_api_decided", "Applications decided on request.", ["tier"], registry=API)
REFUSED = Counter("risk_api_refused", "Applications refused on request.", ["code"], registry=API)
CHALLENGED = Counter(
    "risk_api_challenged",
    "Applications that a challenger scored, or failed to.",
    ["version", "outcome"],
    registry=API,
)
RECORDED = Counter(
    "risk_api_recorded",
    "Applications produced to the topic, by outcome.",
    ["outcome"],
    registry=API,
)

AUDITED = Counter(
    "risk_api_audit_entries",
    "Entries for the audit log: written, spooled to the disk first, or lost.",
    ["outcome"],
    registry=API,
)

API.register(BACKGROUND_FAILURES)
API.register(Processes(lambda: [os.getpid()]))

for _tier in Tier:
    DECIDED.labels(_tier.value)
for _code in RejectCode:
    REFUSED.labels(_code.value)
for _outcome in ("delivered", "failed"):
    RECORDED.labels(_outcome)
for _outcome in ("written", "spooled", "lost"):
    AUDITED.labels(_outcome)


def exposition(env: Mapping[str, str]) -> bytes:
    """Return all figures in Prometheus' text form, of all workers where there are several."""
    if folder := env.get(MULTIPROCESS):
        workers = CollectorRegistry()
        MultiProcessCollector(workers, path=folder)  # type: ignore[no-untyped-call]
        workers.register(Processes(lambda: workers_of(os.getpid())))
        return generate_latest(workers)
    return generate_latest(API)
