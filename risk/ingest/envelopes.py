"""Read events inside another system's envelope, if a setting allows it; else name the envelope.

A schema registry's serialiser writes a zero byte and a four-byte schema number before the value. A
CloudEvent in structured mode holds the value as `data`. Only JSON values are read. The envelope of
a refused event is identified only after the refusal.
"""

from collections.abc import Sequence
from dataclasses import replace

import msgspec

from risk.contract.application import Envelope, Limits, Reject, RejectCode

_FRAME_BYTES = 5
_JSON_BEGINS = (b"{", b"[", b" ", b"\n", b"\t", b"\r")
_AVRO_FILE = b"Obj\x01"
_AVRO_MESSAGE = b"\xc3\x01"
_DEBEZIUM = frozenset({"before", "after", "op"})
_REFUSED_FOR_ITS_FORM = frozenset(
    {RejectCode.ENCODING, RejectCode.MALFORMED_JSON, RejectCode.MISSING_FIELD}
)
_SETTING = "set RISK_ENVELOPE={} to have it read, or send the application alone"


class _CloudEvent(msgspec.Struct):
    specversion: str
    data: msgspec.Raw
    loan_amnt: msgspec.Raw = msgspec.Raw()  # empty unless it is an application itself


_as_cloud_event = msgspec.json.Decoder(_CloudEvent).decode
_members = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode


def unwrapped(raws: Sequence[bytes | None], envelopes: frozenset[Envelope]) -> list[bytes | None]:
    """Return events as they are within the envelopes that are read; any other as it came."""
    return [None if raw is None else _within(raw, envelopes) for raw in raws]


def named(rejects: Sequence[Reject], raws: Sequence[bytes | None], limits: Limits) -> list[Reject]:
    """Name the envelopes of refused events, where the envelope is why they were refused.

    Parameters
    ----------
    raws
        The batch as it was handed over, which the rejects' rows count.
    """
    found = []
    for reject in rejects:
        raw = raws[reject.row] if reject.code in _REFUSED_FOR_ITS_FORM else None
        reason = _reason(raw, limits) if raw else None
        found.append(reject if reason is None else replace(reject, reason=reason))
    return found


def _within(raw: bytes, envelopes: frozenset[Envelope]) -> bytes:
    if Envelope.SCHEMA_REGISTRY in envelopes and _is_framed(raw) and _is_json(raw[_FRAME_BYTES:]):
        raw = raw[_FRAME_BYTES:]
    if Envelope.CLOUDEVENTS in envelopes and b'"specversion"' in raw:
        try:
            event = _as_cloud_event(raw)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            return raw
        if not bytes(event.loan_amnt):
            return bytes(event.data)
    return raw


def _reason(raw: bytes, limits: Limits) -> str | None:
    if raw.startswith(_AVRO_FILE):
        return "an Avro file, which is not read; send one JSON object an event"
    if raw.startswith(_AVRO_MESSAGE):
        return "Avro's single-object encoding, which is not read; send one JSON object an event"
    if _is_framed(raw):
        return _framed(raw, limits)
    return _around_json(raw, limits)


def _framed(raw: bytes, limits: Limits) -> str | None:
    schema = int.from_bytes(raw[1:_FRAME_BYTES], "big")
    frame = f"in a schema registry's framing (magic byte 0, schema {schema})"
    if not _is_json(raw[_FRAME_BYTES:]):
        return f"Avro or Protobuf {frame}, which is not read; send JSON"
    if Envelope.SCHEMA_REGISTRY in limits.envelopes:
        return None
    return f"JSON {frame}; {_SETTING.format(Envelope.SCHEMA_REGISTRY)}"


def _around_json(raw: bytes, limits: Limits) -> str | None:
    try:
        members = _members(raw)
        payload = members.get("payload")
        inner = _members(payload) if payload is not None else members
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    if inner.keys() >= _DEBEZIUM:
        return (
            "Debezium's change event, which is not read; let its connector unwrap it "
            "(ExtractNewRecordState), and send the application alone"
        )
    if "specversion" in members:
        return _cloud_event(members, limits)
    if members.keys() >= {"schema", "payload"}:
        return (
            "Kafka Connect's JSON with its schema, which is not read; set schemas.enable=false in "
            "the converter, and send the application alone"
        )
    return None


def _cloud_event(members: dict[str, msgspec.Raw], limits: Limits) -> str | None:
    if "data_base64" in members:
        return "a CloudEvent whose data is base64, which is not read; send its data as JSON"
    if "data" not in members or Envelope.CLOUDEVENTS in limits.envelopes:
        return None
    return f"a CloudEvent in structured mode; {_SETTING.format(Envelope.CLOUDEVENTS)}"


def _is_framed(raw: bytes) -> bool:
    """Tell a frame from UTF-16 and UTF-32, whose texts begin with a zero byte too."""
    is_wide = raw[1:2] == b"{" or raw[4:7] == b"\0\0\0"
    return len(raw) > _FRAME_BYTES and raw[:1] == b"\0" and not is_wide


def _is_json(body: bytes) -> bool:
    return body.startswith(_JSON_BEGINS)
