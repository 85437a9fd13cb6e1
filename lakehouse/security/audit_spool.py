"""Keep audit entries in a SQLite file while Postgres does not accept them.

All processes that share the folder share one file, ``spool.sqlite3``, which only its owner can
read. Each of them takes out entries of all, so entries of a dead process are not lost. If two take
out the same entry at once, `AuditWriter` stores it once, by its id.
"""

import os
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import msgspec

from lakehouse.errors import Unavailable
from lakehouse.postgres.statements import load_sql
from lakehouse.security.audit_chain import AuditEntry

# EXTRA is FULL, and the commit outlives a power cut too: the journal's folder is synced.
_DURABLE: Final = "pragma auto_vacuum = full; pragma synchronous = extra;"

_encode: Final = msgspec.json.Encoder().encode
_decode: Final = msgspec.json.Decoder(AuditEntry).decode


class Spool:
    """A queue on disk; used by one thread.

    Every method raises `Unavailable` if the disk fails. Entries that were taken out and not
    forgotten are taken out again, also after a crash.
    """

    def __init__(self, folder: Path) -> None:
        self._path = folder / "spool.sqlite3"
        self._connection: sqlite3.Connection | None = None

    @property
    def is_empty(self) -> bool:
        """Whether nothing is waiting, put in by whichever process."""
        return not self._first(1)

    def append(self, entries: Sequence[AuditEntry]) -> None:
        """Put all entries at the end or none of them; they are on the disk when this returns."""
        with self._opened() as file:
            rows = [{"entry_id": one.entry_id, "entry": _encode(one)} for one in entries]
            file.executemany(load_sql("spool/insert_entry"), rows)

    def batches(self, most: int) -> Iterator[list[AuditEntry]]:
        """Hand out what is waiting, oldest first; `forget` each batch before the next."""
        while batch := self._first(most):
            yield batch

    def forget(self, entries: Sequence[AuditEntry]) -> int:
        """Drop entries; return how many of them no other process had dropped."""
        with self._opened() as file:
            rows = [{"entry_id": one.entry_id} for one in entries]
            return file.executemany(load_sql("spool/delete_entry"), rows).rowcount

    def close(self) -> None:
        """Let go of the file; what waits in it stays."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _first(self, most: int) -> list[AuditEntry]:
        if self._connection is None and not self._path.exists():
            return []
        with self._opened() as file:
            found = file.execute(load_sql("spool/first_entries"), {"most": most})
            return [_decode(entry) for (entry,) in found]

    @contextmanager
    def _opened(self) -> Iterator[sqlite3.Connection]:
        try:
            if self._connection is None:
                self._connection = _open(self._path)
            with self._connection:  # one transaction
                yield self._connection
        except (OSError, sqlite3.Error) as error:
            self.close()
            raise Unavailable(
                f"{self._path}: expected a file that takes audit entries while Postgres does not, "
                f"found: {error}; make room on the disk, or mend the folder"
            ) from error


def _open(path: Path) -> sqlite3.Connection:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
    connection = sqlite3.connect(path)
    connection.executescript(_DURABLE + load_sql("spool/create_entries"))
    return connection
