"""Erase an application from silver: its events stay as refused ones without content.

The account stays balanced: decided and duplicate events become quarantined ones with the code
``erased``, at their offsets. Of the ids only salted hashes are kept, slow to compute, by which an
erased id is recognised when somebody asks for it.
"""

import hashlib
import re
import secrets
import uuid
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, NamedTuple

import psycopg

from lakehouse.postgres.connection import execute
from risk.contract.application import RejectCode, Stage

ERASED: Final = {
    "stage": Stage.STORE.value,
    "code": RejectCode.ERASED.value,
    "reason": "erased at the applicant's request",
}
"""What the quarantine says of an event that was erased."""

_SALT_BYTES: Final = 16
_HASH_COST: Final = {"n": 1 << 12, "r": 8, "p": 1}


class Event(NamedTuple):
    """Where an event came from."""

    topic: str
    part: int
    off: int


@dataclass(frozen=True, slots=True)
class Erasure:
    """One erasure: which events, and which ids it recognises."""

    erasure_id: uuid.UUID
    erased_at: datetime
    salt: bytes
    id_hashes: frozenset[bytes]
    events: frozenset[Event]
    is_complete: bool = False

    @classmethod
    def of(cls, ids: Iterable[str], events: Iterable[Event], *, now: datetime) -> "Erasure":
        """Make a new one."""
        salt = secrets.token_bytes(_SALT_BYTES)
        hashes = frozenset(_hash(salt, each) for each in ids)
        return cls(uuid.uuid4(), now, salt, hashes, frozenset(events))

    def knows(self, name: str) -> bool:
        """Say whether an id is one of those that were erased; takes some 10 ms."""
        return _hash(self.salt, name) in self.id_hashes


def events_of(connection: psycopg.Connection, application_id: str) -> dict[Event, str | None]:
    """Return an application's events in silver, with the event ids of those that have one."""
    found: dict[Event, str | None] = {}
    rows = execute(connection, "events_of_application", {"application_id": application_id})
    for topic, part, off, event_id in rows.fetchall():
        found[Event(topic, part, off)] = event_id
    for name in {application_id, *filter(None, found.values())}:
        needle = {"needle": name.encode()}
        rows = execute(connection, "quarantine_mentioning", needle)
        for topic, part, off, raw in rows.fetchall():
            if mentions(raw, name):
                found.setdefault(Event(topic, part, off), None)
    return found


def mentions(raw: bytes, name: str) -> bool:
    """Say whether an event names this id as its own, whether it can be read as a whole or not."""
    written = re.escape(name.encode())
    own = rb'"(?:id|loan_id|event_id)"\s*:\s*(?:"\s*%b\s*"|%b(?![\d.]))' % (written, written)
    return re.search(own, raw) is not None


def erase_events(
    connection: psycopg.Connection, events: Collection[Event], *, erased_at: datetime
) -> int:
    """Erase events within the open transaction; return how many that changed."""
    row = execute(connection, "erase_events", {**_arrays(events), **ERASED, "erased_at": erased_at})
    (changed, _) = row.fetchall()[0]
    return int(changed)


def record(connection: psycopg.Connection, erasure: Erasure, *, reason: str) -> None:
    """Keep an erasure within the open transaction."""
    execute(
        connection,
        "record_erasure",
        {
            "erasure_id": erasure.erasure_id,
            "erased_at": erasure.erased_at,
            "reason": reason,
            "salt": erasure.salt,
            "id_hashes": sorted(erasure.id_hashes),
            **_arrays(erasure.events),
        },
    )


def complete(connection: psycopg.Connection, erasures: Iterable[Erasure], *, now: datetime) -> None:
    """Note that gold has followed these."""
    erasure_ids = [each.erasure_id for each in erasures if not each.is_complete]
    execute(connection, "complete_erasures", {"erasure_ids": erasure_ids, "completed_at": now})


def erasures(connection: psycopg.Connection) -> list[Erasure]:
    """Return all erasures, the oldest first."""
    return [
        Erasure(
            erasure_id,
            erased_at,
            bytes(salt),
            frozenset(map(bytes, hashes)),
            frozenset(map(Event, topics, parts, offs)),
            is_complete,
        )
        for erasure_id, erased_at, salt, hashes, topics, parts, offs, is_complete in execute(
            connection, "list_erasures", {}
        ).fetchall()
    ]


def readers(connection: psycopg.Connection) -> dict[tuple[str, int], str]:
    """Return by topic and partition the pipeline that reads it."""
    rows = execute(connection, "list_readers", {}).fetchall()
    return {(topic, part): pipeline for topic, part, pipeline in rows}


def _arrays(events: Collection[Event]) -> dict[str, Sequence[object]]:
    ordered = sorted(events)
    return {
        "topics": [each.topic for each in ordered],
        "parts": [each.part for each in ordered],
        "offs": [each.off for each in ordered],
    }


def _hash(salt: bytes, name: str) -> bytes:
    return hashlib.scrypt(name.encode(), salt=salt, dklen=32, **_HASH_COST)
