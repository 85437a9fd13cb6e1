"""The partitions of a source, whatever it is: what it holds, and what opens each one."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Protocol

from dataflows.files.columns import APPLICATIONS
from dataflows.files.forms import forms_of
from dataflows.sources.clock import utc_now
from dataflows.sources.file_reader import FileSourceReader
from dataflows.sources.files import open_files
from dataflows.sources.kafka_client import client_configuration
from dataflows.sources.kafka_offsets import partitions_held
from dataflows.sources.kafka_reader import KafkaReader
from dataflows.sources.sim_reader import SimReader
from dataflows.sources.urls import FileSource, KafkaSource, SimSource, parse_source
from lakehouse.shipped_simulation import load_simulation_parameters
from risk.simulation.simulator import Simulator

if TYPE_CHECKING:
    from dataflows.sources.batches import Reader
    from lakehouse.settings.settings import Settings


class Opener(Protocol):
    """Opens a partition's reader at a position."""

    def __call__(self, *, start: int) -> Reader:
        """Return the reader, positioned at `start`."""


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
    """

    topic: str
    part: int
    low: int
    high: int | None
    open: Opener
    said: str = ""

    @property
    def key(self) -> str:
        """The name of the partition in messages and in the engine."""
        return f"{self.topic}/{self.part}"


def partitions_of(settings: Settings) -> tuple[list[Partition], bool]:
    """Find the partitions of ``RISK_SOURCE``; the second value says whether it is bounded.

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
            return _kafka(source, settings), False
        case FileSource():
            return _files(source, settings), True
        case SimSource():
            return [_simulation(source, settings)], False


def _kafka(source: KafkaSource, settings: Settings) -> list[Partition]:
    client = client_configuration(settings, source.servers) | {
        "group.id": f"risk-{settings.pipeline}"
    }
    held = partitions_held(client, source.servers, source.topic)
    return [
        Partition(
            source.topic,
            part,
            offsets.low,
            offsets.high,
            partial(
                KafkaReader,
                client,
                source.topic,
                part,
                max_messages=settings.batch_max_messages,
            ),
        )
        for part, offsets in held.items()
    ]


def _files(source: FileSource, settings: Settings) -> list[Partition]:
    return [
        Partition(
            file.topic,
            part,
            0,
            file.length_known,
            partial(FileSourceReader, file, part=part, max_messages=settings.batch_max_messages),
            file.said,
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
    return Partition(topic, 0, 0, None, opener)
