"""A refused event as a dead letter: its bytes, and headers as Kafka Connect writes them.

Tools that read the dead letter topics of Kafka Connect (KIP-298) find topic, partition, offset,
stage and cause where they expect them. What Connect has no name for begins with ``quarantine.``.
"""

from collections.abc import Iterator, Mapping
from typing import Any, Final, NamedTuple

import pyarrow as pa

from dataflows.send.events import key_of
from risk.contract.application import RejectCode

_CONNECT: Final = "__connect.errors."
_RECREATED: Final = "@"


class DeadLetter(NamedTuple):
    """A message of the dead letter topic; `value` is null for a tombstone."""

    value: bytes | None
    key: bytes | None
    headers: list[tuple[str, bytes]]


def dead_letters(refused: pa.Table, *, pipeline: str) -> Iterator[DeadLetter]:
    """Yield refused events, rows of `arrow_schemas.QUARANTINE`, as dead letters in their order."""
    for row in refused.to_pylist():
        value = _value(row)
        key = None if value is None else key_of(value)
        yield DeadLetter(value, key, [*_headers(row, pipeline)])


def _value(row: Mapping[str, Any]) -> bytes | None:
    """Return what the quarantine keeps: its first 64 KiB. Empty bytes are kept as null."""
    if row["raw"] is None and row["code"] != RejectCode.TOMBSTONE:
        return b""
    raw: bytes | None = row["raw"]
    return raw


def _headers(row: Mapping[str, Any], pipeline: str) -> Iterator[tuple[str, bytes]]:
    told = {
        f"{_CONNECT}topic": row["topic"].partition(_RECREATED)[0],
        f"{_CONNECT}partition": row["part"],
        f"{_CONNECT}offset": row["off"],
        f"{_CONNECT}connector.name": pipeline,
        f"{_CONNECT}task.id": row["part"],
        f"{_CONNECT}stage": row["stage"],
        f"{_CONNECT}exception.class.name": row["code"],
        f"{_CONNECT}exception.message": row["reason"],
        "quarantine.first_seen_at": row["first_seen_at"].isoformat(),
        "quarantine.bytes": row["raw_size"],
        "quarantine.sha256": row["raw_sha256"] or "",
    }
    for name, said in told.items():
        yield name, str(said).encode()
