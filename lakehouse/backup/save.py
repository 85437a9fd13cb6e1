"""Dump silver into a folder, together with the versions of gold's tables."""

import shutil
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Final

import psycopg

from lakehouse.backup.manifest import DUMP, BackupPosition, Manifest, sha256_of, write_manifest
from lakehouse.backup.programs import fitting, major_of
from lakehouse.errors import SettingsInvalid
from lakehouse.lake.session import Lake
from lakehouse.postgres.connection import transact
from lakehouse.silver.progress import all_progress

_NAMED: Final = "%Y-%m-%dT%H-%M-%SZ"
_PARTIAL: Final = ".partial"


def back_up(
    dsn: str, lake: Lake, lake_uri: str, into: Path, now: Callable[[], datetime], *, keep: int
) -> tuple[Path, Manifest]:
    """Make a backup in a new folder below `into`, beside running flows; return it.

    Gold's versions are read first, so that the dump holds whatever they hold. A backup that is
    interrupted leaves a folder that ends in ``.partial``, which the next one removes.

    Parameters
    ----------
    keep
        How many backups to keep there, this one included; 0 keeps all.

    Raises
    ------
    Unavailable, Denied, SchemaDiffers
        A store does not answer, or does not let us read.
    SettingsInvalid
        There is no ``pg_dump`` for this server, or the folder cannot be written to.
    """
    made_at = now()
    programs = fitting(major := major_of(dsn))
    lake.refresh()
    gold = lake.versions()
    positions = tuple(
        BackupPosition(each.pipeline, each.topic, each.part, each.next_off)
        for each in all_progress(dsn)
    )
    folder = into / f"{made_at.strftime(_NAMED)}{_PARTIAL}"
    try:
        for left in into.glob(f"*{_PARTIAL}"):
            shutil.rmtree(left)
        folder.mkdir(mode=0o700, parents=True)
    except OSError as exc:
        raise SettingsInvalid(
            f"cannot make {folder} ({exc.strerror}): expected a folder that this user may write to"
        ) from exc
    dump = folder / DUMP
    # Users and grants are the server's own: `migrate` makes them again.
    told = ["--format=custom", "--schema=silver", "--no-owner", "--no-privileges"]
    programs.run("pg_dump", dsn, [*told, f"--file={dump}"])
    manifest = Manifest(
        made_at=made_at,
        server_major=major,
        migration=transact(dsn, _newest_migration),
        sha256=sha256_of(dump),
        bytes=dump.stat().st_size,
        positions=positions,
        lake_uri=lake_uri,
        gold=gold,
    )
    write_manifest(folder, manifest)
    whole = folder.with_name(folder.name.removesuffix(_PARTIAL))
    folder.rename(whole)
    if keep:
        _forget_older(into, keep)
    return whole, manifest


def _newest_migration(connection: psycopg.Connection) -> int:
    rows = connection.execute("select max(number) from silver.migrations").fetchall()
    return int(rows[0][0])


def _forget_older(into: Path, keep: int) -> None:
    backups = sorted(path.parent for path in into.glob("*/backup.json"))
    for folder in backups[:-keep]:
        shutil.rmtree(folder)
