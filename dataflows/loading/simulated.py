"""A simulated history as batches, which other processes draw in advance.

Drawing takes several times as long as deciding.
"""

import multiprocessing
from collections import deque
from collections.abc import Generator, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from datetime import UTC, datetime
from functools import cache
from itertools import pairwise
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from dataflows.sources.batches import MicroBatch
from dataflows.sources.urls import SimSource
from lakehouse.shipped_simulation import load_simulation_parameters
from risk.ingest.event_buffer import Packed
from risk.simulation.calendar import Calendar
from risk.simulation.simulator import BLOCK, Simulator

_AHEAD: Final = 2
"""Blocks that wait for each process: about 4 MB each."""

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


class _Drawn(NamedTuple):
    first: int
    events: list[bytes]
    instants: NDArray[np.datetime64]


def name_of(source: SimSource) -> str:
    """Name what decides which events there are; their number does, as it spreads them."""
    return f"sim://?seed={source.seed}&limit={source.limit}&scenario={source.scenario}"


def simulated_history(
    source: SimSource, topic: str, start: int, *, processes: int
) -> Generator[MicroBatch, None, None]:
    """Yield a history's events from `start` on, each arriving in the month in which it was made.

    Nothing depends on how many processes draw.
    """
    count = source.limit or 0
    if start >= count:
        return
    edges = [start, *range((start // BLOCK + 1) * BLOCK, count, BLOCK), count]
    # Not forked: deltalake's threads would not survive it.
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(processes, mp_context=context) as pool:
        waiting: deque[Future[_Drawn]] = deque()
        try:
            for first, after in pairwise(edges):
                waiting.append(pool.submit(_draw, source, first, after - first))
                if len(waiting) > _AHEAD * processes:
                    yield from _by_month(waiting.popleft().result(), topic)
            while waiting:
                yield from _by_month(waiting.popleft().result(), topic)
        finally:
            pool.shutdown(wait=False, cancel_futures=True)


def _draw(source: SimSource, first: int, count: int) -> _Drawn:
    simulator = _simulator(source)
    return _Drawn(first, simulator.events(first, count), simulator.instants(first, count))


@cache
def _simulator(source: SimSource) -> Simulator:
    parameters = load_simulation_parameters()
    return Simulator(
        parameters,
        seed=source.seed,
        scenario=source.scenario,
        started_at=_EPOCH,
        rate_per_second=0.0,
        vintages=Calendar(parameters.vintages, source.limit or 0),
    )


def _by_month(drawn: _Drawn, topic: str) -> Iterator[MicroBatch]:
    """Cut a block where a month ends: a batch arrives with its last event."""
    months = drawn.instants.astype("datetime64[M]")
    ends = np.flatnonzero(months[1:] != months[:-1]) + 1
    for begin, end in pairwise([0, *ends.tolist(), len(months)]):
        offsets = np.arange(drawn.first + begin, drawn.first + end, dtype=np.int64)
        yield MicroBatch(
            topic=topic,
            part=0,
            first_off=drawn.first + begin,
            next_off=drawn.first + end,
            offsets=offsets,
            values=Packed.of(drawn.events[begin:end]),
            keys=(),
            received_at=drawn.instants[end - 1].astype("datetime64[us]").item().replace(tzinfo=UTC),
        )
