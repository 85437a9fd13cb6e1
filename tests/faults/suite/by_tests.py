"""Rows that tests of their own measure: the row runs the tests."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from typing import Final

from tests.faults.suite.scene import Scene
from tests.faults.suite.table import NOT_RUN, row
from tests.flow import ROOT

LOST: Final = "tests/faults/test_lost_positions.py"
START: Final = "tests/faults/test_start_and_stop.py"
BY_TESTS: Final = {
    "retention": (
        "retention passed the position, the flow stopped or running",
        "refused, naming partition and range; goes on where allowed; the range is in the account",
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
    "many-partitions": (
        "200 partitions in 1,024 open files",
        "fewer than 100 threads; at rest less than 0.3 of a core",
        ("tests/faults/test_many_partitions.py",),
    ),
    "pooler": (
        "a transaction pooler (PgBouncer) before Postgres; a database in SQL_ASCII",
        "works, with time limits and time zone in each transaction",
        ("tests/lakehouse/postgres/test_pooler.py",),
    ),
    "paths": (
        "the lake below a folder or prefix with space, umlaut, `%20`, `#`, `?`",
        "works, or one line at the start",
        ("tests/lakehouse/gold/test_addresses.py",),
    ),
    "held-up": (
        "the flow held up for longer than max.poll.interval, as by a lock in Postgres",
        "reads on where it was",
        ("tests/dataflows/sources/test_kafka_consumer.py::*held_up*",),
    ),
    "stop-at-start": (
        "SIGTERM during the start, as process 1 too",
        "ends at once, nothing claimed",
        (f"{START}::*sigterm_during*",),
    ),
    "advertised": (
        "advertised.listeners that cannot be reached: no such name; connection refused",
        "exit within 15 s, one line that names the address",
        (f"{START}::*clients_nowhere*",),
    ),
    "strangers": (
        "another writer: a column of theirs, deletion vectors, rows too many or too few",
        "data safe; said in one line before the next start; ranges named and rebuilt",
        (
            "tests/lakehouse/gold/test_changed_by_others.py",
            "tests/lakehouse/reconcile/test_reconcile.py",
        ),
    ),
    "dead-letters": (
        "the relay of dead letters killed before it noted what it sent",
        "each at least once, in order",
        ("tests/dataflows/test_relay.py",),
    ),
}

COUNT: Final = re.compile(r"(\d+) (passed|skipped)")


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
    counted = {word: int(count) for count, word in COUNT.findall(done.stdout)}
    if "passed" not in counted:
        return f"{NOT_RUN}: {counted.get('skipped', 0)} tests lack something on this machine"
    skipped = f", {counted['skipped']} lack something here" if "skipped" in counted else ""
    seconds = time.monotonic() - began
    return f"{counted['passed']} tests passed in {seconds:.0f} s{skipped}"


enter_tests()
