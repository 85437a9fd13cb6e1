"""Score loan applications as they stream in: ``python -m bytewax.run dataflows.score``.

Bytewax calls `flow`, which reads the settings, checks every dependency and claims the pipeline.
`build` is the topology. docs/delivery.md says why no event is lost or stored twice.
"""

import atexit
import os
import sys
from collections.abc import Callable
from functools import partial

import bytewax.operators as op
from bytewax.dataflow import Dataflow

from dataflows.flow.cluster import ClusterPlace, place_of
from dataflows.flow.input import PositionedSource
from dataflows.flow.lifecycle import Lifecycle, report, stopping_on_failure
from dataflows.flow.memory import settle
from dataflows.flow.output import GoldSink, gold_key
from dataflows.flow.start.preflight import prepare
from dataflows.flow.steps import GoldSlice, JudgedBatch
from dataflows.flow.timer_slack import may_be_late
from dataflows.sources.batches import MicroBatch
from lakehouse.errors import LakehouseError
from lakehouse.settings.settings import Settings
from lakehouse.telemetry import configure_logging


def flow() -> Dataflow:
    """Return the dataflow that the settings ask for, everything it needs having answered.

    What cannot be had ends the process with one line and the error's exit code: 2 for the
    settings, 4 for what is unreachable, 5 for a position that was lost.
    """
    settle()
    lifecycle = Lifecycle()
    atexit.register(lifecycle.close)
    lifecycle.listen()
    try:
        settings = Settings.from_env(os.environ)
        configure_logging(to_terminal=sys.stderr.isatty(), level=settings.log_level)
        place = place_of(sys.argv[1:], os.environ)
        run = prepare(settings, lifecycle, place)
    except LakehouseError as error:
        report(error)
    lifecycle.begins()
    may_be_late()
    return build(run.source, run.judge, run.store, run.gold, place)


def build(
    source: PositionedSource,
    judge: Callable[[list[MicroBatch]], list[list[JudgedBatch]]],
    store: Callable[[list[JudgedBatch]], list[GoldSlice]],
    gold: GoldSink,
    place: ClusterPlace,
) -> Dataflow:
    """Return the topology: no step changes a partition's order before silver has stored it."""
    dataflow = Dataflow("score")
    batches = op.input("source", dataflow, source)
    # What a worker has read of its partitions in one turn is handed over together.
    judged = op.flat_map_batch("judge", batches, stopping_on_failure(judge))
    slices = op.flat_map("silver", judged, stopping_on_failure(store))
    keyed = op.map("key", slices, partial(gold_key, place=place))
    op.output("gold", keyed, gold)
    return dataflow
