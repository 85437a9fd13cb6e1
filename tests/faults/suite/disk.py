"""The disk below the embedded Postgres is full: a small file system of its own, filled."""

from __future__ import annotations

import errno
import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from lakehouse.embedded.server import embedded_postgres
from tests.faults.suite.postgres import BAR, RECOVERED_WITHIN_SECONDS, is_retrying
from tests.faults.suite.scene import Scene
from tests.faults.suite.table import NOT_RUN, row

DISK_MIB = 224
FULL_SECONDS = 20.0
BLOCK = b"\0" * (1 << 20)


@row(
    "embedded-disk-full",
    f"the disk below the embedded Postgres is full for {FULL_SECONDS:.0f} s",
    f"the flow waits and says so; {BAR}",
)
def full_below_the_embedded(scene: Scene) -> str:
    home = scene.folder / "home"
    home.mkdir()
    if not mounted(home):
        return f"{NOT_RUN}: a small file system cannot be mounted here"
    scene.stack.callback(unmount, home)
    del scene.settings["RISK_SILVER_DSN"]
    scene.topic()
    with embedded_postgres(home) as scene.dsn, scene.flow() as flow:
        scene.produce(1_000)
        scene.wait_stored(flow, 1_000)
        with filled(home):
            scene.produce(20_000)
            flow.wait_until(lambda: is_retrying(flow), seconds=60, what="trying again")
            over = time.monotonic() + FULL_SECONDS
            flow.wait_until(lambda: time.monotonic() >= over, seconds=60, what="the time is over")
            before = max(scene.stored(), 0)
            assert before < 21_000, "the disk was never full"
        waited = scene.more(flow, before)
        scene.finish(flow)
        said = flow.log.read_text(encoding="utf-8", errors="replace")
    measured = f"went on {waited:.1f} s after there was room; {scene.exact()}"
    assert "store_unavailable_retrying" in said, said[-2_000:]
    assert waited <= RECOVERED_WITHIN_SECONDS, measured
    return measured


def mounted(folder: Path) -> bool:
    """Mount a small file system on a folder; false where this process may not."""
    mount = shutil.which("mount")
    if mount is None or os.geteuid() != 0:
        return False
    command = [mount, "-t", "tmpfs", "-o", f"size={DISK_MIB}m,mode=0755", "tmpfs", str(folder)]
    return subprocess.run(command, capture_output=True, check=False).returncode == 0


def unmount(folder: Path) -> None:
    subprocess.run(["umount", "--lazy", str(folder)], check=True)


@contextmanager
def filled(folder: Path) -> Iterator[None]:
    """Leave no room on a folder's file system meanwhile."""
    path = folder / "filler"
    try:
        with path.open("wb", buffering=0) as filler:
            try:
                while filler.write(BLOCK) == len(BLOCK):
                    pass
            except OSError as error:
                if error.errno != errno.ENOSPC:
                    raise
        yield
    finally:
        path.unlink()
