"""What was refused is decided after a fix: once, in silver and gold, whatever is killed."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psycopg
import pytest

from lakehouse.arrow_schemas import QUARANTINED_RAW_BYTES
from lakehouse.erasure import erase
from lakehouse.errors import StoresDisagree
from lakehouse.gold.writer import GoldWriter
from lakehouse.lake.queries import quarantine_by_code
from lakehouse.postgres import connection
from lakehouse.quarantine import following
from lakehouse.quarantine.replay import BYTES_GONE, QuarantineReplay, Selection
from lakehouse.silver.recoveries import Recovered
from tests.lakehouse.quarantine_cases import REPLAYED_AT, WAYS, FilledStores, spoilt
from tests.lakehouse.silver_cases import TOPIC, ask, tell
from tests.risk.applications import as_bytes
from tests.risk.simulated import QUIET, a_simulator

PARTS = 3
EVENTS = 120
MANY = 1_200


class KilledError(BaseException):
    """Stands for a kill -9 at this instant."""


@pytest.fixture
def stores(silver: str, tmp_path: Path) -> Iterator[FilledStores]:
    stores = FilledStores(silver, str(tmp_path / "lake"), parts=PARTS)
    yield stores
    stores.close()


def with_five_percent_spoilt(count: int) -> list[bytes]:
    events = list(a_simulator(noise=QUIET).events(0, count))
    for number, place in enumerate(range(7, len(events), 20)):
        events[place] = spoilt(events[place], WAYS[number % len(WAYS)])
    return events


def filled(stores: FilledStores, events_a_part: int) -> FilledStores:
    events = with_five_percent_spoilt(PARTS * events_a_part)
    for part in range(PARTS):
        stores.read(events[part::PARTS], part=part)
    return stores


@pytest.fixture
def spoilt_stores(stores: FilledStores) -> FilledStores:
    return filled(stores, EVENTS)


def everything(stores: FilledStores) -> Counter[tuple[int, int]]:
    """How often each event has an end in gold."""
    return Counter(
        place
        for view in ("decisions", "duplicates", "quarantine")
        for place in stores.in_gold(view)
    )


def assert_all_recovered_once(stores: FilledStores, refused: int) -> None:
    total = refused * 20
    found = stores.account()
    assert found.holds, found
    assert (found.read, found.decided, found.duplicates) == (total, total, 0)
    assert (found.quarantined, found.recovered) == (0, refused)
    assert set(everything(stores).values()) == {1}
    assert len(everything(stores)) == total
    ids = ask(stores.silver, "select count(*), count(distinct event_id) from silver.decisions")
    assert ids == [(total, total)]
    ids_in_gold = stores.lake.query("select count(distinct event_id) as n from decisions")
    assert ids_in_gold["n"][0].as_py() == total


def test_five_percent_spoilt_in_six_ways_are_all_recovered_none_twice(
    stores: FilledStores,
) -> None:
    before = filled(stores, MANY).account()
    refused = before.quarantined
    assert refused == PARTS * MANY // 20
    assert before.read == before.decided + before.quarantined
    foretold = stores.replay(is_dry=True)
    assert (foretold.looked_at, foretold.decided, foretold.duplicates) == (refused, refused, 0)
    assert stores.account() == before

    assert stores.replay() == QuarantineReplay(refused, refused, 0)
    assert_all_recovered_once(stores, refused)
    assert stores.replay() == QuarantineReplay()
    assert_all_recovered_once(stores, refused)


@pytest.mark.parametrize("kills_at", range(1, 9))
def test_killed_at_any_commit_it_is_completed_by_the_next(
    spoilt_stores: FilledStores, monkeypatch: pytest.MonkeyPatch, kills_at: int
) -> None:
    """Three commits to silver, one a partition; three to gold, each with an instant before it."""
    refused = spoilt_stores.account().quarantined
    steps = iter(range(1, 1_000))

    def dying(name: str) -> None:
        real = getattr(following if name == "_append" else GoldWriter, name)

        def step(*arguments: object, **named: object) -> object:
            if next(steps) == kills_at:
                raise KilledError
            done = real(*arguments, **named)
            if next(steps) == kills_at:
                raise KilledError
            return done

        patch.setattr(following if name == "_append" else GoldWriter, name, step)

    with monkeypatch.context() as patch:
        dying("_append")
        dying("flush")
        try:
            spoilt_stores.replay()
        except KilledError:
            pass
        else:
            assert kills_at > 12
    found = spoilt_stores.account()
    assert found.holds, found
    spoilt_stores.replay(now=datetime(2026, 3, 3, tzinfo=UTC))
    assert_all_recovered_once(spoilt_stores, refused)


def test_an_answer_lost_after_the_commit_is_counted_all_the_same(
    spoilt_stores: FilledStores, monkeypatch: pytest.MonkeyPatch
) -> None:
    refused = spoilt_stores.account().quarantined
    lose_one_answer_of_recovering(monkeypatch)
    assert spoilt_stores.replay() == QuarantineReplay(refused, refused, 0)
    assert_all_recovered_once(spoilt_stores, refused)


def lose_one_answer_of_recovering(monkeypatch: pytest.MonkeyPatch) -> None:
    losing = [psycopg.OperationalError("server closed the connection unexpectedly")]
    real = connection.persistently

    def unheard(work: Callable[[], Any], **named: Any) -> Any:
        def attempt() -> Any:
            done = work()
            if losing and isinstance(done, Recovered):
                raise losing.pop()
            return done

        return real(attempt, **named)

    monkeypatch.setattr(connection, "persistently", unheard)


def test_two_replays_at_once_recover_each_event_once(spoilt_stores: FilledStores) -> None:
    refused = spoilt_stores.account().quarantined
    done: list[QuarantineReplay] = []
    instants = [REPLAYED_AT, datetime(2026, 3, 2, 8, 1, tzinfo=UTC)]
    threads = [
        threading.Thread(target=lambda now=now: done.append(spoilt_stores.replay(now=now)))
        for now in instants
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(each.decided for each in done) == refused
    assert_all_recovered_once(spoilt_stores, refused)


def test_a_flow_that_reads_the_range_again_adds_nothing_to_gold(stores: FilledStores) -> None:
    """Silver had the batch, gold had not, when the flow was killed; then came the replay."""
    events = [as_bytes(id=1), spoilt(as_bytes(id=2), "UTF-16"), as_bytes(id=3)]
    judged = stores.judged(events)
    stores.writer.store(judged.batch)
    assert stores.replay().decided == 1
    assert stores.in_gold("decisions") == [(0, 1)]
    assert stores.account().holds

    again = stores.writer.store(judged.batch)
    assert again.decisions["off"].to_pylist() == [0, 2]
    stores.to_gold(judged, again)
    assert stores.in_gold("decisions") == [(0, 0), (0, 1), (0, 2)]
    assert stores.in_gold("quarantine") == []
    assert stores.account().holds


def test_a_recovered_event_that_was_sent_again_meanwhile_is_a_duplicate(
    stores: FilledStores,
) -> None:
    stores.read([spoilt(as_bytes(id=1), "compressed"), spoilt(as_bytes(id=2), "NaN")])
    stores.read([as_bytes(id=1), as_bytes(id=2)], first_off=2)
    foretold = stores.replay(is_dry=True)
    assert (foretold.decided, foretold.duplicates) == (0, 2)
    assert stores.replay() == QuarantineReplay(2, 0, 2)
    found = stores.account()
    assert found.holds
    assert (found.decided, found.duplicates, found.conflicts) == (2, 2, 1)
    assert stores.in_gold("duplicates") == [(0, 0), (0, 1)]


def test_an_event_sent_again_after_its_recovery_is_a_duplicate(stores: FilledStores) -> None:
    stores.read([spoilt(as_bytes(id=1), "compressed")])
    assert stores.replay() == QuarantineReplay(1, 1, 0)
    stored = stores.read([as_bytes(id=1)], first_off=1)
    assert stored.counted.duplicates == 1
    assert stores.account().holds


def test_by_code_what_is_held_is_told_from_what_was_recovered(stores: FilledStores) -> None:
    stores.read([spoilt(as_bytes(id=1), "in a list"), b"[]", b"", spoilt(as_bytes(id=2), "NaN")])
    stores.replay()
    stores.lake.refresh()
    found = {
        row["code"]: (row["events"], row["recovered"], row["last_recovered_at"])
        for row in quarantine_by_code(stores.lake).to_pylist()
    }
    assert found.pop("empty") == (1, 0, None)
    assert sum(held for held, *_ in found.values()) == 1
    assert sum(recovered for _, recovered, _ in found.values()) == 2
    assert {at for *_, at in found.values() if at} == {REPLAYED_AT.replace(tzinfo=None)}


def test_what_is_still_refused_stays_as_it_was(stores: FilledStores) -> None:
    stores.read([None, b"", b"{", as_bytes(loan_amnt=-1.0), spoilt(as_bytes(id=2), "in a list")])
    held = ask(stores.silver, "select * from silver.quarantine order by off")
    done = stores.replay()
    assert (done.looked_at, done.decided) == (5, 1)
    assert done.still_refused == {
        "tombstone": 1,
        "empty": 1,
        "malformed_json": 1,
        "out_of_range": 1,
    }
    assert ask(stores.silver, "select * from silver.quarantine order by off") == held
    assert stores.in_gold("quarantine") == [(0, 0), (0, 1), (0, 2), (0, 3)]


def test_only_the_selected_ones_are_looked_at(stores: FilledStores) -> None:
    stores.read([spoilt(as_bytes(id=1), "UTF-16"), spoilt(as_bytes(id=2), "NaN")])
    assert stores.replay(Selection(codes=("malformed_json",))) == QuarantineReplay(1, 1, 0)
    assert stores.replay(Selection(topics=("another",))) == QuarantineReplay()
    assert stores.in_gold("quarantine") == [(0, 0)]


def test_bytes_that_quarantine_cut_come_from_the_archive(stores: FilledStores) -> None:
    long = as_bytes(id=1, desc="x" * QUARANTINED_RAW_BYTES)
    stores.read([spoilt(long, "in a list")])
    assert stores.replay() == QuarantineReplay(1, 1, 0)
    assert stores.account().holds


def test_an_event_whose_bytes_are_gone_stays(stores: FilledStores) -> None:
    long = as_bytes(id=1, desc="x" * QUARANTINED_RAW_BYTES)
    judged = stores.judged([spoilt(long, "in a list")])
    stores.writer.store(judged.batch)
    assert stores.replay().still_refused == {BYTES_GONE: 1}


def test_an_applicant_is_erased_from_what_was_recovered_too(stores: FilledStores) -> None:
    stores.read([spoilt(as_bytes(id=77), "NaN"), as_bytes(id=78)])
    stores.replay()
    erased = erase(
        stores.silver, stores.lake_uri, "77", reason="asked for it", by="a test", now=REPLAYED_AT
    )
    assert erased.new_in_silver == 1
    found = stores.account()
    assert found.holds, found
    assert (found.decided, found.quarantined, found.recovered) == (1, 1, 0)
    assert stores.in_gold("decisions") == [(0, 1)]
    assert stores.in_gold("recoveries") == []
    held = ask(stores.silver, "select code, raw from silver.quarantine")
    assert held == [("erased", None)]


def test_an_older_silver_is_told_from_one_that_has_recovered_less(
    spoilt_stores: FilledStores,
) -> None:
    spoilt_stores.replay()
    tell(spoilt_stores.silver, "update silver.recovery_head set last_no = 3")
    with pytest.raises(StoresDisagree, match="up to number 18, silver ends at 3"):
        following.follow(spoilt_stores.silver, spoilt_stores.lake_uri)


def test_a_recovered_decision_names_when_it_was_made_and_where_it_came_from(
    stores: FilledStores,
) -> None:
    stores.read([as_bytes(id=1), spoilt(as_bytes(id=2), "renamed field")])
    stores.replay()
    made = ask(
        stores.silver, "select topic, off, decided_at from silver.decisions where event_id = '2'"
    )
    assert made == [(TOPIC, 1, REPLAYED_AT)]
    marked = ask(
        stores.silver, "select recovery_no, outcome, code, recovered_by from silver.recoveries"
    )
    assert marked == [(1, "decided", "missing_field", "a test")]
