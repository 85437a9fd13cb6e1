"""Restore a backup of silver into an empty database, and compare gold with it."""

from pathlib import Path

import msgspec
import psycopg

from lakehouse.backup.manifest import DUMP, Manifest, read_manifest
from lakehouse.backup.programs import fitting, major_of
from lakehouse.backup.rewind import Ahead, ahead_of
from lakehouse.errors import ChangeRefused
from lakehouse.postgres.connection import transact
from lakehouse.postgres.migrate import migrate
from lakehouse.postgres.roles import grant_missing
from lakehouse.quarantine.following import RECOVERED
from lakehouse.silver.progress import all_progress
from lakehouse.silver.recoveries import last_recovery


class Restored(msgspec.Struct, frozen=True):
    """What was done, and what is left to do.

    Attributes
    ----------
    migrations, granted
        What `migrate` ran and made on top of the backup.
    ahead
        Partitions of which gold holds more than the restored silver.
    """

    manifest: Manifest
    migrations: list[str]
    granted: list[str]
    ahead: list[Ahead]


def restore(dsn: str, lake_uri: str, folder: Path) -> Restored:
    """Restore silver, bring its schema, roles and grants up to date, and compare gold with it.

    The dump is loaded in one transaction: all of it or nothing.

    Raises
    ------
    ChangeRefused
        The database holds a silver already.
    ArtefactInvalid
        The folder is no whole backup.
    SettingsInvalid
        There is no ``pg_restore`` for this server and this backup.
    Unavailable, Denied, SchemaDiffers
        A store does not answer, does not let us, or did not take the dump.
    """
    manifest = read_manifest(folder)
    if transact(dsn, _has_silver):
        raise ChangeRefused(
            "the database of RISK_SILVER_DSN holds a silver already: restore into an empty one, or "
            "drop what is there first (`drop schema silver cascade`); nothing was changed"
        )
    programs = fitting(max(major_of(dsn), manifest.server_major))
    told = ["--no-owner", "--no-privileges", "--single-transaction", "--exit-on-error"]
    programs.run("pg_restore", dsn, [*told, str(folder / DUMP)])
    ran, granted = migrate(dsn), grant_missing(dsn)
    return Restored(manifest, ran, granted, ahead_of(lake_uri, positions_of(dsn)))


def positions_of(dsn: str) -> dict[tuple[str, str, int], int]:
    """Return silver's next offset of every partition, and the number of its next recovery."""
    places = {(each.pipeline, each.topic, each.part): each.next_off for each in all_progress(dsn)}
    return {**places, RECOVERED: last_recovery(dsn) + 1}


def _has_silver(connection: psycopg.Connection) -> bool:
    asked = "select exists (select from pg_catalog.pg_namespace where nspname = 'silver')"
    return bool(connection.execute(asked).fetchall()[0][0])
