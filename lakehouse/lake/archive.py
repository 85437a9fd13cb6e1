"""Read stored decisions together with the raw bytes that they were made from.

Bytes are found by position. Only files that hold a wanted position are opened; a file is opened
once for positions that are close together. One batch of decisions is in memory at a time, however
many are asked for.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Final, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from lakehouse.lake import queries
from lakehouse.lake.session import Lake

_OFFSETS_AT_ONCE: Final = 10_000
"""What is held at a time: at 4 KB an event, 40 MB."""

_FARTHEST: Final = 1_000
"""Offsets within which two decisions are rather read together."""


class ArchivePosition(NamedTuple):
    """Where an event came from."""

    topic: str
    part: int
    off: int


@dataclass(frozen=True, slots=True)
class Archived:
    """Decisions with the bytes of their events, row by row.

    Attributes
    ----------
    decisions
        The columns of `lakehouse.arrow_schemas.DECISIONS`; instants are naive and mean UTC.
    raws
        The events' bytes.
    received_at
        When each arrived (datetime64[us], UTC); NaT where the archive lacks the event.
    """

    decisions: pa.Table
    raws: list[bytes | None]
    received_at: NDArray[np.datetime64]


def positions_of(lake: Lake, event_ids: Sequence[str]) -> dict[str, ArchivePosition]:
    """Return where the decided ones of these events came from."""
    return _by_event(queries.positions_of(lake, event_ids))


def sample(lake: Lake, *, size: int, seed: int) -> dict[str, ArchivePosition]:
    """Return decided events drawn at random and where they came from; at most `size`."""
    return _by_event(queries.sampled_positions(lake, size=size, seed=seed))


def archived(lake: Lake, positions: Iterable[ArchivePosition]) -> Iterator[Archived]:
    """Yield the decisions on the events at these positions, by topic, partition and offset."""
    for (topic, part), slot in groupby(sorted(set(positions)), key=lambda each: each[:2]):
        for offs in _near(np.array([each.off for each in slot], dtype=np.int64)):
            yield _between(lake, topic, part, int(offs[0]), int(offs[-1]), wanted=offs)


def archived_all(lake: Lake) -> Iterator[Archived]:
    """Yield every decision, by topic, partition and offset."""
    for span in queries.decided_spans(lake).to_pylist():
        for first in range(span["first_off"], span["last_off"] + 1, _OFFSETS_AT_ONCE):
            last = min(first + _OFFSETS_AT_ONCE - 1, span["last_off"])
            yield _between(lake, span["topic"], span["part"], first, last)


def _by_event(rows: pa.Table) -> dict[str, ArchivePosition]:
    return {
        row["event_id"]: ArchivePosition(row["topic"], row["part"], row["off"])
        for row in rows.to_pylist()
    }


def _near(offs: NDArray[np.int64]) -> Iterator[NDArray[np.int64]]:
    """Cut rising offsets where the next one is far, or where there is enough."""
    start = 0
    for place in range(1, len(offs) + 1):
        if (
            place == len(offs)
            or offs[place] - offs[place - 1] > _FARTHEST
            or offs[place] - offs[start] >= _OFFSETS_AT_ONCE
        ):
            yield offs[start:place]
            start = place


def _between(
    lake: Lake,
    topic: str,
    part: int,
    first_off: int,
    last_off: int,
    *,
    wanted: NDArray[np.int64] | None = None,
) -> Archived:
    bounds = {"first_off": first_off, "last_off": last_off}
    decisions = queries.decisions_between(lake, topic=topic, part=part, **bounds)
    if wanted is not None:
        decisions = decisions.filter(pc.is_in(decisions.column("off"), pa.array(wanted)))
    offs = decisions.column("off").to_numpy()
    raws: list[bytes | None] = [None] * len(offs)
    received_at = np.full(len(offs), np.datetime64("NaT", "us"))
    for events in queries.raw_events_between(lake, topic=topic, part=part, **bounds):
        found = np.flatnonzero(np.isin(events.column("off").to_numpy(), offs))
        places = np.searchsorted(offs, events.column("off").to_numpy()[found])
        received_at[places] = events.column("received_at").to_numpy()[found]
        for place, raw in zip(places, events.column("raw").take(found).to_pylist(), strict=True):
            raws[place] = raw
    return Archived(decisions, raws, received_at)
