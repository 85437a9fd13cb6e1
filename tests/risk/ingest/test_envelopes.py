"""What an event lies in is read where a setting says so, and named where it is refused for it."""

from __future__ import annotations

import json
import struct

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from risk.contract.application import ENVELOPES, Envelope, Limits, RejectCode
from risk.decision.judge import judge
from risk.ingest.envelopes import unwrapped
from tests.risk.applications import NOON, as_bytes, refusal, rules

EVENT = as_bytes()
AVRO = b"\x02\x10credit_card\x00\x00\x80\x3f"
CLOUD = {
    "specversion": "1.0",
    "id": "e-1",
    "source": "/loans",
    "type": "loan.applied",
    "data": json.loads(EVENT),
}


def framed(body: bytes, schema: int = 42) -> bytes:
    return struct.pack(">bI", 0, schema) + body


def debezium(*, with_schema: bool) -> bytes:
    change = {"before": None, "after": json.loads(EVENT), "source": {}, "op": "c"}
    return json.dumps({"schema": {}, "payload": change} if with_schema else change).encode()


NAMED = {
    "JSON in a frame": (
        framed(EVENT),
        "JSON in a schema registry's framing (magic byte 0, schema 42)",
    ),
    "a schema's number that is no text": (framed(EVENT, 200_000), "schema 200000"),
    "Avro in a frame": (framed(AVRO), "Avro or Protobuf in a schema registry's framing"),
    "an Avro file": (b"Obj\x01" + AVRO, "an Avro file"),
    "an Avro message": (b"\xc3\x01" + b"12345678" + AVRO, "Avro's single-object encoding"),
    "Debezium": (debezium(with_schema=False), "Debezium's change event"),
    "Debezium with its schema": (debezium(with_schema=True), "Debezium's change event"),
    "Kafka Connect": (
        json.dumps({"schema": {"type": "struct"}, "payload": json.loads(EVENT)}).encode(),
        "schemas.enable=false",
    ),
    "a CloudEvent": (json.dumps(CLOUD).encode(), "a CloudEvent in structured mode"),
    "a CloudEvent in base64": (
        json.dumps(
            {k: v for k, v in CLOUD.items() if k != "data"} | {"data_base64": "e30="}
        ).encode(),
        "a CloudEvent whose data is base64",
    ),
}


@pytest.mark.parametrize(("raw", "said"), NAMED.values(), ids=NAMED)
def test_an_envelope_is_named_in_the_reason(raw: bytes, said: str) -> None:
    assert said in refusal(raw).reason


@pytest.mark.parametrize(
    ("raw", "code"),
    [
        (EVENT.decode().encode("utf-16-be"), RejectCode.ENCODING),
        (EVENT.decode().encode("utf-32-be"), RejectCode.ENCODING),
        (b"\0\0\0", RejectCode.MALFORMED_JSON),
        (b'{"payload": {}, "before": 1}', RejectCode.MISSING_FIELD),
        (b'{"payload": 3}', RejectCode.MISSING_FIELD),
        (b'{"specversion": "1.0"}', RejectCode.MISSING_FIELD),
    ],
)
def test_what_is_in_no_envelope_keeps_its_reason(raw: bytes, code: RejectCode) -> None:
    refused = refusal(raw)
    assert refused.code in {code, RejectCode.ENCODING}
    for word in ("framing", "CloudEvent", "Debezium", "Connect", "Avro"):
        assert word not in refused.reason


@pytest.mark.parametrize(
    ("envelope", "raw"),
    [
        (Envelope.SCHEMA_REGISTRY, framed(EVENT)),
        (Envelope.SCHEMA_REGISTRY, framed(b" " + EVENT, 200_000)),
        (Envelope.CLOUDEVENTS, json.dumps(CLOUD).encode()),
    ],
)
def test_a_batch_in_an_envelope_is_decided_as_without(envelope: Envelope, raw: bytes) -> None:
    limits = Limits(envelopes=frozenset({envelope}))
    raws = [raw, EVENT, None, framed(AVRO)]
    found = judge(raws, rules=rules(), received_at=NOON, limits=limits)
    assert found.decided["row"].tolist() == [0, 1]
    assert found.decided["content_hash"][0] == found.decided["content_hash"][1]
    assert np.ptp(found.decided["pd"]) == 0
    assert [each.row for each in found.rejects] == [2, 3]


def test_a_cloud_event_in_a_frame_is_read_too() -> None:
    raw = framed(json.dumps(CLOUD).encode())
    assert json.loads(unwrapped([raw], ENVELOPES)[0] or b"") == json.loads(EVENT)


def test_an_envelope_that_is_read_is_not_blamed_for_what_lies_in_it() -> None:
    cloud = CLOUD | {"data": {"id": 1}}
    refused = refusal(json.dumps(cloud).encode(), envelopes=ENVELOPES)
    assert "CloudEvent" not in refused.reason
    assert refusal(framed(b"{,}"), envelopes=ENVELOPES).code is RejectCode.MALFORMED_JSON


def test_an_application_that_says_specversion_is_no_cloud_event() -> None:
    raw = EVENT[:-1] + b', "specversion": "1.0", "data": {}}'
    assert unwrapped([raw, b'{"specversion": 1', None], ENVELOPES) == [
        raw,
        b'{"specversion": 1',
        None,
    ]


@given(st.binary(max_size=64))
def test_no_bytes_make_it_raise(raw: bytes) -> None:
    for limits in (Limits(), Limits(envelopes=ENVELOPES)):
        for start in (b"", b"\0", b"\0\0\0\0\x01", b'{"specversion":"1.0","data":'):
            judge([start + raw], rules=rules(), received_at=NOON, limits=limits)
