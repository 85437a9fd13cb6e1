"""A refused event as a dead letter: what it carries, and what a reader finds in its headers."""

from __future__ import annotations

import pyarrow as pa
import pytest

from dataflows.send.dead_letters import DeadLetter, dead_letters
from lakehouse.arrow_schemas import QUARANTINE
from tests.lakehouse.silver_cases import DECIDED_AT, a_reject


def the_letter(**differing: object) -> DeadLetter:
    refused = pa.Table.from_pylist([a_reject(41, **differing)], QUARANTINE)
    (letter,) = dead_letters(refused, pipeline="score")
    return letter


def test_the_headers_say_in_connects_words_where_it_lies_and_why_it_was_refused() -> None:
    letter = the_letter(part=3, raw=b"{", raw_size=1, raw_sha256="ab" * 32)
    assert dict(letter.headers) == {
        "__connect.errors.topic": b"loan_applications",
        "__connect.errors.partition": b"3",
        "__connect.errors.offset": b"41",
        "__connect.errors.connector.name": b"score",
        "__connect.errors.task.id": b"3",
        "__connect.errors.stage": b"decode",
        "__connect.errors.exception.class.name": b"malformed_json",
        "__connect.errors.exception.message": b"the event is not JSON",
        "quarantine.first_seen_at": DECIDED_AT.isoformat().encode(),
        "quarantine.bytes": b"1",
        "quarantine.sha256": b"ab" * 32,
    }


def test_a_recreated_topic_is_called_as_the_broker_calls_it() -> None:
    headers = dict(the_letter(topic="loans@8fLzQ").headers)
    assert headers["__connect.errors.topic"] == b"loans"


@pytest.mark.parametrize(
    ("raw", "code", "value", "key"),
    [
        (b'{"id": 7, "loan_amnt": -1}', "out_of_range", b'{"id": 7, "loan_amnt": -1}', b"7"),
        (b"{", "malformed_json", b"{", None),
        (None, "empty", b"", None),
        (None, "tombstone", None, None),
    ],
    ids=["readable", "unreadable", "empty", "tombstone"],
)
def test_the_value_is_the_events_bytes_and_the_key_its_application(
    raw: bytes | None, code: str, value: bytes | None, key: bytes | None
) -> None:
    letter = the_letter(raw=raw, code=code, raw_size=len(raw or b""))
    assert (letter.value, letter.key) == (value, key)
