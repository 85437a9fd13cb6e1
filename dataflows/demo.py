"""The main job on one machine without any configuration: ``python -m dataflows.demo [SECONDS]``.

It runs the real flow (`dataflows.score`) on the simulated stream, into the embedded Postgres and a
local lake, with the API and the pages beside it. Then it shows the result. Without SECONDS it runs
until Ctrl-C.
"""

import argparse
import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from datetime import datetime

import pyarrow as pa
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from dataflows.demo_api import (
    ApiAnswer,
    ApiReason,
    BesideApi,
    ask_about_one,
    beside,
    running_api,
    simulated_applications,
)
from dataflows.demo_ui import running_pages
from dataflows.sources.clock import utc_now
from lakehouse.errors import LakehouseError
from lakehouse.lake import queries
from lakehouse.lake.session import open_lake
from lakehouse.reconciliation import EventAccount, account
from lakehouse.registry.artefacts import shipped_document
from lakehouse.registry.changes import Change, challenge, register_model
from lakehouse.registry.store import RegistryStore
from lakehouse.settings.settings import Settings, variable_of
from lakehouse.silver.claims import open_silver
from lakehouse.terminal import command

CHALLENGER = "boosting-1"
WATCHLIST_ROWS = 5
WATCHLIST_COLUMNS = ["application_id", "amount_usd", "purpose", "pd", "reasons"]
SIGNALLED = 128
STOPPED_EARLY = "The flow was stopped during its start: nothing was read"
FLOW = (sys.executable, "-m", "bytewax.run", "dataflows.score")
MAINTENANCE = (sys.executable, "-m", "lakehouse", "maintain", "--every", "30")
RECONCILIATION = (sys.executable, "-m", "lakehouse", "reconcile", "--every", "60")
# Evidently takes seconds of a processor that the demo's flow needs: `./justw monitor` renders.
MONITORING = (sys.executable, "-m", "dataflows.monitor", "--no-reports", "--every", "5")

NEXT_STEPS = """\
What to try next
  ./justw sql "select region, tier, count(*) as n from decisions group by all"
  ./justw sql              a prompt over decisions, outcomes and raw events
  ./justw account          the account of events, and silver against gold
  ./justw replay-decision --sample 100      made again from the archived bytes
  ./justw api              the API alone; docs/api.md has each operation's curl
  ./justw models           champion and challengers, and how to promote one
  RISK_SOURCE='sim://?rate=500&scenario=recession' ./justw demo 60
  RISK_SOURCE=loans.csv ./justw demo        LendingClub's file, as it is
"""


@command
def main(arguments: Sequence[str] | None = None) -> int:
    """Run the demo; return the exit code of the flow, or 1 when the account does not balance."""
    parser = argparse.ArgumentParser(prog="python -m dataflows.demo", description=__doc__)
    parser.add_argument("seconds", nargs="?", type=float, help="how long; without: until Ctrl-C")
    seconds = parser.parse_args(arguments).seconds
    console = Console()
    settings = Settings.from_env(os.environ)
    console.print(f"Scoring {settings.source}", style="bold", markup=False)
    console.print(
        f"  silver in the Postgres of {settings.home}/, gold in {settings.lake_uri}, metrics on "
        f"http://{settings.metrics_address}/metrics; "
        + ("Ctrl-C ends it" if seconds is None else f"for {seconds:g} s"),
        style="dim",
        markup=False,
    )
    appoint_challenger(settings, utc_now())
    job_env = {**os.environ, variable_of("maintenance_address"): "127.0.0.1:0"}
    with (
        running_api(settings, os.environ) as api,
        running_pages(settings, os.environ) as pages,
        beside(MAINTENANCE, settings.home / "maintain.log", job_env),
        beside(MONITORING, settings.home / "monitor.log", job_env),
        beside(RECONCILIATION, settings.home / "reconcile.log", job_env),
    ):
        console.print(f"  {pages}", style="dim", markup=False, soft_wrap=True)
        answer = _ask(settings, api, console)
        exit_code = run_flow(seconds)
        if exit_code < 0:
            console.print(f"{STOPPED_EARLY}; give it more seconds", style="red", markup=False)
            return SIGNALLED - exit_code
        return exit_code or show_results(settings, console, answer)


def appoint_challenger(settings: Settings, now: datetime) -> None:
    """Let a shipped challenger score in the shadow, unless somebody has appointed models already.

    Raises
    ------
    LakehouseError
        The registry cannot be read or written.
    """
    store = RegistryStore(settings.lake_uri)
    if not store.has_entry(1):
        change = Change(by="demo", at=now, reason="to be seen beside the champion")
        register_model(store, shipped_document("model", CHALLENGER), change)
        challenge(store, CHALLENGER, change)


def run_flow(seconds: float | None) -> int:
    """Run the flow for so long, then ask it to stop; return its exit code.

    Ctrl-C reaches the flow by itself, as it is in the terminal's process group.
    """
    flow = subprocess.Popen(FLOW)
    try:
        return flow.wait(timeout=seconds)
    except subprocess.TimeoutExpired:
        flow.send_signal(signal.SIGTERM)
    except KeyboardInterrupt:
        pass
    return flow.wait()


def show_results(settings: Settings, console: Console, answer: ApiAnswer | None) -> int:
    """Print the account, what was decided and the API's answer; return 1 if the account is off."""
    with open_silver(settings) as silver_dsn, open_lake(settings) as lake:
        found = account(silver_dsn, lake)
        console.print(_account_table(found))
        console.print(_as_table("Tiers", queries.tier_mix(lake)))
        console.print(_as_table("Models", queries.scores_by_model(lake)))
        watchlist = queries.latest_watchlist(lake, limit=WATCHLIST_ROWS)
        console.print(_as_table("Latest on the watchlist", watchlist.select(WATCHLIST_COLUMNS)))
    if answer is not None:
        console.print(_answer_table(answer))
    console.print(NEXT_STEPS, markup=False, highlight=False)
    return 0 if found.holds else 1


def _ask(settings: Settings, api: BesideApi, console: Console) -> ApiAnswer | None:
    """Ask before the flow runs: the Ctrl-C that ends the flow ends the API too."""
    said, answer = f"  the API does not run: {api.why_not}", None
    if api.address is not None:
        key = settings.home / "api-key"
        said = f"  the API on http://{api.address}, its key in {key}"
        try:
            answer = ask_about_one(api.address, key, simulated_applications(utc_now()))
        except LakehouseError as error:
            said = f"  the API on http://{api.address} was not asked: {error}"
    console.print(said, style="dim", markup=False, soft_wrap=True)
    return answer


def _answer_table(answer: ApiAnswer) -> Table:
    table = Table(
        title="The API, asked about one application", title_justify="left", show_header=False
    )
    table.add_column(style="bold")
    table.add_column()
    table.add_row("application", _cell(answer.application_id))
    table.add_row("PD", _cell(answer.pd))
    table.add_row("tier", _cell(answer.tier))
    table.add_row("the policy's reasons", _sentences(answer.reasons))
    table.add_row("the model's reasons", _sentences(answer.model_reasons))
    return table


def _sentences(reasons: Sequence[ApiReason]) -> str:
    return "\n".join(_cell(reason.says or reason.code) for reason in reasons)


def _account_table(found: EventAccount) -> Table:
    table = Table(title="The account of events", title_justify="left", show_header=False)
    table.add_column(style="bold")
    table.add_column(justify="right")
    table.add_row("read", f"{found.read:,}")
    table.add_row("decided", f"{found.decided:,}")
    table.add_row("duplicates", f"{found.duplicates:,} ({found.conflicts:,} with other content)")
    table.add_row("quarantined", f"{found.quarantined:,}")
    table.add_row("balanced", _verdict(holds=found.balanced))
    table.add_row("gold equals silver", _verdict(holds=found.gold_equals_silver))
    return table


def _verdict(*, holds: bool) -> str:
    return "[green]yes[/green]" if holds else "[red]NO[/red]"


def _as_table(title: str, rows: pa.Table) -> Table:
    table = Table(title=title, title_justify="left")
    for field in rows.schema:
        is_number = pa.types.is_integer(field.type) or pa.types.is_floating(field.type)
        table.add_column(field.name, justify="right" if is_number else "left")
    for row in rows.to_pylist():
        table.add_row(*map(_cell, row.values()))
    return table


def _cell(value: object) -> str:
    match value:
        case None:
            return ""
        case float():
            return f"{value:,.4f}" if abs(value) < 1 else f"{value:,.2f}".removesuffix(".00")
        case datetime():
            return f"{value:%Y-%m-%d %H:%M:%S}"
        case bool():
            return "yes" if value else "no"
        case int():
            return f"{value:,}"
    # What applicants wrote is shown; it must not steer the terminal.
    shown = (each if each.isprintable() else "\N{REPLACEMENT CHARACTER}" for each in str(value))
    return escape("".join(shown).replace("|", " "))


if __name__ == "__main__":
    sys.exit(main())
