"""Verify the audit log: read its chain from the first row to the last."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Final

import psycopg

from lakehouse.errors import QueryInvalid
from lakehouse.postgres.connection import transact
from lakehouse.postgres.statements import load_sql
from lakehouse.security.audit_chain import GENESIS, AuditEntry, chained_hash

_HEAD: Final = re.compile(r"([1-9][0-9]{0,17}):([0-9a-f]{64})")
_READ_ROWS: Final = 5_000


@dataclass(frozen=True, slots=True)
class Head:
    """The end of the chain; kept elsewhere, it shows later whether the tail was cut off."""

    seq: int
    sha256: str

    def __str__(self) -> str:
        return f"{self.seq}:{self.sha256}"

    @classmethod
    def parse(cls, text: str) -> "Head":
        """Read what ``str`` wrote.

        Raises
        ------
        QueryInvalid
            It is no head.
        """
        found = _HEAD.fullmatch(text)
        if found is None:
            raise QueryInvalid("expected the head that an earlier verification printed, SEQ:SHA256")
        return cls(int(found[1]), found[2])


@dataclass(frozen=True, slots=True)
class Verification:
    """What reading the whole chain showed.

    Attributes
    ----------
    rows
        Rows that hold, from the first on.
    head
        The last of them; ``None`` for an empty log.
    first_broken
        The number of the first row that is altered or missing.
    """

    rows: int
    head: Head | None
    first_broken: int | None


def verify(dsn: str, *, earlier: Head | None = None) -> Verification:
    """Read the chain from its first row and say where it breaks.

    An altered row, a missing one and one that was put in between are found by the chain itself. A
    tail that was cut off, or a chain that was hashed anew from some row on, is found by what an
    `earlier` verification printed, up to the head of then.

    Raises
    ------
    Unavailable, Denied, SchemaDiffers
        Silver does not answer, or is not what this code expects.
    """
    return transact(dsn, lambda connection: _verify(_rows(connection), earlier))


def _verify(rows: Iterable[tuple[Any, ...]], earlier: Head | None) -> Verification:
    seq, prev_hash = 0, GENESIS
    head: Head | None = None
    for found_seq, entry_id, at, actor, action, subject, details, found_prev, found_hash in rows:
        entry = AuditEntry(entry_id, at, actor, action, subject, details)
        holds = (found_seq, found_prev, found_hash) == (
            seq + 1,
            prev_hash,
            chained_hash(prev_hash, seq + 1, entry),
        )
        is_known = earlier is not None and earlier.seq == seq + 1
        if not holds or (is_known and earlier != _head(seq + 1, found_hash)):
            return Verification(seq, head, first_broken=seq + 1)
        seq, prev_hash = found_seq, found_hash
        head = _head(seq, prev_hash)
    is_cut = earlier is not None and earlier.seq > seq
    return Verification(seq, head, first_broken=seq + 1 if is_cut else None)


def _rows(connection: psycopg.Connection) -> Iterator[tuple[Any, ...]]:
    query, after = load_sql("security/read_audit").encode(), 0
    while rows := connection.execute(
        query, {"after": after, "most": _READ_ROWS}, binary=True
    ).fetchall():
        yield from rows
        after = rows[-1][0]


def _head(seq: int, digest: bytes) -> Head:
    return Head(seq, digest.hex())
