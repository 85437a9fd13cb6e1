from __future__ import annotations

import gzip
import io
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest
from confluent_kafka import Consumer, TopicPartition

from dataflows.produce import send_all
from dataflows.send.pace import Pace
from dataflows.sources.feed import Feed
from dataflows.sources.progress import JobProgress
from lakehouse.kafka.producer import Outbox
from tests.flow import ROOT, environment, run_module
from tests.servers.broker import Broker

MOCK_CLUSTER = {"test.mock.num.brokers": 1, "log_level": 0}
LAST_LINE = '{"event":"sent"'


def shown(to: str) -> JobProgress:
    return JobProgress(to, {"event": "sending", "to": to}, rate_of="delivered", to=sys.stdout)


def an_outbox() -> Outbox:
    return Outbox(MOCK_CLUSTER, "loans")


def a_feed(batches: Iterator[list[bytes]], *, total: int | None = None) -> Feed:
    return Feed(batches, 0.0, total, lambda: None)


def events(count: int) -> list[bytes]:
    return [b'{"id":%d,"loan_amnt":1000}' % number for number in range(count)]


def a_file(folder: Path, count: int) -> Path:
    path = folder / "loans.jsonl"
    path.write_bytes(b"\n".join(events(count)) + b"\n")
    return path


def told(done: subprocess.CompletedProcess[str]) -> dict[str, object]:
    counts: dict[str, object] = msgspec.json.decode(done.stdout.splitlines()[-1])
    return counts


def held(
    broker: Broker, topic: str, partitions: int
) -> list[tuple[int | None, bytes | None, bytes]]:
    """Read a topic to its end: partition, key and value of each message."""
    consumer = Consumer(
        {"bootstrap.servers": broker.address, "group.id": "t", "enable.partition.eof": True}
    )
    consumer.assign([TopicPartition(topic, part, 0) for part in range(partitions)])
    messages: list[tuple[int | None, bytes | None, bytes]] = []
    ended = 0
    while ended < partitions:
        message = consumer.poll(10)
        assert message is not None, "the topic did not end within 10 s"
        if message.error():
            ended += 1
        else:
            messages.append((message.partition(), message.key(), message.value() or b""))
    consumer.close()
    return messages


def test_a_replayed_file_is_in_the_topic_once_keyed_by_application(
    broker: Broker, tmp_path: Path
) -> None:
    topic = f"replayed-{tmp_path.name}"
    path = a_file(tmp_path, 500)
    done = run_module(
        "dataflows.produce",
        str(path),
        f"--to=kafka://{broker.address}/{topic}",
        "--partitions=2",
        settings={},
    )
    assert (done.returncode, done.stderr) == (0, "")
    counts = told(done)
    assert (counts["sent"], counts["delivered"], counts["failed"]) == (500, 500, 0)
    messages = held(broker, topic, 2)
    assert sorted(value for _, _, value in messages) == sorted(events(500))
    assert all(key is not None and b'"id":%s,' % key in value for _, key, value in messages)
    assert {part for part, _, _ in messages} == {0, 1}


def test_the_simulator_is_replayed_at_its_rate_up_to_its_limit(
    broker: Broker, tmp_path: Path
) -> None:
    topic = f"simulated-{tmp_path.name}"
    done = run_module(
        "dataflows.produce",
        "sim://?rate=500&limit=400&seed=7",
        f"--to=kafka://{broker.address}/{topic}",
        "--partitions=1",
        settings={},
    )
    assert (done.returncode, done.stderr) == (0, "")
    counts = told(done)
    assert (counts["sent"], counts["delivered"]) == (400, 400)
    assert len(held(broker, topic, 1)) == 400


def test_events_are_restamped_only_when_asked(broker: Broker, tmp_path: Path) -> None:
    topic = f"stamped-{tmp_path.name}"
    path = tmp_path / "loans.jsonl"
    path.write_bytes(b'{"id":1,"event_time":"2018-01-01T00:00:00Z"}\n')
    for how in ("as-is", "now"):
        done = run_module(
            "dataflows.produce",
            str(path),
            f"--to=kafka://{broker.address}/{topic}",
            "--partitions=1",
            f"--event-time={how}",
            settings={},
        )
        assert done.returncode == 0, done.stderr
    as_is, now = (
        msgspec.json.decode(value)["event_time"] for _, _, value in held(broker, topic, 1)
    )
    assert as_is == "2018-01-01T00:00:00Z"
    assert now > "2025"


def test_an_unreachable_broker_ends_the_replay_within_15_s_with_one_line_and_exit_code_4(
    tmp_path: Path,
) -> None:
    began = time.monotonic()
    done = run_module(
        "dataflows.produce",
        str(a_file(tmp_path, 1)),
        "--to=kafka://127.0.0.1:9/loans",
        settings={},
        seconds=30,
    )
    assert time.monotonic() - began < 15
    assert done.returncode == 4
    assert done.stdout == ""
    assert done.stderr.startswith("unavailable: broker unreachable at 127.0.0.1:9: ")
    assert done.stderr.count("\n") == 1


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["gone.csv", "--to=kafka://127.0.0.1:9/loans"], "expected a file, found nothing"),
        (["gone.csv", "--to=loans"], "--to is no Kafka topic"),
        (["kafka://a:1/b", "--to=kafka://127.0.0.1:9/loans"], "SOURCE is a topic"),
        (["sim://?rate=x", "--to=kafka://127.0.0.1:9/loans"], "SOURCE: rate is 'x'"),
        (["gone.csv", "--to=kafka://127.0.0.1:9/loans", "--rate=nan"], "--rate is 'nan'"),
        (["gone.csv", "--to=kafka://127.0.0.1:9/loans", "--max=0"], "1 or more"),
    ],
)
def test_bad_usage_is_exit_code_2_with_its_reason(arguments: list[str], says: str) -> None:
    done = run_module("dataflows.produce", *arguments, settings={})
    assert done.returncode == 2
    assert says in done.stderr


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_asked_to_stop_it_ends_with_the_true_count(
    broker: Broker, tmp_path: Path, number: signal.Signals
) -> None:
    topic = f"stopped-{tmp_path.name}"
    running = subprocess.Popen(
        [
            *(sys.executable, "-m", "dataflows.produce", str(a_file(tmp_path, 100_000))),
            *(f"--to=kafka://{broker.address}/{topic}", "--rate=100", "--partitions=1"),
        ],
        cwd=ROOT,
        env=environment({}),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    consumer = Consumer(
        {
            "bootstrap.servers": broker.address,
            "group.id": "t",
            "topic.metadata.refresh.interval.ms": 200,
            # Tansu lets a group that got a new topic wait for this long.
            "session.timeout.ms": 6_000,
        }
    )
    consumer.subscribe([topic])
    while (message := consumer.poll(30)) is not None and message.error():
        pass  # the topic is not there yet
    consumer.close()
    running.send_signal(number)
    output, errors = running.communicate(timeout=30)
    assert (running.returncode, errors) == (0, "")
    counts = msgspec.json.decode(output.splitlines()[-1])
    assert 0 < counts["sent"] == counts["delivered"] < 100_000
    assert len(held(broker, topic, 1)) == counts["delivered"]


def test_a_file_that_is_cut_off_is_replayed_up_to_the_cut_and_says_so(
    broker: Broker, tmp_path: Path
) -> None:
    path = tmp_path / "loans.jsonl.gz"
    path.write_bytes(gzip.compress(b"\n".join(events(5_000)))[:-2_000])
    done = run_module(
        "dataflows.produce",
        str(path),
        f"--to=kafka://{broker.address}/cut-{tmp_path.name}",
        settings={},
    )
    assert done.returncode == 1
    assert done.stderr.startswith("file_damaged: ")
    counts = told(done)
    assert 0 < counts["sent"] == counts["delivered"] < 5_000  # type: ignore[operator]


def test_a_stop_leaves_the_rest_unsent() -> None:
    outbox = an_outbox()
    send_all(
        a_feed(iter([events(10), events(10)])),
        outbox,
        Pace(0),
        shown("loans"),
        is_stopping=lambda: outbox.sent >= 10,
    )
    assert outbox.sent == 10


def test_a_broken_outbox_ends_the_sending() -> None:
    outbox = an_outbox()
    outbox.is_broken = True
    send_all(a_feed(iter([events(10)])), outbox, Pace(0), shown("loans"), is_stopping=lambda: False)
    assert outbox.sent == 0


def test_a_full_outbox_is_waited_for_and_nothing_is_skipped() -> None:
    outbox = Outbox({**MOCK_CLUSTER, "queue.buffering.max.messages": 7}, "loans")
    send_all(a_feed(iter([events(50)])), outbox, Pace(0), shown("loans"), is_stopping=lambda: False)
    outbox.flush(30)
    assert (outbox.sent, outbox.delivered) == (50, 50)


def test_a_change_is_made_to_each_event_as_it_is_sent() -> None:
    seen: list[bytes] = []

    def remember(value: bytes) -> bytes:
        seen.append(value)
        return value

    send_all(
        a_feed(iter([events(3), events(2)])),
        an_outbox(),
        Pace(0),
        shown("loans"),
        is_stopping=lambda: False,
        change=remember,
    )
    assert seen == events(3) + events(2)


def test_without_a_terminal_progress_is_json_lines(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("dataflows.sources.progress.EVERY_SECONDS", 0.0)
    outbox = an_outbox()
    progress = shown("kafka://a:1/loans")
    send_all(
        a_feed(iter([events(5)]), total=10), outbox, Pace(0), progress, is_stopping=lambda: False
    )
    outbox.flush(30)
    last = progress.end(outbox.counts())
    first, *_ = map(msgspec.json.decode, capsys.readouterr().out.splitlines())
    assert (first["event"], first["to"]) == ("sending", "kafka://a:1/loans")
    assert (first["sent"], first["share"]) == (5, 0.5)
    assert (last["sent"], last["delivered"], last["failed"]) == (5, 5, 0)


class Terminal(io.StringIO):
    """Text that says it is a terminal."""

    def isatty(self) -> bool:
        return True


def test_at_a_terminal_progress_is_a_bar_that_ends_with_the_counts(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    terminal = Terminal()
    monkeypatch.setattr(sys, "stdout", terminal)
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.setattr("dataflows.sources.progress.BAR_EVERY_SECONDS", 0.0)
    outbox = an_outbox()
    progress = shown("kafka://a:1/loans")
    send_all(
        a_feed(iter([events(1_200)]), total=2_400),
        outbox,
        Pace(0),
        progress,
        is_stopping=lambda: False,
    )
    outbox.flush(30)
    progress.end(outbox.counts())
    assert "1,200 sent, 1,200 delivered, 0 failed" in terminal.getvalue()
