"""A store is of another history than the other, or the clock of another time."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path
from typing import Final

from tests.faults.suite.scene import Scene
from tests.faults.suite.table import row
from tests.flow import run_module
from tests.servers.postgres import OwnPostgres

MOST_STALL_SECONDS: Final = 10.0
CLOCK: Final = Path(__file__).with_name("clock.c")


@row(
    "postgres-restored",
    "Postgres restored to an older backup, gold being newer",
    "refused at the start, exit 5, naming partition and offsets; the newer one goes on",
)
def restored(scene: Scene) -> str:
    server = OwnPostgres(scene.folder / "postgres")
    server.start()
    scene.stack.callback(server.stop)
    scene.dsn = scene.settings["RISK_SILVER_DSN"] = server.dsn
    scene.topic()
    scene.produce(2_000)
    scene.drain()
    data, backup = server.folder / "data", server.folder / "backup"
    server.stop()
    subprocess.run(["cp", "-a", data, backup], check=True)
    server.start()
    scene.produce(1_000)
    scene.drain()
    server.stop()
    data.rename(server.folder / "newest")
    backup.rename(data)
    server.start()
    done = run_module(
        "bytewax.run",
        "dataflows.score",
        settings=scene.settings | {"RISK_METRICS_ADDRESS": "127.0.0.1:0"},
    )
    assert done.returncode == 5, f"exit {done.returncode}: {done.stderr}"
    assert "restored to an older state" in done.stderr, done.stderr
    server.stop()
    shutil.rmtree(data)
    (server.folder / "newest").rename(data)
    server.start()
    scene.produce(500)
    scene.drain()
    return f"exit 5, one line; {scene.exact()}"


@row(
    "clock",
    "the clock of the flow one hour back, then two hours forth, while it runs",
    f"no stall over {MOST_STALL_SECONDS:.0f} s; ledger exact",
)
def clock(scene: Scene) -> str:
    library, offset = scene.folder / "clock.so", scene.folder / "offset"
    built = subprocess.run(
        ["cc", "-shared", "-fPIC", "-O1", "-o", str(library), str(CLOCK), "-ldl"],
        capture_output=True,
        text=True,
        check=False,
    )
    if built.returncode:
        return f"not run: no C compiler here ({built.stderr.strip()[:60]})"
    set_clock(offset, 0)
    scene.topic()
    scene.settings |= {"LD_PRELOAD": str(library), "CLOCK_OFFSET": str(offset)}
    stalls = []
    with scene.flow() as flow:
        scene.produce(1_000)
        scene.more(flow, 0)
        for seconds in (-3_600, 3_600, 0):
            before = scene.stored()
            set_clock(offset, seconds)
            scene.produce(1_000)
            stalls.append(scene.more(flow, before, seconds=60))
        scene.finish(flow)
    del scene.settings["LD_PRELOAD"]
    measured = f"longest wait for a commit {max(stalls):.1f} s; {scene.exact()}"
    assert max(stalls) <= MOST_STALL_SECONDS, measured
    return measured


def set_clock(path: Path, seconds: int) -> None:
    """Set the flow's clock ahead by so many seconds; at once, since the file is replaced whole."""
    draft = path.with_suffix(".draft")
    draft.write_bytes(seconds.to_bytes(8, "little", signed=True))
    if path.exists():
        with path.open("r+b") as file:
            file.write(draft.read_bytes())
    else:
        draft.rename(path)
