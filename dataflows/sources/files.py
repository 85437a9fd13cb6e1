"""Files of applications as a source: offsets and bytes, a batch at a time.

A file counts as a topic with one partition, named by its absolute path. A folder or a pattern
counts as one topic with a partition for each file, in the order of their names. The content tells
the kind of a file (`dataflows.files.container`). Offsets count from 0 and never change:

==========  =====================================================================================
JSON lines  the number of the line; every line is an event, an empty one too
a table     the number of the line on which the record ends; the header is line 0, or comes after
            a prospectus line; blank lines are no events
Parquet     the number of the row
==========  =====================================================================================

So offsets rise and have gaps, and the position after a record is always the start of the next
record. Going on from a position skips the part before it at the speed of decompression.
"""

import hashlib
from collections.abc import Callable, Generator, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from dataflows.files import csv_file, json_lines, parquet_file
from dataflows.files.columns import ANYTHING, Needs, require
from dataflows.files.container import Contained, look_into
from dataflows.files.forms import FileForms
from dataflows.files.identity import FileIdentity
from dataflows.files.lines import Bytes, FileDamaged
from dataflows.files.paths import files_of
from dataflows.files.reading import ids_in_words, settle
from dataflows.files.remarks import Remark
from dataflows.files.rows import row_encoder
from dataflows.sources.urls import FileSource
from lakehouse.errors import SettingsInvalid


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
        By index into `values`: what is said of lines that are no whole records (a footer).
    """

    first_off: int
    next_off: int
    offsets: list[int]
    values: list[bytes]
    foreign: Mapping[int, Remark]

    def __len__(self) -> int:
        return len(self.values)


_Records = Callable[[int], Iterator[tuple[int, bytes, Remark | None]]]


class FileReader:
    """A file that was found readable; made by `open_file`.

    Attributes
    ----------
    topic
        The file's absolute path, or the folder or pattern that it is one of.
    path
        The file.
    identity
        Which file it is.
    said
        How it is read, for people.
    size
        Bytes on disk.
    length_known
        How many records there are in all, where the format says so (Parquet); else ``None``.
    """

    def __init__(
        self,
        topic: str,
        identity: FileIdentity,
        records: _Records,
        *,
        said: str,
        size: int,
        length_known: int | None = None,
        content: Bytes | None = None,
    ) -> None:
        self.topic = topic
        self.identity = identity
        self.path = identity.path
        self.said = said
        self.size = size
        self.length_known = length_known
        self._records = records
        self._content = content
        self._position = 0

    @property
    def share_read(self) -> float:
        """How much of the file's bytes, or of its rows, has been taken, 0 to 1."""
        if self._content is None:
            return self._position / self.length_known if self.length_known else 1.0
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
            for offset, value, remark in self._records(start):
                gathered.add(offset, value, remark)
                if len(gathered.values) == max_records or gathered.size >= max_bytes:
                    self._position = offset + 1
                    yield gathered.batch()
                    gathered = _Gathered(offset + 1)
        except FileDamaged:
            if gathered.values:
                yield gathered.batch()
            raise
        if gathered.values:
            self._position = gathered.offsets[-1] + 1
            yield gathered.batch()


class _Gathered:
    """The records of the batch to come."""

    __slots__ = ("first_off", "foreign", "offsets", "size", "values")

    def __init__(self, first_off: int) -> None:
        self.first_off = first_off
        self.size = 0
        self.offsets: list[int] = []
        self.values: list[bytes] = []
        self.foreign: dict[int, Remark] = {}

    def add(self, offset: int, value: bytes, remark: Remark | None) -> None:
        if remark is not None:
            self.foreign[len(self.values)] = remark
        self.offsets.append(offset)
        self.values.append(value)
        self.size += len(value)

    def batch(self) -> FileBatch:
        next_off = self.offsets[-1] + 1
        return FileBatch(self.first_off, next_off, self.offsets, self.values, self.foreign)


def open_files(source: FileSource, *, needs: Needs = ANYTHING) -> list[FileReader]:
    """Find the files of a path, a folder or a pattern, in order, and open each.

    Raises
    ------
    SettingsInvalid
        There are none, or one of them is refused.
    """
    paths = files_of(source.path)
    topic = paths.topic
    return [_opened(path, topic or str(path), source.forms, needs) for path in paths.files]


def open_file(source: FileSource, *, needs: Needs = ANYTHING) -> FileReader:
    """Find the file, see by its content what it is, and settle how it is to be read.

    Parameters
    ----------
    needs
        The columns that it must have; JSON lines have none to look at beforehand.

    Raises
    ------
    SettingsInvalid
        No such file, not readable, not of a kind that is read here, without the columns that are
        needed, or to be read in two ways.
    """
    reader, *others = open_files(source, needs=needs)
    if others:
        raise SettingsInvalid(f"{source}: expected one file, found {1 + len(others)}; name each")
    return reader


def _opened(path: Path, topic: str, forms: FileForms, needs: Needs) -> FileReader:
    try:
        found = look_into(path)
        if found.kind == "parquet":
            return _open_parquet(path, topic, forms, needs)
        if found.kind == "json_lines":
            return _open_json_lines(path, topic, found)
        return _open_table(path, topic, found, forms, needs)
    except OSError as error:
        raise SettingsInvalid(
            f"{path}: expected a readable file, found {error.strerror or error}"
        ) from error


def _open_parquet(path: Path, topic: str, forms: FileForms, needs: Needs) -> FileReader:
    form = parquet_file.look(path)
    require(needs, form.names, path)
    reading = settle(
        form.names,
        form.sample,
        forms=forms,
        path=path,
        in_months=form.in_months,
        is_scored=needs.is_scored,
    )
    with path.open("rb") as file:
        head = file.read(1 << 16)
    encode = row_encoder(reading, hashlib.sha256(head).hexdigest())
    return FileReader(
        topic,
        FileIdentity.of(path, head),
        lambda start: parquet_file.records(path, encode, start),
        said="; ".join(("Parquet", *reading.said)),
        size=path.stat().st_size,
        length_known=form.rows,
    )


def _open_json_lines(path: Path, topic: str, found: Contained) -> FileReader:
    content = Bytes(path, found.compression)
    digest = hashlib.sha256(found.head).hexdigest()
    kind = "JSON lines" + (f" in {found.compression}" if found.compression else "")
    return FileReader(
        topic,
        FileIdentity.of(path, found.head),
        lambda start: json_lines.records(content, digest, start),
        said="; ".join((kind, *ids_in_words(*json_lines.ids_in(found.head)))),
        size=content.size,
        content=content,
    )


def _open_table(
    path: Path, topic: str, found: Contained, forms: FileForms, needs: Needs
) -> FileReader:
    encoding = csv_file.encoding_of(found.head, forms)
    content = Bytes(
        path,
        found.compression,
        is_utf_16=encoding == "utf-16",
        ends_in_returns=b"\r" in found.head and b"\n" not in found.head,
    )
    layout = csv_file.find_layout(content, encoding, forms)
    require(needs, layout.names, path)
    layout, sample = csv_file.sample_of(content, layout)
    reading = settle(
        layout.names,
        sample,
        forms=forms,
        path=path,
        in_months=layout.in_months,
        is_scored=needs.is_scored,
    )
    content.consumed = 0
    encode = row_encoder(reading, hashlib.sha256(found.head).hexdigest())
    return FileReader(
        topic,
        FileIdentity.of(path, found.head),
        lambda start: csv_file.records(content, layout, encode, start),
        said="; ".join((layout.in_words(found.compression), *reading.said)),
        size=content.size,
        content=content,
    )
