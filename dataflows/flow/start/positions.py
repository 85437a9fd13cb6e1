"""Where to start: at or below every store's position, and never past what was not stored.

A topic that is deleted and recreated keeps its name and counts its offsets from 0 again. But it has
another id (KIP-516), and the stores keep the id beside the position. If the operator allows the
flow to go on with the new topic, the stores call it `TOPIC@ID`, so that no two events share a
position.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from lakehouse.errors import PositionLost, StoresDisagree
from lakehouse.silver.claims import Progress

ARCHIVE = "raw_events"
"""The gold table that silver cannot fill: it keeps the events' bytes."""


@dataclass(frozen=True, slots=True)
class Start:
    """Where one partition starts.

    Attributes
    ----------
    off
        The first offset to be read.
    is_first
        No store knows the partition yet: the start must be recorded.
    lost_to_silver, lost_to_archive
        Offsets that the source no longer holds: never stored; stored, with their bytes not in gold.
    is_ahead_of_gold
        A table of gold is behind `off`: it is to be filled from silver, as far as that can be.
    """

    off: int
    is_first: bool = False
    lost_to_silver: range = range(0)
    lost_to_archive: range = range(0)
    is_ahead_of_gold: bool = False


def start_of(
    where: str,
    *,
    low: int,
    high: int | None,
    progress: Progress | None,
    in_gold: Mapping[str, int | None],
    may_skip: bool,
    known_losses: Sequence[range] = (),
) -> Start:
    """Decide where a partition starts.

    Parameters
    ----------
    where
        The partition, for messages.
    low, high
        What the source holds: from `low` up to, not including, `high`; ``None`` is unknown.
    progress
        Silver's position; ``None``: never read.
    in_gold
        The last offset in each gold table; ``None`` where it holds nothing of the partition.
    may_skip
        Whether starting after a loss was allowed explicitly.
    known_losses
        What was allowed to be skipped before: a start that was killed meanwhile goes on.

    Raises
    ------
    StoresDisagree
        A gold table is ahead of silver, which only an older silver explains.
    PositionLost
        The source begins behind the position, or ends before it.
    """
    if progress is None:
        if any(last is not None for last in in_gold.values()):
            raise StoresDisagree(
                f"{where}: gold holds decisions but silver has no position: silver was emptied or "
                "is another database. Point RISK_SILVER_DSN at the silver that belongs to this "
                "lake, or give both a new RISK_PIPELINE and RISK_LAKE_URI"
            )
        return Start(low, is_first=True)
    next_off = progress.next_off
    ahead = [last for last in in_gold.values() if last is not None and last >= next_off]
    if ahead:
        raise StoresDisagree(
            f"{where}: gold holds offsets up to {max(ahead)}, silver only up to {next_off - 1}: "
            "silver was restored to an older state. Restore the silver that belongs to this lake, "
            "or take gold back to this one, so that the rest is read and decided again: `python -m "
            "lakehouse rewind` says what that removes"
        )
    nexts = next_offs(progress.start_off, in_gold)
    wanted = min(next_off, *nexts.values())
    if high is not None and wanted > high:
        raise PositionLost(
            f"{where}: the next offset to read is {wanted}, but the source ends at {high}: it was "
            "replaced or recreated. Give the new one a name of its own, or use a new RISK_PIPELINE"
        )
    if wanted >= low:
        return Start(wanted)
    lost = range(min(next_off, nexts[ARCHIVE]), low)
    if lost and not may_skip and not is_within(lost, known_losses):
        raise PositionLost(
            f"{where}: offsets {lost.start} to {low - 1} were not stored yet and the source no "
            "longer holds them. Restore them, or start once with RISK_ALLOW_POSITION_LOSS set "
            "to the reason, which is recorded"
        )
    return Start(
        low,
        lost_to_silver=range(next_off, low),
        lost_to_archive=range(nexts[ARCHIVE], min(next_off, low)),
        is_ahead_of_gold=True,
    )


def next_offs(start_off: int, in_gold: Mapping[str, int | None]) -> dict[str, int]:
    """Return the next offset that each gold table is to take."""
    return {table: start_off if last is None else last + 1 for table, last in in_gold.items()}


def is_within(wanted: range, known: Iterable[range]) -> bool:
    """Tell whether every number of a range is in one of the known ones."""
    reached = wanted.start
    for each in sorted(known, key=lambda span: span.start):
        if each.start > reached:
            break
        reached = max(reached, each.stop)
    return reached >= wanted.stop


def stored_name(
    topic: str, topic_id: str | None, known: Mapping[str, str | None], *, may_skip: bool
) -> str:
    """Return the name under which the stores keep a topic: its own, unless it was recreated.

    Parameters
    ----------
    topic_id
        Of the topic that the source has now; ``None`` where it gives none.
    known
        The ids of the topics that the pipeline has read, by their names in the stores.
    may_skip
        Whether going on with a recreated topic was allowed explicitly.

    Raises
    ------
    PositionLost
        The source's topic is another one than was read so far.
    """
    ids = {name: each for name, each in known.items() if name.partition("@")[0] == topic}
    if topic not in ids:
        return topic
    if topic_id is None and len(ids) == 1:
        return topic
    for name, each in ids.items():
        if topic_id is not None and topic_id == each:
            return name
    if topic_id is not None and ids == {topic: None}:
        return topic
    if topic_id is None or not may_skip:
        raise PositionLost(
            f"{topic}: the topic was deleted and recreated: its id is {topic_id or 'not given'}, "
            f"what was read so far is of {', '.join(sorted(filter(None, ids.values())))}. Give "
            "the new one a name of its own, or start once with RISK_ALLOW_POSITION_LOSS set to the "
            "reason, which is recorded: what was not read of the old one is then given up, and "
            f"the new one is read from its beginning, as {topic}@ and its id"
        )
    return f"{topic}@{topic_id}"
