"""The whole flow over a real broker, with real-sized events: ``just bench score``.

Prints one JSON document. In one run, on the same topic: a bare consume and decode, then the flow
with everything on (silver, gold, raw archive, metrics), then the time from an event's making to
its commit in silver at 2,000 events a second.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import msgspec
from confluent_kafka import Consumer, TopicPartition

from dataflows.sources.kafka_consumer import READ_SETTINGS
from lakehouse.kafka.address import parse_kafka
from lakehouse.kafka.client import client_configuration
from lakehouse.settings.settings import Settings
from lakehouse.telemetry import STAGES
from risk.contract.application import LoanApplication
from tests.flow import ROOT, FlowProcess, environment, running_flow, sound_account, start_cluster
from tests.ledger import produce, simulated
from tests.servers.broker import Broker, choose, start_chosen

PARTITIONS = 4
LATENCY_RATE = 2_000
TUNED = {"RISK_BATCH_MAX_MESSAGES": "3000", "RISK_GOLD_FLUSH_MIB": "12"}
ACCOUNT = ("read", "decided", "duplicates", "quarantined", "balanced", "gold_equals_silver")
EVENT_TO_SILVER = "risk_event_to_silver_seconds_bucket"


def main() -> None:
    parser = argparse.ArgumentParser(prog="bench score", description=__doc__)
    parser.add_argument("--events", type=int, default=300_000, help="events of the backlog")
    parser.add_argument("--seconds", type=float, default=30.0, help="of the latency run")
    parser.add_argument("--processes", type=int, default=2, help="of the flow, one worker each")
    parser.add_argument("--bare", metavar="URL", help=argparse.SUPPRESS)
    parser.add_argument("--partitions", type=int, default=PARTITIONS, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.bare:
        print(json.dumps(bare(options.bare, options.events, options.partitions)))
        return
    with tempfile.TemporaryDirectory(prefix="bench-", dir=os.environ.get("RISK_BENCH_DIR")) as name:
        print(json.dumps(run(Path(name), options), indent=2))


def run(folder: Path, options: argparse.Namespace) -> dict[str, object]:
    """Measure all three; return the figures."""
    (folder / "broker").mkdir()
    broker, choice = start_chosen(choose(), folder / "broker")
    try:
        topic = broker.create_topic("bench_backlog", partitions=PARTITIONS)
        url = f"kafka://{broker.address}/{topic}"
        say(f"loading {options.events:,} events into {choice}")
        produce(url, options.events, seed=11)
        write_back()
        say("bare consume and decode")
        bare_figures = bare_run(url, options.events)
        say("the flow, everything on")
        whole = backlog(folder, url, options)
        write_back()
        say(f"latency at {LATENCY_RATE:,} events/s for {options.seconds:g} s")
        latency = steady(folder, broker, options)
    finally:
        broker.server.kill()
    rate, bare_rate = float(whole["events_per_second"]), bare_figures["events_per_second"]
    return {
        "events_per_second": rate,
        "bare_events_per_second": bare_rate,
        "ratio": round(rate / bare_rate, 4),
        "peak_rss_mib": whole["peak_rss_mib"],
        "latency_ms": latency["latency_ms"],
        "events": options.events,
        "event_bytes": bare_figures["event_bytes"],
        "processes": options.processes,
        "settings": TUNED,
        "partitions": PARTITIONS,
        "broker": str(choice),
        "cpus": os.cpu_count(),
        "seconds": whole["seconds"],
        "cpu_seconds": whole["cpu_seconds"],
        "cpu_seconds_by_stage": whole["cpu_seconds_by_stage"],
        "account": whole["account"],
        "latency": latency,
    }


def say(what: str) -> None:
    print(f"bench score: {what}", file=sys.stderr, flush=True)


def bare_run(url: str, events: int) -> dict[str, float]:
    """Consume and decode only, in a process of its own like the flow."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.bench.score", "--bare", url, "--events", str(events)],
        env=environment({}),
        capture_output=True,
        text=True,
        check=True,
        timeout=300,
    )
    figures: dict[str, float] = json.loads(done.stdout)
    return figures


def bare(url: str, events: int, partitions: int = PARTITIONS) -> dict[str, float]:
    """Read the topic's partitions as the flow does and decode each event; nothing else."""
    target = parse_kafka(url, name="--bare")
    client = client_configuration(Settings(), target.servers) | {"group.id": "bench-bare"}
    bare_settings = {**READ_SETTINGS, "enable.partition.eof": False}
    consumers = [Consumer(client | bare_settings) for _ in range(partitions)]
    for part, consumer in enumerate(consumers):
        consumer.assign([TopicPartition(target.topic, part, 0)])
    decode = msgspec.json.Decoder(LoanApplication).decode
    read = size = refused = 0
    began = 0.0
    while read < events:
        for consumer in consumers:
            messages = consumer.consume(1_000, timeout=0.01)
            if messages and not began:
                began = time.perf_counter()
            for message in messages:
                value = message.value() or b""
                size += len(value)
                try:
                    decode(value)
                except msgspec.DecodeError:
                    refused += 1
            read += len(messages)
    seconds = time.perf_counter() - began
    for consumer in consumers:
        consumer.close()
    return {
        "events_per_second": round(read / seconds, 1),
        "event_bytes": round(size / read, 1),
        "refused": refused,
    }


def backlog(folder: Path, url: str, options: argparse.Namespace) -> dict[str, Any]:
    """Drain the backlog; the clock runs from the first commit to the end of the last in gold."""
    settings = TUNED | {"RISK_SOURCE": url, "RISK_HOME": str(folder / "backlog")}
    with ExitStack() as stack:
        flows = start_cluster(stack, settings, folder=folder, processes=options.processes)
        flows[0].wait_until(lambda: read_by(flows) > 0, seconds=60, what="at its first commit")
        began, first = time.perf_counter(), read_by(flows)
        memory = [0.0]
        ask_at = began

        def is_through() -> bool:
            nonlocal ask_at
            memory.append(sum(flow.anonymous_mib() for flow in flows))
            now = time.perf_counter()
            if now < ask_at:
                return False
            read = read_by(flows)
            # To ask costs the flow as much as some hundred events: once a second is enough, until
            # the end is nearer.
            to_go = (now - began) * (options.events - read) / max(read - first, 1.0)
            ask_at = now + min(1.0, to_go / 2)
            return bool(read >= options.events)

        flows[0].wait_until(is_through, seconds=600, what="through the backlog", every=0.1)
        shared = sum(flow.shared_mib() for flow in flows)
        metrics = [flow.metrics() for flow in flows]
        for flow in flows:
            flow.terminate()
        exit_codes = [flow.wait(seconds=60) for flow in flows]
        seconds = time.perf_counter() - began
        if any(exit_codes):
            raise SystemExit(f"the flow ended with {exit_codes}:\n{flows[0].tail()}")
    account = whole_account(settings, options.events)
    cpu_seconds = sum(sum(each["process_cpu_seconds_total"].values()) for each in metrics)
    by_stage = {
        stage: round(
            sum(each["risk_stage_cpu_seconds_total"][("stage", stage),] for each in metrics), 2
        )
        for stage in STAGES
    }
    # What the libraries do on threads of their own: fetching, and writing gold.
    by_stage["fetching, gold and the rest"] = round(cpu_seconds - sum(by_stage.values()), 2)
    return {
        "events_per_second": round((options.events - first) / seconds, 1),
        "seconds": round(seconds, 3),
        # Of all processes together; pages that they share, as libraries are, count once.
        "peak_rss_mib": round(max(memory) + shared, 1),
        "cpu_seconds": round(cpu_seconds, 2),
        "cpu_seconds_by_stage": by_stage,
        "account": account,
    }


def whole_account(settings: dict[str, str], events: int) -> dict[str, Any]:
    """Return what became of the events; if some are lost, or lag in gold, a figure is none."""
    account = sound_account(settings)
    if (account["read"], account["gold_behind"]) != (events, 0):
        raise SystemExit(f"of {events:,} events, this is what was stored: {account}")
    return {name: account[name] for name in ACCOUNT}


def write_back() -> None:
    """Let the disk take what was written for the bench: else commits would wait for it later."""
    os.sync()


def read_by(flows: list[FlowProcess]) -> float:
    return sum(events_read(flow) for flow in flows)


def steady(folder: Path, broker: Broker, options: argparse.Namespace) -> dict[str, object]:
    """Replay at a steady rate, each event stamped as it is sent, and read the flow's histogram."""
    topic = broker.create_topic("bench_steady", partitions=PARTITIONS)
    url = f"kafka://{broker.address}/{topic}"
    settings = {"RISK_SOURCE": url, "RISK_HOME": str(folder / "steady")}
    count = int(LATENCY_RATE * options.seconds)
    # The first two seconds, in which reader and producer start, are another question.
    ahead = 2 * LATENCY_RATE
    # Made beforehand: a producer that simulates halts for it, and then sends what is late at once.
    events = folder / "steady.jsonl"
    with events.open("wb") as file:
        file.writelines(event + b"\n" for event in simulated(ahead + count, seed=13))
    write_back()
    with running_flow(settings, log=folder / "steady.log") as flow:
        flow.wait_until(lambda: bool(flow.metrics()), seconds=60, what="ready to read", every=0.2)
        with replaying(events, url, seconds=options.seconds + 120):
            flow.wait_until(
                lambda: events_read(flow) >= ahead and is_up_to_date(flow),
                seconds=60,
                what="under way",
            )
            before = flow.metrics()[EVENT_TO_SILVER]
        flow.wait_until(
            lambda: events_read(flow) >= ahead + count, seconds=60, what="caught up", every=0.5
        )
        after = flow.metrics()[EVENT_TO_SILVER]
        buckets = {labels: after[labels] - before[labels] for labels in after}
        flow.terminate()
        flow.wait(seconds=60)
    whole_account(settings, ahead + count)
    return {
        "latency_ms": {f"p{share}": quantile_ms(buckets, share / 100) for share in (50, 95, 99)},
        "events": count,
        "events_per_second": LATENCY_RATE,
    }


@contextmanager
def replaying(events: Path, url: str, *, seconds: float) -> Iterator[None]:
    """Send these events at the steady rate meanwhile, and to the end."""
    replay = subprocess.Popen(
        [
            *(sys.executable, "-m", "dataflows.produce", str(events), "--to", url),
            *("--rate", str(LATENCY_RATE), "--event-time", "now"),
        ],
        cwd=ROOT,
        env=environment({}),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        yield
        if replay.wait(seconds):
            raise SystemExit(f"the replay ended with {replay.returncode}")
    finally:
        replay.kill()


def events_read(flow: FlowProcess) -> float:
    return flow.total("risk_events_read_total")


def is_up_to_date(flow: FlowProcess) -> bool:
    """Whether no more waits than comes in a tenth of a second: what waited at first is through."""
    return flow.total("risk_partition_lag_events") < LATENCY_RATE / 10


def quantile_ms(buckets: dict[tuple[tuple[str, str], ...], float], share: float) -> float:
    """Return the upper bound of the bucket in which the quantile lies, ms: never too low."""
    counts: dict[float, float] = {}
    for labels, count in buckets.items():
        bound = float(dict(labels)["le"])
        counts[bound] = counts.get(bound, 0.0) + count
    total = counts[math.inf]
    return round(1000 * min(bound for bound, count in counts.items() if count >= share * total), 1)


if __name__ == "__main__":
    main()
