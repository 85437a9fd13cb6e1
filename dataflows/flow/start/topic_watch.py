"""Watch whether the topic is still the one that the flow started with.

The engine lists partitions once, so it would never read a partition that is added later. A topic
that is deleted and recreated within a moment may hold the very offset that is read next. Either
change ends the flow within a minute, with an error that names it. The next start reads the new
partitions, or refuses the other topic.
"""

import threading
from collections.abc import Callable
from typing import Final

import structlog

from dataflows.sources.kafka_topic import TopicFacts
from lakehouse.errors import LakehouseError, PositionLost, SourceChanged, Unavailable

EVERY_SECONDS: Final = 15.0

log = structlog.get_logger()


class TopicWatch:
    """Ask for a topic's facts on a thread of its own, until closed.

    Parameters
    ----------
    facts
        Asks the broker; it may be away for a while.
    stop_for
        Called once, with what changed.
    """

    def __init__(
        self,
        topic: str,
        at_start: TopicFacts,
        facts: Callable[[], TopicFacts],
        stop_for: Callable[[LakehouseError], object],
        *,
        every_seconds: float = EVERY_SECONDS,
    ) -> None:
        self._topic = topic
        self._at_start = at_start
        self._facts = facts
        self._stop_for = stop_for
        self._every_seconds = every_seconds
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, name="topic-watch", daemon=True)

    def start(self) -> None:
        """Begin to look."""
        self._thread.start()

    def close(self) -> None:
        """Look no more."""
        self._ended.set()

    def look(self) -> LakehouseError | None:
        """Return what changed since the start."""
        try:
            now = self._facts()
        except Unavailable as exc:
            # Whether the topic is gone for good its readers find out.
            log.debug("topic_not_looked_at", topic=self._topic, why=str(exc))
            return None
        return difference(self._topic, self._at_start, now)

    def _run(self) -> None:
        while not self._ended.wait(self._every_seconds):
            if (changed := self.look()) is not None:
                self._stop_for(changed)
                return


def difference(topic: str, before: TopicFacts, now: TopicFacts) -> LakehouseError | None:
    """Say in what a topic differs from what it was."""
    if before.topic_id is not None and now.topic_id not in (None, before.topic_id):
        return PositionLost(
            f"{topic}: the topic was deleted and recreated while it was read: its id was "
            f"{before.topic_id} and is {now.topic_id}. Start again, which says what can be done"
        )
    if now.partitions != before.partitions:
        return SourceChanged(
            f"{topic}: it had {before.partitions} partitions when the flow started and has "
            f"{now.partitions} now. What was read is stored; start again, which reads them all"
        )
    return None
