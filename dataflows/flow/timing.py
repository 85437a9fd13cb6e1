"""Time each stage of a batch, as wall time and as CPU time of the thread."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

from lakehouse import telemetry


@contextmanager
def timed(stage: str) -> Iterator[None]:
    """Measure a stage: wall time, and the CPU time of the thread it runs on."""
    began, cpu_began = time.perf_counter(), time.thread_time()
    yield
    telemetry.STAGE_SECONDS.observe(stage, time.perf_counter() - began)
    telemetry.STAGE_CPU_SECONDS.labels(stage).inc(time.thread_time() - cpu_began)
