"""Where to start: at or below every store's position, and never past what was not stored."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from lakehouse.errors import PositionLost, StoresDisagree

if TYPE_CHECKING:
    from collections.abc import Iterable


@dataclass(frozen=True, slots=True)
class Start:
    """Where one partition starts.

    Attributes
    ----------
    off
        The first offset to be read.
    is_first
        No store knows the partition yet: the start must be recorded.
    skipped_from
        Where the stores would have started, had the source still held it; ``None`` normally.
    """

    off: int
    is_first: bool = False
    skipped_from: int | None = None


def start_of(
    where: str,
    *,
    low: int,
    high: int | None,
    next_off: int | None,
    start_off: int | None,
    gold_last_offs: Iterable[int | None],
    may_skip: bool,
) -> Start:
    """Decide where a partition starts.

    Parameters
    ----------
    where
        The partition, for messages.
    low, high
        What the source holds: from `low` up to, not including, `high`; ``None`` is unknown.
    next_off, start_off
        Silver's position, and where the pipeline once began; ``None``: never read.
    gold_last_offs
        The last offset in each gold table; ``None`` where it holds nothing of the partition.
    may_skip
        Whether starting after a loss was allowed explicitly.

    Raises
    ------
    StoresDisagree
        A gold table is ahead of silver, which only an older silver explains.
    PositionLost
        The source begins behind the position, or ends before it.
    """
    lasts = list(gold_last_offs)
    if next_off is None or start_off is None:
        if any(last is not None for last in lasts):
            raise StoresDisagree(
                f"{where}: gold holds decisions but silver has no position: silver was emptied or "
                "is another database. Point RISK_SILVER_DSN at the silver that belongs to this "
                "lake, or give both a new RISK_PIPELINE and RISK_LAKE_URI"
            )
        return Start(low, is_first=True)
    ahead = [last for last in lasts if last is not None and last >= next_off]
    if ahead:
        raise StoresDisagree(
            f"{where}: gold holds offsets up to {max(ahead)}, silver only up to {next_off - 1}: "
            "silver was restored to an older state. Restore the silver that belongs to this lake"
        )
    wanted = min([next_off, *(start_off if last is None else last + 1 for last in lasts)])
    if high is not None and wanted > high:
        raise PositionLost(
            f"{where}: the next offset to read is {wanted}, but the source ends at {high}: it was "
            "replaced or recreated. Give the new one a name of its own, or use a new RISK_PIPELINE"
        )
    if wanted < low:
        if not may_skip:
            raise PositionLost(
                f"{where}: offsets {wanted} to {low - 1} were not stored yet and the source no "
                "longer holds them. Restore them, or start once with RISK_ALLOW_POSITION_LOSS set "
                "to the reason, which is recorded"
            )
        return Start(low, skipped_from=wanted)
    return Start(wanted)
