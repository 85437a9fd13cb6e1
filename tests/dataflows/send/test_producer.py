from __future__ import annotations

from datetime import UTC, datetime

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dataflows.send.producer import Outbox, key_of, stamped

MOCK_CLUSTER = {"test.mock.num.brokers": 1, "log_level": 0}
AT = datetime(2026, 2, 14, 10, 0, 36, 416696, tzinfo=UTC)


@pytest.mark.parametrize(
    ("event", "key"),
    [
        (b'{"id":53595000,"loan_id":7,"event_id":"e"}', b"53595000"),
        (b'{"id":null,"loan_id":"L7","event_id":"e"}', b"L7"),
        (b'{"id":"","event_id":"Zo\xc3\xab"}', b"Zo\xc3\xab"),
        (b'{"loan_amnt":1}', None),
        (b'{"id":1.5}', None),
        (b'{"id":[1]}', None),
        (b'{"id":"\xff"}', None),
        (b"[1]", None),
        (b"{", None),
        (b"", None),
        (b'{"a":' * 100_000, None),
    ],
)
def test_an_event_is_keyed_by_its_application(event: bytes, key: bytes | None) -> None:
    assert key_of(event) == key


def test_a_stamp_changes_the_event_time_and_no_other_byte() -> None:
    event = b'{"id":1,"dti":12.50,"event_time":"2018-01-01T00:00:00Z","title":"\\u00e9"}'
    assert stamped(event, AT) == (
        b'{"id":1,"dti":12.50,"event_time":"2026-02-14T10:00:36.416696+00:00","title":"\\u00e9"}'
    )


def test_an_event_without_a_time_gets_one() -> None:
    assert msgspec.json.decode(stamped(b"{}", AT)) == {"event_time": AT.isoformat()}


@pytest.mark.parametrize("event", [b"", b"[1]", b"{", b"\xff\xfe", b"[" * 100_000])
def test_what_is_no_object_is_not_stamped(event: bytes) -> None:
    assert stamped(event, AT) == event


@given(st.binary())
def test_no_bytes_break_key_or_stamp(event: bytes) -> None:
    key_of(event)
    stamped(event, AT)


def test_delivered_counts_what_the_broker_acknowledged() -> None:
    outbox = Outbox(MOCK_CLUSTER, "loans")
    for number in range(1_000):
        assert outbox.send(b'{"id":%d}' % number)
    assert outbox.delivered == 0
    assert outbox.flush(30) == 0
    assert (outbox.sent, outbox.delivered, outbox.failed) == (1_000, 1_000, 0)


def test_an_event_too_large_for_the_broker_fails_alone_with_its_reason() -> None:
    outbox = Outbox(MOCK_CLUSTER, "loans")
    for event in (b"{}", b"x" * 2_000_000, b"{}"):
        assert outbox.send(event)
    outbox.flush(30)
    assert (outbox.sent, outbox.delivered, outbox.failed) == (3, 2, 1)
    assert "too large" in str(outbox.first_failure)
    assert not outbox.is_broken


def test_nothing_is_taken_over_while_too_many_events_are_under_way() -> None:
    outbox = Outbox({**MOCK_CLUSTER, "queue.buffering.max.messages": 10}, "loans")
    taken = [outbox.send(b"{}") for _ in range(11)]
    assert taken == [True] * 10 + [False]
    assert outbox.sent == 10
    outbox.flush(30)
    assert outbox.send(b"{}")
    outbox.flush(30)
    assert outbox.delivered == 11


def test_an_event_that_no_broker_took_in_time_breaks_the_outbox() -> None:
    nobody = {
        "bootstrap.servers": "127.0.0.1:9",
        "log_level": 0,
        "message.timeout.ms": 100,
        "linger.ms": 1,
    }
    outbox = Outbox(nobody, "loans")
    outbox.send(b"{}")
    outbox.flush(30)
    assert (outbox.sent, outbox.delivered, outbox.failed) == (1, 0, 1)
    assert outbox.is_broken
