"""Recording: send an application that was decided on request to the stream's topic, byte by byte.

The stream stores it once, by its `event_id`, so sending it twice does no harm.
`serving.decisions.idempotency` gives the first answer again for the same idempotency key.
"""

import asyncio
import contextlib
from collections.abc import Mapping
from typing import Any, Final
from uuid import UUID, uuid5

import msgspec

from lakehouse.background import Background
from lakehouse.kafka.producer import Delivered, Outbox
from lakehouse.silver.idempotency import Claim
from serving.decisions.schemas import Position
from serving.http.metrics import RECORDED
from serving.http.problems import FieldError, Problem

WITHIN_SECONDS: Final = 4.5

_IN_TIME: Final = {"linger.ms": 5, "message.timeout.ms": 4_000}
_EVENT_IDS: Final = UUID("6f0b1c52-6a55-5d0e-9a0b-2f8f9b1d3c77")

_fields: Final = msgspec.json.Decoder(dict[str, msgspec.Raw])


def identified(raw: bytes, claim: Claim, place: int = 0) -> bytes:
    """Return the event with an `event_id`: its own, or one derived from key and body.

    So a retry has the same id, and another body under a key whose day is over has another. The id
    is written before the event's first field; every other byte stays. What is no JSON object is
    left to the judge to refuse.

    Parameters
    ----------
    place
        The event's place in the body.

    Raises
    ------
    Problem
        `event_id` is there but null: writing another beside it would make the key ambiguous.
    """
    try:
        fields = _fields.decode(raw)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return raw
    given = fields.get("event_id")
    if given is None:
        made_of = (claim.owner, claim.key, claim.body_sha256.hex(), str(place))
        event_id = uuid5(_EVENT_IDS, "\0".join(made_of))
        rest = raw[raw.index(b"{") + 1 :]
        return b'{"event_id":"%s"%s%s' % (str(event_id).encode(), b"," if fields else b"", rest)
    if bytes(given) == b"null":
        expected = "text or a whole number, or no such field"
        raise Problem(
            422,
            "missing_field",
            f"event_id: expected {expected}; without the field one is derived from the key",
            errors=[FieldError("event_id", expected)],
        )
    return raw


class Recorder:
    """An idempotent producer whose acknowledgements are awaited on the event loop."""

    def __init__(self, configuration: Mapping[str, Any], topic: str) -> None:
        self._outbox = Outbox({**configuration, **_IN_TIME}, topic)
        self._background = Background("recorder", lambda: self._outbox.wait(0.1), every_seconds=0)
        self._background.start()
        self.ping = self._outbox.ping

    async def record(self, raw: bytes, *, application_id: str, key: str) -> Position:
        """Produce an application; return its position once every replica in sync has it.

        Raises
        ------
        Problem
            ``recording_unavailable``: the broker does not acknowledge it in time. It may be in the
            topic nevertheless; sending the request again, with the same key, is safe.
        """
        loop = asyncio.get_running_loop()
        answered: asyncio.Future[Delivered | None] = loop.create_future()

        def settle(delivered: Delivered | None) -> None:
            with contextlib.suppress(RuntimeError):  # the loop has ended, and nobody waits
                loop.call_soon_threadsafe(_settle, answered, delivered)

        found: Delivered | None = None
        headers = [("idempotency-key", key.encode())]
        if self._outbox.send(raw, application_id.encode(), headers=headers, settle=settle):
            with contextlib.suppress(TimeoutError):
                found = await asyncio.wait_for(answered, WITHIN_SECONDS)
        if found is None:
            RECORDED.labels("failed").inc()
            raise Problem(
                503,
                "recording_unavailable",
                f"the broker did not acknowledge the application within {WITHIN_SECONDS:g} s; "
                "send it again with the same Idempotency-Key, which is safe",
                headers={"Retry-After": "5"},
            )
        RECORDED.labels("delivered").inc()
        return Position(*found)

    def close(self) -> None:
        """Wait a moment for what is under way, and end."""
        self._outbox.flush(WITHIN_SECONDS)
        self._background.stop()
        self._background.join(WITHIN_SECONDS)


def _settle(answered: "asyncio.Future[Delivered | None]", delivered: Delivered | None) -> None:
    if not answered.done():
        answered.set_result(delivered)
