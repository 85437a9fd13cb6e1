"""The broker cannot be reached, stops, pauses, or is asked for what it no longer has."""

from __future__ import annotations

import time
from contextlib import ExitStack

from tests.faults.suite.scene import Scene, eventually
from tests.faults.suite.table import row
from tests.flow import run_module
from tests.servers.broker import Flavour
from tests.servers.process import free_port


@row(
    "broker-absent",
    "broker unreachable at the start",
    'exit within 15 s, one line: "broker unreachable"',
    short=True,
)
def absent(scene: Scene) -> str:
    source = f"kafka://127.0.0.1:{free_port()}/loans"
    began = time.monotonic()
    done = run_module(
        "bytewax.run",
        "dataflows.score",
        settings=scene.settings | {"RISK_SOURCE": source, "RISK_METRICS_ADDRESS": "127.0.0.1:0"},
    )
    seconds = time.monotonic() - began
    assert done.returncode == 4, done.stderr
    assert len(done.stderr.strip().splitlines()) == 1, done.stderr
    assert "broker unreachable" in done.stderr, done.stderr
    assert seconds <= 15, f"after {seconds:.1f} s"
    return f"exit 4 after {seconds:.1f} s, one line"


@row("broker-killed", "broker killed for 20 s while the flow runs", "no loss; ledger exact")
def killed(scene: Scene) -> str:
    with ExitStack() as stack:
        broker = scene.servers.own_broker(stack)
        if broker.flavour is not Flavour.KAFKA:
            return "not run: this broker keeps nothing on disk"
        scene.topic(broker=broker)
        with scene.flow() as flow:
            scene.produce(2_000)
            scene.wait_stored(flow, 2_000)
            with scene.producing(4_000, rate=200):
                scene.more(flow, 2_000)
                broker.server.kill()
                over = time.monotonic() + 20
                flow.wait_until(
                    lambda: time.monotonic() >= over, seconds=30, what="20 s have passed"
                )
                broker.start()
                before = scene.stored()
                waited = scene.more(flow, before, seconds=60)
            scene.finish(flow)
    return f"went on {waited:.1f} s after it was back; {scene.exact()}"


@row("broker-paused", "broker paused (SIGSTOP) for 120 s", "no loss; ledger exact", long=True)
def paused(scene: Scene) -> str:
    return pause(scene, seconds=120)


@row("broker-paused-20-s", "broker paused (SIGSTOP) for 20 s", "no loss; ledger exact")
def paused_briefly(scene: Scene) -> str:
    return pause(scene, seconds=20)


def pause(scene: Scene, *, seconds: float) -> str:
    with ExitStack() as stack:
        broker = scene.servers.own_broker(stack)
        scene.topic(broker=broker)
        with scene.flow() as flow:
            scene.produce(2_000)
            scene.wait_stored(flow, 2_000)
            with scene.producing(2_000, rate=200):
                scene.more(flow, 2_000)
                broker.server.pause()
                over = time.monotonic() + seconds
                flow.wait_until(
                    lambda: time.monotonic() >= over, seconds=seconds + 30, what="time has passed"
                )
                broker.server.resume()
                before = scene.stored()
                waited = eventually(
                    lambda: scene.stored() > before, what="a new commit", seconds=60
                )
            scene.finish(flow)
    return f"went on {waited:.1f} s after; {scene.exact()}"
