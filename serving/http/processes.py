"""Memory, CPU and starts of the API's processes, each as one figure for all workers.

The Prometheus library shows these figures of the process that is asked, which is another worker at
each scrape. In its mode for several processes it leaves them out.
"""

import contextlib
import os
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

_PROC = Path("/proc")
_AFTER_NAME = 2
"""How many fields of a ``stat`` go before those that follow the name in brackets (proc(5))."""


class Processes(Collector):
    """What these processes use; nothing where the system has no ``/proc``."""

    def __init__(self, pids: Callable[[], Iterable[int]], *, proc: Path = _PROC) -> None:
        self._pids = pids
        self._proc = proc

    def collect(self) -> Iterator[Metric]:
        """Return memory and CPU added up, and when the newest of them began."""
        ticks, page = os.sysconf("SC_CLK_TCK"), os.sysconf("SC_PAGE_SIZE")
        booted = self._booted_at()
        pages, spent, began = 0, 0, 0.0
        for pid in self._pids():
            stat = _stat(self._proc, pid)
            if stat is not None:
                pages += int(stat[23 - _AFTER_NAME])
                spent += int(stat[13 - _AFTER_NAME]) + int(stat[14 - _AFTER_NAME])
                began = max(began, booted + int(stat[21 - _AFTER_NAME]) / ticks)
        if not began:
            return
        yield GaugeMetricFamily(
            "process_resident_memory_bytes",
            "Resident memory of all workers; what they share is counted again in each.",
            value=pages * page,
        )
        yield CounterMetricFamily(
            "process_cpu_seconds", "CPU time of the workers that run, seconds.", value=spent / ticks
        )
        yield GaugeMetricFamily(
            "process_start_time_seconds", "When the newest worker began, Unix time.", value=began
        )

    def _booted_at(self) -> float:
        with contextlib.suppress(OSError):
            for line in (self._proc / "stat").read_text(encoding="utf-8").splitlines():
                if line.startswith("btime "):
                    return float(line.split()[1])
        return 0.0


def workers_of(pid: int, *, proc: Path = _PROC) -> list[int]:
    """Return the process that started `pid`, and all processes that it started."""
    stat = _stat(proc, pid)
    if stat is None:
        return []
    parent = int(stat[3 - _AFTER_NAME])
    found = [parent]
    for path in proc.glob("[0-9]*"):
        other = _stat(proc, int(path.name))
        if other is not None and int(other[3 - _AFTER_NAME]) == parent:
            found.append(int(path.name))
    return found


def _stat(proc: Path, pid: int) -> list[str] | None:
    with contextlib.suppress(OSError):
        # The name, in brackets, may hold anything.
        text = (proc / str(pid) / "stat").read_text(encoding="utf-8", errors="replace")
        return text.rpartition(")")[2].split()
    return None
