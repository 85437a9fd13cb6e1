"""A backlog, slow stores under it, and a day's faults in some minutes."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

from tests.bench.score import EVENT_TO_SILVER, TUNED, quantile_ms
from tests.faults.suite.scene import MOST_MIB, Scene
from tests.faults.suite.table import row
from tests.flow import ROOT, FlowProcess, environment, start_cluster
from tests.lakehouse.faulty_store import LOST_ANSWER, REFUSED, SLOW, is_put
from tests.servers.postgres import OwnPostgres
from tests.waiting import until

PARTITIONS = 12
PROCESSES = 2
SHARE = 0.4
STORM_RATE = 500


@row(
    "backlog",
    f"a backlog of 100,000 events over {PARTITIONS} partitions",
    f"at most {MOST_MIB} MiB a worker; drained at {SHARE} or more of bare consume and decode",
)
def backlog(scene: Scene) -> str:
    return drained(scene, 100_000)


@row(
    "backlog-million",
    f"a backlog of 1,000,000 events over {PARTITIONS} partitions",
    f"at most {MOST_MIB} MiB a worker; drained at {SHARE} or more of bare consume and decode",
    long=True,
)
def backlog_of_a_million(scene: Scene) -> str:
    return drained(scene, 1_000_000)


def drained(scene: Scene, events: int) -> str:
    """Drain it with as many processes as cores; consume and decode the same topic bare; compare."""
    url = scene.topic(partitions=PARTITIONS)
    scene.produce(events)
    settings = scene.settings | TUNED | {"RISK_GOLD_FLUSH_SECONDS": "5"}
    with ExitStack() as stack:
        flows = start_cluster(stack, settings, folder=scene.folder, processes=PROCESSES)
        scene.more(flows[0], 0)
        began, first = time.perf_counter(), scene.stored()
        highest, ask_at = [0.0], began

        def is_through() -> bool:
            nonlocal ask_at
            highest.append(max(flow.anonymous_mib() for flow in flows))
            now = time.perf_counter()
            if now < ask_at:
                return False
            # To ask takes time from what is measured: once a second, until the end is nearer.
            stored = scene.stored()
            to_go = (now - began) * (events - stored) / max(stored - first, 1)
            ask_at = now + min(1.0, to_go / 2)
            return stored >= events

        flows[0].wait_until(is_through, seconds=1_200, what="through the backlog", every=0.1)
        shared = max(flow.shared_mib() for flow in flows)
        for flow in flows:
            flow.terminate()
        codes = [flow.wait(seconds=60) for flow in flows]
        # Gold has all of it now, as the bare run has.
        seconds = time.perf_counter() - began
        assert not any(codes), f"exit codes {codes}: {flows[0].tail()}"
    rate = (events - first) / seconds
    bare = bare_rate(url, events)
    scene.verify()
    measured = (
        f"{max(highest) + shared:.0f} MiB a worker, {rate:,.0f} events/s by {PROCESSES} processes, "
        f"{rate / bare:.2f} of bare ({bare:,.0f}); {scene.exact()}"
    )
    assert max(highest) + shared <= MOST_MIB, measured
    assert rate / bare >= SHARE, measured
    return measured


def bare_rate(url: str, events: int) -> float:
    command = [sys.executable, "-m", "tests.bench.score", "--bare", url, "--events", str(events)]
    done = subprocess.run(
        [*command, "--partitions", str(PARTITIONS)],
        env=environment({}),
        capture_output=True,
        text=True,
        check=True,
        timeout=600,
    )
    found: dict[str, Any] = json.loads(done.stdout)
    return float(found["events_per_second"])


@row(
    "backlog-slow-postgres",
    "a backlog of 50,000 events; each answer of Postgres 20 ms late",
    f"at most {MOST_MIB} MiB; ledger exact",
)
def slow_postgres(scene: Scene) -> str:
    proxy = scene.behind_a_proxy()
    proxy.seconds_late = 0.02
    scene.topic(partitions=PARTITIONS)
    scene.produce(50_000)
    began = time.monotonic()
    with scene.flow() as flow:
        scene.finish(flow)
    return f"{scene.peak_mib:.0f} MiB, {time.monotonic() - began:.0f} s; {scene.exact()}"


@row(
    "backlog-slow-s3",
    "a backlog of 50,000 events; every request to S3 1 s late",
    f"at most {MOST_MIB} MiB; ledger exact",
)
def slow_s3(scene: Scene) -> str:
    store = scene.on_s3()
    scene.topic(partitions=PARTITIONS)
    scene.produce(50_000)
    began = time.monotonic()
    with scene.flow(RISK_GOLD_FLUSH_SECONDS="5") as flow:
        scene.more(flow, 0)
        store.fail(SLOW, is_put)
        scene.wait_stored(flow, 50_000)
        store.recover()
        scene.finish(flow)
    return f"{scene.peak_mib:.0f} MiB, {time.monotonic() - began:.0f} s; {scene.exact()}"


@row(
    "storm-of-queries",
    f"a storm of questions to the lake while {STORM_RATE} events/s are read",
    "p99 from event to silver grows by less than a fifth; ledger exact",
)
def storm_of_queries(scene: Scene) -> str:
    scene.topic(partitions=4)
    span = 20.0
    with scene.flow() as flow, scene.producing(int(STORM_RATE * 70), rate=STORM_RATE):
        scene.wait_stored(flow, 5 * STORM_RATE)
        calm = p99_over(flow, span)
        with asking_on_and_on(scene) as asked:
            flow.wait_until(lambda: asked() > 0, seconds=60, what="the first answer")
            stormy = p99_over(flow, span)
            answers = asked()
    with scene.flow() as flow:
        scene.finish(flow)
    measured = (
        f"p99 {calm:,.0f} ms in calm, {stormy:,.0f} ms under {answers / span:.1f} questions/s; "
        f"{scene.exact()}"
    )
    assert stormy < 1.2 * calm, measured
    return measured


def p99_over(flow: FlowProcess, seconds: float) -> float:
    """Return the time from an event's sending to silver, ms, of what is read in so long."""
    before = times_to_silver(flow)
    pass_time(flow, seconds)
    after = times_to_silver(flow)
    return quantile_ms({labels: after[labels] - before[labels] for labels in after}, 0.99)


def times_to_silver(flow: FlowProcess) -> dict[tuple[tuple[str, str], ...], float]:
    return until(
        lambda: flow.metrics().get(EVENT_TO_SILVER, {}), what="metrics", seconds=60, every=0.2
    )


@contextmanager
def asking_on_and_on(scene: Scene) -> Iterator[Callable[[], int]]:
    """Ask the lake one thing after the other from another process; tells how often it answered."""
    path = scene.folder / "answers"
    path.touch()
    with path.open("wb") as answers:
        process = subprocess.Popen(
            [sys.executable, "-m", "tests.faults.suite.questions"],
            cwd=ROOT,
            env=environment(scene.settings),
            stdout=answers,
        )
        try:
            yield lambda: path.stat().st_size
            assert process.poll() is None, "whoever asks has ended"
        finally:
            process.kill()
            process.wait()


@row(
    "soak",
    "ten minutes of mixed faults at 300 events/s: kill -9, backends killed, crashes, S3 errs",
    "drained within 60 s of the last fault; ledger exact",
    long=True,
)
def soak(scene: Scene) -> str:
    """Draw one fault after another, from the seed, while events come in."""
    store = scene.on_s3()
    scene.topic(partitions=4)
    rate, seconds = 300, 600
    server = scene.servers.postgres
    counts = dict.fromkeys(("kill", "backends", "crash", "refuse", "lose"), 0)
    with scene.producing(rate * seconds, rate=rate):
        over = time.monotonic() + seconds - 10
        while time.monotonic() < over:
            with scene.flow(RISK_BATCH_MAX_MESSAGES="200") as flow:
                scene.more(flow, max(scene.stored(), 0))
                is_killed = False
                while not is_killed and time.monotonic() < over:
                    what = scene.chance.choice([*counts])
                    counts[what] += 1
                    is_killed = what == "kill"
                    do(what, flow.kill, server, store, scene)
                    if not is_killed:
                        pass_time(flow, scene.chance.uniform(1, 6))
                        store.recover()
    store.recover()
    began = time.monotonic()
    with scene.flow() as flow:
        scene.wait_stored(flow, len(scene.ledger.acknowledged))
        waited = time.monotonic() - began
        scene.finish(flow)
    faults = ", ".join(f"{count} {what}" for what, count in counts.items())
    assert waited <= 60, f"drained after {waited:.0f} s"
    return f"{faults}; drained {waited:.0f} s after; {scene.exact()}"


def pass_time(flow: FlowProcess, seconds: float) -> None:
    over = time.monotonic() + seconds
    flow.wait_until(
        lambda: time.monotonic() >= over, seconds=seconds + 30, what=f"{seconds:.0f} s have passed"
    )


def do(what: str, kill: Callable[[], None], server: OwnPostgres, store: Any, scene: Scene) -> None:
    from tests.faults.suite.postgres import BACKENDS, tell  # noqa: PLC0415

    match what:
        case "kill":
            kill()
        case "backends":
            tell(scene.dsn, BACKENDS)
        case "crash":
            server.crash()
            server.start()
        case "refuse":
            store.fail(REFUSED, is_put, times=20)
        case "lose":
            store.fail(LOST_ANSWER, is_put, times=3)
