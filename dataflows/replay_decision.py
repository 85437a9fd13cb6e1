"""Make stored decisions again and compare: ``python -m dataflows.replay_decision ID...``.

::

    python -m dataflows.replay_decision 53595000 53595001
    python -m dataflows.replay_decision --sample 1000 --seed 7
    python -m dataflows.replay_decision --all --json

Each decision is made again from its archived bytes, by the model, policy, contract and reference
tables that it names (`lakehouse.rules.redecide`). The exit code is 0 if all match, 1 if any
differs.
"""

import argparse
import os
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack
from typing import Final

import msgspec
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from lakehouse.erasure import erased_among
from lakehouse.errors import LakehouseError, QueryInvalid
from lakehouse.lake.archive import Archived, archived, archived_all, positions_of, sample
from lakehouse.lake.session import Lake, open_lake
from lakehouse.rules.as_decided import Rulebook
from lakehouse.rules.redecide import Recalled, recall_batch
from lakehouse.settings.settings import Settings
from lakehouse.silver.claims import open_silver
from lakehouse.terminal import command, one_or_more, write_json

_MOST_KEPT: Final = 1_000


class Replayed(msgspec.Struct):
    """What came of a replay.

    Attributes
    ----------
    by_cause
        How many decisions differ, by the first thing that does.
    differing
        Those decisions; the first thousand.
    """

    decisions: int = 0
    matching: int = 0
    by_cause: dict[str, int] = msgspec.field(default_factory=dict)
    differing: list[Recalled] = msgspec.field(default_factory=list)


@command
def main(arguments: Sequence[str] | None = None) -> int:
    """Run one replay; return the exit code."""
    parser = _parser()
    options = parser.parse_args(arguments)
    if bool(options.ids) + options.all + (options.sample is not None) != 1:
        parser.error("say which decisions: ID..., or --sample N, or --all")
    replayed = _replay(Settings.from_env(os.environ), options)
    if options.json:
        write_json(replayed)
    else:
        _show(replayed, Console())
    return 0 if replayed.matching == replayed.decisions else 1


def _replay(settings: Settings, options: argparse.Namespace) -> Replayed:
    with ExitStack() as stack:
        lake = stack.enter_context(open_lake(settings))
        # Silver is asked for reference tables other than the shipped, and opened only then.
        rulebook = Rulebook(settings.lake_uri, lambda: stack.enter_context(open_silver(settings)))
        return replay(
            _wanted(lake, options, lambda: stack.enter_context(open_silver(settings))), rulebook
        )


def replay(batches: Iterable[Archived], rulebook: Rulebook) -> Replayed:
    """Make batches of decisions again and count what matches and what does not."""
    replayed, by_cause = Replayed(), Counter[str]()
    for batch in batches:
        recalled = recall_batch(batch, rulebook)
        differing = [each for each in recalled if not each.matches]
        replayed.decisions += len(recalled)
        replayed.matching += len(recalled) - len(differing)
        by_cause.update(each.difference.cause.value for each in recalled if each.difference)
        replayed.differing += differing[: _MOST_KEPT - len(replayed.differing)]
    replayed.by_cause = dict(by_cause)
    return replayed


def _wanted(
    lake: Lake, options: argparse.Namespace, silver_dsn: Callable[[], str]
) -> Iterator[Archived]:
    if options.all:
        return archived_all(lake)
    if options.sample is not None:
        return archived(lake, sample(lake, size=options.sample, seed=options.seed).values())
    positions = positions_of(lake, options.ids)
    unknown = [each for each in options.ids if each not in positions]
    if erased := _erased(unknown, silver_dsn):
        raise QueryInvalid(
            f"{', '.join(erased)}: erased, at the applicant's request; nothing is left to decide"
        )
    if unknown:
        raise QueryInvalid(
            f"the lake has no decision on {', '.join(unknown)}: expected event ids as in the "
            "column event_id of decisions; a decision reaches the lake some seconds after silver"
        )
    return archived(lake, positions.values())


def _erased(ids: list[str], silver_dsn: Callable[[], str]) -> list[str]:
    """Return those that were erased; none if there is a lake but no silver to ask."""
    if not ids:
        return []
    try:
        return erased_among(silver_dsn(), ids)
    except LakehouseError:
        return []


def _show(replayed: Replayed, console: Console) -> None:
    by_cause = ", ".join(f"{count:,} by {cause}" for cause, count in replayed.by_cause.items())
    differing = replayed.decisions - replayed.matching
    console.print(
        f"{replayed.decisions:,} decisions made again: {replayed.matching:,} match, "
        f"{differing:,} differ{f' ({by_cause})' if by_cause else ''}",
        markup=False,
        soft_wrap=True,
    )
    if not differing:
        return
    table = Table("event_id", "position", "differs by", "what", "stored", "made again")
    for each, difference in [(r, r.difference) for r in replayed.differing if r.difference]:
        values = (difference.stored, difference.recalled)
        table.add_row(
            escape(each.event_id),
            escape(f"{each.topic}/{each.part}/{each.off}"),
            difference.cause.value,
            escape(difference.what),
            *("" if value is None else escape(repr(value)) for value in values),
        )
    console.print(table)
    if differing > len(replayed.differing):
        console.print(f"and {differing - len(replayed.differing):,} more")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m dataflows.replay_decision",
        description="Make stored decisions again, from their bytes and by their versions.",
    )
    parser.add_argument("ids", nargs="*", metavar="ID", help="event ids of decisions")
    parser.add_argument("--sample", type=one_or_more, metavar="N", help="so many, drawn at random")
    parser.add_argument("--seed", type=int, default=1, help="of the drawing (default 1)")
    parser.add_argument("--all", action="store_true", help="every decision in the lake")
    parser.add_argument("--json", action="store_true", help="the result as one JSON object")
    return parser


if __name__ == "__main__":
    sys.exit(main())
