from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from dataflows.flow.run_counts import RATE_OVER_SECONDS, RunCounts, lag_seconds
from lakehouse.silver.writer import BatchCounts, SilverBatch, Stored
from tests.dataflows.flow_cases import (
    Clock,
    FakeReader,
    as_read_back,
    growth,
    sample,
    stored_whole,
)
from tests.lakehouse.gold_cases import decided_rows, repeated_rows
from tests.lakehouse.silver_cases import TOPIC, a_batch, a_decision, a_reject

NO_AGES = np.zeros(0)


def four_events() -> SilverBatch:
    return a_batch(
        a_decision("a", 0, tier="Low"),
        a_decision("b", 1, tier="Watchlist"),
        a_decision("c", 2, tier="Watchlist"),
        a_reject(3, code="empty"),
    )


def counted(account: RunCounts, batch: SilverBatch, stored: Stored | None = None) -> None:
    account.silver_committed(batch, stored or stored_whole(batch), event_ages_seconds=NO_AGES)


def test_nothing_was_done_at_first() -> None:
    totals = RunCounts().totals()
    assert (totals.read, totals.decided, totals.duplicates, totals.quarantined) == (0, 0, 0, 0)
    assert (totals.tiers, totals.events_per_second) == ({}, 0.0)
    assert (totals.lag, totals.gold_age_seconds) == (None, None)


def test_a_batch_is_counted_by_what_became_of_it() -> None:
    account = RunCounts()
    counted(account, four_events())
    totals = account.totals()
    assert (totals.read, totals.decided, totals.quarantined) == (4, 3, 1)
    assert totals.tiers == {"Low": 1, "Watchlist": 2}


def test_a_batch_that_straddles_the_position_counts_only_what_lies_beyond_it() -> None:
    batch = four_events()
    whole = stored_whole(batch)
    # Offsets 0 and 1 were there: what silver holds is read back, the rest is news.
    stored = replace(whole, counted=BatchCounts(read=2, decided=1, quarantined=1))
    low, watchlist = (
        growth("risk_events_decided_total", tier=tier) for tier in ("Low", "Watchlist")
    )
    account = RunCounts()
    counted(account, batch, stored)
    assert account.totals().tiers == {"Watchlist": 1}
    assert (low(), watchlist()) == (0, 1)


def test_batches_add_up() -> None:
    account = RunCounts()
    for first in (0, 2):
        counted(account, a_batch(a_decision("a", first), a_reject(first + 1)))
    totals = account.totals()
    assert (totals.read, totals.decided, totals.quarantined) == (4, 2, 2)


def test_the_metrics_grow_by_the_same_counts() -> None:
    grown = [
        growth("risk_events_read_total", topic=TOPIC, part="0"),
        growth("risk_events_decided_total", tier="Low"),
        growth("risk_events_decided_total", tier="Watchlist"),
        growth("risk_events_quarantined_total", code="empty"),
        growth("risk_commits_total", store="silver"),
    ]
    counted(RunCounts(), four_events())
    assert [each() for each in grown] == [4, 1, 2, 1, 1]


def test_duplicates_with_other_content_are_told_from_mere_repeats() -> None:
    batch = a_batch(a_decision("a", 0), a_decision("a", 1), a_decision("a", 2))
    stored = Stored(
        *(TOPIC, 0, 0, 3),
        decided_rows([0]),
        a_batch(a_reject(9)).quarantined.slice(1),
        repeated_rows([1, 2]),
        BatchCounts(read=3, decided=1, duplicates=2, conflicts=1),
    )
    conflicts = growth("risk_events_duplicate_total", is_conflict="true")
    repeats = growth("risk_events_duplicate_total", is_conflict="false")
    account = RunCounts()
    counted(account, batch, stored)
    totals = account.totals()
    assert (totals.duplicates, totals.conflicts) == (2, 1)
    assert (conflicts(), repeats()) == (1, 1)


def test_a_replayed_batch_counts_no_event_but_moves_the_position() -> None:
    account, batch = RunCounts(), four_events()
    read = growth("risk_events_read_total", topic=TOPIC, part="0")
    decided = growth("risk_events_decided_total", tier="Watchlist")
    counted(account, batch, as_read_back(stored_whole(batch)))
    assert (account.totals().read, read(), decided()) == (0, 0, 0)
    assert sample("risk_partition_position", topic=TOPIC, part="0") == batch.next_off


@pytest.mark.parametrize(("is_bounded", "kind"), [(False, "stream"), (True, "bounded")])
def test_the_time_to_silver_of_a_past_is_kept_apart(is_bounded: bool, kind: str) -> None:  # noqa: FBT001
    observed = growth("risk_event_to_silver_seconds_count", topic_kind=kind)
    batch = four_events()
    RunCounts(is_bounded=is_bounded).silver_committed(
        batch, stored_whole(batch), event_ages_seconds=np.array([0.1, 0.2, 0.3])
    )
    assert observed() == 3


def test_the_rate_is_over_the_last_seconds_only() -> None:
    clock = Clock()
    account = RunCounts(clock=clock)
    counted(account, four_events())
    clock.now += RATE_OVER_SECONDS + 1
    counted(account, four_events())
    assert account.totals().events_per_second == 4 / RATE_OVER_SECONDS
    clock.now += RATE_OVER_SECONDS + 1
    assert account.totals().events_per_second == 0.0
    assert account.totals().elapsed_seconds == 2 * (RATE_OVER_SECONDS + 1)


def test_the_rate_of_the_first_seconds_is_over_those() -> None:
    clock = Clock()
    account = RunCounts(clock=clock)
    clock.now += 2
    counted(account, four_events())
    assert account.totals().events_per_second == 2.0


def test_gold_is_as_old_as_the_table_that_was_committed_longest_ago() -> None:
    clock = Clock()
    account = RunCounts(clock=clock)
    commits = growth("risk_commits_total", store="gold_decisions")
    account.gold_committed("decisions")
    clock.now += 3
    account.gold_committed("raw_events")
    assert account.totals().gold_age_seconds == 3
    assert commits() == 1
    assert sample("risk_gold_committed_at_seconds", table="raw_events") > 0


def test_the_lag_is_that_of_all_partitions_where_it_is_known() -> None:
    account = RunCounts()
    for part, lag in enumerate([7, None, 5]):
        account.watch(FakeReader([], part=part, lag=lag), 0)
    assert account.totals().lag == 12


def test_a_partition_without_news_is_told_to_be_at_its_start() -> None:
    RunCounts().watch(FakeReader([], part=78), 41)
    assert sample("risk_partition_position", topic=TOPIC, part="78") == 41


def test_the_lag_of_a_partition_is_asked_for_whenever_somebody_looks() -> None:
    reader = FakeReader([], part=77, lag=3)
    assert RunCounts().watch(reader, 41) is reader
    assert sample("risk_partition_lag_events", topic=TOPIC, part="77") == 3
    reader.known_lag = 9
    assert sample("risk_partition_lag_events", topic=TOPIC, part="77") == 9


def test_lag_in_seconds_is_the_age_of_the_newest_event_read_while_others_wait() -> None:
    waiting = FakeReader([], lag=3, newest_at=1_000.0)
    assert lag_seconds(waiting, now=lambda: 1_012.5) == 12.5
    assert lag_seconds(waiting, now=lambda: 990.0) == 0.0  # the broker's clock is ahead


@pytest.mark.parametrize(("lag", "newest_at"), [(0, 1_000.0), (None, 1_000.0), (3, None)])
def test_a_partition_that_is_read_to_its_end_or_says_nothing_has_no_lag_in_seconds(
    lag: int | None, newest_at: float | None
) -> None:
    reader = FakeReader([], lag=lag, newest_at=newest_at)
    assert lag_seconds(reader, now=lambda: 1_012.5) == 0.0
