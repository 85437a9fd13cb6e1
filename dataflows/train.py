"""Fit the scorecard on a file of loans with outcomes: ``python -m dataflows.train FILE``.

The last months are kept apart: the model is fitted on the loans issued before them and judged on
those issued in them. Writes the model, its checksum and its card; the same file and libraries give
the same bytes.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray
from rich.console import Console

from dataflows.clock import utc_now
from dataflows.loans import Loans, read_loans
from dataflows.model_card import Figures, OutOfTime, Vintage, render
from lakehouse.errors import LakehouseError
from lakehouse.registry import CHAMPION, save_model
from risk import performance
from risk.errors import RiskError
from risk.fit import fit_reference, fit_scorecard
from risk.scorecard import Scorecard, score

__all__ = ["main", "train"]

WATCHED_SHARE: Final = 0.062
"""The share of applications that the reference policy puts on its watchlist."""

_MONTHS_A_QUARTER: Final = 3


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; return 0, or the code of what went wrong."""
    parser = argparse.ArgumentParser(prog="python -m dataflows.train", description=__doc__)
    parser.add_argument(
        "file", type=Path, help="LoanStats as CSV, JSONL or Parquet, with loan_status"
    )
    parser.add_argument("--out", type=Path, default=Path("var/models"), help="folder of the model")
    parser.add_argument("--card-out", type=Path, help="folder of its card; without: that of --out")
    parser.add_argument("--version", default=CHAMPION, help="what to call the model")
    parser.add_argument(
        "--test-months", type=int, default=9, help="how many last issue months to keep apart"
    )
    given = parser.parse_args(arguments)
    if given.test_months < 1:
        parser.error("--test-months: expected 1 or more")
    try:
        loans = read_loans(given.file, received_at=utc_now())
        model, card = train(loans, version=given.version, test_months=given.test_months)
    except LakehouseError as error:
        _complain(error)
        return error.exit_code
    except RiskError as error:
        _complain(error)
        return 1
    model_path = save_model(model, folder=given.out)
    card_folder = given.card_out or given.out
    card_folder.mkdir(parents=True, exist_ok=True)
    card_path = card_folder / f"{model.version}.md"
    card_path.write_text(card, "utf-8")
    Console().print(
        f"{model_path}: {model.sha256}\n{card_path}: its figures out of time",
        markup=False,
        soft_wrap=True,
    )
    return 0


def _complain(error: LakehouseError | RiskError) -> None:
    Console(stderr=True).print(f"{error.code}: {error}", style="red", markup=False, soft_wrap=True)


def train(loans: Loans, *, version: str, test_months: int) -> tuple[Scorecard, str]:
    """Return the model fitted on all but the last months, and its card.

    Raises
    ------
    RiskError
        Either part has too few loans.
    """
    is_test = loans.months > loans.months.max() - test_months
    fitted_on, fitted_outcomes = loans.chosen(~is_test)
    kept_apart, defaulted = loans.chosen(is_test)
    model = fit_scorecard(
        fitted_on, fitted_outcomes, version=version, data_sha256=loans.data_sha256
    )
    reference = fit_reference(fitted_on, fitted_outcomes)
    pd, _ = score(model, kept_apart)
    months = loans.months[is_test]
    out_of_time = OutOfTime(
        file_name=loans.file_name,
        excluded=loans.excluded,
        first_month=str(months.min()),
        last_month=str(months.max()),
        figures=(
            (model.version, _figures(pd, defaulted)),
            ("reference, 7 features", _figures(reference(kept_apart), defaulted)),
        ),
        deciles=tuple(performance.gains(pd, defaulted)),
        vintages=tuple(_vintages(months, pd, defaulted)),
    )
    return model, render(model, out_of_time)


def _figures(pd: NDArray[np.float64], defaulted: NDArray[np.bool_]) -> Figures:
    return Figures(
        loans=len(defaulted),
        defaults=int(defaulted.sum()),
        calibration=performance.calibration(pd, defaulted),
        estimates={
            "AUC": performance.auc(pd, defaulted),
            "Gini": performance.gini(pd, defaulted),
            **performance.bootstrap(
                {
                    "ks_separation": performance.ks_separation,
                    "Brier": performance.brier,
                    "calibration slope": lambda p, d: performance.calibration(p, d).slope,
                    f"lift in the worst {WATCHED_SHARE:.1%}": partial(
                        performance.lift, share=WATCHED_SHARE
                    ),
                },
                pd,
                defaulted,
            ),
        },
    )


def _vintages(
    months: NDArray[np.datetime64], pd: NDArray[np.float64], defaulted: NDArray[np.bool_]
) -> list[Vintage]:
    quarters = months.astype(np.int64) // _MONTHS_A_QUARTER
    return [
        Vintage(
            first_month=str(months[rows].min()),
            last_month=str(months[rows].max()),
            loans=int(rows.sum()),
            default_rate=float(defaulted[rows].mean()),
            mean_pd=float(pd[rows].mean()),
        )
        for rows in (quarters == quarter for quarter in np.unique(quarters))
    ]


if __name__ == "__main__":
    sys.exit(main())
