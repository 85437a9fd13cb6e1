from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any

import pytest

from dataflows.flow.start.topic_watch import TopicWatch, difference
from dataflows.sources.kafka_topic import TopicFacts
from lakehouse.errors import LakehouseError, PositionLost, SourceChanged, Unavailable

BEFORE = TopicFacts("A", 3)


@pytest.mark.parametrize(
    ("now", "kind"),
    [
        (TopicFacts("A", 3), type(None)),
        (TopicFacts(None, 3), type(None)),
        (TopicFacts("B", 3), PositionLost),
        (TopicFacts("A", 6), SourceChanged),
    ],
    ids=["the same", "an id that is not told", "another topic", "more partitions"],
)
def test_another_id_or_number_of_partitions_is_a_difference(now: TopicFacts, kind: Any) -> None:
    assert isinstance(difference("loans", BEFORE, now), kind)


def test_a_topic_without_ids_is_watched_for_its_partitions_only() -> None:
    before = TopicFacts(None, 3)
    assert difference("loans", before, TopicFacts("B", 3)) is None
    assert isinstance(difference("loans", before, TopicFacts("B", 4)), SourceChanged)


def test_a_change_stops_the_run_once_and_a_broker_that_is_away_does_not() -> None:
    answers: Iterator[TopicFacts | Unavailable] = iter(
        [Unavailable("away"), BEFORE, TopicFacts("A", 4), TopicFacts("A", 5)]
    )
    stopped = threading.Event()
    reasons: list[LakehouseError] = []

    def facts() -> TopicFacts:
        answer = next(answers)
        if isinstance(answer, Unavailable):
            raise answer
        return answer

    def stop_for(reason: LakehouseError) -> None:
        reasons.append(reason)
        stopped.set()

    watch = TopicWatch("loans", BEFORE, facts, stop_for, every_seconds=0.001)
    watch.start()
    assert stopped.wait(30)
    watch.close()
    (reason,) = reasons
    assert "had 3 partitions when the flow started and has 4 now" in str(reason)
