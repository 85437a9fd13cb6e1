"""The key of an event that is sent, and how it gets another time."""

from datetime import datetime
from typing import Final

import msgspec

UNREADABLE: Final = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)


class _Named(msgspec.Struct, gc=False):
    id: int | str | None = None
    loan_id: int | str | None = None
    event_id: int | str | None = None


_named: Final = msgspec.json.Decoder(_Named)
_fields: Final = msgspec.json.Decoder(dict[str, msgspec.Raw])


def key_of(value: bytes) -> bytes | None:
    """Return `id`, else `loan_id`, else `event_id`, as the message's key; ``None`` without one.

    One application's events share a key, so they share a partition and keep their order.
    """
    try:
        named = _named.decode(value)
    except UNREADABLE:
        return None
    for name in (named.id, named.loan_id, named.event_id):
        if name is not None and name != "":
            return str(name).encode()
    return None


def stamped(value: bytes, at: datetime) -> bytes:
    """Return the event with `at` as its ``event_time``; what is no JSON object stays as it is.

    Every other field keeps its very bytes.
    """
    try:
        fields = _fields.decode(value)
    except UNREADABLE:
        return value
    fields["event_time"] = msgspec.Raw(msgspec.json.encode(at.isoformat()))
    return msgspec.json.encode(fields)
