"""The broker of the real-server tests: Apache Kafka where it can be had, else Tansu."""

import dataclasses
import os
import time
from enum import StrEnum
from pathlib import Path
from typing import Final

from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewTopic

from tests.servers import kafka, tansu
from tests.servers.process import Server, ServerDidNotStart, free_port

_READY_SECONDS: Final = 60.0
_REQUEST_SECONDS: Final = 30.0


class Flavour(StrEnum):
    """Whose broker it is."""

    KAFKA = "kafka"
    TANSU = "tansu"


_NAMES: Final = {
    Flavour.KAFKA: f"Apache Kafka {kafka.VERSION} from Maven Central",
    Flavour.TANSU: f"Tansu {tansu.VERSION} from PyPI",
}


@dataclasses.dataclass(frozen=True)
class Choice:
    """Which broker to run; `why` it is not Apache Kafka, empty when it is."""

    flavour: Flavour
    why: str = ""
    is_forced: bool = False

    def __str__(self) -> str:
        return f"{_NAMES[self.flavour]}{f' ({self.why})' if self.why else ''}"


@dataclasses.dataclass(frozen=True)
class Broker:
    """A running broker on 127.0.0.1."""

    flavour: Flavour
    port: int
    server: Server

    @property
    def name(self) -> str:
        return _NAMES[self.flavour]

    @property
    def address(self) -> str:
        """What clients call `bootstrap.servers`."""
        return f"127.0.0.1:{self.port}"

    def admin(self) -> AdminClient:
        return AdminClient(
            {
                "bootstrap.servers": self.address,
                "reconnect.backoff.ms": 10,
                "reconnect.backoff.max.ms": 100,
                "log_level": 0,  # "connection refused" is expected until it listens
            }
        )

    def create_topic(
        self, name: str, *, partitions: int = 1, config: dict[str, str] | None = None
    ) -> str:
        """Create `name` and return it, once the broker knows it."""
        topic = NewTopic(name, num_partitions=partitions, replication_factor=1, config=config or {})
        admin = self.admin()  # kept by name: a collected client gives up what it was asked
        admin.create_topics([topic], request_timeout=_REQUEST_SECONDS)[name].result()
        # Apache Kafka's controller answers before the broker has heard of it.
        deadline = time.monotonic() + _REQUEST_SECONDS
        while time.monotonic() < deadline:
            known = admin.list_topics(name, timeout=_REQUEST_SECONDS).topics[name]
            if known.error is None and len(known.partitions) == partitions:
                return name
        raise self.server.failure(f"{self.name} did not make topic {name}")

    def start(self) -> None:
        """Start it (again) on the same port, and return once it answers."""
        self.server.start()
        deadline = time.monotonic() + _READY_SECONDS
        admin = self.admin()
        while time.monotonic() < deadline and self.server.is_running:
            try:
                admin.list_topics(timeout=1)
            except KafkaException:
                continue
            return
        raise self.server.failure(f"{self.name} did not answer on {self.address}")


def choose() -> Choice:
    """Decide by TEST_BROKER (`kafka` or `tansu`), else by what this machine has."""
    if told := os.environ.get("TEST_BROKER"):
        return Choice(Flavour(told), "TEST_BROKER says so", is_forced=True)
    if why := kafka.why_unavailable():
        return Choice(Flavour.TANSU, f"no Apache Kafka: {why}")
    return Choice(Flavour.KAFKA)


def start_broker(flavour: Flavour, folder: Path) -> Broker:
    """Run a broker of its own in `folder`; `.server.stop()` ends it.

    Raises
    ------
    ServerDidNotStart
        It could not be had, or did not answer.
    """
    port = free_port()
    if flavour is Flavour.KAFKA:
        server = kafka.kafka_server(folder, port, controller=free_port())
    else:
        server = tansu.tansu_server(folder, port)
    broker = Broker(flavour, port, server)
    try:
        broker.start()
    except ServerDidNotStart:
        server.kill()
        raise
    return broker


def start_chosen(choice: Choice, folder: Path) -> tuple[Broker, Choice]:
    """Run the broker of `choice`; if Apache Kafka cannot be had after all, Tansu, and say why."""
    try:
        return start_broker(choice.flavour, folder), choice
    except ServerDidNotStart as exc:
        if choice.is_forced or choice.flavour is Flavour.TANSU:
            raise
        instead = Choice(Flavour.TANSU, f"Apache Kafka failed: {str(exc).splitlines()[0]}")
        return start_broker(instead.flavour, folder), instead
