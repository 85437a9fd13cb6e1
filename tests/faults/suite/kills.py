"""The flow is killed, suspended, or asked to stop."""

from __future__ import annotations

import os
import signal
import statistics
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager

from tests.faults.suite.scene import Scene, eventually, stop
from tests.faults.suite.table import row
from tests.flow import FlowProcess, start_cluster

AT_WORK = {"RISK_BATCH_MAX_MESSAGES": "100", "RISK_GOLD_FLUSH_ROWS": "400"}
KILLS, EVENTS = 200, 100_000
COMMIT_WITHIN_SECONDS = 10.0


@row(
    "kill",
    "kill -9 of the flow, one worker, at any instant",
    f"first new commit within {COMMIT_WITHIN_SECONDS:.0f} s of each restart; ledger exact",
    short=True,
)
def kill(scene: Scene) -> str:
    return killed_again_and_again(scene, processes=1, kills=6, events=6_000)


@row(
    "kill-200",
    "kill -9 of the flow 200 times over 100,000 events, one worker",
    f"first new commit within {COMMIT_WITHIN_SECONDS:.0f} s of each restart; ledger exact",
    long=True,
)
def kill_200(scene: Scene) -> str:
    return killed_again_and_again(scene, processes=1, kills=KILLS, events=EVENTS)


@row(
    "kill-200-two-processes",
    "kill -9 of both processes of a flow 200 times over 100,000 events",
    f"first new commit within {COMMIT_WITHIN_SECONDS:.0f} s of each restart; ledger exact",
    long=True,
)
def kill_200_of_two(scene: Scene) -> str:
    return killed_again_and_again(scene, processes=2, kills=KILLS, events=EVENTS)


def killed_again_and_again(scene: Scene, *, processes: int, kills: int, events: int) -> str:
    """Kill within moments of the first new commit, while events keep coming."""
    scene.topic(partitions=4)
    scene.settings |= AT_WORK
    waits: list[float] = []
    refused = 0
    half = events // kills // 2
    while len(waits) < kills:
        before = scene.stored()
        with started(scene, processes) as flows:
            began = time.monotonic()
            scene.produce(half)
            if not committed_or_ended(scene, flows, before):
                refused += 1  # a start that says why it ends is made again, as supervisors do
                continue
            waits.append(time.monotonic() - began)
            scene.produce(half)
            # The instant is chance's: how much is stored, or in gold, is not looked at.
            killed_after(flows, scene.chance.uniform(0, 0.8))
    with started(scene, processes) as flows:
        scene.finish(*flows)
    late = sum(each > COMMIT_WITHIN_SECONDS for each in waits)
    measured = (
        f"{kills} kills, {scene.exact()}; load {os.getloadavg()[2]:.0f}; first new commit after "
        f"{statistics.median(waits):.1f} s (median), {max(waits):.1f} s (longest), {late} of them "
        f"late; {refused} starts ended with exit 4"
    )
    assert not late, measured
    assert refused <= kills // 20, measured
    return measured


def committed_or_ended(scene: Scene, flows: Sequence[FlowProcess], before: int) -> bool:
    """Wait for a new commit, or for a start that could not reach what it needs."""
    ended = [False]

    def is_known() -> bool:
        codes = [flow.process.poll() for flow in flows]
        assert all(code in {None, 4} for code in codes), f"{codes}: {flows[0].tail()}"
        ended[0] = 4 in codes
        return ended[0] or scene.stored() > before

    eventually(is_known, what="a new commit", seconds=120)
    return not ended[0]


@contextmanager
def started(scene: Scene, processes: int) -> Iterator[list[FlowProcess]]:
    with ExitStack() as stack:
        yield start_cluster(stack, scene.settings, folder=scene.folder, processes=processes)


def killed_after(flows: Sequence[FlowProcess], seconds: float) -> None:
    until = time.monotonic() + seconds
    flows[0].wait_until(lambda: time.monotonic() >= until, seconds=30, what="time to be killed")
    for flow in flows:
        flow.kill()


@row(
    "suspended",
    "SIGSTOP of the flow for 30 s",
    f"new commit within {COMMIT_WITHIN_SECONDS:.0f} s of SIGCONT; ledger exact",
)
def suspended(scene: Scene) -> str:
    scene.topic()
    scene.produce(2_000)
    with scene.flow() as flow:
        scene.more(flow, 0)
        flow.process.send_signal(signal.SIGSTOP)
        scene.produce(2_000)
        over = time.monotonic() + 30
        flow.wait_until(lambda: time.monotonic() >= over, seconds=40, what="30 s have passed")
        before = scene.stored()
        flow.process.send_signal(signal.SIGCONT)
        waited = scene.more(flow, before, seconds=60)
        scene.finish(flow)
    assert waited <= COMMIT_WITHIN_SECONDS, f"new commit after {waited:.1f} s"
    return f"new commit {waited:.1f} s after; {scene.exact()}"


@row(
    "stop-under-load",
    "SIGTERM under load",
    "exit 0 within 10 s; ledger exact after the next start",
    short=True,
)
def stopped_under_load(scene: Scene) -> str:
    scene.topic()
    scene.produce(30_000)
    with scene.flow() as flow:
        scene.more(flow, 0)
        seconds = stop(flow)
        assert scene.stored() < 30_000, "the stop came too late to prove anything"
    scene.drain()
    assert seconds <= 10, f"exit 0 after {seconds:.1f} s"
    return f"exit 0 after {seconds:.1f} s; {scene.exact()}"


@row(
    "stop-without-a-store",
    "SIGTERM while Postgres is down",
    "non-zero exit within 20 s, one clear line; ledger exact after the next start",
)
def stopped_without_a_store(scene: Scene) -> str:
    scene.topic()
    scene.produce(500)
    with scene.flow() as flow:
        scene.wait_stored(flow, 500)
        scene.servers.postgres.crash()
        scene.produce(500)
        flow.wait_until(
            lambda: flow.total("risk_store_retries_total") > 0, seconds=30, what="trying again"
        )
        began = time.monotonic()
        flow.terminate()
        code = flow.wait(seconds=60)
        seconds = time.monotonic() - began
        last = flow.tail().strip().splitlines()[-1]
    scene.servers.postgres.start()
    assert code != 0, "exit 0 although a store was down"
    assert "Traceback" not in flow.tail(), flow.tail()
    scene.drain()
    assert seconds <= 20, f"exit {code} after {seconds:.1f} s"
    return f"exit {code} after {seconds:.1f} s: `{last[:60]}...`; {scene.exact()}"


@row(
    "two-instances",
    "a second instance by mistake; the first is suspended, and woken when the second has gone on",
    'the first exits 3, "fenced"; ledger exact',
    short=True,
)
def two_instances(scene: Scene) -> str:
    scene.topic()
    scene.produce(20_000)
    with scene.flow(**AT_WORK) as older:
        scene.more(older, 0)
        older.process.send_signal(signal.SIGSTOP)
        before = scene.stored()
        with scene.flow() as newer:
            scene.more(newer, before, seconds=60)
            older.process.send_signal(signal.SIGCONT)
            code = older.wait(seconds=30)
            assert code == 3, f"the older one ended with {code}: {older.tail()}"
            scene.finish(newer)
    return f"exit 3; {scene.exact()}"
