from __future__ import annotations

import pytest

from dataflows.lifecycle import Lifecycle
from dataflows.sources import PositionedPartition, PositionedSource
from lakehouse.errors import PositionLost
from tests.dataflows.flow_cases import FakeReader, applications, growth

LOST = PositionLost("loan_applications[0] at offset 2")


def a_partition(reader: FakeReader, lifecycle: Lifecycle) -> PositionedPartition:
    return PositionedPartition(reader, lifecycle, wait_seconds=0.5)


def test_a_partition_hands_over_what_its_reader_has_a_batch_at_a_time(
    lifecycle: Lifecycle,
) -> None:
    first, second = applications(0, 1), applications(1, 1)
    partition = a_partition(FakeReader([first, None, second]), lifecycle)
    assert [list(partition.next_batch()) for _ in range(3)] == [[first], [], [second]]


def test_the_end_of_a_bounded_source_closes_its_reader_and_drains_the_run(
    lifecycle: Lifecycle,
) -> None:
    reader = FakeReader([])
    partition = a_partition(reader, lifecycle)
    is_draining = [lifecycle.is_draining]
    with pytest.raises(StopIteration):
        partition.next_batch()
    is_draining.append(lifecycle.is_draining)
    assert (is_draining, reader.closed) == ([False, True], 1)
    assert not lifecycle.is_stopping


def test_a_partition_that_was_asked_to_stop_reads_no_more(lifecycle: Lifecycle) -> None:
    reader = FakeReader([applications(0, 1)])
    partition = a_partition(reader, lifecycle)
    lifecycle.stop()
    with pytest.raises(StopIteration):
        partition.next_batch()
    assert (reader.waits, reader.closed) == ([], 1)
    assert lifecycle.is_draining


def test_a_reader_that_fails_ends_its_partition_and_stops_the_run(lifecycle: Lifecycle) -> None:
    reader = FakeReader([applications(0, 2)], fails_with=LOST)
    partition = a_partition(reader, lifecycle)
    assert len(list(partition.next_batch())) == 1
    with pytest.raises(StopIteration):
        partition.next_batch()
    assert reader.closed == 1
    assert lifecycle.is_stopping


def test_the_stage_of_reading_is_measured(lifecycle: Lifecycle) -> None:
    reads = growth("risk_stage_seconds_count", stage="read")
    a_partition(FakeReader([applications(0, 1)]), lifecycle).next_batch()
    assert reads() == 1


def test_the_partitions_of_a_worker_share_the_time_to_wait(lifecycle: Lifecycle) -> None:
    readers = {"loans/0": FakeReader([None]), "loans/1": FakeReader([None], part=1)}
    source = PositionedSource(
        {key: lambda reader=reader: reader for key, reader in readers.items()},  # type: ignore[misc]
        lifecycle,
        allowed_latency_seconds=0.05,
    )
    for key in source.list_parts():
        source.build_part("source", key, None).next_batch()
    assert [reader.waits for reader in readers.values()] == [[0.025], [0.025]]


def test_a_partition_keeps_no_state_in_the_engine(lifecycle: Lifecycle) -> None:
    assert a_partition(FakeReader([]), lifecycle).snapshot() is None  # type: ignore[func-returns-value]
