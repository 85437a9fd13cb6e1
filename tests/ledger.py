"""A producer that keeps its own ledger: what the broker acknowledged, and where."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from confluent_kafka import KafkaError, Message, Producer

from dataflows.send.events import key_of
from lakehouse.kafka.address import parse_kafka
from lakehouse.shipped_simulation import load_simulation_parameters
from risk.simulation.simulator import Simulator

SLICE = 5_000


@dataclass
class Ledger:
    """Where each event lies (partition, offset), by the hash of its bytes."""

    acknowledged: dict[tuple[int, int], str] = field(default_factory=dict)
    failed: int = 0

    def note(self, error: KafkaError | None, message: Message) -> None:
        if error is not None:
            self.failed += 1
            return
        part, off = message.partition(), message.offset()
        assert part is not None
        assert off is not None
        digest = hashlib.sha256(message.value() or b"").hexdigest()
        self.acknowledged[part, off] = digest

    def write(self, path: Path) -> None:
        """Keep it as a file, a line an event."""
        lines = (json.dumps([*place, digest]) for place, digest in self.acknowledged.items())
        path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")

    def read(self, path: Path) -> None:
        """Take in what another producer wrote."""
        for part, off, digest in map(json.loads, path.read_text(encoding="utf-8").splitlines()):
            self.acknowledged[part, off] = digest


def simulated(count: int, *, seed: int) -> Iterator[bytes]:
    """Yield simulated applications as events."""
    simulator = Simulator(
        load_simulation_parameters(),
        seed=seed,
        started_at=datetime.now(UTC),
        rate_per_second=0,
    )
    for start in range(0, count, SLICE):
        yield from simulator.events(start, min(SLICE, count - start))


def produce(url: str, count: int, *, seed: int) -> Ledger:
    """Produce simulated applications and return the ledger of what was acknowledged."""
    return send(url, simulated(count, seed=seed))


def send(url: str, events: Iterable[bytes | None], *, patience_seconds: float = 60) -> Ledger:
    """Produce these events, idempotently, and return the ledger."""
    target = parse_kafka(url, name="url")
    producer = Producer(
        {
            "bootstrap.servers": target.servers,
            "enable.idempotence": True,
            "linger.ms": 20,
            "compression.type": "lz4",
            "message.max.bytes": 16 << 20,
            "message.timeout.ms": int(patience_seconds * 1_000),
        }
    )
    ledger = Ledger()
    for event in events:
        key = key_of(event) if event is not None else None
        while True:
            try:
                producer.produce(target.topic, event, key=key, on_delivery=ledger.note)
                break
            except BufferError:
                producer.poll(0.1)
        producer.poll(0)
    producer.flush(patience_seconds)
    assert ledger.failed == 0
    return ledger
