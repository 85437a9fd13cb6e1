"""Audit entries in a file, for as long as Postgres does not take them.

One file a process, ``spool-PID-RANDOM.jsonl``, readable by its owner only and locked while the
process lives: what is not locked was left behind by one that died, and whoever starts next takes
it over.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import secrets
from itertools import islice
from typing import TYPE_CHECKING, Final

import msgspec
import structlog

from lakehouse.security.audit_chain import AuditEntry

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

__all__ = ["Spool", "leftovers", "own_spool"]

log = structlog.get_logger()

_encoder: Final = msgspec.json.Encoder()
_decoder: Final = msgspec.json.Decoder(AuditEntry)


class Spool:
    """A queue on disk: in at the end, out from the front, gone when empty.

    What was handed out and not yet forgotten is handed out again after a crash.
    """

    def __init__(self, path: Path, *, fd: int | None = None, size: int = 0) -> None:
        self._path = path
        self._fd = fd
        self._size = size
        self._offset = 0
        self._handed_out = 0

    @property
    def is_empty(self) -> bool:
        """Whether nothing is waiting."""
        return self._offset == self._size

    def append(self, entries: Sequence[AuditEntry]) -> None:
        """Put entries at the end; on the disk when this returns.

        Raises
        ------
        OSError
            The disk does not take them; none of them is in the file.
        """
        if self._fd is None:
            self._fd = _create(self._path)
        lines = memoryview(_encoder.encode_lines(entries))
        try:
            written = 0
            while written < len(lines):
                written += os.write(self._fd, lines[written:])
            os.fsync(self._fd)
        except OSError:
            os.ftruncate(self._fd, self._size)
            raise
        self._size += len(lines)

    def batches(self, most: int) -> Iterator[list[AuditEntry]]:
        """Hand out what is waiting, oldest first; `forget` each batch before the next."""
        while not self.is_empty:
            with self._path.open("rb") as file:
                file.seek(self._offset)
                lines = list(islice(file, most))
            self._handed_out = sum(map(len, lines))
            yield [entry for line in lines for entry in self._decode(line)]

    def forget(self) -> None:
        """Drop the batch that was handed out last; the file goes with the last of them."""
        self._offset += self._handed_out
        if self.is_empty:
            self._path.unlink()
            self.close()
            self._offset = self._size = 0

    def close(self) -> None:
        """Leave the file, if there is one, to whoever comes next."""
        if self._fd is not None:
            os.close(self._fd)
            self._fd = None

    def _decode(self, line: bytes) -> Iterator[AuditEntry]:
        try:
            yield _decoder.decode(line)
        except msgspec.DecodeError:
            # A process that died while it wrote: nobody was told that this line is kept.
            log.warning("audit_spool_torn", path=str(self._path), size=len(line))


def own_spool(folder: Path) -> Spool:
    """Return the empty spool of this process; it has no file before something is put in."""
    return Spool(folder / f"spool-{os.getpid()}-{secrets.token_hex(4)}.jsonl")


def leftovers(folder: Path) -> list[Spool]:
    """Take over the files of processes that are no more."""
    found = []
    for path in sorted(folder.glob("spool-*.jsonl")):
        with contextlib.suppress(FileNotFoundError, BlockingIOError):
            fd = os.open(path, os.O_RDWR | os.O_APPEND)
            try:
                fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                os.close(fd)
                raise
            found.append(Spool(path, fd=fd, size=os.fstat(fd).st_size))
            if found[-1].is_empty:
                found.pop().forget()
    return found


def _create(path: Path) -> int:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    # Locked before it has the name by which others look for what was left behind.
    draft = path.with_name(f"new-{path.name}")
    fd = os.open(draft, os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_EXCL, 0o600)
    fcntl.flock(fd, fcntl.LOCK_EX)
    draft.rename(path)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)  # the file's name must outlive a power cut too
    finally:
        os.close(folder)
    return fd
