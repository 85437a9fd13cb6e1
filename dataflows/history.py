"""Decide a history and keep it in gold, without silver: ``python -m dataflows.history SOURCE``.

::

    python -m dataflows.history accepted_2007_to_2018Q4.csv.gz
    python -m dataflows.history 'sim://?seed=1&limit=2260000'

Every application goes through the same `decide` as in the stream. The lake gets the decisions, the
duplicates, the refused events, the bytes of every event and the loans' outcomes, under a topic that
begins with ``history:``. `check`, replay and all views include them. Loading the same source again
adds nothing; running an interrupted load again completes it. An event whose id the lake has already
decided is a duplicate.

The decisions of a file are made now, and `decided_at` says so. A simulated history arrives when its
events happen, in order, over all the months that the simulator knows. Each file of a folder or a
pattern is a history of its own, so a quarter that is published later can be loaded alone.
"""

import argparse
import os
import sys
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import closing
from dataclasses import asdict, dataclass, replace
from datetime import date
from functools import partial
from pathlib import Path
from typing import Final

from dataflows.files.columns import APPLICATIONS
from dataflows.files.forms import forms_of
from dataflows.files.paths import files_of
from dataflows.loading.load import load
from dataflows.loading.simulated import name_of, simulated_history
from dataflows.loans.observed_on import shown_on
from dataflows.loans.outcome_rows import outcome_rows
from dataflows.sources.batches import MicroBatch
from dataflows.sources.clock import utc_now
from dataflows.sources.file_reader import FileSourceReader
from dataflows.sources.files import FileReader, open_file
from dataflows.sources.progress import JobProgress
from dataflows.sources.urls import FileSource, SimSource, Source, parse_source
from lakehouse.errors import SettingsInvalid
from lakehouse.gold.history import History
from lakehouse.kafka.address import KafkaSource
from lakehouse.postgres.connection import Patience
from lakehouse.rules.in_force import limits_of, rules_without_silver
from lakehouse.settings.settings import Settings
from lakehouse.terminal import command, write_json
from risk.contract.application import CONTRACT_VERSION

_AT_ONCE: Final = 1_000
"""What a reader hands over at once: twice as many are decided no faster, and take twice as much."""


@command
def main(arguments: Sequence[str] | None = None) -> int:
    """Load one history; return the exit code."""
    options = _parser().parse_args(arguments)
    settings = Settings.from_env(os.environ)
    source = parse_source(options.source, name="SOURCE", forms=forms_of(settings))
    try:
        histories = [
            _load(settings, each, options.observed_on, options.processes)
            for each in _histories(source)
        ]
    except KeyboardInterrupt:
        sys.stderr.write("stopped; run it again, and it goes on where it was\n")
        raise
    figures = _added_up(histories)
    if options.json:
        write_json(figures)
    else:
        sys.stdout.write(_in_words(figures) + "\n")
    return 0


def _histories(source: Source) -> list[Source]:
    if not isinstance(source, FileSource):
        return [source]
    return [replace(source, path=str(path)) for path in files_of(source.path).files]


def _added_up(histories: Sequence[Mapping[str, float]]) -> dict[str, float]:
    figures = {name: sum(each[name] for each in histories) for name in histories[0]}
    return figures | {"per_second": round(figures["read"] / max(figures["seconds"], 0.1), 1)}


def _load(
    settings: Settings, source: Source, observed_on: date | None, processes: int
) -> dict[str, float]:
    content = _content(source, processes)
    rules = rules_without_silver(settings)
    with History(
        settings.lake_uri,
        content.name,
        is_in_order=content.is_in_order,
        patience=Patience(settings.retry_seconds),
    ) as history:
        history.expect(
            {
                "model_sha256": rules.model.sha256,
                "policy_version": rules.policy.version,
                "contract_version": CONTRACT_VERSION,
                "reference_version": rules.reference.version,
            }
        )
        if observed_on is None:
            observed_on = shown_on(source, today=utc_now().date())
        shown = JobProgress(history.topic, {"event": "loading"}, rate_of="read", to=sys.stderr)
        with closing(content.batches(history.topic, history.next_off)) as batches:
            loaded = load(
                batches,
                history,
                rules=rules,
                limits=limits_of(settings),
                outcome_rows=partial(
                    outcome_rows,
                    source=content.label,
                    observed_on=observed_on,
                    recorded_at=utc_now(),
                ),
                show=lambda loaded: shown.show(asdict(loaded), content.share(history.next_off)),
            )
        history.commit()
        return shown.end(asdict(loaded))


@dataclass(frozen=True, slots=True)
class _Content:
    """The source of a history.

    Attributes
    ----------
    name, label
        What tells it from any other history, and what its outcomes say they come from.
    is_in_order
        Whether applications come by date.
    batches
        Yields its events of a topic, from a position on.
    share
        How much of it lies before a position, 0 to 1; ``None`` when unknown.
    """

    name: str
    label: str
    is_in_order: bool
    batches: Callable[[str, int], Generator[MicroBatch, None, None]]
    share: Callable[[int], float | None]


def _content(source: Source, processes: int) -> _Content:
    match source:
        case FileSource():
            file = open_file(source, needs=APPLICATIONS)
            return _Content(
                name=file.topic,
                label=Path(file.topic).name,
                is_in_order=False,
                batches=partial(_batches_of, file),
                share=partial(_share_of, file),
            )
        case SimSource(limit=int(limit)):
            return _Content(
                name=name_of(source),
                label=name_of(source),
                is_in_order=True,
                batches=partial(simulated_history, source, processes=processes),
                share=lambda next_off: next_off / limit,
            )
        case SimSource():
            raise SettingsInvalid(
                f"SOURCE is {source}, which has no end: say how many applications, as in "
                f"sim://?seed={source.seed}&limit=100000"
            )
        case KafkaSource():
            raise SettingsInvalid(
                f"SOURCE is a topic, {source}: expected a file or sim://; a topic is for the flow"
            )


def _batches_of(file: FileReader, topic: str, start: int) -> Generator[MicroBatch, None, None]:
    reader = FileSourceReader(file, start=start, max_messages=_AT_ONCE)
    try:
        while (batch := reader.read(0.0)) is not None:
            yield replace(batch, topic=topic)
    except StopIteration:
        return
    finally:
        reader.close()


def _share_of(file: FileReader, next_off: int) -> float | None:
    return next_off / file.length_known if file.length_known else file.share_read


def _in_words(figures: Mapping[str, float]) -> str:
    return (
        "read {read:,} = decided {decided:,} + duplicates {duplicates:,} + quarantined "
        "{quarantined:,}; {outcomes:,} outcomes; {seconds:,.0f} s, {per_second:,.0f}/s"
    ).format(**figures)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m dataflows.history",
        description="Decide past applications and keep them in the lake, with their outcomes; "
        "again, and nothing is added.",
        epilog="RISK_LAKE_URI or RISK_HOME says where the lake is; RISK_MODEL and RISK_POLICY "
        "decide. Reference tables are the shipped ones.",
    )
    parser.add_argument(
        "source",
        metavar="SOURCE",
        help="a file, a folder or a pattern of files, or sim://?seed=&limit=&scenario=",
    )
    parser.add_argument(
        "--observed-on",
        type=date.fromisoformat,
        metavar="YYYY-MM-DD",
        help="as of which day the source tells of outcomes; without: the end of the latest month "
        "it shows, for which a file is read once more",
    )
    parser.add_argument(
        "--processes",
        type=int,
        default=os.cpu_count() or 1,
        metavar="N",
        help="processes that draw a simulated history (default: one a core)",
    )
    parser.add_argument("--json", action="store_true", help="the counts as one JSON object")
    return parser


if __name__ == "__main__":
    sys.exit(main())
