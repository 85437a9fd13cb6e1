"""Bytewax's view of gold: one sink partition per Delta table, so one writer a table."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bytewax.outputs import FixedPartitionedSink, StatefulSinkPartition

from dataflows.lifecycle import stopping_on_failure
from dataflows.steps import GoldSlice

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from dataflows.lifecycle import Lifecycle
    from lakehouse.gold import GoldAppender


class GoldPartition(StatefulSinkPartition[GoldSlice, None]):
    """One Delta table.

    Its appender commits beside the flow, by size and by age; a table's position moves only with
    its rows, so nothing depends on when. Only the end of the input waits for the last commit.
    """

    def __init__(self, appender: GoldAppender, lifecycle: Lifecycle) -> None:
        self._appender = appender
        self._lifecycle = lifecycle
        self._append = stopping_on_failure(appender.append)
        self._flush = stopping_on_failure(appender.flush)

    def write_batch(self, values: list[GoldSlice]) -> None:
        """Hand the slices to the appender; waits when it is too far behind."""
        for each in values:
            self._append(each.topic, each.part, each.next_off, each.rows, first_off=each.first_off)

    def snapshot(self) -> None:
        """Ask for a commit at the end of an epoch; wait for it when nothing more will come."""
        self._flush(wait=self._lifecycle.is_draining)


class GoldSink(FixedPartitionedSink[GoldSlice, None]):
    """All gold tables; each belongs to exactly one worker.

    Guarantee: every slice reaches its table once, whatever was replayed, because the table's own
    log says up to where it holds each partition.
    """

    def __init__(
        self,
        tables: Sequence[str],
        open_appender: Callable[[str], GoldAppender],
        lifecycle: Lifecycle,
    ) -> None:
        self._tables = sorted(tables)
        self._open_appender = open_appender
        self._lifecycle = lifecycle

    def list_parts(self) -> list[str]:
        """Return the names of the tables."""
        return self._tables

    def part_fn(self, item_key: str) -> int:
        """Route a table's slices to its own partition."""
        return self._tables.index(item_key)

    def build_part(
        self,
        step_id: str,  # noqa: ARG002  (the engine's signature)
        for_part: str,
        resume_state: None,  # noqa: ARG002
    ) -> GoldPartition:
        """Open one table's appender."""
        return GoldPartition(self._open_appender(for_part), self._lifecycle)
