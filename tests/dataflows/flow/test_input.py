from __future__ import annotations

import pytest

from dataflows.flow.input import PositionedPartition, PositionedSource
from dataflows.flow.lifecycle import Lifecycle
from lakehouse.errors import PositionLost
from tests.dataflows.flow_cases import FakeReader, applications, growth

LOST = PositionLost("loan_applications[0] at offset 2")


def a_partition(reader: FakeReader, lifecycle: Lifecycle) -> PositionedPartition:
    return PositionedPartition(reader, lifecycle, allowed_latency_seconds=0.5)


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


class _Clock:
    """A clock that stands still unless it is moved."""

    seconds = 100.0

    def __call__(self) -> float:
        return self.seconds


def test_the_partitions_of_a_worker_share_the_time_to_wait(lifecycle: Lifecycle) -> None:
    readers = [FakeReader([None]), FakeReader([None], part=1)]
    for reader in readers:
        PositionedPartition(
            reader, lifecycle, allowed_latency_seconds=0.05, sharing=2, clock=_Clock()
        ).next_batch()
    assert [reader.waits for reader in readers] == [[0.025], [0.025]]


def test_the_longer_others_took_the_less_a_partition_waits(lifecycle: Lifecycle) -> None:
    reader, clock = FakeReader([None] * 4), _Clock()
    partition = PositionedPartition(
        reader, lifecycle, allowed_latency_seconds=0.05, sharing=2, clock=clock
    )
    for elapsed in (0.0, 0.03125, 0.05, 7.0):
        clock.seconds += elapsed
        partition.next_batch()
    assert reader.waits == pytest.approx([0.025, 0.05 - 0.03125, 0.0, 0.0])


def test_every_partition_of_a_source_is_read_with_its_share_of_the_time(
    lifecycle: Lifecycle,
) -> None:
    readers = {"loans/0": FakeReader([None]), "loans/1": FakeReader([None], part=1)}
    source = PositionedSource(
        {key: lambda reader=reader: reader for key, reader in readers.items()},  # type: ignore[misc]
        lifecycle,
        allowed_latency_seconds=3_600.0,
    )
    for key in source.list_parts():
        source.build_part("source", key, None).next_batch()
    assert [reader.waits for reader in readers.values()] == [[1_800.0], [1_800.0]]


def test_a_partition_keeps_no_state_in_the_engine(lifecycle: Lifecycle) -> None:
    assert a_partition(FakeReader([]), lifecycle).snapshot() is None  # type: ignore[func-returns-value]
