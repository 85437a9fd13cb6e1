"""The reconciliation command: ``python -m lakehouse reconcile``."""

import argparse
import signal
import sys
import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

import msgspec
import structlog

from lakehouse.errors import LakehouseError, SchemaDiffers, SettingsInvalid
from lakehouse.gold.tables import changed_by_others
from lakehouse.lake.session import Lake, open_lake
from lakehouse.postgres.migrate import require_current
from lakehouse.quarantine.following import follow, followed
from lakehouse.reconcile.compare import Reconciled, reconcile
from lakehouse.reconcile.repair import repair
from lakehouse.settings.settings import Settings
from lakehouse.signals.jobs import recorded
from lakehouse.silver.claims import open_silver
from lakehouse.silver.reconciled import RangeDifference, restart
from lakehouse.telemetry import configure_logging

log = structlog.get_logger()

_Clock = Callable[[], datetime]
JOB: Final = "reconcile"
_ALL_AGAIN: Final = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class _Run:
    dsn: str
    settings: Settings
    now: _Clock
    stop: threading.Event

    def once(self, *, everything: bool, repairs: bool) -> Reconciled:
        """Compare, and repair if asked to; kept as a run of the job.

        Raises
        ------
        SchemaDiffers
            Others changed the shape of a table: the next start of the flow would refuse it.
        """
        lake_uri = self.settings.lake_uri
        with recorded(self.dsn, JOB, self.now) as run, open_lake(self.settings) as lake:
            follow(self.dsn, lake_uri)  # what a replay left that was killed
            if everything:
                restart(self.dsn)
            found = self._compare(lake)
            if repairs and found.differences:
                for each in found.differences:
                    rows = repair(self.dsn, lake_uri, each, followed(lake))
                    log.warning("range_repaired", rows=rows, **_named(each))
                found = self._compare(lake)
            run.figures.update(found.figures)
            if changed := changed_by_others(lake_uri):
                raise SchemaDiffers("; ".join(changed))
        return found

    def _compare(self, lake: Lake) -> Reconciled:
        return reconcile(self.dsn, lake, now=self.now, is_stopping=self.stop.is_set)


def add_reconcile(
    commands: "argparse._SubParsersAction[argparse.ArgumentParser]", now: _Clock
) -> None:
    """Add the command ``reconcile``."""
    parser = commands.add_parser(
        "reconcile",
        help="compare gold with silver, range by range, from where the last run ended",
        description="Exits 1 while gold differs or an event is unaccounted for.",
    )
    parser.add_argument("--all", action="store_true", help="from the beginning")
    parser.add_argument(
        "--repair", action="store_true", help="rebuild what differs from silver and the archive"
    )
    parser.add_argument(
        "--every",
        type=float,
        metavar="SECONDS",
        help="again and again until stopped, once a day from the beginning",
    )
    parser.add_argument("--json", action="store_true", help="what was found as one JSON object")

    def run(settings: Settings, options: argparse.Namespace) -> int:
        stop = threading.Event()
        if options.every is not None:
            for number in (signal.SIGTERM, signal.SIGINT):
                signal.signal(number, lambda *_: stop.set())
        level = "warning" if options.every is None else settings.log_level
        configure_logging(to_terminal=sys.stderr.isatty(), level=level)
        with open_silver(settings) as dsn:
            require_current(dsn)
            job = _Run(dsn, settings, now, stop)
            if options.every is not None:
                return _again_and_again(job, options)
            found = job.once(everything=options.all, repairs=options.repair)
        text = msgspec.json.encode(found).decode() if options.json else _in_words(found)
        sys.stdout.write(text + "\n")
        return 0 if found.holds else 1

    parser.set_defaults(run=run)


def _again_and_again(job: _Run, options: argparse.Namespace) -> int:
    everything, began = options.all, job.now()
    while True:
        try:
            found = job.once(everything=everything, repairs=options.repair)
        except SettingsInvalid:
            raise
        except LakehouseError as error:
            log.warning("reconciliation_failed", code=error.code, error=str(error))
        else:
            everything = False
            _log(found)
        if job.stop.wait(options.every):
            return 0
        if job.now() - began >= _ALL_AGAIN:
            everything, began = True, job.now()


def _log(found: Reconciled) -> None:
    log.info("reconciled", **found.figures)
    for each in found.differences:
        log.error("gold_differs", **_named(each))
    for place, count in found.unaccounted.items():
        log.error("events_unaccounted", where=place, count=count)


def _named(each: RangeDifference) -> dict[str, object]:
    return {
        "table": each.table,
        "topic": each.topic,
        "part": each.part,
        "first_off": each.from_off,
        "last_off": each.to_off - 1,
        "missing": each.missing,
        "surplus": each.surplus,
        "altered": each.altered,
        "offs": list(each.offs),
    }


def _in_words(found: Reconciled) -> str:
    lines = [f"compared {found.ranges:,} ranges with {found.events:,} events that were new"]
    lines += [
        f"  {place}: {count:,} events ended in no table"
        if count > 0
        else f"  {place}: {-count:,} events ended twice"
        for place, count in found.unaccounted.items()
    ]
    lines += [f"  {_difference_in_words(each)}" for each in found.differences]
    lines.append(
        "gold equals silver, every event is accounted for"
        if found.holds
        else "THEY DIFFER; `python -m lakehouse reconcile --repair` rebuilds ranges of gold"
    )
    return "\n".join(lines)


def _difference_in_words(each: RangeDifference) -> str:
    counts = ((each.missing, "missing"), (each.surplus, "too many"), (each.altered, "altered"))
    said = ", ".join(f"{count:,} {what}" for count, what in counts if count)
    more = ", ..." if each.rows > len(each.offs) else ""
    return (
        f"{each.topic}/{each.part}: {each.table} differs in offsets {each.from_off} to "
        f"{each.to_off - 1}: {said}, at {', '.join(map(str, each.offs))}{more}"
    )
