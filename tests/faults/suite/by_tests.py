"""Rows that tests of their own measure: the row runs the tests."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from typing import Final

from tests.faults.suite.scene import Scene
from tests.faults.suite.table import row
from tests.flow import ROOT

LOST: Final = "tests/faults/test_lost_positions.py"
BY_TESTS: Final = {
    "retention": (
        "retention passed the position, the flow stopped or running",
        "refused, naming partition and range; goes on by leave; the range is in the account",
        (f"{LOST}::*expired*", f"{LOST}::*gold_behind_a_loss*"),
    ),
    "topic-recreated": (
        "topic deleted and recreated: shorter, as long, longer; stopped or running",
        "refused by its id, at the second start too; never a silent skip",
        (f"{LOST}::*recreated*",),
    ),
    "partitions-added": (
        "partitions added while the flow runs",
        "noticed within 60 s; read from the next start on",
        (f"{LOST}::*added_partitions*",),
    ),
    "no-events-at-the-end": (
        "control records or aborted transactions at the end; a quiet spell, then retention",
        "starts; lag 0",
        (f"{LOST}::*without_an_event*", f"{LOST}::*quiet_spell*"),
    ),
    "compacted": (
        "compacted topic",
        "said at the start; what is gone unread is counted",
        (f"{LOST}::*compacted*",),
    ),
    "poison-kinds": (
        "50 kinds of poison, each between good neighbours",
        "each quarantined once with the right code; the neighbours land",
        ("tests/faults/test_poison.py",),
    ),
    "promotion": (
        "model rolled in flight; a bad model (checksum)",
        "one version a row; the bad model is refused, the old one serves on",
        ("tests/faults/test_promotion.py",),
    ),
    "policy-changed": (
        "policy changed between a kill and the replay",
        "what was decided stays as it was, in gold too",
        ("tests/faults/test_replay_keeps_verdicts.py",),
    ),
}


def enter_tests() -> None:
    for name, (fault, bar, tests) in BY_TESTS.items():

        def measure(scene: Scene, tests: tuple[str, ...] = tests) -> str:
            return tested(scene, tests)

        row(name, fault, bar)(measure)


def tested(scene: Scene, tests: tuple[str, ...]) -> str:
    """Run tests, all of which must pass; skipped ones count as not run."""
    began = time.monotonic()
    files = {each.partition("::")[0] for each in tests}
    words = " or ".join(each.partition("::")[2].strip("*") for each in tests if "::" in each)
    done = subprocess.run(
        [
            *(sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider"),
            *sorted(files),
            *(("-k", words) if words else ()),
        ],
        cwd=ROOT,
        env={**os.environ, "TEST_SEED": str(scene.seed)},
        capture_output=True,
        text=True,
        check=False,
        timeout=1_200,
    )
    assert done.returncode == 0, done.stdout[-2_000:]
    found = re.search(r"(\d+) passed", done.stdout)
    assert found, done.stdout[-2_000:]
    return f"{found[1]} tests passed in {time.monotonic() - began:.0f} s"


enter_tests()
