"""The maintenance command: ``python -m lakehouse maintain``."""

import argparse
import signal
import sys
import threading
from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import datetime, timedelta
from typing import Final, Protocol, TypeAlias

import msgspec
import structlog

from lakehouse.errors import LakehouseError, SettingsInvalid
from lakehouse.gold.maintenance import LEAST_HOURS, Maintained, Tasks, maintain
from lakehouse.settings.settings import Settings
from lakehouse.telemetry import configure_logging, listen_for_scrapes

log = structlog.get_logger()

_Clock = Callable[[], datetime]


class _HasFigures(Protocol):
    figures: dict[str, float]


_Recording: TypeAlias = Callable[[Settings], AbstractContextManager[_HasFigures]]
_MIB: Final = 1 << 20


def add_maintain(
    commands: "argparse._SubParsersAction[argparse.ArgumentParser]",
    now: _Clock,
    recording: _Recording,
) -> None:
    """Add the command ``maintain``.

    Parameters
    ----------
    now
        The command's clock: raw bytes are forgotten by their age.
    recording
        Keeps, around each turn, that it runs and how it ends.
    """
    parser = commands.add_parser(
        "maintain",
        help="compact gold, shorten its log, remove what was replaced; beside running flows",
        description="Without --compact, --vacuum or --retain, all three are done.",
    )
    parser.add_argument("--compact", action="store_true", help="make few files of many small ones")
    parser.add_argument("--vacuum", action="store_true", help="delete files replaced long ago")
    parser.add_argument(
        "--hours",
        type=int,
        default=LEAST_HOURS,
        help=f"how long replaced files stay (default and least: {LEAST_HOURS})",
    )
    parser.add_argument(
        "--retain",
        action="store_true",
        help="forget raw bytes older than RISK_RAW_RETENTION_DAYS; nothing where that is 0",
    )
    parser.add_argument(
        "--every",
        type=float,
        metavar="SECONDS",
        help="again and again, with metrics on RISK_MAINTENANCE_ADDRESS, until stopped",
    )
    parser.add_argument("--json", action="store_true", help="a JSON object for each table")

    def run(settings: Settings, options: argparse.Namespace) -> int:
        does_all = not (options.compact or options.vacuum or options.retain)

        def once() -> list[Maintained]:
            days = settings.raw_retention_days if does_all or options.retain else 0
            tasks = Tasks(
                compact=does_all or options.compact,
                vacuum_hours=options.hours if does_all or options.vacuum else None,
                forget_before=now() - timedelta(days=days) if days else None,
            )
            with recording(settings) as run:
                done = maintain(settings.lake_uri, tasks)
                run.figures["files"] = float(sum(each.files for each in done))
                run.figures["bytes"] = float(sum(each.bytes for each in done))
            return done

        if options.every is None:
            configure_logging(to_terminal=sys.stderr.isatty(), level="warning")
            _tell(once(), as_json=options.json)
            return 0
        return _again_and_again(
            settings.maintenance_address, settings.log_level, once, every_seconds=options.every
        )

    parser.set_defaults(run=run)


def _tell(done: list[Maintained], *, as_json: bool) -> None:
    for each in done:
        if as_json:
            line = msgspec.json.encode(each).decode()
        else:
            size = f"{each.files:,} files, {each.bytes / _MIB:,.1f} MiB, {each.rows:,} rows"
            line = f"{each.table}: {size} (" + ", ".join(
                f"{count:,} {what}"
                for count, what in (
                    (each.compacted, "compacted"),
                    (each.removed, "removed"),
                    (each.emptied, "emptied"),
                )
            )
            line += ")"
        sys.stdout.write(line + "\n")


def _again_and_again(
    address: str, log_level: str, once: Callable[[], list[Maintained]], *, every_seconds: float
) -> int:
    configure_logging(to_terminal=sys.stderr.isatty(), level=log_level)
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    listen_for_scrapes("RISK_MAINTENANCE_ADDRESS", address, example="127.0.0.1:9097")
    while True:
        try:
            once()
        except SettingsInvalid:
            raise
        except LakehouseError as error:
            # The store is out, or another maintainer was quicker: the next turn does it.
            log.warning("maintenance_failed", code=error.code, error=str(error))
        if stop.wait(every_seconds):
            return 0
