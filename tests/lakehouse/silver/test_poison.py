"""What Postgres refuses is quarantined alone, with its bytes; its neighbours land."""

import hashlib
from collections.abc import Iterator

import psycopg
import pyarrow as pa
import pytest

from lakehouse import arrow_schemas
from lakehouse.silver.copy import copy_decisions
from lakehouse.silver.writer import BatchCounts, SilverWriter
from tests.lakehouse.silver_cases import (
    DECIDED_AT,
    a_batch,
    a_decision,
    a_reject,
    a_writer,
    ask,
    event_ids,
    with_text,
)

FLOATS = [field.name for field in arrow_schemas.DECISIONS if pa.types.is_floating(field.type)]
UNSORTABLE = bytes(hashlib.sha256(str(n).encode()).digest()[0] % 94 + 33 for n in range(10_000))


@pytest.fixture
def writer(silver: str) -> Iterator[SilverWriter]:
    writer = a_writer(silver, parts=2)
    yield writer
    writer.close()


@pytest.mark.parametrize(
    ("column", "poison", "state"),
    [
        pytest.param("purpose", b"canary\x00", "22021", id="NUL in a text"),
        pytest.param("event_id", b"canary\x00", "none DataError", id="NUL in an id"),
        pytest.param("purpose", b"canary\xed\xa0\x80", "22021", id="lone surrogate"),
        pytest.param("purpose", b"canary\xff", "22021", id="invalid UTF-8"),
        pytest.param("event_id", b"canary" + UNSORTABLE, "54000", id="id too long for its index"),
        pytest.param("tier", b"canary", "23514", id="a tier that is none"),
    ],
)
def test_a_poisonous_text_is_quarantined_alone(
    silver: str, writer: SilverWriter, column: str, poison: bytes, state: str
) -> None:
    good = a_batch(*(a_decision(f"e{off}", off) for off in range(7)))
    texts = [value.encode() if value else b"Low" for value in good.decided[column].to_pylist()]
    stored = writer.store(with_text(good, column, [*texts[:3], poison, *texts[4:]]))
    assert event_ids(silver) == ["e0", "e1", "e2", "e4", "e5", "e6"]
    assert stored.decisions["off"].to_pylist() == [0, 1, 2, 4, 5, 6]
    (quarantined,) = stored.quarantine.to_pylist()
    assert (quarantined["off"], quarantined["stage"], quarantined["code"]) == (
        (3, "store", "store_rejected")
    )
    assert state in quarantined["reason"]
    assert "canary" not in quarantined["reason"]
    assert stored.counted == BatchCounts(read=7, decided=6, quarantined=1)


def test_the_quarantined_row_keeps_the_events_bytes(writer: SilverWriter) -> None:
    raw = b'{"id": 1}' * 10_000
    batch = a_batch(a_decision("e0", 0, pd=2.0), raw_of=lambda off: raw if off == 0 else None)
    (quarantined,) = writer.store(batch).quarantine.to_pylist()
    assert quarantined["raw"] == raw[: arrow_schemas.QUARANTINED_RAW_BYTES]
    assert quarantined["raw_size"] == len(raw)
    assert quarantined["raw_sha256"] == hashlib.sha256(raw).hexdigest()
    assert quarantined["first_seen_at"] == DECIDED_AT


def test_a_batch_of_nothing_but_poison_is_quarantined_whole(
    silver: str, writer: SilverWriter
) -> None:
    stored = writer.store(a_batch(*(a_decision(f"e{off}", off, pd=7.0) for off in range(100))))
    assert stored.quarantine["off"].to_pylist() == list(range(100))
    assert stored.counted == BatchCounts(read=100, quarantined=100)
    assert event_ids(silver) == []


def test_poison_is_quarantined_once_however_often_it_is_read(
    silver: str, writer: SilverWriter
) -> None:
    batch = a_batch(a_decision("e0", 0, pd=-1.0), a_decision("e1", 1))
    first, again = writer.store(batch), writer.store(batch)
    assert again.quarantine.equals(first.quarantine)
    assert ask(silver, "select count(*) from silver.quarantine") == [(1,)]


def test_when_the_first_of_an_id_is_refused_the_next_one_stands(
    silver: str, writer: SilverWriter
) -> None:
    stored = writer.store(
        a_batch(
            a_decision("e0", 0, pd=7.0),
            a_decision("e0", 1, pd=8.0),
            a_decision("e0", 2, pd=0.5),
            a_decision("e0", 3, pd=0.5),
        )
    )
    assert stored.quarantine["off"].to_pylist() == [0, 1]
    assert stored.decisions["off"].to_pylist() == [2]
    assert stored.duplicates.select(["off", "first_off"]).to_pylist() == [
        {"off": 3, "first_off": 2}
    ]
    assert event_ids(silver) == ["e0"]


def test_refused_events_that_hold_anything_at_all_are_kept_as_they_are(
    writer: SilverWriter,
) -> None:
    batch = a_batch(
        a_reject(0, raw=bytes(range(256)), reason='"; drop table silver.decisions; --'),
        a_reject(1, raw=None, raw_size=0, raw_sha256=None, code="tombstone"),
        a_reject(2, raw=b"", reason="=cmd|' /C calc'!A0 <script>"),
    )
    assert writer.store(batch).quarantine.equals(batch.quarantined)
    assert writer.store(batch).quarantine.equals(batch.quarantined)


@pytest.mark.parametrize("column", FLOATS)
def test_a_float_that_is_no_number_is_refused_in_every_column(silver: str, column: str) -> None:
    """`CHECK (x >= 0)` would let NaN and Infinity in."""
    row = {**dict.fromkeys(FLOATS, 0.5), **a_decision("e0", 0)}
    with psycopg.connect(silver) as connection:
        for value in (float("nan"), float("inf"), float("-inf")):
            rows = pa.Table.from_pylist([{**row, column: value}], schema=arrow_schemas.DECISIONS)
            with pytest.raises(psycopg.errors.CheckViolation), connection.transaction():
                copy_decisions(connection, rows)
