"""A lake with decisions in it, made by the flow's own steps, and ways to tamper with it."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from dataflows.flow.steps import Judge
from dataflows.sources.batches import MicroBatch
from lakehouse.registry.changes import Change, register_model
from lakehouse.registry.store import RegistryStore
from risk.contract.application import Limits
from risk.decision.judge import Rules
from risk.models.document import to_json
from risk.models.scorecard import Scorecard
from tests.lakehouse.gold_cases import a_gold_writer, delta
from tests.lakehouse.silver_cases import TOPIC
from tests.risk.applications import a_model
from tests.risk.simulated import QUIET, a_simulator

RECEIVED_AT = datetime(2026, 3, 1, 12, 30, 0, 123456, tzinfo=UTC)
_AT_ONCE = 1_000


def registered(lake_uri: str, version: str, *, base_points: int) -> Scorecard:
    """A small model of that version, registered in the lake."""
    model = msgspec.structs.replace(a_model(version), base_points=base_points)
    change = Change(at=RECEIVED_AT, by="tests", reason="to be replayed")
    register_model(RegistryStore(lake_uri), to_json(model), change)
    return model


def decide_simulated(lake_uri: str, rules: Sequence[Rules], *, each: int) -> None:
    """Decide so many simulated applications by each of the rules, one after the other."""
    simulator = a_simulator(noise=QUIET)
    in_force = [one for one in rules for _ in range(0, each, _AT_ONCE)]
    judge = Judge(iter(in_force).__next__, Limits())
    decisions, raw_events = (a_gold_writer(lake_uri, name) for name in ("decisions", "raw_events"))
    for number in range(len(in_force)):
        first = number * min(each, _AT_ONCE)
        events = simulator.events(first, min(each, _AT_ONCE))
        batch = MicroBatch(
            topic=TOPIC,
            part=0,
            first_off=first,
            next_off=first + len(events),
            offsets=np.arange(first, first + len(events)),
            values=events,
            keys=(),
            received_at=RECEIVED_AT,
        )
        ((judged,),) = judge([batch])
        decisions.append(TOPIC, 0, first + len(events), judged.batch.decided)
        raw_events.append(TOPIC, 0, first + len(events), judged.raw)
        # Several files, as a flow makes them.
        decisions.flush()
        raw_events.flush()


def rewrite(lake_uri: str, table: str, change: Callable[[pa.Table], pa.Table]) -> None:
    """Change the rows of a table behind the log's back, file by file."""
    for path in map(Path, delta(lake_uri, table).file_uris()):
        rows = pq.read_table(path)
        pq.write_table(change(rows), path)


def with_value(name: str, value: object, *, at: int) -> Callable[[pa.Table], pa.Table]:
    """Return what gives a column another value in the row at an offset."""

    def change(rows: pa.Table) -> pa.Table:
        place = rows.schema.get_field_index(name)
        field = rows.schema.field(place)
        is_there = pc.equal(rows.column("off"), at)
        values = pc.if_else(is_there, pa.scalar(value, field.type), rows.column(name))
        return rows.set_column(place, field, values)

    return change


def without_row(off: int) -> Callable[[pa.Table], pa.Table]:
    """Return what removes the row at an offset."""
    return lambda rows: rows.filter(pc.not_equal(rows.column("off"), off))
