"""The commands ``python -m lakehouse cutoffs`` and ``alerts backtest``."""

import argparse
import sys
from collections.abc import Callable
from dataclasses import asdict, replace
from datetime import date
from pathlib import Path
from typing import Any

import msgspec
from rich.console import Console
from rich.table import Table

from lakehouse.errors import QueryInvalid
from lakehouse.lake import queries
from lakehouse.lake.filters import Filters, Grain
from lakehouse.lake.session import open_lake
from lakehouse.monitoring.alert_backtest import backtest_alerts
from lakehouse.monitoring.simulator import CONDITIONS, limits_of, simulated
from lakehouse.registry.artefacts import find_policy
from lakehouse.settings.settings import Settings
from risk.errors import RiskError
from risk.monitoring.backtest import LGD
from risk.monitoring.cutoffs import MARGIN, Assumptions, LoanBook, Simulation
from risk.policy.candidate import candidate


def add_cutoffs(commands: Any, *, today: Callable[[], date]) -> None:
    """Add the command to the parser of ``python -m lakehouse``."""
    parser = commands.add_parser(
        "cutoffs",
        help="what other cut-offs would have approved, and what became of it",
        description=(
            "Compare the policy's thresholds, and a PD cut-off, with others over the loans of the "
            "lake. Over accepted loans only: nothing is known of those that were refused."
        ),
    )
    parser.add_argument("--policy", help="default: RISK_POLICY")
    parser.add_argument("--pd", type=float, default=1.0, help="largest PD approved (default any)")
    parser.add_argument(
        "--pd-today", type=float, default=1.0, help="the same of today's book (default any)"
    )
    for name, column in CONDITIONS.items():
        option = f"--{name.replace('_', '-')}"
        parser.add_argument(option, type=float, metavar="LIMIT", help=f"threshold of {column}")
    parser.add_argument("--from", dest="from_on", type=date.fromisoformat, metavar="DAY")
    parser.add_argument("--to", dest="to_on", type=date.fromisoformat, metavar="DAY")
    parser.add_argument("--term", type=int, default=36, help="months; 0 is every term (default 36)")
    parser.add_argument("--as-of", type=date.fromisoformat, metavar="DAY", help="default: now")
    parser.add_argument("--lgd", type=float, default=LGD, help=f"assumed (default {LGD})")
    parser.add_argument("--margin", type=float, default=MARGIN, help=f"assumed (default {MARGIN})")
    parser.add_argument("--write", type=Path, metavar="FILE.json", help="write the policy")
    parser.add_argument("--version", help="the candidate's version; with --write")
    parser.add_argument("--reason", help="why; with --write")
    parser.add_argument("--json", action="store_true", help="the figures as one JSON object")
    parser.set_defaults(run=lambda settings, options: _run(settings, options, today()))


def add_alerts(commands: Any, *, today: Callable[[], date]) -> None:
    """Add the command ``alerts`` to the parser of ``python -m lakehouse``."""
    parser = commands.add_parser(
        "alerts", help="the data alerts: drift, watchlist share, missing fields"
    )
    verbs = parser.add_subparsers(required=True, metavar="VERB")
    testing = verbs.add_parser("backtest", help="on which days each would have fired")
    testing.add_argument(
        "--grain", choices=[each.value for each in Grain], default=Grain.MONTH.value
    )
    testing.add_argument("--json", action="store_true", help="as a JSON list")
    testing.set_defaults(run=lambda settings, options: _backtest(settings, options, today()))


def _backtest(settings: Settings, options: argparse.Namespace, today: date) -> int:
    with open_lake(settings) as lake:
        fired = backtest_alerts(lake, settings.lake_uri, grain=Grain(options.grain), today=today)
    if options.json:
        sys.stdout.write(msgspec.json.encode([asdict(each) for each in fired]).decode() + "\n")
        return 0
    table = Table()
    for name in ("on", "alert", "subject", "PSI", "decisions", "model"):
        table.add_column(name)
    for each in fired:
        table.add_row(
            each.on.isoformat(),
            each.alert,
            each.subject,
            f"{each.value:.3f}",
            f"{each.decisions:,}",
            each.model_version,
        )
    Console().print(table)
    days = len({each.on for each in fired})
    sys.stdout.write(f"{len(fired)} alerts on {days} days\n")
    return 0


def _run(settings: Settings, options: argparse.Namespace, today: date) -> int:
    policy = find_policy(settings.lake_uri, options.policy or settings.policy)
    given = {name: getattr(options, name) for name in CONDITIONS}
    thresholds = {name: limit for name, limit in given.items() if limit is not None}
    before = limits_of(policy, pd=options.pd_today)
    moved = {CONDITIONS[name]: limit for name, limit in thresholds.items()}
    then = replace(limits_of(policy, pd=options.pd), **moved)
    filters = Filters(
        from_on=options.from_on, to_on=options.to_on, terms=(options.term,) if options.term else ()
    )
    try:
        if options.write is not None:
            _write(options, policy, thresholds)
        assumptions = Assumptions(options.lgd, options.margin)
    except RiskError as exc:
        raise QueryInvalid(str(exc)) from exc
    with open_lake(settings) as lake:
        as_of = options.as_of or queries.latest_observation(lake) or today
        found = simulated(lake, before, then, filters, as_of=as_of, assumptions=assumptions)
    if options.json:
        sys.stdout.write(msgspec.json.encode({"as_of": as_of, **asdict(found)}).decode() + "\n")
    else:
        Console().print(_table(found))
        sys.stdout.write(
            f"as known on {as_of}; rates of loans whose term has run out; assumed: LGD "
            f"{options.lgd:g}, margin {options.margin:g}; over accepted loans only\n"
        )
    return 0


def _write(options: argparse.Namespace, policy: Any, thresholds: dict[str, float]) -> None:
    if not options.version or not options.reason:
        raise QueryInvalid("--write: say which --version the candidate is, and the --reason")
    _, document = candidate(policy, thresholds, version=options.version, reason=options.reason)
    try:
        options.write.write_bytes(document)
    except OSError as exc:
        raise QueryInvalid(f"cannot write {options.write}: {exc.strerror}") from exc
    sys.stderr.write(
        f"{options.write}: candidate {options.version}; register it with python -m lakehouse "
        "models register --policy\n"
    )


def _table(found: Simulation) -> Table:
    table = Table()
    table.add_column("")
    for head in ("loans", "share", "bad rate (95 %)", "of", "expected loss", "expected profit"):
        table.add_column(head, justify="right")
    rows: dict[str, LoanBook] = {
        "today": found.today,
        "then": found.then,
        "swapped in": found.swapped_in,
        "swapped out": found.swapped_out,
    }
    for name, each in rows.items():
        rate = each.default_rate
        table.add_row(
            name,
            f"{each.loans:,}",
            f"{each.share:.1%}",
            f"{rate.value:.2%} ({rate.low:.2%} to {rate.high:.2%})" if rate else "none known",
            f"{each.judged:,}",
            f"{each.expected_loss_usd:,.0f} USD",
            f"{each.expected_profit_usd:,.0f} USD",
        )
    return table
