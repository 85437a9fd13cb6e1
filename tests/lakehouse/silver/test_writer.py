"""Every event read ends in exactly one of decided, duplicate or quarantined, exactly once."""

import math
from collections.abc import Iterator
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lakehouse.errors import Fenced, Gap, StoresDisagree
from lakehouse.silver.claims import claim, positions, record_start
from lakehouse.silver.losses import Loss, accept_loss, losses
from lakehouse.silver.writer import BatchCounts, SilverWriter
from tests.lakehouse.silver_cases import (
    PIPELINE,
    TOPIC,
    a_batch,
    a_decision,
    a_reject,
    a_writer,
    ask,
    event_ids,
    tell,
)


@pytest.fixture
def writer(silver: str) -> Iterator[SilverWriter]:
    writer = a_writer(silver, parts=2)
    yield writer
    writer.close()


def position(dsn: str, part: int = 0) -> int:
    return positions(dsn, PIPELINE)[TOPIC, part].next_off


def test_a_batch_is_stored_whole_with_its_position_and_its_account(
    silver: str, writer: SilverWriter
) -> None:
    batch = a_batch(a_decision("e0", 0), a_reject(1), a_decision("e2", 2))
    stored = writer.store(batch)
    assert stored.decisions.equals(batch.decided)
    assert stored.quarantine.equals(batch.quarantined)
    assert stored.duplicates.num_rows == 0
    assert stored.counted == BatchCounts(read=3, decided=2, quarantined=1)
    assert event_ids(silver) == ["e0", "e2"]
    progress = positions(silver, PIPELINE)[TOPIC, 0]
    assert (progress.start_off, progress.next_off) == (0, 3)
    assert (progress.read, progress.decided, progress.quarantined) == (3, 2, 1)


def test_an_empty_batch_moves_the_position(silver: str, writer: SilverWriter) -> None:
    """Offsets have holes: control records and compacted ones are read by nobody."""
    stored = writer.store(a_batch(first_off=0, next_off=5))
    assert (stored.is_new, position(silver)) == (False, 5)


def test_offsets_may_have_holes(silver: str, writer: SilverWriter) -> None:
    writer.store(a_batch(a_decision("e3", 3), a_decision("e9", 9), first_off=0, next_off=12))
    writer.store(a_batch(a_decision("e20", 20), first_off=12))
    assert (event_ids(silver), position(silver)) == (["e3", "e9", "e20"], 21)


def test_an_event_without_exactly_one_verdict_is_refused() -> None:
    with pytest.raises(ValueError, match="every event needs exactly one"):
        replace(a_batch(a_decision("e0", 0)), read=2)


class TestReplay:
    def test_replaying_a_batch_changes_nothing(self, silver: str, writer: SilverWriter) -> None:
        batch = a_batch(a_decision("e0", 0), a_reject(1), a_decision("e0", 2))
        first = writer.store(batch)
        before = ask(silver, "select xmin, * from silver.progress")
        again = writer.store(batch)
        assert again.decisions.equals(first.decisions)
        assert again.quarantine.equals(first.quarantine)
        assert again.duplicates.equals(first.duplicates)
        assert (again.is_new, again.counted) == (False, BatchCounts())
        assert ask(silver, "select xmin, * from silver.progress") == before

    def test_a_replay_answers_with_what_was_stored_not_with_what_is_decided_now(
        self, writer: SilverWriter
    ) -> None:
        """A model or policy rolled between crash and replay must not show."""
        stored = writer.store(a_batch(a_decision("e0", 0, pd=0.1), a_reject(1)))
        again = writer.store(a_batch(a_reject(0), a_decision("e1", 1, pd=0.9)))
        assert again.decisions.equals(stored.decisions)
        assert again.quarantine.equals(stored.quarantine)

    def test_a_replay_may_have_other_bounds_than_the_first_time(self, writer: SilverWriter) -> None:
        writer.store(a_batch(a_decision("e0", 0), a_decision("e1", 1)))
        writer.store(a_batch(a_decision("e2", 2), a_decision("e3", 3)))
        again = writer.store(a_batch(a_decision("e1", 1), a_decision("e2", 2)))
        assert again.decisions["event_id"].to_pylist() == ["e1", "e2"]

    def test_a_straddling_batch_is_read_back_below_the_position_and_stored_from_it_on(
        self, silver: str, writer: SilverWriter
    ) -> None:
        writer.store(a_batch(a_decision("e0", 0, pd=0.1), a_reject(1)))
        stored = writer.store(
            a_batch(
                a_decision("e0", 0, pd=0.9), a_decision("e1", 1), a_decision("e2", 2), a_reject(3)
            )
        )
        assert stored.decisions.select(["event_id", "pd"]).to_pylist() == [
            {"event_id": "e0", "pd": 0.1},
            {"event_id": "e2", "pd": 0.125},
        ]
        assert stored.quarantine["off"].to_pylist() == [1, 3]
        assert stored.counted == BatchCounts(read=2, decided=1, quarantined=1)
        assert position(silver) == 4

    def test_below_the_position_nothing_is_written_even_where_rows_were_erased(
        self, silver: str, writer: SilverWriter
    ) -> None:
        batch = a_batch(a_decision("e0", 0), a_decision("e1", 1))
        writer.store(batch)
        tell(silver, "delete from silver.decisions where event_id = 'e0'")
        assert writer.store(batch).decisions["event_id"].to_pylist() == ["e1"]
        assert event_ids(silver) == ["e1"]

    def test_a_position_that_was_set_back_finds_its_own_rows_and_doubles_none(
        self, silver: str, writer: SilverWriter
    ) -> None:
        batch = a_batch(a_decision("e0", 0), a_reject(1), a_decision("e0", 2), a_decision("e3", 3))
        first = writer.store(batch)
        tell(silver, "update silver.progress set next_off = 0 where part = 0")
        again = writer.store(batch)
        assert again.decisions.equals(first.decisions)
        assert again.quarantine.equals(first.quarantine)
        assert again.duplicates.equals(first.duplicates)


class TestRefusals:
    def test_a_batch_beyond_the_position_is_a_gap(self, silver: str, writer: SilverWriter) -> None:
        writer.store(a_batch(a_decision("e0", 0)))
        with pytest.raises(Gap, match=r"loan_applications/0: the batch begins at 2.*up to 1"):
            writer.store(a_batch(a_decision("e2", 2)))
        assert (event_ids(silver), position(silver)) == (["e0"], 1)

    def test_a_partition_that_was_never_begun_is_a_gap(self, writer: SilverWriter) -> None:
        with pytest.raises(Gap, match="loan_applications/7"):
            writer.store(a_batch(a_decision("e0", 0), part=7))

    def test_a_newer_claim_fences_the_older_writer(self, silver: str, writer: SilverWriter) -> None:
        newer = claim(silver, PIPELINE)
        with pytest.raises(Fenced, match="fenced by a newer instance") as fenced:
            writer.store(a_batch(a_decision("e0", 0)))
        assert fenced.value.exit_code == 3
        assert (event_ids(silver), position(silver)) == ([], 0)
        with pytest.raises(Fenced):
            record_start(silver, PIPELINE, newer - 1, topic=TOPIC, part=5, start_off=0)

    def test_another_pipelines_claim_fences_nobody(self, silver: str, writer: SilverWriter) -> None:
        claim(silver, "another")
        assert writer.store(a_batch(a_decision("e0", 0))).is_new

    def test_an_offset_that_is_another_event_already_stops_the_flow(
        self, silver: str, writer: SilverWriter
    ) -> None:
        """A recreated topic counts from 0 again: its events are not those that silver holds."""
        writer.store(a_batch(a_decision("old", 0)))
        tell(silver, "update silver.progress set next_off = 0 where part = 0")
        with pytest.raises(StoresDisagree, match="the topic was recreated"):
            writer.store(a_batch(a_decision("new", 0)))
        assert event_ids(silver) == ["old"]


class TestDuplicates:
    def test_an_id_decided_before_is_a_duplicate_of_the_first(self, writer: SilverWriter) -> None:
        writer.store(a_batch(a_decision("e0", 0)))
        stored = writer.store(a_batch(a_decision("e0", 0), part=1))
        assert stored.decisions.num_rows == 0
        (duplicate,) = stored.duplicates.to_pylist()
        assert (duplicate["part"], duplicate["off"]) == (1, 0)
        assert (duplicate["first_topic"], duplicate["first_part"], duplicate["first_off"]) == (
            (TOPIC, 0, 0)
        )
        assert duplicate["is_conflict"] is False
        assert stored.counted == BatchCounts(read=1, duplicates=1)

    def test_other_content_under_the_same_id_is_a_conflict_and_the_first_stands(
        self, silver: str, writer: SilverWriter
    ) -> None:
        writer.store(a_batch(a_decision("e0", 0, content_hash=1, pd=0.1)))
        stored = writer.store(a_batch(a_decision("e0", 1, content_hash=2, pd=0.9)))
        assert stored.duplicates["is_conflict"].to_pylist() == [True]
        assert stored.counted == BatchCounts(read=1, duplicates=1, conflicts=1)
        assert ask(silver, "select pd from silver.decisions") == [(0.1,)]

    def test_within_a_batch_the_lowest_offset_wins(self, writer: SilverWriter) -> None:
        stored = writer.store(
            a_batch(
                a_decision("twice", 0, content_hash=1),
                a_decision("once", 1),
                a_decision("twice", 2, content_hash=1),
                a_decision("twice", 3, content_hash=2),
            )
        )
        assert stored.decisions["off"].to_pylist() == [0, 1]
        assert stored.duplicates.select(["off", "first_off", "is_conflict"]).to_pylist() == [
            {"off": 2, "first_off": 0, "is_conflict": False},
            {"off": 3, "first_off": 0, "is_conflict": True},
        ]

    def test_repeats_of_an_id_decided_before_all_name_the_first_decision(
        self, writer: SilverWriter
    ) -> None:
        writer.store(a_batch(a_decision("e0", 0)))
        stored = writer.store(a_batch(a_decision("e0", 1), a_decision("e0", 2)))
        assert stored.duplicates["first_off"].to_pylist() == [0, 0]

    def test_ids_are_told_apart_whatever_they_are_made_of(self, writer: SilverWriter) -> None:
        odd = ['"', "\\", "{}", "", " ", "a,b", "NULL", "é", "e\u0301", "😀", "\u202e", "a" * 256]
        batch = a_batch(*(a_decision(event_id, off) for off, event_id in enumerate(odd)))
        assert writer.store(batch).counted.decided == len(odd)
        repeated = a_batch(*(a_decision(event_id, off) for off, event_id in enumerate(odd)), part=1)
        assert writer.store(repeated).counted.duplicates == len(odd)


class TestAtStart:
    def test_each_claim_raises_the_token(self, silver: str) -> None:
        assert [claim(silver, PIPELINE) for _ in range(3)] == [1, 2, 3]

    def test_a_known_partition_keeps_its_start(self, silver: str, writer: SilverWriter) -> None:
        writer.store(a_batch(a_decision("e0", 0)))
        token = claim(silver, PIPELINE)
        record_start(silver, PIPELINE, token, topic=TOPIC, part=0, start_off=99)
        progress = positions(silver, PIPELINE)[TOPIC, 0]
        assert (progress.start_off, progress.next_off) == (0, 1)

    @pytest.mark.usefixtures("writer")
    def test_pipelines_have_positions_of_their_own(self, silver: str) -> None:
        assert sorted(positions(silver, PIPELINE)) == [(TOPIC, 0), (TOPIC, 1)]
        assert positions(silver, "another") == {}

    def test_an_accepted_loss_moves_on_and_is_kept_with_its_reason(self, silver: str) -> None:
        writer = a_writer(silver)
        token = claim(silver, PIPELINE)
        lost = Loss(PIPELINE, TOPIC, 0, "silver", 0, 10, "retention; AB")
        nothing = Loss(PIPELINE, TOPIC, 0, "archive", 0, 0, "retention; AB")
        for _ in range(2):
            accept_loss(silver, token, [lost, nothing], topic=TOPIC, part=0, to_off=10)
        writer.close()
        assert position(silver) == 10
        assert losses(silver) == [lost]

    def test_an_accepted_loss_never_moves_a_position_back(
        self, silver: str, writer: SilverWriter
    ) -> None:
        writer.store(a_batch(a_decision("e0", 0), a_decision("e1", 1)))
        token = claim(silver, PIPELINE)
        lost = Loss(PIPELINE, TOPIC, 0, "archive", 0, 1, "gold only")
        accept_loss(silver, token, [lost], topic=TOPIC, part=0, to_off=1)
        assert position(silver) == 2

    def test_the_id_of_a_topic_is_kept_once(self, silver: str, writer: SilverWriter) -> None:
        writer.store(a_batch(a_decision("e0", 0)))
        token = claim(silver, PIPELINE)
        for topic_id in ("A", "B", None):
            record_start(
                silver, PIPELINE, token, topic=TOPIC, part=0, start_off=99, topic_id=topic_id
            )
        progress = positions(silver, PIPELINE)[TOPIC, 0]
        assert (progress.start_off, progress.next_off, progress.topic_id) == (0, 1, "A")


_ANY_FLOAT = st.floats(min_value=0.0, max_value=1.0)


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(values=st.lists(_ANY_FLOAT, min_size=1, max_size=8))
def test_a_float_comes_back_to_the_last_bit(writer: SilverWriter, values: list[float]) -> None:
    """What is handed to gold from memory equals what silver would give after a crash."""
    first = _next(writer)
    awkward = [0.1 + 0.2, 5e-324, math.nextafter(1.0, 0.0), *values]
    decisions = [
        a_decision(f"e{first + n}", first + n, pd=value, dti_pct=value, fico=None)
        for n, value in enumerate(awkward)
    ]
    batch = a_batch(*decisions)
    fresh = writer.store(batch)
    read_back = writer.store(batch)
    assert not read_back.is_new
    assert read_back.decisions.equals(fresh.decisions)
    assert read_back.decisions.equals(batch.decided)


def _next(writer: SilverWriter) -> int:
    return positions(writer._dsn, PIPELINE)[TOPIC, 0].next_off
