"""The commands for backups: ``python -m lakehouse backup | restore | rewind``."""

import argparse
import sys
from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path
from typing import Final

import msgspec

from lakehouse.backup.restore import positions_of, restore
from lakehouse.backup.rewind import Ahead, ahead_of, rewind
from lakehouse.backup.save import back_up
from lakehouse.lake.session import open_lake
from lakehouse.postgres.migrate import require_current
from lakehouse.quarantine.following import RECOVERED
from lakehouse.settings.settings import Settings
from lakehouse.signals.jobs import recorded
from lakehouse.silver.claims import claim, open_silver

_JOB: Final = "backup"
_IS_AHEAD: Final = 5
_Clock = Callable[[], datetime]


def add_backup(
    commands: "argparse._SubParsersAction[argparse.ArgumentParser]", now: _Clock
) -> None:
    """Add the commands ``backup``, ``restore`` and ``rewind``."""
    saving = commands.add_parser(
        "backup", help="copy silver into a folder, with the versions of gold's tables"
    )
    saving.add_argument("into", type=Path, metavar="FOLDER", help="a new folder is made in it")
    saving.add_argument(
        "--keep", type=int, default=0, metavar="N", help="remove older ones; default: keep all"
    )
    saving.add_argument("--json", action="store_true", help="the manifest as one JSON object")
    saving.set_defaults(run=lambda settings, options: _back_up(settings, options, now))

    restoring = commands.add_parser(
        "restore", help="put a backup's silver into an empty database; compare gold with it"
    )
    restoring.add_argument("folder", type=Path, metavar="BACKUP")
    restoring.set_defaults(run=_restore)

    rewinding = commands.add_parser(
        "rewind", help="take gold back to where silver stands, after silver was restored"
    )
    rewinding.add_argument("--apply", action="store_true", help="do it; without: only say what")
    rewinding.set_defaults(run=_rewind)


def _back_up(settings: Settings, options: argparse.Namespace, now: _Clock) -> int:
    with open_silver(settings) as dsn, open_lake(settings) as lake:
        require_current(dsn)
        with recorded(dsn, _JOB, now) as run:
            folder, manifest = back_up(
                dsn, lake, settings.lake_uri, options.into, now, keep=options.keep
            )
            run.figures["bytes"] = float(manifest.bytes)
    if options.json:
        _say(msgspec.json.encode(manifest).decode())
    else:
        versions = ", ".join(f"{table} {version}" for table, version in manifest.gold.items())
        _say(f"{folder}: silver, {manifest.bytes:,} bytes; gold's versions: {versions or 'none'}")
    return 0


def _restore(settings: Settings, options: argparse.Namespace) -> int:
    with open_silver(settings) as dsn:
        done = restore(dsn, settings.lake_uri, options.folder)
    _say(f"silver is as of {done.manifest.made_at:%Y-%m-%d %H:%M:%S} UTC")
    for name in done.migrations:
        _say(f"ran {name}")
    for what in done.granted:
        _say(f"made or granted: {what}")
    if not done.ahead:
        _say("gold is not ahead of it: start the flow, which fills gold as far as the source goes")
        return 0
    _say_ahead(done.ahead)
    _say(
        "Restore the lake as of the same moment, or take gold back: `python -m lakehouse rewind "
        "--apply`; the flow reads those events again"
    )
    return _IS_AHEAD


def _rewind(settings: Settings, options: argparse.Namespace) -> int:
    with open_silver(settings) as dsn:
        require_current(dsn)
        ahead = ahead_of(settings.lake_uri, positions_of(dsn))
        if not ahead:
            _say("gold is not ahead of silver: nothing to do")
            return 0
        _say_ahead(ahead)
        if not options.apply:
            _say("Nothing was changed: --apply removes these rows")
            return 0
        # A flow that still runs is fenced, so that it does not commit meanwhile.
        for pipeline in sorted({each.pipeline for each in ahead} - {RECOVERED[0]}):
            claim(dsn, pipeline)
        removed = rewind(settings.lake_uri, positions_of(dsn))
    for table, rows in removed.items():
        _say(f"{table}: {rows:,} rows removed; their files stay for seven days")
    if any(each.pipeline == RECOVERED[0] for each in ahead):
        _say(
            "Events were recovered from quarantine since: run `python -m lakehouse reconcile --all "
            "--repair`, then `python -m lakehouse quarantine replay` again"
        )
    return 0


def _say_ahead(ahead: Sequence[Ahead]) -> None:
    for each in ahead:
        _say(
            f"{each.topic}/{each.part}: gold's {each.table} holds offsets up to "
            f"{each.gold_last_off}, silver only up to {each.silver_next_off - 1}"
        )


def _say(text: str) -> None:
    sys.stdout.write(text + "\n")
