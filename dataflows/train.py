"""Fit champion and challengers on loans with known outcomes: ``python -m dataflows.train SOURCE``.

::

    python -m dataflows.train                                  simulated loans
    python -m dataflows.train loans.csv.gz --weight population
    python -m dataflows.train 'sim://?seed=7&limit=60000'
    python -m dataflows.train lake                             what the flow decided, with outcomes

The last months are kept apart: models are fitted on the loans issued before them, and judged on the
loans issued in them. The command writes each model, its checksum, its dossier, and its reference
(the population of the fit as counts). The same loans and libraries give the same bytes.
"""

import argparse
import os
import re
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final

import numpy as np
from rich.console import Console

from dataflows.dossiers.dossier import Comparison, render
from dataflows.dossiers.evidence import Watched, figures, gather
from dataflows.files.forms import forms_of
from dataflows.loans.from_lake import loans_of_lake
from dataflows.loans.matured import Loans, read_loans
from dataflows.loans.simulated import simulate_loans
from dataflows.sources.clock import utc_now
from dataflows.sources.urls import FileSource, SimSource, parse_source
from lakehouse.errors import SettingsInvalid
from lakehouse.kafka.address import KafkaSource
from lakehouse.lake.session import open_lake
from lakehouse.registry.artefacts import save_model
from lakehouse.registry.references import REFERENCES, save_reference
from lakehouse.settings.settings import Settings
from lakehouse.terminal import command, one_or_more
from risk.fitting.boosting import fit_boosting
from risk.fitting.candidates import PRICE_AWARE_FEATURES
from risk.fitting.logistic import fit_logistic
from risk.fitting.reference_population import describe
from risk.fitting.scorecard import fit_scorecard
from risk.fitting.sklearn_adapter import fit_reference
from risk.models.model import Model, score
from risk.monitoring.reference import Reference

REFERENCE: Final = "reference, 7 features"
LAKE: Final = "lake"

_REVISION: Final = re.compile(r"[a-z0-9][a-z0-9._-]{0,31}")
_MONTH: Final = re.compile(r"[0-9]{4}-(0[1-9]|1[0-2])")


@command
def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; return 0, or the code of what went wrong."""
    given = _parser().parse_args(arguments)
    loans = _read(given)
    Console(stderr=True).print(loans.in_words(), markup=False, soft_wrap=True)
    trained = train(
        loans,
        revision=given.revision or loans.data_sha256[:8],
        test_months=given.test_months,
    )
    folder = given.dossiers or given.out
    folder.mkdir(parents=True, exist_ok=True)
    for each in trained:
        path = save_model(each.model, folder=given.out)
        save_reference(each.reference, folder=given.out / REFERENCES)
        dossier = folder / f"{each.model.version}.md"
        dossier.write_text(each.dossier, "utf-8")
        Console().print(f"{path}: {each.model.sha256}\n{dossier}", markup=False, soft_wrap=True)
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m dataflows.train", description=(__doc__ or "").partition("\n")[0]
    )
    parser.add_argument(
        "source",
        nargs="?",
        default="sim://",
        help="LoanStats as CSV, JSONL or Parquet, with loan_status; sim://[?seed=][&limit=]; lake",
    )
    parser.add_argument("--out", type=Path, default=Path("var/models"), help="folder of the models")
    parser.add_argument("--dossiers", type=Path, help="folder of the dossiers; without: --out")
    parser.add_argument(
        "--revision",
        type=_matching(_REVISION, "lower-case letters, digits, dots and dashes"),
        help="what the models' names end in; without: the first digits of the data's checksum",
    )
    parser.add_argument(
        "--test-months",
        type=one_or_more,
        default=9,
        help="how many last issue months to keep apart",
    )
    parser.add_argument(
        "--weight", metavar="COLUMN", help="how many loans of the population a loan stands for"
    )
    parser.add_argument(
        "--observed-on",
        metavar="YYYY-MM",
        type=_matching(_MONTH, "a month such as 2019-03"),
        help="when the books were looked at; without: the latest month they show",
    )
    return parser


def _matching(pattern: re.Pattern[str], expected: str) -> Callable[[str], str]:
    def read(text: str) -> str:
        if not pattern.fullmatch(text):
            raise argparse.ArgumentTypeError(f"expected {expected}, found {text!r}")
        return text

    return read


def _read(given: argparse.Namespace) -> Loans:
    observed_in = None if given.observed_on is None else np.datetime64(given.observed_on, "M")
    settings = Settings.from_env(os.environ)
    forms = forms_of(settings)
    source = (
        LAKE if given.source == LAKE else parse_source(given.source, name="SOURCE", forms=forms)
    )
    if given.weight and not isinstance(source, FileSource):
        raise SettingsInvalid(f"--weight: {source} has no columns of its own; leave it out")
    match source:
        case FileSource():
            return read_loans(
                source,
                received_at=utc_now(),
                observed_in=observed_in,
                weighted_by=given.weight,
            )
        case SimSource():
            return simulate_loans(source, observed_in=observed_in)
        case KafkaSource():
            raise SettingsInvalid(
                f"SOURCE is {source}: a topic holds no outcomes; expected a file, sim:// or {LAKE}"
            )
        case _:
            with open_lake(settings) as lake:
                return loans_of_lake(lake, observed_in=observed_in)


@dataclass(frozen=True, slots=True)
class Trained:
    """A model, its dossier, and the population it was fitted on as counts."""

    model: Model
    dossier: str
    reference: Reference


def train(loans: Loans, *, revision: str, test_months: int) -> list[Trained]:
    """Return the champion and the challengers, fitted on all but the last months.

    Raises
    ------
    RiskError
        Either part has too few loans.
    """
    is_test = loans.months > loans.months.max() - test_months
    fitted_on, kept_apart = (
        Watched(*loans.chosen(rows), loans.weights_of(rows)) for rows in (~is_test, is_test)
    )
    models = _fit(fitted_on, revision, loans.data_sha256)
    reference = fit_reference(fitted_on.frame, fitted_on.defaulted, weights=fitted_on.weights)
    pds = {model.version: score(model, kept_apart.frame)[0] for model in models}
    pds[REFERENCE] = reference(kept_apart.frame)
    comparison = Comparison(
        loans=loans,
        fitted_on=fitted_on.frame,
        first_month=kept_apart.months.min(),
        last_month=kept_apart.months.max(),
        figures={name: figures(pd, kept_apart) for name, pd in pds.items()},
    )
    return [
        Trained(
            model,
            render(model, comparison, gather(model, fitted_on, kept_apart)),
            describe(model, fitted_on.frame),
        )
        for model in models
    ]


def _fit(loans: Watched, revision: str, data_sha256: str) -> list[Model]:
    fit_price_aware = partial(fit_logistic, features=PRICE_AWARE_FEATURES, with_lender_fields=True)
    return [
        fit(
            loans.frame,
            loans.defaulted,
            version=f"{name}-{revision}",
            data_sha256=data_sha256,
            weights=loans.weights,
        )
        for name, fit in (
            ("scorecard", fit_scorecard),
            ("boosting", fit_boosting),
            ("price-aware", fit_price_aware),
        )
    ]


if __name__ == "__main__":
    sys.exit(main())
