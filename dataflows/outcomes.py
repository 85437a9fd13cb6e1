"""Record the outcomes of loans in the lake: ``python -m dataflows.outcomes SOURCE``.

::

    python -m dataflows.outcomes accepted_2007_to_2018Q4.csv.gz
    python -m dataflows.outcomes 'sim://?seed=1&limit=100000'

Only final outcomes count: Fully Paid and Charged Off. Each is stored with the day of observation,
as of which the books said so. A later day of observation corrects an earlier one; for the same day,
the later recording counts. Recording the same source again adds nothing; running an interrupted
recording again completes it.
"""

import argparse
import os
import sys
from collections.abc import Callable, Iterable, Sequence
from datetime import date, datetime
from pathlib import Path
from typing import Final

import msgspec
import msgspec.structs
import pyarrow as pa

from dataflows.files.columns import OUTCOMES as OUTCOME_COLUMNS
from dataflows.files.forms import forms_of
from dataflows.loans.matured import OUTCOMES
from dataflows.loans.observed_on import shown_on
from dataflows.loans.outcome_rows import outcome_rows
from dataflows.loans.status_fields import Reported, reported
from dataflows.sources.bounded import all_records
from dataflows.sources.clock import utc_now
from dataflows.sources.urls import FileSource, Source, parse_source
from lakehouse.lake.outcomes import OutcomeRecorder
from lakehouse.lake.queries import decided_among
from lakehouse.lake.session import open_lake
from lakehouse.settings.settings import Settings
from lakehouse.signals.jobs import recorded_if_silver_answers
from lakehouse.terminal import command, write_json

_AT_ONCE: Final = 20_000
_JOB: Final = "outcomes"


class OutcomeCounts(msgspec.Struct):
    """What became of the records of a source; the first four kinds add up to all of them.

    Attributes
    ----------
    without_decision
        How many of the recorded, or already there, meet no decision in the lake.
    """

    recorded: int = 0
    already_there: int = 0
    not_final: int = 0
    unreadable: int = 0
    without_decision: int = 0


@command
def main(arguments: Sequence[str] | None = None) -> int:
    """Record one source; return the exit code."""
    options = _parser().parse_args(arguments)
    counts = _record(options.source, options.observed_on)
    if options.json:
        write_json(counts)
    else:
        sys.stdout.write(
            f"{counts.recorded:,} outcomes recorded, {counts.already_there:,} already there, "
            f"{counts.not_final:,} not final yet, {counts.unreadable:,} unreadable\n"
        )
        if counts.without_decision:
            sys.stderr.write(
                f"{counts.without_decision:,} of them meet no decision in the lake: their "
                "applications were not scored there, or under other ids\n"
            )
    return 0


def _record(url: str, observed_on: date | None) -> OutcomeCounts:
    settings = Settings.from_env(os.environ)
    source = parse_source(url, name="SOURCE", forms=forms_of(settings))
    if observed_on is None:
        observed_on = shown_on(source, today=utc_now().date(), needs=OUTCOME_COLUMNS)
    records = all_records(source, needs=OUTCOME_COLUMNS)
    recorder = OutcomeRecorder(settings.lake_uri)
    with recorded_if_silver_answers(settings, _JOB, utc_now) as run, open_lake(settings) as lake:
        counts = record_outcomes(
            records,
            lambda offered: recorder.record(lake, offered),
            lambda application_ids: decided_among(lake, application_ids),
            source=_name(source),
            observed_on=observed_on,
            recorded_at=utc_now(),
        )
        run.figures |= {name: float(n) for name, n in msgspec.structs.asdict(counts).items()}
    return counts


def record_outcomes(
    batches: Iterable[list[bytes]],
    record: Callable[[pa.Table], int],
    decided_among: Callable[[Sequence[str]], int],
    *,
    source: str,
    observed_on: date,
    recorded_at: datetime,
) -> OutcomeCounts:
    """Hand over the final outcomes among these records, some thousands at a time.

    Of several records of one loan that are handed over together the last one counts.

    Parameters
    ----------
    record
        Appends what is new and returns how many that were, as `lakehouse.lake.outcomes` does.
    decided_among
        Returns how many of these applications were ever decided.
    """
    counts = OutcomeCounts()
    waiting: dict[str, Reported] = {}

    def hand_over() -> None:
        if waiting:
            rows = outcome_rows(
                waiting, source=source, observed_on=observed_on, recorded_at=recorded_at
            )
            new = record(rows)
            counts.recorded += new
            counts.already_there += len(waiting) - new
            counts.without_decision += len(waiting) - decided_among([*waiting])
            waiting.clear()

    for batch in batches:
        for each in map(reported, batch):
            application_id = each.application_id
            if not application_id:
                counts.unreadable += 1
            elif each.loan_status not in OUTCOMES:
                counts.not_final += 1
            else:
                counts.already_there += application_id in waiting
                waiting[application_id] = each
        if len(waiting) >= _AT_ONCE:
            hand_over()
    hand_over()
    return counts


def _name(source: Source) -> str:
    return Path(source.path).name if isinstance(source, FileSource) else str(source)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m dataflows.outcomes",
        description="Record final loan outcomes in the lake; again, and nothing is added.",
    )
    parser.add_argument(
        "source",
        metavar="SOURCE",
        help="a file with loan_status (docs/files.md), or sim://?seed=&limit=",
    )
    parser.add_argument(
        "--observed-on",
        type=date.fromisoformat,
        metavar="YYYY-MM-DD",
        help="as of which day the source tells; without: the end of the latest month it shows",
    )
    parser.add_argument("--json", action="store_true", help="the counts as one JSON object")
    return parser


if __name__ == "__main__":
    sys.exit(main())
