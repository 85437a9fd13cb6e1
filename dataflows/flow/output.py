"""Adapt gold to Bytewax: one sink partition a Delta table, so one writer a table and process."""

from collections.abc import Callable, Sequence

from bytewax.outputs import FixedPartitionedSink, StatefulSinkPartition

from dataflows.flow.cluster import ClusterPlace
from dataflows.flow.lifecycle import Lifecycle, stopping_on_failure
from dataflows.flow.steps import GoldSlice
from lakehouse.gold.appender import GoldAppender


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
    """All gold tables; in each process every table belongs to exactly one worker.

    Guarantee: every slice reaches its table once, whatever was replayed, because the table's own
    log says up to where it holds each partition. Rows stay in the process that decided them: two
    writers of a table append other partitions' rows, which do not conflict.
    """

    def __init__(
        self,
        tables: Sequence[str],
        open_appender: Callable[[str], GoldAppender],
        lifecycle: Lifecycle,
        place: ClusterPlace,
    ) -> None:
        self._all = sorted(_part(table, index) for table in tables for index in range(place.count))
        self._own = {_part(table, place.index): table for table in tables}
        self._open_appender = open_appender
        self._lifecycle = lifecycle

    def list_parts(self) -> list[str]:
        """Return this process' writers."""
        return list(self._own)

    def part_fn(self, item_key: str) -> int:
        """Route a slice to the writer that its key names; see `gold_key`."""
        return self._all.index(item_key)

    def build_part(
        self,
        step_id: str,  # noqa: ARG002  (the engine's signature)
        for_part: str,
        resume_state: None,  # noqa: ARG002
    ) -> GoldPartition:
        """Open one table's appender."""
        return GoldPartition(self._open_appender(self._own[for_part]), self._lifecycle)


def _part(table: str, process: int) -> str:
    return f"{table}@{process}"


def gold_key(part: GoldSlice, place: ClusterPlace) -> tuple[str, GoldSlice]:
    """Key a slice by the writer of its table in this process."""
    return _part(part.table, place.index), part
