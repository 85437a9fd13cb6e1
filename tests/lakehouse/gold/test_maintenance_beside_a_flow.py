"""Maintenance beside the real flow and readers, and what it does for a thousand small files."""

from __future__ import annotations

import statistics
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from lakehouse.gold.maintenance import Tasks, maintain
from lakehouse.lake.session import Lake
from tests.flow import running_flow, sound_account
from tests.lakehouse.gold_cases import a_gold_writer, decided_rows, delta
from tests.lakehouse.silver_cases import TOPIC

EVENTS = 12_000
QUESTION = "select count(*) as n, count(distinct off) as offs, avg(pd) as pd from decisions"

pytestmark = [pytest.mark.long, pytest.mark.timeout(900)]


def test_a_running_flow_and_readers_notice_nothing_and_the_account_is_exact(
    postgres: str, tmp_path: Path
) -> None:
    lake_uri = str(tmp_path / "home" / "lake")
    settings = {
        "RISK_SOURCE": f"sim://?seed=3&limit={EVENTS}&rate=400",
        "RISK_HOME": str(tmp_path / "home"),
        "RISK_SILVER_DSN": postgres,
        "RISK_GOLD_FLUSH_ROWS": "20",
        "RISK_GOLD_FLUSH_SECONDS": "1",
    }
    done = threading.Event()

    def read() -> int:
        lake, seen, asked = Lake(lake_uri), 0, 0
        while not done.is_set():
            lake.refresh()
            (row,) = lake.query(QUESTION).to_pylist()
            assert row["n"] == row["offs"] >= seen
            seen, asked = row["n"], asked + 1
        lake.close()
        return asked

    turns = replaced = 0
    with (
        ThreadPoolExecutor(1) as pool,
        running_flow(settings, log=tmp_path / "flow.log") as flow,
    ):
        flow.wait_until(lambda: Path(lake_uri, "decisions").exists(), seconds=120, what="gold")
        reading = pool.submit(read)
        try:
            while flow.process.poll() is None:
                replaced += sum(each.compacted for each in maintain(lake_uri, Tasks()))
                turns += 1
        finally:
            done.set()
        assert flow.process.returncode == 0, flow.tail()
        assert reading.result() > turns > 1
    assert replaced > 20
    assert sound_account(settings)["read"] == EVENTS
    maintain(lake_uri, Tasks())
    assert len(delta(lake_uri, "decisions").file_uris()) < 10
    assert sound_account(settings)["read"] == EVENTS


def test_a_thousand_small_files_become_few_and_questions_five_times_as_fast(
    tmp_path: Path,
) -> None:
    lake_uri = str(tmp_path)
    writer = a_gold_writer(lake_uri, "decisions")
    for off in range(1_000):
        writer.append(TOPIC, 0, off + 1, decided_rows([off]))
        writer.flush()
    before = Lake(lake_uri)  # goes on seeing the small files
    maintain(lake_uri, Tasks())
    after = Lake(lake_uri)
    assert len(delta(lake_uri, "decisions").file_uris()) < 5
    seconds: dict[Lake, list[float]] = {before: [], after: []}
    for _ in range(5):
        for lake, taken in seconds.items():
            began = time.perf_counter()
            assert lake.query(QUESTION)["n"].to_pylist() == [1_000]
            taken.append(time.perf_counter() - began)
            assert lake.query("select min(off) as off from decisions")["off"].to_pylist() == [0]
    assert statistics.median(seconds[before]) > 5 * statistics.median(seconds[after])
    before.close()
    after.close()


def test_after_maintenance_a_lake_of_many_commits_opens_like_a_new_one(tmp_path: Path) -> None:
    """A reader begins with the checkpoint; the log's thousand entries stay for a month."""
    for name, commits in (("new", 1), ("old", 1_000)):
        writer = a_gold_writer(str(tmp_path / name), "decisions")
        for off in range(commits):
            writer.append(TOPIC, 0, off + 1, decided_rows([off]))
            writer.flush()
    maintain(str(tmp_path / "old"), Tasks())
    taken: dict[str, list[float]] = {"new": [], "old": []}
    for _ in range(7):
        for name, seconds in taken.items():
            began = time.perf_counter()
            lake = Lake(str(tmp_path / name))
            seconds.append(time.perf_counter() - began)
            lake.close()
    assert statistics.median(taken["old"]) < 3 * statistics.median(taken["new"])
    assert min(taken["old"]) < 0.5
