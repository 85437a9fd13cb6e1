"""The partitions of any kind of source: what each holds, and how to open it."""

from dataclasses import dataclass, replace
from functools import partial
from typing import Protocol

from dataflows.files.columns import APPLICATIONS
from dataflows.files.forms import forms_of
from dataflows.files.identity import FileIdentity
from dataflows.sources.batches import Reader
from dataflows.sources.clock import utc_now
from dataflows.sources.file_reader import FileSourceReader
from dataflows.sources.files import FileReader, open_files
from dataflows.sources.kafka_consumer import Consumers, SharedConsumer
from dataflows.sources.kafka_offsets import partitions_held
from dataflows.sources.kafka_reader import KafkaReader
from dataflows.sources.kafka_topic import TopicFacts, TopicInspector
from dataflows.sources.sim_reader import SimReader
from dataflows.sources.urls import FileSource, SimSource, parse_source
from lakehouse.errors import SourceChanged
from lakehouse.kafka.address import KafkaSource
from lakehouse.kafka.client import client_configuration
from lakehouse.settings.settings import Settings
from lakehouse.shipped_simulation import load_simulation_parameters
from risk.simulation.simulator import Simulator


class Opener(Protocol):
    """Opens a partition's reader at a position."""

    def __call__(self, *, start: int, named: str, part: int) -> Reader:
        """Return the reader, positioned at `start`, of what the stores call `named` and `part`."""


@dataclass(frozen=True, slots=True)
class Partition:
    """One partition before it is read.

    Attributes
    ----------
    low, high
        The offsets the source holds: from `low` up to, not including, `high`; ``None`` is unknown.
    open
        Opens it; called on the thread that will read it.
    said
        How it is read, for people; empty where there is nothing to say.
    topic_id
        Which topic of that name it is; ``None`` where the source has no ids.
    file
        Which file it is; ``None`` of what is none.
    """

    topic: str
    part: int
    low: int
    high: int | None
    open: Opener
    said: str = ""
    topic_id: str | None = None
    file: FileIdentity | None = None

    @property
    def key(self) -> str:
        """The name of the partition in messages and in the engine."""
        return f"{self.topic}/{self.part}"


@dataclass(frozen=True, slots=True)
class SourceParts:
    """The parts of a source.

    Attributes
    ----------
    is_bounded
        Whether it has an end: a file has, a topic has not.
    inspector, facts
        Of a topic: what asks the broker for its facts, and what it said.
    """

    partitions: list[Partition]
    is_bounded: bool
    inspector: TopicInspector | None = None
    facts: TopicFacts | None = None


def partitions_of(settings: Settings) -> SourceParts:
    """Find the partitions of ``RISK_SOURCE``.

    Raises
    ------
    SettingsInvalid
        The URL is not understood, or the file cannot be read.
    Unavailable
        The broker does not answer, or has no such topic.
    """
    source = parse_source(settings.source, forms=forms_of(settings))
    match source:
        case KafkaSource():
            return _kafka(source, settings)
        case FileSource():
            return SourceParts(_files(source, settings), is_bounded=True)
        case SimSource():
            return SourceParts([_simulation(source, settings)], is_bounded=False)


def _kafka(source: KafkaSource, settings: Settings) -> SourceParts:
    client = client_configuration(settings, source.servers) | {
        "group.id": f"risk-{settings.pipeline}"
    }
    held = partitions_held(client, source.servers, source.topic)
    inspector = TopicInspector(client, source.topic)
    facts = inspector.facts()
    if facts.partitions not in (None, len(held)):
        raise SourceChanged(
            f"{source.topic}: it had {len(held)} partitions a moment ago and has "
            f"{facts.partitions} now; start again"
        )
    consumers = Consumers(
        partial(
            SharedConsumer,
            client,
            source.topic,
            partitions=len(held),
            most_at_once=settings.batch_max_messages,
        )
    )
    partitions = [
        Partition(
            source.topic,
            part,
            offsets.low,
            offsets.high,
            partial(_opened, consumers, source.topic, settings.batch_max_messages),
            topic_id=facts.topic_id,
        )
        for part, offsets in held.items()
    ]
    seen = replace(facts, partitions=len(held), is_compacted=inspector.is_compacted())
    return SourceParts(partitions, is_bounded=False, inspector=inspector, facts=seen)


def _opened(
    consumers: Consumers, topic: str, max_messages: int, *, start: int, named: str, part: int
) -> KafkaReader:
    return KafkaReader(
        consumers.of_this_thread(), topic, part, start=start, max_messages=max_messages, named=named
    )


def _files(source: FileSource, settings: Settings) -> list[Partition]:
    return [
        Partition(
            file.topic,
            part,
            0,
            file.length_known,
            partial(_file_reader, file, settings.batch_max_messages),
            file.said,
            file=file.identity,
        )
        for part, file in enumerate(open_files(source, needs=APPLICATIONS))
    ]


def _simulation(source: SimSource, settings: Settings) -> Partition:
    simulator = Simulator(
        load_simulation_parameters(),
        seed=source.seed,
        scenario=source.scenario,
        started_at=utc_now(),
        rate_per_second=source.rate,
    )
    # Rate and limit do not change which applications there are, so they are no part of the name.
    topic = f"sim://?seed={source.seed}&scenario={source.scenario}"
    opener = partial(
        SimReader,
        simulator,
        topic,
        rate=source.rate,
        limit=source.limit,
        max_messages=settings.batch_max_messages,
    )
    return Partition(topic, 0, 0, None, lambda *, start, named, part: opener(start=start))  # noqa: ARG005  (an `Opener`)


def _file_reader(
    file: FileReader,
    max_messages: int,
    *,
    start: int,
    named: str,  # noqa: ARG001  (an `Opener`; the stores call a file what it calls itself)
    part: int,
) -> Reader:
    return FileSourceReader(file, start=start, max_messages=max_messages, part=part)
