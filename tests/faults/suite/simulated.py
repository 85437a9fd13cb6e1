"""The protocol in simulated stores."""

from __future__ import annotations

import re
import subprocess
import sys

from tests.faults.suite.scene import Scene
from tests.faults.suite.table import row
from tests.flow import ROOT

CPU_SECONDS = 120.0


@row(
    "simulator-some",
    "a kill, a suspension or a lost answer before and after each effect, simulated: 500 seeds",
    "no violation",
    short=True,
)
def some(scene: Scene) -> str:
    return simulated(scene, 500)[0]


@row(
    "simulator",
    "the same, 10,000 seeds",
    f"no violation, within {CPU_SECONDS:.0f} s of CPU",
    long=True,
)
def many(scene: Scene) -> str:
    said, seconds = simulated(scene, 10_000)
    assert seconds <= CPU_SECONDS, said
    return said


def simulated(scene: Scene, seeds: int) -> tuple[str, float]:
    first = scene.seed * 10_000
    done = subprocess.run(
        [
            *(sys.executable, "-m", "tests.faults.simulator"),
            *("--seeds", str(seeds), "--first", str(first)),
        ],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    found = re.search(r"([\d.]+) s of CPU", done.stdout)
    assert found is not None, done.stdout
    return done.stdout.strip(), float(found[1])
