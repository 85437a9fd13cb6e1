"""The lakehouse's commands: ``python -m lakehouse sql | check | migrate | models | ...``."""

import argparse
import os
import signal
import sys
import threading
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from datetime import UTC, datetime
from pathlib import Path

from rich.console import Console

from lakehouse.backup.command import add_backup
from lakehouse.erasure import erase
from lakehouse.errors import QueryInvalid
from lakehouse.gold.command import add_maintain
from lakehouse.lake import answers
from lakehouse.lake.prompt import converse, prompt_session
from lakehouse.lake.session import open_lake
from lakehouse.monitoring.command import add_alerts, add_cutoffs
from lakehouse.postgres.migrate import migrate, require_current
from lakehouse.postgres.roles import grant_missing
from lakehouse.quarantine.command import add_quarantine
from lakehouse.reconcile.command import add_reconcile
from lakehouse.reconciliation import EventAccount, Skipped, account
from lakehouse.registry.command import add_models, own_account
from lakehouse.registry.sql_command import add_policies
from lakehouse.security.logins import PREFIX, make_logins
from lakehouse.settings.secret import refuse_weak_files
from lakehouse.settings.settings import Settings
from lakehouse.signals.exporter import exporting
from lakehouse.signals.jobs import JobRun, recorded_if_silver_answers
from lakehouse.silver import reference_tables
from lakehouse.silver.claims import open_silver
from lakehouse.silver.losses import TO_ITS_END
from lakehouse.terminal import command, write_json


@command
def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code; what can be expected to fail is one line."""
    options = _parser().parse_args(arguments)
    run: Callable[[Settings, argparse.Namespace], int] = options.run
    try:
        return run(Settings.from_env(os.environ), options)
    except BrokenPipeError:
        # The reader has gone, as `head` does; nothing more may be written, not even at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0


def sql(settings: Settings, options: argparse.Namespace) -> int:
    """Answer a question about the lake, or one after another."""
    out: Path | None = options.out
    form = options.format or (answers.format_of(out) if out else "table")
    if form == "parquet" and out is None:
        raise QueryInvalid("Parquet is no text: say where to with --out FILE.parquet")
    with open_lake(settings) as lake:
        question = options.question
        if question is None and sys.stdin.isatty():
            converse(lake, prompt_session(), Console())
            return 0
        answer = lake.query(sys.stdin.read() if question is None else question)
        if out is not None:
            answers.save(answer, out, form)
            print(f"{answer.num_rows} rows in {out}")
        else:
            answers.write(answer, sys.stdout, form)
            sys.stdout.flush()
    return 0


def check(settings: Settings, options: argparse.Namespace) -> int:
    """Account for every event, and compare gold with silver."""
    with open_silver(settings) as dsn, open_lake(settings) as lake:
        require_current(dsn)
        found = account(dsn, lake)
    if options.json:
        write_json(found)
    else:
        print(_in_words(found))
    return 0 if found.holds else 1


def export(settings: Settings, _: argparse.Namespace) -> int:
    """Serve the stores' metrics until asked to stop."""
    ended = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: ended.set())
    with open_silver(settings) as dsn, open_lake(settings) as lake:
        require_current(dsn)
        with exporting(dsn, lake, settings.exporter_address) as port:
            host = settings.exporter_address.rpartition(":")[0]
            print(f"serving http://{host}:{port}/metrics; Ctrl-C ends it", flush=True)
            ended.wait()
    return 0


def bring_up_to_date(settings: Settings, options: argparse.Namespace) -> int:
    """Migrate silver, and make the services' users if asked to."""
    folder: Path | None = options.logins
    with open_silver(settings) as dsn:
        ran = migrate(dsn)
        made = grant_missing(dsn)
        users = [] if folder is None else make_logins(dsn, folder)
    said = [
        *(f"ran {name}" for name in ran),
        *(f"made or granted: {what}" for what in made),
        *(f"user {user} may log in" for user in users),
    ]
    print("\n".join(said) or "silver is up to date")
    return 0


def erase_applicant(settings: Settings, options: argparse.Namespace) -> int:
    """Erase one application from all stores."""
    with open_silver(settings) as dsn:
        require_current(dsn)
        erased = erase(
            dsn,
            settings.lake_uri,
            options.application_id,
            reason=options.reason,
            by=options.by or own_account(),
            now=datetime.now(UTC),
        )
    if options.json:
        write_json(erased)
    else:
        print(
            f"erased at {erased.erased_at:%Y-%m-%d %H:%M} UTC: {erased.events} events; "
            f"{erased.new_in_silver} of silver and {erased.gold_files} files of gold changed just "
            "now. Replaced files are deleted by the first vacuum after seven days"
        )
    return 0


def check_secrets(_: Settings, options: argparse.Namespace) -> int:
    """Say that no secret of a folder is weak."""
    print(f"{refuse_weak_files(options.folder)} secrets, none empty, short or well known")
    return 0


def load_reference(settings: Settings, options: argparse.Namespace) -> int:
    """Replace a reference table."""
    with open_silver(settings) as dsn:
        require_current(dsn)
        tables = reference_tables.load(dsn, options.name, options.file)
    print(f"reference tables {tables.version} are in force")
    return 0


def show_reference(settings: Settings, _: argparse.Namespace) -> int:
    """Say which reference tables are in force."""
    with open_silver(settings) as dsn:
        require_current(dsn)
        tables = reference_tables.in_force(dsn)
    origin = "as shipped" if tables.version == reference_tables.shipped().version else "loaded"
    print(
        f"reference tables {tables.version} ({origin}): {len(tables.region_by_state)} states, "
        f"{len(tables.group_by_purpose)} purposes"
    )
    return 0


def _in_words(found: EventAccount) -> str:
    balance = "balanced" if found.balanced else "DOES NOT BALANCE"
    equality = "equals" if found.gold_equals_silver else "DIFFERS FROM"
    repeated = f"duplicates {found.duplicates} (conflicts {found.conflicts})"
    ended = f"decided {found.decided} + {repeated} + quarantined {found.quarantined}"
    recovered = (
        f" (of these {found.recovered} recovered from quarantine)" if found.recovered else ""
    )
    lines = [
        f"read {found.read} = {ended}: {balance}{recovered}",
        f"gold {equality} silver, {found.gold_behind} offsets behind",
    ]
    for each in found.partitions:
        where = f"  {each.topic}/{each.part}: "
        if not each.balanced:
            lines.append(
                f"{where}read {each.read}, but silver has {each.decided} decided, "
                f"{each.duplicates} duplicates, {each.quarantined} quarantined"
            )
        lines += [
            f"{where}{table} reached offset {gold.last_off} with {gold.gold_rows} rows, silver has "
            f"{gold.silver_rows} up to there and ends at {each.next_off - 1}"
            for table, gold in each.gold.items()
            if not gold.equals_silver
        ]
        if each.without_event:
            lines.append(
                f"{where}{each.without_event} offsets held no event: compacted away, aborted, or "
                "a transaction's marker"
            )
        lines += [f"{where}{_loss_in_words(loss)}" for loss in each.skipped]
    lines += [f"  {slot}: gold has rows of it, silver none" for slot in found.unknown_to_silver]
    lines += [
        f"{each.topic}: read {each.read} = decided {each.decided} + duplicates {each.duplicates} + "
        f"quarantined {each.quarantined}: {'balanced' if each.balanced else 'DOES NOT BALANCE'}"
        for each in found.histories
    ]
    return "\n".join(lines)


def _now() -> datetime:
    return datetime.now(UTC)


def _recording(settings: Settings) -> AbstractContextManager[JobRun]:
    return recorded_if_silver_answers(settings, "maintain", _now)


def _loss_in_words(loss: Skipped) -> str:
    to = "their end" if loss.to_off == TO_ITS_END else str(loss.to_off - 1)
    what = {"silver": "were skipped", "archive": "were decided, their bytes are lost"}[loss.store]
    return f"offsets {loss.from_off} to {to} {what}: {loss.reason}"


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m lakehouse", description=__doc__)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    asking = commands.add_parser(
        "sql",
        help="ask the lake; without a question an interactive prompt",
        description=(
            "Views: decisions, raw_events, quarantine, duplicates, outcomes. Instants are UTC."
        ),
    )
    asking.add_argument("question", nargs="?", metavar='"select ..."')
    asking.add_argument("--format", choices=answers.FORMATS, help="default: table, or by --out")
    asking.add_argument("--out", type=Path, metavar="FILE", help="write there instead")
    asking.set_defaults(run=sql)

    checking = commands.add_parser("check", help="account for every event; gold against silver")
    checking.add_argument("--json", action="store_true", help="the account as one JSON object")
    checking.set_defaults(run=check)

    exporting_ = commands.add_parser(
        "exporter", help="serve what the stores say as metrics, for Prometheus"
    )
    exporting_.set_defaults(run=export)

    migrating = commands.add_parser("migrate", help="bring silver's schema up to date")
    migrating.add_argument(
        "--logins",
        type=Path,
        metavar="FOLDER",
        help=f"make the services' users too, as the files {PREFIX}SERVICE in it name them",
    )
    migrating.set_defaults(run=bring_up_to_date)

    erasing = commands.add_parser(
        "erase", help="erase an applicant from silver, gold, the archive and the quarantine"
    )
    erasing.add_argument("application_id", metavar="APPLICATION_ID")
    erasing.add_argument("--reason", required=True, help="why; it is audited: name nobody in it")
    erasing.add_argument("--by", help="who; default: your account")
    erasing.add_argument("--json", action="store_true", help="what was done as one JSON object")
    erasing.set_defaults(run=erase_applicant)

    checking_secrets = commands.add_parser(
        "secrets", help="refuse a folder of secrets of which one is empty, short or well known"
    )
    checking_secrets.add_argument("folder", type=Path, metavar="FOLDER")
    checking_secrets.set_defaults(run=check_secrets)

    referring = commands.add_parser("reference", help="the tables that decisions are joined to")
    verbs = referring.add_subparsers(required=True, metavar="VERB")
    showing = verbs.add_parser("show", help="which version is in force")
    showing.set_defaults(run=show_reference)
    loading = verbs.add_parser("load", help="replace one table; running flows take it over")
    loading.add_argument("name", choices=sorted(reference_tables.TABLES))
    loading.add_argument("file", type=Path, metavar="FILE.csv")
    loading.set_defaults(run=load_reference)

    add_models(commands, now=lambda: datetime.now(UTC))
    add_policies(commands)
    add_alerts(commands, today=lambda: datetime.now(UTC).date())
    add_cutoffs(commands, today=lambda: datetime.now(UTC).date())
    add_reconcile(commands, now=_now)
    add_quarantine(commands, now=_now)
    add_maintain(commands, now=_now, recording=_recording)
    add_backup(commands, now=_now)
    return parser


if __name__ == "__main__":
    sys.exit(main())
