"""Tell what kind of file it is from its first bytes, not from its name.

The ending of the name is used only if the content does not tell: for an empty file, and for lines
that are neither JSON nor a table.
"""

import re
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

from dataflows.files.lines import Bytes, is_member, up_to_damage
from lakehouse.errors import SettingsInvalid

HEAD: Final = 256 * 1024
"""Bytes of a file's content that tell its form."""

PARQUET: Final = b"PAR1"
COMPRESSIONS: Final = {
    b"\x1f\x8b": "gzip",
    b"\x28\xb5\x2f\xfd": "zstd",
    b"PK\x03\x04": "zip",
    b"PK\x05\x06": "zip",
    **{bytes([low]) + b"\x2a\x4d\x18": "zstd" for low in range(0x50, 0x60)},  # skippable frames
}
_UNPACK: Final = "unpack it, or pack it with gzip or zstd"
_EXCEL: Final = "in Excel, save it as CSV"
_EXPORT: Final = "save it as CSV or Parquet"
REFUSED: Final = (
    (b"BZh", "bzip2", _UNPACK),
    (b"\xfd7zXZ", "xz", _UNPACK),
    (b"7z\xbc\xaf", "a 7z archive", _UNPACK),
    (b"Rar!", "a RAR archive", _UNPACK),
    (b"\xd0\xcf\x11\xe0", "an Excel workbook (.xls)", _EXCEL),
    (b"\x89HDF", "HDF5", _EXPORT),
    (b"ARROW1", "an Arrow (Feather) file", _EXPORT),
    (b"FEA1", "a Feather file", _EXPORT),
    (b"Obj\x01", "an Avro file", _EXPORT),
    (b"ORC", "an ORC file", _EXPORT),
    (b"SQLite format 3", "an SQLite database", _EXPORT),
    (b"<stata_dta>", "a Stata file", _EXPORT),
    (b"\x80\x03", "a Python pickle", _EXPORT),
    (b"\x80\x04", "a Python pickle", _EXPORT),
    (b"\x80\x05", "a Python pickle", _EXPORT),
    (b"RDX", "an R workspace", _EXPORT),
    (b"X\n\0\0", "an R object (.rds)", _EXPORT),
    (b"version https://git-lfs", "a Git LFS pointer, not the file itself", "run git lfs pull"),
)
JSON_ENDINGS: Final = (".jsonl", ".ndjson", ".json")


@dataclass(frozen=True, slots=True)
class Contained:
    """What a file holds.

    Attributes
    ----------
    kind
        How its content is read.
    compression
        ``gzip``, ``zstd``, ``zip`` with one member, or ``None``.
    head
        The first bytes of the content, decompressed; empty for Parquet.
    """

    kind: Literal["table", "json_lines", "parquet"]
    compression: str | None
    head: bytes


def look_into(path: Path) -> Contained:
    """Say what a file is.

    Raises
    ------
    SettingsInvalid
        It is something that is not read here: the message says what to make of it.
    FileDamaged
        Its first bytes cannot be decompressed.
    """
    with path.open("rb") as file:
        first = file.read(512)
    if first.startswith(PARQUET):
        return Contained("parquet", None, b"")
    compression = next(
        (name for magic, name in COMPRESSIONS.items() if first.startswith(magic)), None
    )
    if compression == "zip":
        _check_members(path)
    head = _head(Bytes(path, compression))
    inside = head if compression else first
    _refuse_others(path, inside, is_packed=compression is not None)
    return Contained(_kind(path, head), compression, head)


def _head(content: Bytes) -> bytes:
    pieces: list[bytes] = []
    for piece in up_to_damage(content):
        pieces.append(piece)
        if sum(map(len, pieces)) >= HEAD:
            break
    return b"".join(pieces)[:HEAD]


def _check_members(path: Path) -> None:
    try:
        with zipfile.ZipFile(path) as archive:
            names = [info.filename for info in archive.infolist() if not info.is_dir()]
            is_locked = any(info.flag_bits & 1 for info in archive.infolist())
    except zipfile.BadZipFile as error:
        raise SettingsInvalid(f"{path}: expected a whole zip file, found {error}") from error
    if "[Content_Types].xml" in names or "mimetype" in names:
        raise SettingsInvalid(
            f"{path}: expected a text file, found a workbook (.xlsx or .ods); "
            "in Excel or LibreOffice, save it as CSV"
        )
    members = [name for name in names if is_member(name)]
    if len(members) != 1:
        shown = ", ".join(members[:3]) + (", ..." if members[3:] else "")
        raise SettingsInvalid(
            f"{path}: expected a zip file with one file in it, found {len(members)} "
            f"({shown or 'none'}); unpack it, and name a folder or a pattern to read them all"
        )
    if is_locked:
        raise SettingsInvalid(f"{path}: expected a zip file without a password; unpack it")


# What pandas' to_json writes: by columns unless told otherwise, and by index, split and table.
_BY_COLUMNS: Final = re.compile(
    rb'\{("[^"]*":\{"0":|"0":\{|"columns":\[|"schema":\{"fields":\[\{"name":"index")'
)


def _refuse_others(path: Path, head: bytes, *, is_packed: bool) -> None:
    where = "inside it " if is_packed else ""
    for magic, what, advice in REFUSED:
        if head.startswith(magic):
            raise SettingsInvalid(
                f"{path}: expected JSON lines, CSV or Parquet, {where}found {what}; {advice}"
            )
    if is_packed and head.startswith((PARQUET, *COMPRESSIONS)):
        raise SettingsInvalid(
            f"{path}: expected text in the compressed file, found another compressed file; "
            "unpack it once"
        )
    start = head.removeprefix(b"\xef\xbb\xbf").lstrip()[:64].lower()
    if start.startswith(b"<"):
        raise SettingsInvalid(
            f"{path}: expected JSON lines, CSV or Parquet, {where}found a web page or XML; "
            "download the file itself"
        )
    if (shape := _other_json(start)) is not None:
        raise SettingsInvalid(
            f"{path}: expected one JSON object a line, {where}found {shape}; write lines, "
            "as pandas does with to_json(..., orient='records', lines=True)"
        )


def _other_json(start: bytes) -> str | None:
    """Return what JSON this is, in words, where it is not an object a line."""
    if start.startswith(b"[") and start[1:].lstrip()[:1] in {b"{", b"["}:
        return "one JSON array"
    if _BY_COLUMNS.match(start):
        return "one JSON object that holds a whole table"
    if re.match(rb"\{\s*\n", start):
        return "a JSON object over several lines"
    return None


def _kind(path: Path, head: bytes) -> Literal["table", "json_lines"]:
    start = head.removeprefix(b"\xef\xbb\xbf").lstrip()
    if start.startswith(b"{"):
        return "json_lines"
    endings = [each.lower() for each in path.suffixes]
    return "json_lines" if set(endings) & set(JSON_ENDINGS) else "table"
