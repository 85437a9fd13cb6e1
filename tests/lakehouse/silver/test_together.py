"""Batches of several partitions in one transaction: as if each had been stored alone, in order."""

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from random import Random
from typing import Any

import pytest

from lakehouse.errors import Gap
from lakehouse.silver.claims import positions
from lakehouse.silver.writer import BatchCounts, SilverBatch, SilverWriter, Stored
from tests.lakehouse.silver_cases import (
    PIPELINE,
    TOPIC,
    a_batch,
    a_decision,
    a_reject,
    a_writer,
    ask,
    event_ids,
    locked,
    lose_one_answer,
    tell,
    waiting_backend,
)
from tests.waiting import until

PARTS = 4
ROUNDS = 3


@pytest.fixture
def writer(silver: str) -> Iterator[SilverWriter]:
    with closing(a_writer(silver, parts=PARTS)) as writer:
        yield writer


def verdict(random: Random, off: int) -> dict[str, Any]:
    """Any of what a feed brings: few ids, so that many repeat; some rows that Postgres refuses."""
    if random.random() < 0.15:
        return a_reject(off)
    pd = 7.0 if random.random() < 0.1 else 0.1
    return a_decision(f"e{random.randrange(25)}", off, pd=pd, content_hash=random.randrange(2))


def a_feed(seed: int) -> list[list[SilverBatch]]:
    """Turns of batches, one a partition; some are empty, and offsets have holes."""
    random = Random(seed)
    turns = []
    for turn in range(ROUNDS):
        span = range(turn * 10, turn * 10 + 10)
        parts = random.sample(range(PARTS), PARTS)
        offsets = [sorted(random.sample(span, random.randrange(8))) for _ in parts]
        turns.append(
            [
                a_batch(
                    *(verdict(random, off) for off in offs),
                    part=part,
                    first_off=span.start,
                    next_off=span.stop,
                )
                for part, offs in zip(parts, offsets, strict=True)
            ]
        )
    return turns


def rows(stored: Stored) -> tuple[object, ...]:
    tables = (stored.decisions, stored.quarantine, stored.duplicates)
    return (stored.part, *(table.to_pylist() for table in tables), stored.counted)


def emptied(dsn: str) -> None:
    tell(dsn, "truncate silver.decisions, silver.quarantine, silver.duplicates")
    tell(
        dsn,
        "update silver.progress set next_off = 0, read_count = 0, decided_count = 0, "
        "duplicate_count = 0, conflict_count = 0, quarantined_count = 0",
    )


@pytest.mark.parametrize("seed", range(20))
def test_stored_together_is_stored_one_after_the_other(
    silver: str, writer: SilverWriter, seed: int
) -> None:
    turns = a_feed(seed)
    alone = [rows(writer.store(batch)) for turn in turns for batch in turn]
    account = positions(silver, PIPELINE)
    emptied(silver)
    assert [rows(each) for turn in turns for each in writer.store_together(turn)] == alone
    assert positions(silver, PIPELINE) == account


@pytest.mark.parametrize("seed", range(5))
def test_other_turns_after_a_restart_read_back_what_is_stored_and_add_the_rest(
    silver: str, writer: SilverWriter, seed: int
) -> None:
    first, second, _ = map(_by_part, a_feed(seed))
    before = [rows(each) for each in writer.store_together(first)]
    # Of every other partition the same batch again, of the others the one behind it.
    turn = [again if again.part % 2 else then for again, then in zip(first, second, strict=True)]
    stored = writer.store_together(turn)
    for each in stored[1::2]:
        assert rows(each) == (*before[each.part][:-1], BatchCounts())
    assert [each.counted.read for each in stored[::2]] == [batch.read for batch in turn[::2]]
    account = positions(silver, PIPELINE)
    reads = [first[part].read + (0 if part % 2 else second[part].read) for part in range(PARTS)]
    assert [account[TOPIC, part].read for part in range(PARTS)] == reads


def _by_part(turn: Sequence[SilverBatch]) -> list[SilverBatch]:
    return sorted(turn, key=lambda batch: batch.part)


def test_what_straddles_a_position_is_stored_from_there_on(
    silver: str, writer: SilverWriter
) -> None:
    writer.store(a_batch(a_decision("e0", 0), a_reject(1)))
    straddling, new = writer.store_together(
        [
            a_batch(a_reject(0), a_decision("other", 1), a_decision("e2", 2)),
            a_batch(a_decision("e0", 0), a_decision("e3", 1), part=1),
        ]
    )
    assert straddling.counted == BatchCounts(read=1, decided=1)
    assert straddling.decisions["event_id"].to_pylist() == ["e0", "e2"]
    assert straddling.quarantine["off"].to_pylist() == [1]
    assert new.counted == BatchCounts(read=2, decided=1, duplicates=1)
    assert new.decisions["event_id"].to_pylist() == ["e3"]
    assert event_ids(silver) == ["e0", "e2", "e3"]


def test_rows_that_are_there_although_a_position_is_behind_are_counted_in_its_batch(
    silver: str, writer: SilverWriter
) -> None:
    whole = a_batch(a_decision("e0", 0), a_decision("e1", 1), part=1)
    writer.store(whole)
    tell(silver, "update silver.progress set next_off = 0 where part = 1")
    new, again = writer.store_together([a_batch(a_decision("e1", 0)), whole])
    assert new.counted == BatchCounts(read=1, duplicates=1)
    assert again.counted == BatchCounts(read=2, decided=2)
    assert again.decisions.equals(whole.decided)


def test_a_gap_in_one_stores_none(silver: str, writer: SilverWriter) -> None:
    with pytest.raises(Gap, match=f"{TOPIC}/1: the batch begins at 5"):
        writer.store_together([a_batch(a_decision("e0", 0)), a_batch(a_decision("e1", 5), part=1)])
    assert event_ids(silver) == []
    assert {each.next_off for each in positions(silver, PIPELINE).values()} == {0}


def test_a_refused_row_takes_its_bytes_from_its_own_batch(writer: SilverWriter) -> None:
    batches = [
        a_batch(
            a_decision(f"bad{part}", 0, pd=7.0),
            a_decision(f"e{part}", 1),
            part=part,
            raw_of={0: f"{part}/0".encode()}.get,
        )
        for part in range(3)
    ]
    stored = writer.store_together(batches)
    assert [each.quarantine["raw"].to_pylist() for each in stored] == [[b"0/0"], [b"1/0"], [b"2/0"]]
    assert [each.counted for each in stored] == [BatchCounts(read=2, decided=1, quarantined=1)] * 3


TURN = [a_batch(a_decision("e0", 0), a_decision("e1", 1)), a_batch(a_decision("e2", 0), part=1)]


@pytest.mark.parametrize("table", ["silver.owner", "silver.decisions", "silver.progress"])
def test_a_backend_killed_while_storing_leaves_none_or_all(
    silver: str, writer: SilverWriter, table: str
) -> None:
    with ThreadPoolExecutor() as pool:
        with locked(silver, table):
            storing = pool.submit(writer.store_together, TURN)
            backend = until(lambda: waiting_backend(silver), what="storing")
            ask(silver, f"select pg_terminate_backend({backend})")
            until(lambda: waiting_backend(silver) not in {None, backend}, what="storing again")
        counted = [each.counted for each in storing.result()]
    assert counted == [BatchCounts(read=2, decided=2), BatchCounts(read=1, decided=1)]
    assert event_ids(silver) == ["e0", "e1", "e2"]


def test_an_answer_lost_after_the_commit_counts_what_that_commit_added(
    silver: str, writer: SilverWriter, monkeypatch: pytest.MonkeyPatch
) -> None:
    writer.store(TURN[0])
    lose_one_answer(monkeypatch)
    stored = writer.store_together(TURN)
    assert [each.counted for each in stored] == [BatchCounts(), BatchCounts(read=1, decided=1)]
    assert [each.decisions.num_rows for each in stored] == [2, 1]
    assert {part: each.read for (_, part), each in positions(silver, PIPELINE).items()} == {
        0: 2,
        1: 1,
        2: 0,
        3: 0,
    }
