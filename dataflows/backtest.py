"""Decide past applications by any version and compare with the outcomes of the loans.

::

    python -m dataflows.backtest lake
    python -m dataflows.backtest loans.csv.gz --policy reference-1
    python -m dataflows.backtest lake --against-model boosting-1 --json

Applications come from the lake's archive with the outcomes recorded there, from a LendingClub file,
or from the simulator. The stream's own code judges them (`risk.decision.judge`). With a second
model or policy the same applications are decided twice, and the swap set lists those that change
tier.
"""

import argparse
import os
import sys
from collections.abc import Sequence
from contextlib import ExitStack
from typing import Final

from rich.console import Console

from dataflows.files.forms import forms_of
from dataflows.loans.cases import cases_of, cases_of_lake
from dataflows.loans.decide_past import Backtested, decide_past
from dataflows.reports.backtest_report import show
from dataflows.sources.urls import parse_source
from lakehouse.lake.session import open_lake
from lakehouse.registry.artefacts import CHAMPION, find_model, find_policy
from lakehouse.registry.log import fold
from lakehouse.registry.store import RegistryStore
from lakehouse.registry.watch import FOLLOW
from lakehouse.settings.settings import Settings
from lakehouse.silver.reference_tables import shipped
from lakehouse.terminal import command, write_json
from risk.decision.judge import Rules
from risk.monitoring.backtest import LGD

LAKE: Final = "lake"


@command
def main(arguments: Sequence[str] | None = None) -> int:
    """Run one backtest; return the exit code."""
    options = _parser().parse_args(arguments)
    found = _backtest(Settings.from_env(os.environ), options)
    if options.json:
        write_json(found)
    else:
        show(found, Console())
    return 0


def _backtest(settings: Settings, options: argparse.Namespace) -> Backtested:
    model, policy = options.model or settings.model, options.policy or settings.policy
    versions = [(model, policy)]
    if options.against_model or options.against_policy:
        versions.append((options.against_model or model, options.against_policy or policy))
    rules = [_rules(settings.lake_uri, *each) for each in versions]
    with ExitStack() as stack:
        if options.source == LAKE:
            cases = cases_of_lake(stack.enter_context(open_lake(settings)))
        else:
            source = parse_source(options.source, name="SOURCE", forms=forms_of(settings))
            cases = cases_of(source)
        return decide_past(cases, rules, source=options.source, lgd=options.lgd)


def _rules(lake_uri: str, model: str, policy: str) -> Rules:
    if model == FOLLOW:
        model = fold(RegistryStore(lake_uri).entries()).champion or CHAMPION
    # Region and purpose group are joined for the reader: no PD and no tier depends on them.
    return Rules(find_model(lake_uri, model), find_policy(lake_uri, policy), shipped())


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m dataflows.backtest",
        description="Decide past applications by any version, and set that against the outcomes.",
    )
    parser.add_argument(
        "source", metavar="SOURCE", help="lake, a LendingClub file, or sim://?seed=&limit="
    )
    parser.add_argument("--policy", help="default: RISK_POLICY")
    parser.add_argument("--model", help="default: RISK_MODEL")
    parser.add_argument("--against-policy", metavar="POLICY", help="a second version to compare")
    parser.add_argument("--against-model", metavar="MODEL", help="likewise")
    parser.add_argument(
        "--lgd", type=float, default=LGD, help=f"assumed loss given default (default {LGD})"
    )
    parser.add_argument("--json", action="store_true", help="the figures as one JSON object")
    return parser


if __name__ == "__main__":
    sys.exit(main())
