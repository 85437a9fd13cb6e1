"""The account is exact, and sees whatever gold or silver lost, repeated or altered."""

from collections.abc import Iterator
from pathlib import Path

import msgspec
import psycopg
import pyarrow as pa
import pytest
from deltalake import write_deltalake

from lakehouse.gold.object_store import table_uri
from lakehouse.gold.tables import SCHEMAS
from lakehouse.lake.session import Lake
from lakehouse.reconciliation import EventAccount, account
from lakehouse.silver.claims import claim
from lakehouse.silver.losses import Loss, accept_loss
from lakehouse.silver.writer import SilverBatch, SilverWriter
from tests.lakehouse.gold_cases import a_gold_writer, decided_rows, raw_rows
from tests.lakehouse.silver_cases import PIPELINE, TOPIC, a_batch, a_decision, a_reject, a_writer

PDS = (0.0, 1.0, 0.125, 1 / 3, 5e-324, 0.1 + 0.2)


class Stores:
    """Silver and gold, and the way a batch takes through both."""

    def __init__(self, silver: str, lake_uri: str) -> None:
        self.silver = silver
        self.lake_uri = lake_uri
        self.writer: SilverWriter = a_writer(silver, parts=2)
        self.gold = {name: a_gold_writer(lake_uri, name) for name in SCHEMAS}
        self.lake = Lake(lake_uri)

    def store(self, batch: SilverBatch, *, leaving_out: str = "") -> None:
        """Store in silver and commit to gold, without one of its tables."""
        stored = self.writer.store(batch)
        rows: dict[str, pa.Table] = {
            "decisions": stored.decisions,
            "duplicates": stored.duplicates,
            "quarantine": stored.quarantine,
            "raw_events": raw_rows(batch.offsets.tolist(), part=batch.part),
        }
        for name, writer in self.gold.items():
            if name != leaving_out:
                writer.append(batch.topic, batch.part, batch.next_off, rows[name])
                writer.flush()

    def account(self) -> EventAccount:
        return account(self.silver, self.lake)

    def in_silver(self, statement: str) -> None:
        with psycopg.connect(self.silver) as connection:
            connection.execute(statement.encode())


@pytest.fixture
def stores(silver: str, tmp_path: Path) -> Iterator[Stores]:
    stores = Stores(silver, str(tmp_path))
    yield stores
    stores.writer.close()
    stores.lake.close()


@pytest.fixture
def full(stores: Stores) -> Stores:
    """Six decisions, one repetition, one conflict and one refusal, over two partitions."""
    stores.store(
        a_batch(*(a_decision(f"e{off}", off, pd=pd) for off, pd in enumerate(PDS)), next_off=10)
    )
    stores.store(
        a_batch(
            a_decision("e1", 0),
            a_decision("e2", 4, content_hash=8),
            a_reject(5),
            first_off=0,
            part=1,
        )
    )
    return stores


def test_empty_stores_balance(stores: Stores) -> None:
    found = stores.account()
    assert (found.read, found.balanced, found.gold_equals_silver) == (0, True, True)


def test_every_event_is_accounted_for(full: Stores) -> None:
    found = full.account()
    assert found.holds
    assert (found.read, found.decided, found.duplicates) == (9, 6, 2)
    assert (found.conflicts, found.quarantined, found.gold_behind) == (1, 1, 0)


def test_the_account_in_json_begins_with_what_the_issue_names(full: Stores) -> None:
    keys = list(msgspec.json.decode(msgspec.json.encode(full.account())))
    assert keys[:7] == [
        "read",
        "decided",
        "duplicates",
        "conflicts",
        "quarantined",
        "balanced",
        "gold_equals_silver",
    ]


def test_gold_may_be_behind_without_being_wrong(full: Stores) -> None:
    full.store(a_batch(a_decision("e20", 10), a_decision("e21", 11)), leaving_out="decisions")
    found = full.account()
    assert found.gold_equals_silver
    assert found.gold_behind == 2
    assert found.partitions[0].gold["decisions"].behind == 2


def test_gold_that_never_got_a_partition_is_behind_by_all_of_it(stores: Stores) -> None:
    stores.store(a_batch(a_decision("e0", 0), a_decision("e1", 1)), leaving_out="quarantine")
    found = stores.account()
    assert (found.gold_equals_silver, found.gold_behind) == (True, 2)


def test_a_row_missing_in_silver_unbalances_the_account(full: Stores) -> None:
    full.in_silver("delete from silver.decisions where event_id = 'e3'")
    found = full.account()
    assert not found.balanced
    assert not found.gold_equals_silver


@pytest.mark.parametrize(
    "change",
    [
        "update silver.decisions set pd = 0.12500000000000003 where event_id = 'e2'",
        "update silver.decisions set model_version = 'scorecard-2' where event_id = 'e2'",
        "update silver.decisions set event_id = 'other' where event_id = 'e2'",
        "update silver.decisions set tier = 'Elevated' where event_id = 'e2'",
        "update silver.decisions set off = 9 where event_id = 'e2'",
        "update silver.duplicates set is_conflict = not is_conflict",
        "update silver.quarantine set code = 'empty'",
    ],
)
def test_a_value_that_differs_is_seen(full: Stores, change: str) -> None:
    """Mutant B, gold recomputed instead of taking what silver stored, would show here."""
    full.in_silver(change)
    assert not full.account().gold_equals_silver


@pytest.mark.parametrize("table", ["decisions", "raw_events"])
def test_rows_twice_in_gold_are_seen(full: Stores, table: str) -> None:
    """Mutant A leaves this behind."""
    rows = {"decisions": decided_rows([2]), "raw_events": raw_rows([2])}[table]
    write_deltalake(table_uri(full.lake_uri, table), rows, mode="append")
    found = full.account()
    assert found.balanced
    assert not found.gold_equals_silver
    wrong = [name for name, gold in found.partitions[0].gold.items() if not gold.equals_silver]
    assert wrong == [table]


def test_rows_that_gold_skipped_are_seen(full: Stores) -> None:
    """Mutant C leaves this behind: gold's position moved past rows that it never got."""
    full.store(a_batch(a_decision("e20", 10)), leaving_out="decisions")
    writer = full.gold["decisions"]
    writer.append(TOPIC, 0, 11, SCHEMAS["decisions"].empty_table())
    writer.flush()
    assert not full.account().gold_equals_silver


def test_silver_restored_to_an_older_state_is_seen(full: Stores) -> None:
    full.in_silver("delete from silver.quarantine where part = 1")
    full.in_silver(
        "update silver.progress set next_off = 5, read_count = 2, quarantined_count = 0 "
        "where part = 1"
    )
    found = full.account()
    assert found.balanced
    assert not found.gold_equals_silver


def test_gold_of_a_silver_that_was_emptied_is_seen(full: Stores) -> None:
    full.in_silver(
        "truncate silver.decisions, silver.quarantine, silver.duplicates, silver.progress"
    )
    found = full.account()
    assert not found.gold_equals_silver
    assert found.unknown_to_silver == [f"{TOPIC}/0", f"{TOPIC}/1"]


def test_offsets_without_an_event_are_counted_and_skipped_ones_named(stores: Stores) -> None:
    stores.store(a_batch(a_decision("e2", 2), a_decision("e5", 5), first_off=0))
    token = claim(stores.silver, PIPELINE)
    lost = [
        Loss(PIPELINE, TOPIC, 0, "silver", 6, 16, "retention"),
        Loss(PIPELINE, TOPIC, 0, "archive", 5, 6, "retention"),
    ]
    accept_loss(stores.silver, token, lost, topic=TOPIC, part=0, to_off=16)
    found = next(each for each in stores.account().partitions if each.part == 0)
    # Offsets 0, 1, 3 and 4.
    assert (found.read, found.without_event, found.balanced) == (2, 4, True)
    assert {(each.store, each.from_off, each.to_off) for each in found.skipped} == {
        ("archive", 5, 6),
        ("silver", 6, 16),
    }


def test_bytes_that_are_known_to_be_lost_are_not_missed_in_the_archive(stores: Stores) -> None:
    stores.store(a_batch(a_decision("e0", 0)))
    stores.store(a_batch(a_decision("e1", 1), first_off=1), leaving_out="raw_events")
    stores.gold["raw_events"].append(TOPIC, 0, 2, raw_rows([]))
    stores.gold["raw_events"].flush()
    assert not stores.account().gold_equals_silver
    token = claim(stores.silver, PIPELINE)
    lost = [Loss(PIPELINE, TOPIC, 0, "archive", 1, 2, "retention")]
    accept_loss(stores.silver, token, lost, topic=TOPIC, part=0, to_off=2)
    assert stores.account().holds
