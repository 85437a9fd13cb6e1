"""Store the API's audit entries without making a request wait.

A request passes its entries on and continues. A thread collects them, a few times a second, and
stores them in one transaction. While Postgres does not accept them, they go to a file that all
processes of this machine share (`lakehouse.security.audit_spool`); any process that runs when
Postgres is back moves them into the log. Each entry has an id and is stored once, however often it
is passed on. If the disk does not accept them either, they stay in memory, and `has_room` is false
when that is full.

A process that is killed loses the entries of its last `GATHER_SECONDS`. If Postgres hangs, it also
loses those that came before it noticed that.
"""

import threading
import time
from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import takewhile
from pathlib import Path
from typing import Final, Protocol

import structlog

from lakehouse.background import Background
from lakehouse.errors import LakehouseError, Unavailable
from lakehouse.security.audit_chain import AuditEntry
from lakehouse.security.audit_spool import Spool
from lakehouse.telemetry import BACKGROUND_FAILURES

log = structlog.get_logger()

GATHER_SECONDS: Final = 0.05
RETRY_SECONDS: Final = 2.0
MOST_WAITING: Final = 50_000
"""Entries in memory, some 20 MB."""

_BATCH: Final = 1_000
_END_SECONDS: Final = 8.0


class Writer(Protocol):
    """What stores entries: `lakehouse.security.audit_chain.AuditWriter`."""

    def write(self, entries: Sequence[AuditEntry]) -> None:
        """Store all of them or raise a `LakehouseError`; the same entry twice is stored once."""

    def close(self) -> None:
        """Let go of the connection."""


class Count(Protocol):
    """A counter of Prometheus."""

    def inc(self, amount: float = 1) -> None:
        """Add to it."""


@dataclass(frozen=True, slots=True)
class AuditCounts:
    """Entries that went into the log, that had to wait in a file first, and that are lost."""

    written: Count
    spooled: Count
    lost: Count


class AuditLog:
    """Takes entries from the event loop and stores them from a thread of its own.

    Parameters
    ----------
    folder
        Where the spool lies: ``RISK_HOME/audit``.
    """

    def __init__(self, writer: Writer, folder: Path, counts: AuditCounts) -> None:
        self._writer = writer
        self._counts = counts
        self._waiting: deque[AuditEntry] = deque()
        self._has_come = threading.Event()
        self._spool = Spool(folder)
        self._retry_at = 0.0
        self._unexpected = ""
        self._background = Background(
            "audit", self._take_turn, every_seconds=GATHER_SECONDS, at_end=self._end
        )

    @property
    def has_room(self) -> bool:
        """Whether an entry can be taken; the API must not answer what it cannot record."""
        return len(self._waiting) < MOST_WAITING

    def start(self) -> None:
        """Begin to store, with what processes that died left in the spool."""
        self._background.start()

    def add(self, entries: Iterable[AuditEntry]) -> None:
        """Take entries over; never waits, and counts as lost what there is no room for."""
        for entry in entries:
            if len(self._waiting) < MOST_WAITING:
                self._waiting.append(entry)
            else:
                self._counts.lost.inc()
        if not self._has_come.is_set():
            self._has_come.set()

    def close(self) -> None:
        """Store what is waiting, in the log or in the file, and end."""
        self._background.stop()
        self._has_come.set()
        self._background.join(_END_SECONDS)

    def check(self) -> None:
        """Return while entries are taken to the log or to the file; raise an error if not."""
        self._background.check()
        if self._unexpected:
            raise Unavailable(f"the audit log takes no entries: {self._unexpected}; see the log")

    def _take_turn(self) -> None:
        is_behind = bool(self._waiting) or self._has_spooled()
        self._has_come.wait(RETRY_SECONDS if is_behind else None)
        self._has_come.clear()
        self._store_waiting()
        self._drain()

    def _end(self) -> None:
        self._store_waiting()
        if self._waiting:
            self._counts.lost.inc(len(self._waiting))
            log.error("audit_entries_lost", entries=len(self._waiting))
        self._spool.close()
        self._writer.close()

    def _store_waiting(self) -> None:
        is_kept = True
        while self._waiting and is_kept:
            entries = [self._waiting.popleft() for _ in range(min(_BATCH, len(self._waiting)))]
            is_kept = False
            try:
                # What waits in the file is older, and goes first.
                is_stored = not self._has_spooled() and self._write(entries)
                if is_stored:
                    self._counts.written.inc(len(entries))
                is_kept = is_stored or self._put_aside(entries)
            finally:
                if not is_kept:
                    self._waiting.extendleft(reversed(entries))

    def _put_aside(self, entries: Sequence[AuditEntry]) -> bool:
        try:
            self._spool.append(entries)
        except Unavailable as error:
            log.warning("audit_spool_unavailable", reason=str(error))
            return False
        self._counts.spooled.inc(len(entries))
        return True

    def _drain(self) -> None:
        try:
            for batch in takewhile(self._write, self._spool.batches(_BATCH)):
                self._counts.written.inc(self._spool.forget(batch))
        except Unavailable as error:
            log.warning("audit_spool_unavailable", reason=str(error))

    def _has_spooled(self) -> bool:
        try:
            return not self._spool.is_empty
        except Unavailable as error:
            log.warning("audit_spool_unavailable", reason=str(error))
            return False

    def _write(self, entries: Sequence[AuditEntry]) -> bool:
        if time.monotonic() < self._retry_at:
            return False
        try:
            self._writer.write(entries)
        except LakehouseError as error:
            self._retry_at = time.monotonic() + RETRY_SECONDS
            log.warning("audit_log_unavailable", code=error.code, reason=str(error))
            return False
        except Exception as error:  # noqa: BLE001  (whatever it is, the entries are kept)
            self._retry_at = time.monotonic() + RETRY_SECONDS
            self._unexpected = type(error).__name__
            BACKGROUND_FAILURES.labels("audit").inc()
            log.error("audit_log_failed", error=self._unexpected)  # noqa: TRY400
            return False
        self._unexpected = ""
        return True
