from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pyarrow as pa
import pytest

from dataflows.files.remarks import not_a_record
from dataflows.flow.batch_tables import decisions_table, quarantine_table, raw_table
from dataflows.flow.run_counts import RunCounts
from dataflows.flow.steps import Judge, JudgedBatch, Store, together
from dataflows.sources.batches import MicroBatch
from lakehouse import arrow_schemas
from lakehouse.silver.writer import SilverBatch, Stored
from risk.contract.application import Limits, Reject, RejectCode, Stage
from risk.ingest.dates import instants
from tests.dataflows.flow_cases import FakeSilver, a_micro_batch, applications, growth
from tests.lakehouse.gold_cases import decided_rows, refused_rows, repeated_rows
from tests.lakehouse.silver_cases import TOPIC
from tests.risk.applications import NOON, as_bytes, judge_all, rules

AFTERNOON = datetime(2026, 3, 1, 15, 30, 0, 123456, tzinfo=UTC)
FOOTER = b"Total amount funded in policy code 1: 6417608175"


def judged(batch: MicroBatch) -> JudgedBatch:
    ((one,),) = Judge(rules, Limits())([batch])
    return one


def quarantined(batch: MicroBatch) -> list[dict[str, object]]:
    rows: list[dict[str, object]] = judged(batch).batch.quarantined.to_pylist()
    return rows


def test_every_event_is_decided_or_quarantined_at_its_own_offset() -> None:
    batch = a_micro_batch(as_bytes(id=1), b"{", None, as_bytes(id=2), offsets=[3, 4, 8, 9])
    ready = judged(batch).batch
    assert ready.decided.column("off").to_pylist() == [3, 9]
    assert ready.quarantined.column("off").to_pylist() == [4, 8]


def test_a_batch_for_silver_begins_and_ends_where_the_reading_did() -> None:
    ready = judged(a_micro_batch(as_bytes(), first_off=5, offsets=[7], next_off=8)).batch
    assert (ready.first_off, ready.next_off, ready.read) == (5, 8, 1)


def test_silver_can_ask_for_the_bytes_of_an_event() -> None:
    ready = judged(a_micro_batch(as_bytes(id=1), b"{", offsets=[3, 9])).batch
    assert ready.raw_of is not None
    assert ready.raw_of(9) == b"{"


def test_the_rules_are_asked_for_once_a_batch() -> None:
    in_force = [rules("reference-1"), rules("standard-1")]
    judge = Judge(in_force.pop, Limits())
    groups = [judge([applications(first, 3)]) for first in (0, 3)]
    versions = [set(one.batch.decided.column("policy_version").to_pylist()) for ((one,),) in groups]
    assert versions == [{"standard-1"}, {"reference-1"}]


def test_the_limits_are_those_of_the_settings() -> None:
    event = as_bytes()
    judge = Judge(rules, Limits(max_bytes=len(event) - 1))
    ((verdict,),) = judge([a_micro_batch(event)])
    assert verdict.batch.quarantined.column("code").to_pylist() == ["too_large"]


MIXED = (
    a_micro_batch(as_bytes(id=1), b"{", as_bytes(id=2), part=0, offsets=[3, 4, 9]),
    a_micro_batch(None, part=1),
    a_micro_batch(part=3, offsets=(), next_off=7),
    a_micro_batch(
        *(as_bytes(id=1, dti=50.0), b"", as_bytes(id=4)),
        part=4,
        received_at=NOON + timedelta(hours=3),
        foreign={2: not_a_record("a remark")},
    ),
    applications(5, 4, part=2),
)


def test_batches_judged_together_are_judged_as_each_alone() -> None:
    (group,) = Judge(rules, Limits())(MIXED)
    for one, batch in zip(group, MIXED, strict=True):
        alone = judged(batch)
        assert one.batch.decided.equals(alone.batch.decided)
        assert one.batch.quarantined.equals(alone.batch.quarantined)
        assert one.raw.equals(alone.raw)
        assert (one.batch.topic, one.batch.part) == (batch.topic, batch.part)
        bounds = (one.batch.first_off, one.batch.next_off, one.batch.read)
        assert bounds == (batch.first_off, batch.next_off, len(batch))


@pytest.mark.parametrize(
    ("sizes", "cut"),
    [
        ([], []),
        ([1], [1]),
        ([3, 3, 3], [2, 1]),
        ([9, 1, 1, 4], [1, 3]),
        ([2, 9, 2], [1, 1, 1]),
        ([0, 6, 0], [3]),
    ],
)
def test_batches_go_together_up_to_so_many_events(sizes: list[int], cut: list[int]) -> None:
    batches = [
        a_micro_batch(*[b"{"] * size, part=part, next_off=size) for part, size in enumerate(sizes)
    ]
    groups = list(together(batches, most_events=6))
    assert [len(group) for group in groups] == cut
    assert [batch for group in groups for batch in group] == batches


def test_two_batches_of_one_partition_or_of_two_topics_never_go_together() -> None:
    elsewhere = a_micro_batch(b"{", part=2, topic="another_topic")
    batches = [applications(0, 2), applications(0, 2, part=1), applications(2, 2), elsewhere]
    groups = together(batches)
    assert [[batch.first_off for batch in group] for group in groups] == [[0, 0], [2], [0]]


def test_a_decision_carries_its_lineage_and_when_it_was_taken() -> None:
    batch = a_micro_batch(as_bytes(), part=2, offsets=[41], received_at=AFTERNOON)
    (row,) = judged(batch).batch.decided.to_pylist()
    lineage = (row["topic"], row["part"], row["off"], row["decided_at"])
    assert lineage == (TOPIC, 2, 41, AFTERNOON)


def test_a_decision_is_stored_as_it_was_judged() -> None:
    events = [as_bytes(id=1, dti=31.0), as_bytes(id=2, purpose="car")]
    verdicts = judge_all(events)
    table = decisions_table([a_micro_batch(*events)], verdicts, instants(NOON, len(events)))
    assert table.schema == arrow_schemas.DECISIONS
    for name in ("event_id", "pd", "points", "tier", "reasons", "early_warning_flag"):
        assert table.column(name).to_pylist() == verdicts.decided[name].tolist()


def test_a_batch_of_rejects_only_decides_nothing() -> None:
    table = judged(a_micro_batch(None, b"{")).batch.decided
    assert (table.num_rows, table.schema) == (0, arrow_schemas.DECISIONS)


def test_what_is_refused_is_kept_with_where_when_why_and_its_bytes() -> None:
    batch = a_micro_batch(b"{,}", part=2, offsets=[41], received_at=AFTERNOON)
    assert quarantined(batch) == [
        {
            "topic": TOPIC,
            "part": 2,
            "off": 41,
            "stage": "decode",
            "code": "malformed_json",
            "reason": judge_all([b"{,}"]).rejects[0].reason,
            "raw_size": 3,
            "raw_sha256": hashlib.sha256(b"{,}").hexdigest(),
            "raw": b"{,}",
            "first_seen_at": AFTERNOON,
        }
    ]


def test_a_tombstone_is_quarantined_without_bytes() -> None:
    (row,) = quarantined(a_micro_batch(None))
    assert (row["code"], row["raw_size"], row["raw_sha256"], row["raw"]) == (
        "tombstone",
        0,
        None,
        None,
    )


def test_long_bytes_are_cut_but_measured_and_hashed_whole() -> None:
    raw = b"{" + b"x" * arrow_schemas.QUARANTINED_RAW_BYTES
    (row,) = quarantined(a_micro_batch(raw))
    assert row["raw"] == raw[: arrow_schemas.QUARANTINED_RAW_BYTES]
    assert row["raw_size"] == arrow_schemas.QUARANTINED_RAW_BYTES + 1
    assert row["raw_sha256"] == hashlib.sha256(raw).hexdigest()


def test_rejects_are_kept_in_the_order_of_their_offsets() -> None:
    rejects = [Reject(row, Stage.DECODE, RejectCode.EMPTY, "empty") for row in (2, 0, 1)]
    table = quarantine_table(a_micro_batch(b"", b"", b""), rejects)
    assert table.column("off").to_pylist() == [0, 1, 2]


@pytest.mark.parametrize("line", [FOOTER, b"{}", as_bytes()])
def test_what_the_source_knows_to_be_no_record_is_never_decided(line: bytes) -> None:
    batch = a_micro_batch(as_bytes(id=1), line, foreign={1: not_a_record("a remark")})
    assert judged(batch).batch.decided.column("off").to_pylist() == [0]
    (row,) = quarantined(batch)
    assert (row["off"], row["stage"], row["code"], row["raw"]) == (
        1,
        "decode",
        "not_a_record",
        line,
    )


def test_the_archive_keeps_every_event_as_it_came() -> None:
    values = (as_bytes(), b"", None, b"\xff\x00{")
    table = judged(
        a_micro_batch(*values, keys=(b"k", None, b"", b"\xff"), offsets=[2, 3, 5, 7])
    ).raw
    assert table.column("raw").to_pylist() == list(values)
    assert table.column("event_key").to_pylist() == [b"k", None, b"", b"\xff"]
    assert table.column("off").to_pylist() == [2, 3, 5, 7]


def test_the_archive_keeps_events_without_a_tombstone_among_them_the_same() -> None:
    table = raw_table(a_micro_batch(b"a", b"", b"ccc"))
    table.validate(full=True)
    assert table.column("raw").to_pylist() == [b"a", b"", b"ccc"]


def test_a_source_without_keys_archives_none() -> None:
    table = raw_table(a_micro_batch(b"a", b"b", part=4, received_at=AFTERNOON))
    assert table.schema == arrow_schemas.RAW_EVENTS
    assert (
        table.drop(["off", "raw"]).to_pylist()
        == [{"topic": TOPIC, "part": 4, "event_key": None, "received_at": AFTERNOON}] * 2
    )


class Answering(FakeSilver):
    """A silver that decided otherwise than it was asked to."""

    def __init__(self, answer: Stored) -> None:
        super().__init__()
        self._answer = answer

    def store_together(self, batches: Sequence[SilverBatch]) -> list[Stored]:
        self.batches += batches
        return [self._answer]


def test_gold_is_handed_exactly_what_silver_stored_and_the_bytes_as_they_came() -> None:
    batch = a_micro_batch(*(as_bytes(id=each) for each in range(4)), first_off=9, part=1)
    asked = judged(batch)
    stored = Stored(TOPIC, 1, 9, 13, decided_rows([10]), refused_rows([11]), repeated_rows([9, 12]))
    slices = Store(lambda: Answering(stored), RunCounts())([asked])
    handed: dict[str, pa.Table] = {each.table: each.rows for each in slices}
    assert handed == {
        "decisions": stored.decisions,
        "quarantine": stored.quarantine,
        "duplicates": stored.duplicates,
        "raw_events": asked.raw,
    }
    for each in slices:
        assert (each.topic, each.part, each.first_off, each.next_off) == (TOPIC, 1, 9, 13)


def test_a_thread_opens_its_writer_once() -> None:
    opened = []

    def open_writer() -> FakeSilver:
        opened.append(FakeSilver())
        return opened[-1]

    store = Store(open_writer, RunCounts())
    for first in (0, 1):
        store([judged(applications(first, 1))])
    assert [len(writer.batches) for writer in opened] == [2]


def test_what_silver_stored_is_counted_after_it_did() -> None:
    account = RunCounts()
    judge_seconds = growth("risk_stage_seconds_count", stage="judge")
    silver_seconds = growth("risk_stage_seconds_count", stage="silver")
    Store(FakeSilver, account)([judged(a_micro_batch(as_bytes(), b"{"))])
    totals = account.totals()
    assert (totals.read, totals.decided, totals.quarantined) == (2, 1, 1)
    assert (judge_seconds(), silver_seconds()) == (1, 1)


def test_the_time_to_silver_is_measured_from_the_making_of_each_decided_event(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("dataflows.flow.steps.utc_now", lambda: NOON)
    seconds = growth("risk_event_to_silver_seconds_sum", topic_kind="stream")
    made_at = ("2026-03-01T11:59:58+00:00", "2026-03-01T11:59:59+00:00")
    events = [as_bytes(id=row, event_time=at) for row, at in enumerate(made_at)]
    Store(FakeSilver, RunCounts())([judged(a_micro_batch(*events, b"{"))])
    assert seconds() == pytest.approx(3.0)
