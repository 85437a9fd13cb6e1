"""Say whether a challenger may be promoted: ``python -m dataflows.verdict CHALLENGER``.

The command takes the PDs of both models for loans that the stream decided and whose outcomes are
known. `risk.monitoring.champion_challenger` weighs them. You may ask for the verdict on any day, as
often as you like: over all these looks together, a challenger that is not better is promoted in at
most one case in twenty.
"""

import argparse
import os
import sys
from collections.abc import Sequence
from typing import Final

import msgspec
import numpy as np
from rich.console import Console

from dataflows.loans.matured import GRACE_MONTHS
from lakehouse.lake import queries
from lakehouse.lake.session import Lake, open_lake
from lakehouse.registry.listing import listing
from lakehouse.settings.settings import Settings
from lakehouse.terminal import command, write_json
from risk.errors import RiskError
from risk.monitoring.champion_challenger import Trial, Verdict, observe

LONGEST_TERM_MONTHS: Final = 60

_WORDS: Final = {
    Verdict.PROMOTE: "promote: it is better than the champion",
    Verdict.KEEP_WATCHING: "keep watching: the evidence does not suffice yet",
    Verdict.DROP: "drop: it is worse than the champion",
}


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """The evidence on a challenger so far.

    Attributes
    ----------
    loans
        Of matured months, scored by both and with a known outcome.
    brier_gain, lower, upper
        The champion's mean Brier score less the challenger's, and the interval that holds the true
        one on all days together.
    e_better, e_worse
        Evidence for either; 1 / `alpha` is enough.
    """

    challenger: str
    champion: str
    verdict: Verdict
    loans: int
    defaults: int
    brier_gain: float
    lower: float
    upper: float
    e_better: float
    e_worse: float
    alpha: float
    margin: float


@command
def main(arguments: Sequence[str] | None = None) -> int:
    """Weigh one challenger; return the exit code."""
    options = _parser().parse_args(arguments)
    settings = Settings.from_env(os.environ)
    try:
        trial = Trial(alpha=options.alpha, margin=options.margin)
    except RiskError as error:
        sys.stderr.write(f"{error.code}: {error}\n")
        return 2
    champion = options.champion or listing(settings.lake_uri).champion
    with open_lake(settings) as lake:
        finding = weigh(lake, trial, champion=champion, challenger=options.challenger)
    if options.json:
        write_json(finding)
    else:
        Console().print(_said(finding), markup=False, highlight=False, soft_wrap=True)
    return 0


def weigh(lake: Lake, trial: Trial, *, champion: str, challenger: str) -> Finding:
    """Compare both models on the loans of matured months, in the order of application.

    Raises
    ------
    LakehouseError
        The lake does not answer.
    """
    pairs = queries.paired_scores(
        lake,
        champion=champion,
        challenger=challenger,
        longest_term_months=LONGEST_TERM_MONTHS,
        grace_months=GRACE_MONTHS,
    )
    defaulted = pairs.column("defaulted").to_numpy().astype(np.bool_)
    after = observe(
        trial,
        pairs.column("champion_pd").to_numpy(),
        pairs.column("challenger_pd").to_numpy(),
        defaulted,
    )
    difference = after.difference
    return Finding(
        challenger=challenger,
        champion=champion,
        verdict=after.verdict,
        loans=after.loans,
        defaults=int(defaulted.sum()),
        brier_gain=difference.value,
        lower=difference.low,
        upper=difference.high,
        e_better=after.e_better,
        e_worse=after.e_worse,
        alpha=after.alpha,
        margin=after.margin,
    )


def _said(found: Finding) -> str:
    if not found.loans:
        return (
            f"{found.challenger} against {found.champion}: no loan yet that both scored, of a "
            "month that has matured, with a known outcome; record outcomes with "
            "python -m dataflows.outcomes, and look again later"
        )
    return (
        f"{found.challenger} against {found.champion}: {_WORDS[found.verdict]}\n"
        f"{found.loans:,} loans, {found.defaults:,} defaults; Brier score better by "
        f"{found.brier_gain:.6f} ({found.lower:.6f} to {found.upper:.6f}, on all days together)\n"
        f"evidence for better {found.e_better:.3g}, for worse {found.e_worse:.3g}; "
        f"{1 / found.alpha:g} is enough"
    )


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m dataflows.verdict",
        description="Say whether a challenger may be promoted; ask on any day, at will.",
    )
    parser.add_argument("challenger", metavar="CHALLENGER", help="its version")
    parser.add_argument("--champion", help="compare with this version; without: the one in force")
    parser.add_argument("--alpha", type=float, default=0.05, help="of promoting wrongly, ever")
    parser.add_argument(
        "--margin", type=float, default=0.0, help="how much better its Brier score has to be"
    )
    parser.add_argument("--json", action="store_true", help="print one JSON document")
    return parser


if __name__ == "__main__":
    sys.exit(main())
