"""Record a loss of events that the operator allowed, in silver and in each table of gold.

Gold's tables of decisions, duplicates and quarantine get the missing rows from silver. The raw
bytes of those events existed only in the source, so the archive stays without them. Each table
records the skipped range in commits of its own, before the first event is read. If a kill leaves
some tables behind, the next start finds the recorded loss and completes it.
"""

from collections.abc import Mapping
from itertools import pairwise
from typing import Final

import structlog

from dataflows.flow.start.positions import Start, next_offs
from lakehouse.gold.tables import SCHEMAS
from lakehouse.gold.writer import GoldWriter
from lakehouse.silver.claims import Progress
from lakehouse.silver.copy import stored_between
from lakehouse.silver.losses import TO_ITS_END, Loss, accept_loss

log = structlog.get_logger()

AT_ONCE: Final = 10_000
"""So many offsets are read from silver at a time."""


class Skip:
    """What one pipeline's starts skip; used by the process that claimed it."""

    def __init__(
        self, dsn: str, pipeline: str, token: int, gold: Mapping[str, GoldWriter], reason: str
    ) -> None:
        self._dsn = dsn
        self._pipeline = pipeline
        self._token = token
        self._gold = gold
        self._reason = reason

    def to_start(self, topic: str, part: int, progress: Progress, start: Start) -> None:
        """Go on at a start that the stores had not reached."""
        if self._reason:
            self._accept(topic, part, start.lost_to_silver, start.lost_to_archive, to_off=start.off)
        self._fill(topic, part, progress, to_off=start.off)

    def rest_of(self, topic: str, part: int, progress: Progress) -> None:
        """Give up what was not read of a topic that is gone."""
        archived = self._nexts(topic, part, progress)["raw_events"]
        self._accept(
            topic,
            part,
            range(progress.next_off, TO_ITS_END),
            range(archived, progress.next_off),
            to_off=progress.next_off,
        )
        self._fill(topic, part, progress, to_off=progress.next_off)

    def _accept(
        self, topic: str, part: int, from_silver: range, from_archive: range, *, to_off: int
    ) -> None:
        skipped = [
            Loss(self._pipeline, topic, part, store, lost.start, lost.stop, self._reason)
            for store, lost in (("silver", from_silver), ("archive", from_archive))
        ]
        accept_loss(self._dsn, self._token, skipped, topic=topic, part=part, to_off=to_off)

    def _nexts(self, topic: str, part: int, progress: Progress) -> dict[str, int]:
        lasts = {name: writer.last_off(topic, part) for name, writer in self._gold.items()}
        return next_offs(progress.start_off, lasts)

    def _fill(self, topic: str, part: int, progress: Progress, *, to_off: int) -> None:
        nexts = self._nexts(topic, part, progress)
        first, end = min(nexts.values()), min(progress.next_off, to_off)
        for low, high in pairwise([*range(first, end, AT_ONCE), max(first, end)]):
            decisions, quarantine, duplicates = stored_between(self._dsn, topic, part, low, high)
            rows = {"decisions": decisions, "quarantine": quarantine, "duplicates": duplicates}
            for name, some in rows.items():
                self._gold[name].append(topic, part, high, some)
        for name, writer in self._gold.items():
            writer.append(topic, part, to_off, SCHEMAS[name].empty_table())
            writer.flush()
        log.warning("position_skipped", topic=topic, part=part, gold=nexts, to=to_off)
