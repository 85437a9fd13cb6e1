"""The object store errs, hangs, forbids, is slow, or is out; somebody else writes to the lake."""

from __future__ import annotations

import time

from tests.faults.suite.scene import Scene, eventually
from tests.faults.suite.table import row
from tests.flow import run_module
from tests.lakehouse.faulty_store import (
    CONFLICT,
    CUT_AFTER,
    FAILED_AFTER,
    FORBIDDEN,
    HANG_AFTER,
    LOST_ANSWER,
    REFUSED,
    SLOW,
    Fault,
    is_put,
)

RECOVERED_WITHIN_SECONDS = 30.0
BAR = f"gold goes on within {RECOVERED_WITHIN_SECONDS:.0f} s; ledger exact"
MOST_GROWTH_MIB = 100.0
FAULTS = {
    "s3-503": ("503 on every third write", REFUSED, 3),
    "s3-503-applied": ("503 after it took effect", LOST_ANSWER, 3),
    "s3-500-applied": ("500 after it took effect", FAILED_AFTER, 3),
    "s3-cut-applied": ("connection cut after it took effect", CUT_AFTER, 3),
    "s3-hang-applied": ("no answer for 30 s after it took effect", HANG_AFTER, 40),
    "s3-409": ("409 on conditional writes", CONFLICT, 3),
}
SHORT = {"s3-503-applied"}


def enter_faults() -> None:
    for name, (what, fault, every) in FAULTS.items():

        def measure(scene: Scene, fault: Fault = fault, every: int = every) -> str:
            return erring(scene, fault, every=every)

        row(name, f"S3: {what}, for 20 s", BAR, short=name in SHORT)(measure)


def erring(scene: Scene, fault: Fault, *, every: int) -> str:
    """Let one write in so many err while events come in; measure how soon gold goes on."""
    store = scene.on_s3()
    scene.topic()
    with scene.flow() as flow:
        scene.produce(500)
        scene.wait_archived(flow, 500)
        seen = 0

        def concerns(method: str, path: str) -> bool:
            nonlocal seen
            if is_put(method, path) and "_probe" not in path:
                seen += 1
                return seen % every == 1
            return False

        with scene.producing(4_000, rate=200):
            store.fail(fault, concerns)
            over = time.monotonic() + 20
            flow.wait_until(lambda: time.monotonic() >= over, seconds=40, what="20 s have passed")
            store.recover()
        scene.wait_stored(flow, len(scene.ledger.acknowledged))
        waited = scene.wait_archived(flow, len(scene.ledger.acknowledged))
        scene.finish(flow)
    met = seen // every + 1
    assert waited <= RECOVERED_WITHIN_SECONDS, f"gold went on after {waited:.1f} s"
    return f"{met} writes erred, gold complete {waited:.1f} s after; {scene.exact()}"


@row("s3-403", "S3: 403", "the flow exits, naming the path; ledger exact after the next start")
def forbidden(scene: Scene) -> str:
    store = scene.on_s3()
    scene.topic()
    with scene.flow() as flow:
        scene.produce(500)
        scene.wait_stored(flow, 500)
        store.fail(FORBIDDEN, is_put)
        scene.produce(500)
        code = flow.wait(seconds=60)
        said = flow.tail()
    store.recover()
    assert code == 4, f"exit {code}: {said}"
    assert "s3://" in said.strip().splitlines()[-1], said
    scene.drain()
    return f"exit {code}, the line names the path; {scene.exact()}"


@row("s3-slow", "S3: every request 1 s late, for 30 s", BAR)
def slow(scene: Scene) -> str:
    store = scene.on_s3()
    scene.topic()
    with scene.flow() as flow:
        scene.produce(500)
        scene.wait_stored(flow, 500)
        store.fail(SLOW, lambda _method, _path: True)
        with scene.producing(6_000, rate=200):
            pass
        scene.wait_stored(flow, len(scene.ledger.acknowledged))
        store.recover()
        waited = scene.wait_archived(flow, len(scene.ledger.acknowledged))
        scene.finish(flow)
    assert waited <= RECOVERED_WITHIN_SECONDS, f"gold was complete after {waited:.1f} s"
    return f"silver kept up; gold complete {waited:.1f} s after; {scene.exact()}"


@row(
    "s3-out",
    "S3: out for 1 minute at 500 events/s",
    f"lag grows, memory by at most {MOST_GROWTH_MIB:.0f} MiB; {BAR}",
)
def out_for_a_minute(scene: Scene) -> str:
    return out(scene, minutes=1)


@row(
    "s3-out-10-minutes",
    "S3: out for 10 minutes at 500 events/s",
    f"lag grows, memory by at most {MOST_GROWTH_MIB:.0f} MiB; {BAR}",
    long=True,
)
def out_for_ten_minutes(scene: Scene) -> str:
    return out(scene, minutes=10)


def out(scene: Scene, *, minutes: float) -> str:
    store = scene.on_s3()
    scene.topic()
    rate, seconds = 500, 60 * minutes
    scene.settings["RISK_GOLD_FLUSH_MIB"] = "4"
    with scene.flow() as flow:
        with scene.producing(int(rate * (seconds + 20)), rate=rate):
            scene.wait_archived(flow, 1)
            before = flow.anonymous_mib()
            store.fail(REFUSED, lambda _method, _path: True)
            over = time.monotonic() + seconds
            highest = [before]
            lag = [0.0]

            def is_over() -> bool:
                highest.append(flow.anonymous_mib())
                return time.monotonic() >= over

            flow.wait_until(is_over, seconds=seconds + 60, what="the outage is over", every=0.5)
            lag.append(flow.total("risk_partition_lag_events"))
            store.recover()
            waited = scene.wait_archived(flow, scene.archived() + 1)
        scene.finish(flow)
    growth = max(highest) - before
    measured = (
        f"lag {max(lag):,.0f} events, memory +{growth:.0f} MiB, gold went on after "
        f"{waited:.1f} s; {scene.exact()}"
    )
    assert growth <= MOST_GROWTH_MIB, measured
    assert waited <= RECOVERED_WITHIN_SECONDS, measured
    return measured


@row(
    "lake-maintained",
    "compaction, checkpoint, vacuum and clean-up, over and over, beside the flow",
    "readers and the flow survive; ledger exact",
)
def maintained(scene: Scene) -> str:

    scene.topic()
    rounds = 0
    with scene.flow() as flow:
        with scene.producing(4_000, rate=200):
            over = time.monotonic() + 20
            while time.monotonic() < over:
                done = run_module(
                    "lakehouse", "maintain", "--compact", "--vacuum", settings=scene.settings
                )
                assert done.returncode == 0, done.stderr
                asked = run_module(
                    "lakehouse", "sql", "select count(*) as n from decisions",
                    settings=scene.settings,
                )  # fmt: skip
                assert asked.returncode == 0, asked.stderr
                rounds += 1
        scene.finish(flow)
    return f"{rounds} rounds of upkeep and a question each; {scene.exact()}"


@row(
    "gold-replaced",
    "gold is lost and replaced by an empty lake, while the flow is stopped",
    "filled again from silver and the topic, as it was decided; ledger exact",
    short=True,
)
def gold_replaced(scene: Scene) -> str:
    scene.topic()
    scene.produce(3_000)
    scene.drain()
    lake = scene.folder / "lake"
    lake.rename(scene.folder / "lake-lost")
    scene.settings["RISK_POLICY"] = "reference-1"
    scene.produce(1_000)
    with scene.flow() as flow:
        scene.wait_stored(flow, 4_000)
        eventually(lake.exists, what="a lake again", seconds=30)
        scene.finish(flow)
    return f"{scene.exact()}, decided by the policy of then"


enter_faults()
