"""Monitor the book and the models: ``python -m dataflows.monitor``.

::

    python -m dataflows.monitor                    every closed month
    python -m dataflows.monitor --grain week --no-reports
    python -m dataflows.monitor --every 30         again and again, every 30 minutes

For each closed period and each model the job computes the drift from the population that the model
was fitted on, the performance as it was known at the end of the period, and the data quality. New
figures go to the lake (tables `drift`, `performance`, `data_quality`, `monitoring_reports`), the
newest ones also to the metrics, and a verdict in five lines to the terminal. Running it again adds
nothing.
"""

import argparse
import os
import sys
import threading
from collections.abc import Sequence
from typing import Final

from dataflows.monitoring.periods import GRAINS
from dataflows.monitoring.run import monitor
from dataflows.monitoring.verdict import in_figures, in_words
from dataflows.sources.clock import utc_now
from lakehouse.lake.filters import Grain
from lakehouse.lake.session import open_lake
from lakehouse.postgres.migrate import require_current
from lakehouse.settings.settings import Settings
from lakehouse.signals.jobs import recorded
from lakehouse.silver.claims import open_silver
from lakehouse.terminal import command

_JOB: Final = "monitor"


@command
def main(arguments: Sequence[str] | None = None) -> int:
    """Run the job once, or again and again; return the exit code."""
    options = _parser().parse_args(arguments)
    settings = Settings.from_env(os.environ)
    while True:
        _once(settings, options)
        if options.every is None:
            return 0
        threading.Event().wait(60.0 * options.every)


def _once(settings: Settings, options: argparse.Namespace) -> None:
    with open_silver(settings) as dsn:
        require_current(dsn)
        with recorded(dsn, _JOB, utc_now) as run, open_lake(settings) as lake:
            found = monitor(
                lake,
                settings.lake_uri,
                grain=Grain(options.grain),
                now=utc_now(),
                with_reports=not options.no_reports,
            )
            run.figures |= in_figures(found)
    sys.stdout.write(in_words(found) + "\n")
    sys.stdout.flush()


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m dataflows.monitor",
        description="Drift, performance and data quality of each closed period, in the lake.",
    )
    parser.add_argument(
        "--grain", choices=[grain.value for grain in GRAINS], default=Grain.MONTH.value
    )
    parser.add_argument("--every", type=float, metavar="MINUTES", help="again and again")
    parser.add_argument("--no-reports", action="store_true", help="leave Evidently's reports out")
    return parser


if __name__ == "__main__":
    sys.exit(main())
