from __future__ import annotations

from datetime import UTC, datetime

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dataflows.send.events import key_of, stamped

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
