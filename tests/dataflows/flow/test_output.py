from __future__ import annotations

import pytest

from dataflows.flow.cluster import ClusterPlace
from dataflows.flow.lifecycle import Lifecycle
from dataflows.flow.output import GoldPartition, GoldSink, gold_key
from dataflows.flow.steps import GoldSlice
from lakehouse.gold.tables import SCHEMAS
from tests.dataflows.flow_cases import FakeAppender
from tests.flow import run_code
from tests.lakehouse.gold_cases import raw_rows
from tests.lakehouse.silver_cases import TOPIC


def a_slice(first_off: int, next_off: int, *offsets: int) -> GoldSlice:
    return GoldSlice("raw_events", TOPIC, 0, first_off, next_off, raw_rows(offsets))


def test_slices_are_handed_on_in_order_with_the_bounds_of_their_batch(
    lifecycle: Lifecycle,
) -> None:
    appender = FakeAppender()
    GoldPartition(appender, lifecycle).write_batch([a_slice(0, 5, 1, 4), a_slice(5, 9)])
    assert appender.slices == [(TOPIC, 0, 0, 5, [1, 4]), (TOPIC, 0, 5, 9, [])]


def test_an_epoch_asks_for_a_commit_and_only_the_end_of_the_input_waits_for_it(
    lifecycle: Lifecycle,
) -> None:
    appender = FakeAppender()
    partition = GoldPartition(appender, lifecycle)
    lifecycle.reading_begins()
    partition.snapshot()
    lifecycle.reading_ends()
    partition.snapshot()
    assert appender.flushes == [False, True]


def test_each_table_is_a_partition_of_its_own(lifecycle: Lifecycle) -> None:
    sink = GoldSink(list(SCHEMAS), lambda _table: FakeAppender(), lifecycle, ClusterPlace())
    assert sorted(sink.list_parts()) == sorted(f"{table}@0" for table in SCHEMAS)


def test_a_slice_stays_in_the_process_that_decided_it(lifecycle: Lifecycle) -> None:
    places = [ClusterPlace(index, 2) for index in range(2)]
    sinks = [
        GoldSink(list(SCHEMAS), lambda _table: FakeAppender(), lifecycle, place) for place in places
    ]
    every_part = sorted(part for sink in sinks for part in sink.list_parts())
    for place, sink in zip(places, sinks, strict=True):
        key, _ = gold_key(a_slice(0, 1, 0), place)
        assert every_part[sink.part_fn(key)] in sink.list_parts()


@pytest.mark.parametrize("table", SCHEMAS)
def test_a_partition_writes_to_the_appender_of_its_table(table: str, lifecycle: Lifecycle) -> None:
    appenders = {name: FakeAppender() for name in SCHEMAS}
    sink = GoldSink(list(SCHEMAS), appenders.__getitem__, lifecycle, ClusterPlace())
    sink.build_part("gold", f"{table}@0", None).write_batch([a_slice(0, 1, 0)])
    assert [name for name, appender in appenders.items() if appender.slices] == [table]


def test_a_table_that_fails_ends_the_process_with_its_exit_code() -> None:
    done = run_code("""
from dataflows.flow.lifecycle import Lifecycle
from dataflows.flow.output import GoldPartition
from lakehouse.errors import Fenced
from tests.dataflows.flow_cases import FakeAppender
from tests.dataflows.flow.test_output import a_slice
appender = FakeAppender(fails_with=Fenced("raw_events is written to by another instance"))
GoldPartition(appender, Lifecycle()).write_batch([a_slice(0, 1, 0)])
""")
    assert done.returncode == 3
    assert done.stderr == "fenced: raw_events is written to by another instance\n"
