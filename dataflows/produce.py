"""Send a file's or the simulator's applications to a Kafka topic: ``python -m dataflows.produce``.

::

    python -m dataflows.produce loans.csv.gz --to kafka://localhost:9092/loan_applications --rate 50
    python -m dataflows.produce 'sim://?rate=500&seed=7' --to kafka://localhost:9092/loan_applications

The key of an event is its application, and the producer is idempotent. So each event is in the
topic once, and the events of one application keep their order. Ctrl-C (or SIGTERM) stops the
sending, waits for events under way, and says how many events were delivered. The exit code is 0 if
all sent events were delivered, else 1; 2 for bad usage, 4 if the broker does not answer.
"""

import argparse
import os
import signal
import sys
import threading
from collections.abc import Callable, Sequence
from types import FrameType
from typing import Final

from dataflows.files.forms import forms_of
from dataflows.send.events import key_of, stamped
from dataflows.send.pace import Pace
from dataflows.sources.clock import utc_now
from dataflows.sources.feed import Feed, open_feed
from dataflows.sources.kafka_topic import ensure_topic
from dataflows.sources.progress import JobProgress
from dataflows.sources.urls import parse_rate, parse_source
from lakehouse.kafka.address import KafkaSource, parse_kafka
from lakehouse.kafka.client import client_configuration
from lakehouse.kafka.producer import Outbox
from lakehouse.settings.settings import Settings
from lakehouse.telemetry import configure_logging
from lakehouse.terminal import command, one_or_more, write_json

STOP_WITHIN_SECONDS: Final = 10.0
WAIT_SECONDS: Final = 0.1
TICK_SECONDS: Final = 0.005  # the client waits whole milliseconds: a shorter wait would spin


@command
def main(arguments: Sequence[str] | None = None) -> int:
    """Send once; return the exit code."""
    options = _parser().parse_args(arguments)
    settings = Settings.from_env(os.environ)
    configure_logging(to_terminal=sys.stderr.isatty(), level=settings.log_level)
    target = parse_kafka(options.to, name="--to")
    source = parse_source(options.source, name="SOURCE", forms=forms_of(settings))
    feed = open_feed(source, limit=options.max, rate=options.rate, clock=utc_now)
    configuration = client_configuration(settings, target.servers)
    ensure_topic(configuration, target, partitions=options.partitions)
    outbox = Outbox(configuration, target.topic)
    stop = _stop_when_asked()
    shown = JobProgress(
        f"to {target}", {"event": "sending", "to": str(target)}, rate_of="delivered", to=sys.stdout
    )
    change = _stamp_now if options.event_time == "now" else None
    try:
        send_all(feed, outbox, Pace(feed.rate), shown, is_stopping=stop.is_set, change=change)
    finally:
        wait_for_answers(outbox, is_stopping=stop.is_set)
        figures = shown.end(outbox.counts())
        if not sys.stdout.isatty():
            write_json({"event": "sent", "to": str(target), **figures})
    return _outcome(outbox, target)


def send_all(
    feed: Feed,
    outbox: Outbox,
    pace: Pace,
    shown: JobProgress,
    *,
    is_stopping: Callable[[], bool],
    change: Callable[[bytes], bytes] | None = None,
) -> None:
    """Send the feed's events at their pace until it ends, a stop is asked for, or the outbox fails.

    `change` is applied to each event when it is due.
    """
    for values in feed.batches:
        done = 0
        while done < len(values):
            if is_stopping() or outbox.is_broken:
                return
            due = pace.due(outbox.sent)
            if due == 0:
                outbox.wait(min(WAIT_SECONDS, max(TICK_SECONDS, pace.seconds_to_next(outbox.sent))))
            for value in values[done : done + due]:
                event = change(value) if change else value
                if not outbox.send(event, key_of(event)):
                    outbox.wait(WAIT_SECONDS)
                    break
                done += 1
            outbox.wait(0)
            shown.show(outbox.counts(), feed.share(outbox.sent))


def wait_for_answers(outbox: Outbox, *, is_stopping: Callable[[], bool]) -> None:
    """Wait until every event is acknowledged or given up; at most 10 s once a stop is asked for."""
    while outbox.flush(WAIT_SECONDS):
        if is_stopping():
            outbox.flush(STOP_WITHIN_SECONDS)
            return


def _outcome(outbox: Outbox, target: KafkaSource) -> int:
    lost = outbox.sent - outbox.delivered
    if not lost:
        return 0
    why = outbox.first_failure or f"no answer within {STOP_WITHIN_SECONDS:.0f} s"
    sys.stderr.write(
        f"not_delivered: {lost} of {outbox.sent} events were not acknowledged by {target}: {why}\n"
    )
    return 1


def _stamp_now(value: bytes) -> bytes:
    return stamped(value, utc_now())


def _stop_when_asked() -> threading.Event:
    """Return a flag that the first SIGINT or SIGTERM sets; the second one ends the process."""
    stop = threading.Event()

    def ask(number: int, _frame: FrameType | None) -> None:
        stop.set()
        signal.signal(number, signal.SIG_DFL)

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, ask)
    return stop


def _rate(text: str) -> float:
    return parse_rate(text, name="--rate")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m dataflows.produce",
        description="Send a file's or the simulator's loan applications to a Kafka topic.",
        epilog="TLS and SASL come from the RISK_KAFKA_ settings.",
    )
    parser.add_argument(
        "source",
        metavar="SOURCE",
        help="a JSONL, CSV or Parquet file (.gz, .zst), or sim://?rate=&seed=&limit=&scenario=",
    )
    parser.add_argument("--to", required=True, metavar="URL", help="kafka://HOST:PORT/TOPIC")
    parser.add_argument(
        "--rate",
        type=_rate,
        help="events a second; 0 is no limit. Default: the simulator's rate; no limit for a file",
    )
    parser.add_argument("--max", type=one_or_more, metavar="N", help="send at most N events")
    parser.add_argument(
        "--event-time",
        choices=("as-is", "now"),
        default="as-is",
        help="now: give each event the present instant as its event_time when it is sent",
    )
    parser.add_argument(
        "--partitions",
        type=one_or_more,
        default=3,
        metavar="N",
        help="partitions of the topic, if it has to be created (default 3)",
    )
    return parser


if __name__ == "__main__":
    sys.exit(main())
