"""Bounded files of applications as a source: offsets and bytes, a batch at a time.

A file counts as a topic with one partition, named by its absolute path. Offsets count from 0 and
are stable:

========  =======================================================================================
JSONL     the number of the line; every line is an event, an empty one too
CSV       the number of the line on which the record ends; the header is line 0, or comes after a
          prospectus line; blank lines are no events
Parquet   the number of the row
========  =======================================================================================

So offsets have holes, rise strictly, and the position after a record is always the start of the
next one. Reading on from a position skips what is before it at the speed of decompression.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from dataflows.sources import csv_file, parquet_file
from dataflows.sources.lines import COMPRESSIONS, Bytes, FileDamaged, compression_of, lines
from dataflows.sources.urls import FileSource
from lakehouse.errors import SettingsInvalid

__all__ = ["FileBatch", "FileReader", "open_file"]

JSON_LINES: Final = frozenset({".jsonl", ".ndjson"})
CSV: Final = ".csv"
PARQUET: Final = frozenset({".parquet", ".pq"})
KNOWN_ENDINGS: Final = ".jsonl, .ndjson or .csv, each also with .gz or .zst, or .parquet"


@dataclass(frozen=True, slots=True)
class FileBatch:
    """Consecutive records of a file.

    Attributes
    ----------
    first_off
        The position at which the batch begins.
    next_off
        The position after it; reading from there yields what follows.
    offsets, values
        One of each a record, offsets strictly rising.
    foreign
        Indices into `values` of lines that are no records at all (a CSV's footer).
    """

    first_off: int
    next_off: int
    offsets: list[int]
    values: list[bytes]
    foreign: frozenset[int]

    def __len__(self) -> int:
        return len(self.values)


_Records = Callable[[int], Iterator[tuple[int, bytes, bool]]]


class FileReader:
    """A file that was found readable; made by `open_file`.

    Attributes
    ----------
    topic
        The file's absolute path.
    length_known
        How many records there are in all, where the format says so (Parquet); else ``None``.
    """

    def __init__(
        self,
        topic: str,
        records: _Records,
        *,
        length_known: int | None = None,
        content: Bytes | None = None,
    ) -> None:
        self.topic = topic
        self.length_known = length_known
        self._records = records
        self._content = content

    @property
    def share_read(self) -> float | None:
        """How much of the file's bytes has been taken, 0 to 1; ``None`` when not counted."""
        if self._content is None:
            return None
        return self._content.consumed / self._content.size if self._content.size else 1.0

    def read(
        self, start: int, *, max_records: int, max_bytes: int
    ) -> Generator[FileBatch, None, None]:
        """Yield the records from position `start` to the end of the file, never an empty batch.

        A batch ends at `max_records`, or with the record that reaches `max_bytes`.

        Raises
        ------
        PositionLost
            `start` lies beyond the end of the file.
        FileDamaged
            After the last good record before the damage.
        """
        gathered = _Gathered(start)
        try:
            for offset, value, is_foreign in self._records(start):
                gathered.add(offset, value, is_foreign=is_foreign)
                if len(gathered.values) == max_records or gathered.size >= max_bytes:
                    yield gathered.batch()
                    gathered = _Gathered(offset + 1)
        except FileDamaged:
            if gathered.values:
                yield gathered.batch()
            raise
        if gathered.values:
            yield gathered.batch()


class _Gathered:
    """The records of the batch to come."""

    __slots__ = ("first_off", "foreign", "offsets", "size", "values")

    def __init__(self, first_off: int) -> None:
        self.first_off = first_off
        self.size = 0
        self.offsets: list[int] = []
        self.values: list[bytes] = []
        self.foreign: list[int] = []

    def add(self, offset: int, value: bytes, *, is_foreign: bool) -> None:
        if is_foreign:
            self.foreign.append(len(self.values))
        self.offsets.append(offset)
        self.values.append(value)
        self.size += len(value)

    def batch(self) -> FileBatch:
        next_off = self.offsets[-1] + 1
        return FileBatch(
            self.first_off, next_off, self.offsets, self.values, frozenset(self.foreign)
        )


def open_file(source: FileSource) -> FileReader:
    """Find the file, see by its ending what it is, and check that it is.

    Raises
    ------
    SettingsInvalid
        No such file, not readable, an unknown ending, other content than the ending says, or no
        columns of the contract.
    """
    path = Path(source.path).expanduser()
    try:
        if not path.is_file():
            found = "something that is no regular file" if path.exists() else "nothing"
            raise SettingsInvalid(f"{path.absolute()}: expected a file, found {found}")
        return _opened(path.resolve())
    except OSError as error:
        raise SettingsInvalid(
            f"{path}: expected a readable file, found {error.strerror or error}"
        ) from error


def _opened(path: Path) -> FileReader:
    topic = str(path)
    ending = path.suffix.lower()
    if ending in PARQUET:
        rows = parquet_file.count_rows(path)
        return FileReader(topic, lambda start: parquet_file.records(path, start), length_known=rows)
    if ending in COMPRESSIONS:
        ending = Path(path.stem).suffix.lower()
    if ending not in {*JSON_LINES, CSV}:
        raise SettingsInvalid(f"{path}: expected the ending {KNOWN_ENDINGS}; found {path.name!r}")
    content = Bytes(path, compression_of(path))
    if ending in JSON_LINES:
        return FileReader(topic, lambda start: _json_lines(content, start), content=content)
    header = csv_file.read_header(content)
    return FileReader(
        topic, lambda start: csv_file.records(content, header, start), content=content
    )


def _json_lines(content: Bytes, start: int) -> Iterator[tuple[int, bytes, bool]]:
    for offset, line in enumerate(lines(content, start), start):
        yield offset, line, False
