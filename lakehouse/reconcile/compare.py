"""Compare each table of gold with silver, by partition and range of offsets.

The comparison goes as far as both stores have come. A range is compared once. It is compared again
only if it differed, or if events in it were recovered since. The comparison uses the number of
rows, the sum of their offsets and a digest of the columns that matter. Only if these differ are
single rows compared, so that they can be named.
"""

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from typing import Final

import msgspec

from lakehouse.gold.tables import SCHEMAS
from lakehouse.lake import queries
from lakehouse.lake.session import Lake
from lakehouse.quarantine.following import followed
from lakehouse.silver.progress import PipelineProgress, all_progress
from lakehouse.silver.reconciled import (
    EVENTS,
    RangeDifference,
    Span,
    Tally,
    advance,
    compared,
    differences,
    recovered_seen,
    recovered_spans,
    resolve,
    silver_tallies,
    store_difference,
    unaccounted,
)

_WIDTH: Final = 50_000
_NAMED: Final = 20
_NOTHING: Final = Tally(0, "0", "0")
_TABLES: Final = (*SCHEMAS, "recoveries")


class Reconciled(msgspec.Struct, frozen=True):
    """What a run found.

    Attributes
    ----------
    ranges, events
        How many ranges were compared, and the events in those that were new.
    unaccounted
        By ``pipeline topic/part``, events that ended in no table; below 0: in two.
    differences
        Ranges in which a table of gold differs now, those known before included.
    """

    ranges: int
    events: int
    unaccounted: dict[str, int]
    differences: list[RangeDifference]

    @property
    def holds(self) -> bool:
        """Whether nothing is missing, nothing there twice and nothing altered."""
        return not self.unaccounted and not self.differences

    @property
    def figures(self) -> dict[str, float]:
        """What metrics and alerts are to know."""
        return {
            "unaccounted_events": sum(map(abs, self.unaccounted.values())),
            "gold_mismatches": len(self.differences),
            "mismatched_rows": sum(each.rows for each in self.differences),
            "compared_ranges": self.ranges,
            "compared_events": self.events,
        }


def reconcile(
    dsn: str,
    lake: Lake,
    *,
    now: Callable[[], datetime],
    width: int = _WIDTH,
    is_stopping: Callable[[], bool] = lambda: False,
) -> Reconciled:
    """Compare what was not compared yet; see the module.

    Parameters
    ----------
    width
        Offsets of a range, at most.
    is_stopping
        Asked before each range: what was compared up to then is kept.

    Raises
    ------
    Unavailable, Denied, SchemaDiffers
        A store does not answer, does not let us read, or has another shape.
    """
    # Gold first: silver commits before gold, so what gold shows now silver must show afterwards.
    lake.refresh()
    numbers = followed(lake)
    progress = all_progress(dsn)
    readers = {(each.topic, each.part): each.pipeline for each in progress}
    ranges = events = 0
    for span in _new_spans(progress, lake, compared(dsn), width):
        if is_stopping():
            break
        ended = _compare(dsn, lake, span, numbers, now())
        if advance(dsn, span, accounted=ended, now=now()):
            ranges, events = ranges + 1, events + ended
    last = min(numbers.values())
    again = {each.span for each in differences(dsn)}
    again |= {*recovered_spans(dsn, last, width=width, readers=readers)}
    for span in _up_to(compared(dsn), again):
        if is_stopping():
            break
        _compare(dsn, lake, span, numbers, now())
        ranges += 1
    else:
        recovered_seen(dsn, last)
    return Reconciled(
        ranges=ranges,
        events=events,
        unaccounted={
            f"{pipeline} {topic}/{part}": count
            for (pipeline, topic, part), count in unaccounted(dsn).items()
        },
        differences=differences(dsn),
    )


def differences_in(
    dsn: str, lake: Lake, span: Span, numbers: Mapping[str, int]
) -> tuple[list[RangeDifference], int]:
    """Return what differs in a range that all tables have reached, and how many events ended there.

    Parameters
    ----------
    numbers
        By table the recovery up to which the lake has followed.
    """
    silver = silver_tallies(dsn, span, numbers)
    gold = queries.range_tallies(lake, span)
    found = [
        _rows_of(dsn, lake, span, table, numbers)
        for table in _TABLES
        if silver.get((table, None), _NOTHING) != gold.get((table, None), _NOTHING)
    ]
    ended = silver.get((EVENTS, None), _NOTHING).rows
    return [each for each in found if each.rows], ended


def _compare(dsn: str, lake: Lake, span: Span, numbers: Mapping[str, int], now: datetime) -> int:
    """Compare a range, keep what differs, note what is equal again; return the events in it."""
    found, ended = differences_in(dsn, lake, span, numbers)
    for each in found:
        store_difference(dsn, each, now=now)
    differing = {each.table for each in found}
    for each in differences(dsn):
        if each.span == span and each.table not in differing:
            resolve(dsn, each, now=now)
    return ended


def _rows_of(
    dsn: str, lake: Lake, span: Span, table: str, numbers: Mapping[str, int]
) -> RangeDifference:
    silver = silver_tallies(dsn, span, numbers, table=table, by_row=True)
    gold = queries.range_tallies(lake, span, table=table, by_row=True)
    missing = surplus = altered = 0
    offs = []
    for key in sorted(silver.keys() | gold.keys(), key=lambda each: each[1] or 0):
        here, there = silver.get(key, _NOTHING), gold.get(key, _NOTHING)
        if here == there:
            continue
        missing += max(0, here.rows - there.rows)
        surplus += max(0, there.rows - here.rows)
        altered += here.rows == there.rows
        offs.append(key[1] or 0)
    return RangeDifference(
        span.pipeline,
        span.topic,
        span.part,
        table,
        span.first_off,
        span.next_off,
        missing,
        surplus,
        altered,
        offs[:_NAMED],
    )


def _up_to(done: Mapping[tuple[str, str, int], int], spans: set[Span]) -> Iterator[Span]:
    """Yield what of these ranges was compared before, the lowest first."""
    for span in sorted(spans):
        end = min(span.next_off, done.get(span[:3], span.first_off))
        if end > span.first_off:
            yield span._replace(next_off=end)


def _new_spans(
    progress: list[PipelineProgress],
    lake: Lake,
    done: Mapping[tuple[str, str, int], int],
    width: int,
) -> Iterator[Span]:
    """Yield the ranges that were not compared yet, cut where offsets are multiples of `width`."""
    for each in progress:
        place = (each.pipeline, each.topic, each.part)
        lasts = [lake.last_off(table, *place) for table in SCHEMAS]
        if None in lasts:
            continue
        reached = min(each.next_off, *(last + 1 for last in lasts if last is not None))
        start = done.get(place, each.start_off)
        while start < reached:
            end = min(reached, (start // width + 1) * width)
            yield Span(*place, start, end)
            start = end
