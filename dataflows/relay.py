"""Send refused events on to a dead letter topic: ``python -m dataflows.relay``.

::

    python -m dataflows.relay                                  what is there, to <topic>.dlq
    python -m dataflows.relay --every 10                       again and again, until stopped
    python -m dataflows.relay --to kafka://HOST:PORT/TOPIC     to a topic of another name

Each event that the flow refused is sent at least once, with Kafka Connect's headers. The position
moves when the broker has acknowledged, so a kill in between sends some events once more. Exit code
0 when all were sent, 2 for bad usage, 4 while the broker or silver does not answer.
"""

import argparse
import os
import signal
import sys
import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

import pyarrow as pa
import structlog

from dataflows.send.dead_letters import dead_letters
from dataflows.sources.clock import utc_now
from dataflows.sources.kafka_topic import ensure_topic
from lakehouse.errors import LakehouseError, SettingsInvalid, Unavailable
from lakehouse.kafka.address import KafkaSource, parse_kafka
from lakehouse.kafka.client import client_configuration
from lakehouse.kafka.producer import Outbox
from lakehouse.postgres.migrate import require_current
from lakehouse.settings.settings import Settings
from lakehouse.signals.jobs import recorded
from lakehouse.silver.claims import open_silver
from lakehouse.silver.relayed import advance_relayed, unrelayed
from lakehouse.telemetry import configure_logging
from lakehouse.terminal import command

JOB: Final = "relay"
SUFFIX: Final = ".dlq"
_AT_ONCE: Final = 500
_ACKNOWLEDGED_WITHIN_SECONDS: Final = 30.0
_WAIT_SECONDS: Final = 0.1

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Relay:
    """Sends what a flow refused on.

    Attributes
    ----------
    source, target
        The topic that the flow reads, and the dead letter topic.
    partitions
        Of the target, if it has to be made.
    """

    settings: Settings
    dsn: str
    source: KafkaSource
    target: KafkaSource
    partitions: int
    stop: threading.Event = field(default_factory=threading.Event)

    def once(self) -> int:
        """Send all there is, or until a stop is asked for; return how many events were sent.

        Raises
        ------
        Unavailable, Denied, SchemaDiffers
            The broker or silver does not answer, or refuses us. What was acknowledged before is
            noted.
        """
        page = self._next_page()
        if not page.num_rows:
            return 0
        with recorded(self.dsn, JOB, utc_now) as run:
            configuration = client_configuration(self.settings, self.target.servers)
            ensure_topic(configuration, self.target, partitions=self.partitions)
            timeout_ms = int(_ACKNOWLEDGED_WITHIN_SECONDS * 1_000)
            outbox = Outbox(configuration | {"message.timeout.ms": timeout_ms}, self.target.topic)
            while page.num_rows:
                self._send(outbox, page)
                run.figures["sent"] = outbox.delivered
                if self.stop.is_set():
                    break
                page = self._next_page()
        return outbox.delivered

    def _next_page(self) -> pa.Table:
        return unrelayed(self.dsn, self.source.topic, most=_AT_ONCE)

    def _send(self, outbox: Outbox, page: pa.Table) -> None:
        """Send a page, wait until the broker has it, and note that."""
        for letter in dead_letters(page, pipeline=self.settings.pipeline):
            while not outbox.send(letter.value, letter.key, headers=letter.headers):
                outbox.wait(_WAIT_SECONDS)
        outbox.flush(2 * _ACKNOWLEDGED_WITHIN_SECONDS)
        if outbox.delivered < outbox.sent:
            raise Unavailable(
                f"{self.target} did not acknowledge {outbox.sent - outbox.delivered} dead letters: "
                f"{outbox.first_failure or 'no answer in time'}; they are sent again"
            )
        places = page.select(["topic", "part", "off"]).to_pylist()
        reached = {(each["topic"], each["part"]): each["off"] + 1 for each in places}
        advance_relayed(self.dsn, reached, now=utc_now())


@command
def main(arguments: Sequence[str] | None = None) -> int:
    """Send once, or again and again; return the exit code."""
    options = _parser().parse_args(arguments)
    settings = Settings.from_env(os.environ)
    configure_logging(to_terminal=sys.stderr.isatty(), level=settings.log_level)
    source = _source(settings)
    beside = KafkaSource(source.servers, f"{source.topic}{SUFFIX}")
    target = beside if options.to is None else parse_kafka(options.to, name="--to")
    with open_silver(settings) as dsn:
        require_current(dsn)
        relay = Relay(settings, dsn, source, target, options.partitions)
        if options.every is None:
            sys.stdout.write(f"{relay.once()} dead letters sent to {target}\n")
            return 0
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: relay.stop.set())
        return _again_and_again(relay, every_seconds=options.every)


def _again_and_again(relay: Relay, *, every_seconds: float) -> int:
    while True:
        try:
            sent = relay.once()
        except LakehouseError as error:
            log.warning("relay_failed", code=error.code, error=str(error))
        else:
            if sent:
                log.info("relayed", sent=sent, to=str(relay.target))
        if relay.stop.wait(every_seconds):
            return 0


def _source(settings: Settings) -> KafkaSource:
    if not settings.source.strip().lower().startswith("kafka:"):
        raise SettingsInvalid(
            "RISK_SOURCE is no Kafka topic: what is refused of a file or of the simulator has no "
            "dead letter topic; `python -m lakehouse quarantine` shows it"
        )
    return parse_kafka(settings.source, name="RISK_SOURCE")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m dataflows.relay",
        description="Send events that the flow refused on to a dead letter topic.",
    )
    parser.add_argument(
        "--to", metavar="URL", help="kafka://HOST:PORT/TOPIC; default: RISK_SOURCE's topic + .dlq"
    )
    parser.add_argument("--every", type=float, metavar="SECONDS", help="again and again")
    parser.add_argument(
        "--partitions",
        type=int,
        default=1,
        metavar="N",
        help="partitions of the dead letter topic, if it has to be made (default 1)",
    )
    return parser


if __name__ == "__main__":
    sys.exit(main())
