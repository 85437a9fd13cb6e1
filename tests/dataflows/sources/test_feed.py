from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import chain, islice
from pathlib import Path

import msgspec
import pytest

from dataflows.sources.feed import Feed, open_feed
from dataflows.sources.urls import FileSource, SimSource
from lakehouse.errors import SettingsInvalid
from lakehouse.kafka.address import KafkaSource

AT = datetime(2026, 2, 14, 10, tzinfo=UTC)


def a_feed(
    path: Path, content: str, *, limit: int | None = None, rate: float | None = None
) -> Feed:
    path.write_text(content, encoding="utf-8")
    return open_feed(FileSource(str(path)), limit=limit, rate=rate, clock=lambda: AT)


def test_a_file_is_sent_whole_and_without_a_rate_unless_told_otherwise(tmp_path: Path) -> None:
    feed = a_feed(tmp_path / "a.jsonl", "a\nb\nc\n")
    assert (feed.rate, feed.total) == (0.0, None)
    assert list(feed.batches) == [[b"a", b"b", b"c"]]
    assert feed.share(3) == 1.0


def test_the_limit_cuts_the_last_batch(tmp_path: Path) -> None:
    lines = [f"{number}" for number in range(2_500)]
    feed = a_feed(tmp_path / "a.jsonl", "\n".join(lines), limit=1_200, rate=5.0)
    assert (feed.rate, feed.total) == (5.0, 1_200)
    assert [len(values) for values in feed.batches] == [1_000, 200]
    assert feed.share(300) == 0.25


def test_the_lines_around_a_csvs_records_are_no_events(tmp_path: Path) -> None:
    footer = "Total amount funded in policy code 1: 6417608175\n"
    feed = a_feed(tmp_path / "a.csv", f"id,loan_amnt\n1,2\n{footer}")
    assert list(feed.batches) == [[b'{"id":"1","loan_amnt":2}']]


def test_a_file_of_footers_only_yields_no_batch(tmp_path: Path) -> None:
    assert list(a_feed(tmp_path / "a.csv", "id,loan_amnt\nTotal\n").batches) == []


def test_a_topic_cannot_be_replayed() -> None:
    with pytest.raises(SettingsInvalid, match="SOURCE is a topic, kafka://a:1/b"):
        open_feed(KafkaSource("a:1", "b"), limit=None, rate=None, clock=lambda: AT)


class EventTime(msgspec.Struct):
    """The one field looked at here."""

    event_time: datetime


def simulated(
    source: SimSource, *, limit: int | None = None, rate: float | None = None
) -> tuple[Feed, list[bytes]]:
    """Return the feed, and its first 3,000 events at most."""
    feed = open_feed(source, limit=limit, rate=rate, clock=lambda: AT)
    return feed, list(islice(chain.from_iterable(feed.batches), 3_000))


def event_times(events: list[bytes]) -> dict[int, datetime]:
    """Return the event time by position; a malformed event has none."""
    times = {}
    for position, event in enumerate(events):
        try:
            times[position] = msgspec.json.decode(event, type=EventTime).event_time
        except msgspec.DecodeError:
            continue
    return times


def test_a_simulated_event_happens_when_it_is_due() -> None:
    feed, events = simulated(SimSource(rate=8.0))
    assert feed.rate == 8.0
    times = event_times(events)
    assert len(times) > 2_900
    assert times == {position: AT + timedelta(seconds=position / 8) for position in times}


def test_simulated_events_without_a_rate_happen_when_they_are_made() -> None:
    _, events = simulated(SimSource(rate=8.0), rate=0.0)
    assert set(event_times(events).values()) == {AT}


def test_the_simulator_ends_at_the_smaller_of_the_two_limits() -> None:
    for source, limit in [(SimSource(limit=1_500), 2_000), (SimSource(limit=2_000), 1_500)]:
        feed, events = simulated(source, limit=limit)
        assert (feed.total, len(events)) == (1_500, 1_500)


def test_the_same_seed_gives_the_same_events() -> None:
    assert simulated(SimSource(seed=7))[1] == simulated(SimSource(seed=7))[1]
    assert simulated(SimSource(seed=7))[1] != simulated(SimSource(seed=8))[1]
