"""A file's bytes, decompressed while they are read, and its lines, counted from 0."""

import codecs
import gzip
import zipfile
import zlib
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from io import BufferedReader
from pathlib import Path
from typing import ClassVar, Final, Protocol, TypeVar, cast

from backports import zstd  # Python 3.14's compression.zstd

from lakehouse.errors import LakehouseError, PositionLost

T = TypeVar("T")

LINE_LIMIT: Final = 16 * 1024 * 1024
"""Bytes kept of a line. What is longer is far above any event's limit and refused as too large, so
the rest of it need not be held in memory."""

PIECE: Final = 256 * 1024
"""The most bytes handed on at once, however small the file that unfolds to them."""


class _Content(Protocol):
    def read1(self, size: int, /) -> bytes: ...


@contextmanager
def _open_member(file: BufferedReader) -> Iterator[_Content]:
    """Open the one member of a zip file that somebody put there."""
    with zipfile.ZipFile(file) as archive:
        names = [info for info in archive.infolist() if not info.is_dir()]
        members = [info for info in names if is_member(info.filename)]
        with archive.open(members[0]) as member:
            yield cast("_Content", member)


OPENED: Final[dict[str | None, Callable[[BufferedReader], AbstractContextManager[_Content]]]] = {
    None: nullcontext[BufferedReader],
    "gzip": gzip.open,
    "zstd": zstd.open,
    "zip": _open_member,
}


class FileDamaged(LakehouseError):
    """A file ends early or cannot be decompressed; the part before the damage was read."""

    code: ClassVar[str] = "file_damaged"
    exit_code: ClassVar[int] = 1


class Bytes:
    """The decompressed content of a file, piece by piece; iterating reads it from the start.

    Attributes
    ----------
    size, consumed
        Bytes of the file on disk, and how many of them have been read.
    """

    def __init__(
        self,
        path: Path,
        compression: str | None,
        *,
        is_utf_16: bool = False,
        ends_in_returns: bool = False,
    ) -> None:
        self.path = path
        self.size = path.stat().st_size
        self.consumed = 0
        self._compression = compression
        self._is_utf_16 = is_utf_16
        self._ends_in_returns = ends_in_returns

    def __iter__(self) -> Iterator[bytes]:
        """Yield non-empty pieces of about `PIECE` bytes.

        Raises
        ------
        FileDamaged
            After everything that could be decompressed: the file ends early or is corrupt.
        """
        pieces = self._decompressed()
        if self._is_utf_16:
            pieces = _as_utf_8(pieces)
        if self._ends_in_returns:
            pieces = (piece.replace(b"\r", b"\n") for piece in pieces)
        return pieces

    def _decompressed(self) -> Iterator[bytes]:
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
            except (gzip.BadGzipFile, zipfile.BadZipFile, zlib.error, zstd.ZstdError) as error:
                raise FileDamaged(
                    f"{self.path}: expected {self._compression} data up to byte {self.size}, found "
                    f"damage shortly before byte {file.tell()} ({error}). The records up to there "
                    "were read, the last of them perhaps garbled; restore the file and start "
                    "again, it goes on where it stopped"
                ) from error
            self.consumed = self.size


def up_to_damage(items: Iterable[T]) -> Iterator[T]:
    """Yield the items before the damaged place, for a look at a file's beginning.

    A complete read later reports the damage, after all records before it.

    Raises
    ------
    FileDamaged
        Nothing comes before it.
    """
    is_first = True
    try:
        for item in items:
            is_first = False
            yield item
    except FileDamaged:
        if is_first:
            raise


def is_member(name: str) -> bool:
    """Say whether a zip file's member is a user's file, not the archiver's own."""
    return not name.startswith("__MACOSX/") and not name.rpartition("/")[2].startswith(".")


def _as_utf_8(pieces: Iterator[bytes]) -> Iterator[bytes]:
    decoder = codecs.getincrementaldecoder("utf-16")("replace")
    for piece in pieces:
        if text := decoder.decode(piece):
            yield text.encode("utf-8", "replace")
    if text := decoder.decode(b"", final=True):
        yield text.encode("utf-8", "replace")


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
