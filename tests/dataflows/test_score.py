"""The topology in this process, its source, silver and gold replaced by stand-ins."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

from bytewax.testing import run_main

from dataflows.flow.cluster import ClusterPlace
from dataflows.flow.input import PositionedSource
from dataflows.flow.lifecycle import Lifecycle
from dataflows.flow.output import GoldSink
from dataflows.flow.run_counts import RunCounts
from dataflows.flow.steps import Judge, Store
from dataflows.score import build
from lakehouse.errors import PositionLost
from lakehouse.gold.tables import SCHEMAS
from risk.contract.application import Limits
from tests.dataflows.flow_cases import FakeAppender, FakeReader, FakeSilver, applications, growth
from tests.flow import run_code
from tests.risk.applications import rules


class Run:
    """One run over these readers, and what silver and gold were handed."""

    def __init__(self, readers: Mapping[str, FakeReader], lifecycle: Lifecycle) -> None:
        self.silver = FakeSilver()
        self.gold = {table: FakeAppender() for table in SCHEMAS}
        self._readers = readers
        self._lifecycle = lifecycle

    def __call__(self) -> None:
        source = PositionedSource(
            {key: partial(self._readers.__getitem__, key) for key in self._readers},
            self._lifecycle,
            allowed_latency_seconds=0.0,
        )
        judge = Judge(rules, Limits())
        store = Store(lambda: self.silver, RunCounts())
        run_main(  # type: ignore[no-untyped-call]
            build(
                source,
                judge,
                store,
                GoldSink(list(SCHEMAS), self.gold.__getitem__, self._lifecycle, ClusterPlace()),
                ClusterPlace(),
            )
        )

    def offsets_in_silver(self, part: int = 0) -> list[int]:
        batches = (batch for batch in self.silver.batches if batch.part == part)
        return [off for batch in batches for off in batch.offsets.tolist()]

    def bounds_in_gold(self, table: str) -> list[tuple[int | None, int]]:
        return [(first, after) for _, _, first, after, _ in self.gold[table].slices]


def test_each_batch_reaches_silver_and_every_gold_table_once_and_in_order(
    lifecycle: Lifecycle,
) -> None:
    run = Run({"loans/0": FakeReader(applications(first, 2) for first in (0, 2, 4))}, lifecycle)
    run()
    assert run.offsets_in_silver() == list(range(6))
    for table in SCHEMAS:
        assert run.bounds_in_gold(table) == [(0, 2), (2, 4), (4, 6)]


def test_what_a_turn_of_the_source_gave_is_judged_and_stored_together(
    lifecycle: Lifecycle,
) -> None:
    commits = growth("risk_stage_seconds_count", stage="silver")
    parts = range(3)
    readers = {
        f"loans/{part}": FakeReader(
            [applications(first, 2, part=part) for first in (0, 2)], part=part
        )
        for part in parts
    }
    run = Run(readers, lifecycle)
    run()
    assert [run.offsets_in_silver(part) for part in parts] == [[0, 1, 2, 3]] * 3
    assert commits() == 2


def test_gold_is_waited_for_at_the_end(lifecycle: Lifecycle) -> None:
    run = Run({"loans/0": FakeReader([applications(0, 1)])}, lifecycle)
    run()
    assert all(appender.flushes[-1] for appender in run.gold.values())


def test_what_was_read_before_a_source_failed_is_stored(lifecycle: Lifecycle) -> None:
    lost = PositionLost("loan_applications[0] at offset 3")
    readers = {
        "loans/0": FakeReader([applications(0, 3)], fails_with=lost),
        "loans/1": FakeReader([applications(0, 2, part=1), *[None] * 10_000], part=1),
    }
    run = Run(readers, lifecycle)
    run()
    assert (run.offsets_in_silver(0), run.offsets_in_silver(1)) == ([0, 1, 2], [0, 1])
    assert run.bounds_in_gold("raw_events")
    assert [reader.closed for reader in readers.values()] == [1, 1]
    assert len(readers["loans/1"].waits) < 10_000


def test_a_run_whose_source_failed_ends_with_its_exit_code_after_the_drain() -> None:
    done = run_code("""
import atexit
from dataflows.flow.cluster import ClusterPlace
from dataflows.flow.lifecycle import Lifecycle
from lakehouse.errors import PositionLost
from tests.dataflows.flow_cases import FakeReader, applications
from tests.dataflows.test_score import Run
lifecycle = Lifecycle()
atexit.register(lifecycle.close)
lost = PositionLost("loan_applications[0] at offset 3")
run = Run({"loans/0": FakeReader([applications(0, 3)], fails_with=lost)}, lifecycle)
run()
print(run.gold["raw_events"].slices[0][-1], run.gold["raw_events"].flushes[-1])
""")
    assert done.returncode == 5
    assert done.stdout == "[0, 1, 2] True\n"
    assert done.stderr == "position_lost: loan_applications[0] at offset 3\n"
