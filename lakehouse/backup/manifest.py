"""A backup's manifest: silver's dump, and the positions of silver and gold when it was made."""

import hashlib
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Final

import msgspec

from lakehouse.errors import ArtefactInvalid

DUMP: Final = "silver.dump"
_MANIFEST: Final = "backup.json"
_FORMAT: Final = 1


class BackupPosition(msgspec.Struct, frozen=True):
    """Where silver stood: the next offset of a partition that a pipeline reads."""

    pipeline: str
    topic: str
    part: int
    next_off: int


class Manifest(msgspec.Struct, frozen=True, kw_only=True):
    """The contents of a backup.

    Attributes
    ----------
    server_major
        The Postgres that silver was dumped from, and no older one can take it.
    migration
        Silver's schema, by the number of its newest migration.
    sha256, bytes
        Of the dump.
    positions
        Where silver stood a moment before the dump was taken: it holds at least as much.
    gold
        The version of each table of gold before that moment: silver's dump is never behind it.
    """

    made_at: datetime
    server_major: int
    migration: int
    sha256: str
    bytes: int
    positions: tuple[BackupPosition, ...]
    lake_uri: str
    gold: Mapping[str, int]
    format: int = _FORMAT


def write_manifest(folder: Path, manifest: Manifest) -> None:
    """Put the manifest beside the dump; a folder without it is no backup."""
    draft = folder / f"{_MANIFEST}.partial"
    draft.write_bytes(msgspec.json.format(msgspec.json.encode(manifest), indent=2) + b"\n")
    draft.replace(folder / _MANIFEST)


def read_manifest(folder: Path) -> Manifest:
    """Return the manifest of a backup whose dump is whole.

    Raises
    ------
    ArtefactInvalid
        The folder is no backup, is of a later format, or its dump was altered or cut.
    """
    path = folder / _MANIFEST
    try:
        manifest = msgspec.json.decode(path.read_bytes(), type=Manifest)
    except OSError as exc:
        raise ArtefactInvalid(
            f"{folder} is no backup: {path.name} cannot be read ({exc.strerror}); expected a "
            "folder that `python -m lakehouse backup` made"
        ) from exc
    except msgspec.DecodeError as exc:
        raise ArtefactInvalid(f"{path} is no manifest of a backup: {exc}") from exc
    if manifest.format != _FORMAT:
        raise ArtefactInvalid(
            f"{path} has format {manifest.format}, expected {_FORMAT}: restore it by the code "
            "that made it"
        )
    found = sha256_of(folder / DUMP)
    if found != manifest.sha256:
        raise ArtefactInvalid(
            f"{folder / DUMP} was altered or cut: expected SHA-256 {manifest.sha256}, found {found}"
        )
    return manifest


def sha256_of(path: Path) -> str:
    """Return a file's SHA-256.

    Raises
    ------
    ArtefactInvalid
        It cannot be read.
    """
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as exc:
        raise ArtefactInvalid(f"{path} cannot be read ({exc.strerror})") from exc
