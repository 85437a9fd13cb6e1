"""A file's bytes, decompressed as they are read, and its lines, counted from 0."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, nullcontext
from io import BufferedReader
from pathlib import Path
from typing import ClassVar, Final, Protocol

from backports import zstd  # Python 3.14's compression.zstd

from lakehouse.errors import LakehouseError, PositionLost, SettingsInvalid

__all__ = ["Bytes", "FileDamaged", "compression_of", "lines"]

LINE_LIMIT: Final = 16 * 1024 * 1024
"""Bytes kept of a line. What is longer is far above any event's limit and refused as too large, so
the rest of it need not be held in memory."""

PIECE: Final = 256 * 1024
"""The most bytes handed on at once, however small the file that unfolds to them."""

COMPRESSIONS: Final = {".gz": "gzip", ".zst": "zstd"}
MAGIC: Final = {"gzip": b"\x1f\x8b", "zstd": b"\x28\xb5\x2f\xfd"}
ZSTD_SKIPPABLE: Final = tuple(bytes([low]) + b"\x2a\x4d\x18" for low in range(0x50, 0x60))


class _Content(Protocol):
    def read1(self, size: int, /) -> bytes: ...


OPENED: Final[dict[str | None, Callable[[BufferedReader], AbstractContextManager[_Content]]]] = {
    None: nullcontext[BufferedReader],
    "gzip": gzip.open,
    "zstd": zstd.open,
}


class FileDamaged(LakehouseError):
    """A file ends early or cannot be decompressed; what came before the damage was handed over."""

    code: ClassVar[str] = "file_damaged"
    exit_code: ClassVar[int] = 1


def compression_of(path: Path) -> str | None:
    """Return ``gzip`` or ``zstd`` by the name's ending, ``None`` when it names no compression.

    Raises
    ------
    SettingsInvalid
        The file's first bytes say something else than its name.
    """
    named = COMPRESSIONS.get(path.suffix.lower())
    with path.open("rb") as file:
        head = file.read(4)
    found = next((name for name, magic in MAGIC.items() if head.startswith(magic)), None)
    if named == "zstd" and head in ZSTD_SKIPPABLE:
        found = "zstd"
    if named != found:
        content = found or ("no compression" if head else "nothing: the file is empty")
        raise SettingsInvalid(
            f"{path}: by its name expected {named or 'no compression'}, found {content}; "
            "give the file the ending of what it is (.gz, .zst or none)"
        )
    return named


class Bytes:
    """The decompressed content of a file, piece by piece; iterating reads it from the start.

    Attributes
    ----------
    size, consumed
        Bytes of the file on disk, and how many of them have been read.
    """

    def __init__(self, path: Path, compression: str | None) -> None:
        self.path = path
        self.size = path.stat().st_size
        self.consumed = 0
        self._compression = compression

    def __iter__(self) -> Iterator[bytes]:
        """Yield non-empty pieces of at most `PIECE` bytes.

        Raises
        ------
        FileDamaged
            After everything that could be decompressed: the file ends early or is corrupt.
        """
        self.consumed = 0
        with self.path.open("rb") as file, OPENED[self._compression](file) as content:
            try:
                while piece := content.read1(PIECE):
                    self.consumed = file.tell()
                    yield piece
            except EOFError as error:
                raise FileDamaged(
                    f"{self.path}: expected the end of the {self._compression} data, found the end "
                    f"of the file at byte {self.size}: it was cut off. The whole records before "
                    "that were read; restore the file and start again, it goes on where it stopped"
                ) from error
            except (gzip.BadGzipFile, zlib.error, zstd.ZstdError) as error:
                raise FileDamaged(
                    f"{self.path}: expected {self._compression} data up to byte {self.size}, found "
                    f"damage shortly before byte {file.tell()} ({error}). The records up to there "
                    "were read, the last of them perhaps garbled; restore the file and start "
                    "again, it goes on where it stopped"
                ) from error
            self.consumed = self.size


def lines(source: Bytes, start: int = 0) -> Iterator[bytes]:
    r"""Yield the lines from number `start` on, without their ``\n``.

    A last line without ``\n`` is a line; nothing after the last ``\n`` is none. Lines before
    `start` are only counted, at the speed of decompression.

    Raises
    ------
    PositionLost
        The file has fewer than `start` lines.
    FileDamaged
        After the last whole line before the damage.
    """
    begun: list[bytes] = []  # pieces of the line that has not ended yet
    missing = start
    ends_open = False
    for content in source:
        ends_open = not content.endswith(b"\n")
        fresh = content
        if missing:
            ended = content.count(b"\n")
            if ended < missing:
                missing -= ended
                continue
            fresh = content.split(b"\n", missing)[-1]
            missing = 0
        first, *others = fresh.split(b"\n")
        _keep(begun, first)
        if others:
            yield b"".join(begun)
            begun.clear()
            yield from others[:-1]
            _keep(begun, others[-1])
    if missing > ends_open:
        raise PositionLost(
            f"{source.path}: expected at least {start} lines, found {start - missing + ends_open}; "
            "the file was replaced or cut since it was last read. Restore it, or read the new one "
            "under another name"
        )
    if begun:
        yield b"".join(begun)


def _keep(begun: list[bytes], piece: bytes) -> None:
    room = LINE_LIMIT - sum(map(len, begun))
    if piece and room > 0:
        begun.append(piece[:room])
