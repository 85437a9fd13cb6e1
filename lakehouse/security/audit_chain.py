"""Keep the audit log: who did what and when; each row is chained to the row before it.

``hash = sha256(prev_hash || canonical text of the row)``, beginning with 32 zero bytes at row 1.
Rows can be added to the table and never changed: docs/security.md says what that proves.

An entry names versions, verdicts and checksums, never an applicant's values.
"""

import hashlib
import uuid
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final

import msgspec
import psycopg

from lakehouse.postgres.connection import Patience, connect, execute, persistently

GENESIS: Final = bytes(32)
"""What the first row is chained to."""

_LOCK: Final = 7_401_955_340  # arbitrary, this chain's only
_AT_ONCE: Final = Patience(0.0)


class AuditEntry(msgspec.Struct, frozen=True, gc=False):
    """What somebody did, before it has a place in the chain.

    Attributes
    ----------
    entry_id
        A UUID: an entry that is handed over twice is stored once.
    actor
        Who: a key's prefix, or an account at the terminal.
    subject
        What it was done to: an event id, a key's prefix.
    details
        A JSON object as text, keys sorted.
    """

    entry_id: str
    at: datetime
    actor: str
    action: str
    subject: str
    details: str


def entry_of(
    *, at: datetime, actor: str, action: str, subject: str, details: Mapping[str, Any]
) -> AuditEntry:
    """Make an entry that Postgres can store, from any texts."""
    return AuditEntry(
        entry_id=str(uuid.uuid4()),
        at=at,
        actor=_storable(actor),
        action=action,
        subject=_storable(subject),
        details=msgspec.json.encode(details, order="sorted").decode(),
    )


def append(connection: psycopg.Connection, entries: Sequence[AuditEntry]) -> None:
    """Chain the entries, within the transaction that does what they record.

    Until that transaction ends, nobody else can add to the chain. Entries that are in the log
    already are left out, so that repeating a write whose answer was lost changes nothing.
    """
    execute(connection, "security/lock_audit", {"lock": _LOCK})
    # As one literal: psycopg would look at each id. They are UUIDs, with nothing to escape.
    entry_ids = f"{{{','.join(entry.entry_id for entry in entries)}}}"
    found = execute(connection, "security/find_audited", {"entry_ids": entry_ids})
    known = {str(entry_id) for (entry_id,) in found}
    new = [entry for entry in entries if entry.entry_id not in known]
    if new:
        head = execute(connection, "security/audit_head", {}).fetchone()
        seq, prev_hash = (0, GENESIS) if head is None else (int(head[0]), bytes(head[1]))
        links = msgspec.json.encode(list(_links(new, seq, prev_hash))).decode()
        execute(connection, "security/insert_audit", {"links": links})


def chained_hash(prev_hash: bytes, seq: int, entry: AuditEntry) -> bytes:
    """Return the hash of the row that holds this entry at this place in the chain."""
    at = entry.at.astimezone(UTC).isoformat(timespec="microseconds")
    texts = [entry.entry_id, at, entry.actor, entry.action, entry.subject, entry.details]
    return hashlib.sha256(prev_hash + msgspec.json.encode([seq, *texts])).digest()


class AuditWriter:
    """Stores batches of entries on a connection of its own; one a thread."""

    def __init__(self, dsn: str) -> None:
        self._dsn = dsn
        self._connection: psycopg.Connection | None = None

    def write(self, entries: Sequence[AuditEntry]) -> None:
        """Store the entries in one transaction, or none of them; does not try again.

        Raises
        ------
        Unavailable, Denied, SchemaDiffers
            The server does not take them. Whether they are stored is unknown if it was the answer
            that was lost; writing them again settles that.
        """

        def attempt() -> None:
            if self._connection is None:
                self._connection = connect(self._dsn)
            try:
                with self._connection.transaction():
                    append(self._connection, entries)
            except psycopg.Error:
                self.close()
                raise

        persistently(attempt, patience=_AT_ONCE)

    def close(self) -> None:
        """Let go of the connection; the next `write` opens another."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None


def _links(entries: Iterable[AuditEntry], seq: int, prev_hash: bytes) -> Iterator[dict[str, Any]]:
    for number, entry in enumerate(entries, start=seq + 1):
        digest = chained_hash(prev_hash, number, entry)
        chained = {"seq": number, "prev_hash": prev_hash.hex(), "hash": digest.hex()}
        yield {**msgspec.structs.asdict(entry), **chained}
        prev_hash = digest


def _storable(text: str) -> str:
    # Postgres' text holds neither NUL nor half of a surrogate pair.
    if text.isascii() and text.isprintable():
        return text
    return text.encode("utf-8", "replace").decode().replace("\0", "\N{REPLACEMENT CHARACTER}")
