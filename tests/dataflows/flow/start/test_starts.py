"""Where each partition starts, with real stores."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from dataflows.flow.start.starts import find_starts
from dataflows.sources.batches import Reader
from dataflows.sources.partitions import Partition
from lakehouse.errors import PositionLost
from lakehouse.gold.appender import open_gold
from lakehouse.gold.tables import SCHEMAS
from lakehouse.postgres.migrate import migrate
from lakehouse.settings.settings import Settings
from lakehouse.silver.claims import claim
from tests.lakehouse.gold_cases import BRIEF
from tests.lakehouse.silver_cases import PIPELINE, TOPIC, a_batch, a_decision, a_writer


def never(*, start: int, named: str, part: int) -> Reader:
    pytest.fail(f"{named}, partition {part}, is not to be opened at {start} here")


def test_an_end_that_the_instance_before_us_has_passed_meanwhile_is_asked_for_again(
    postgres: str, tmp_path: Path
) -> None:
    migrate(postgres)
    writer = a_writer(postgres)
    writer.store(a_batch(*(a_decision(f"e{off}", off) for off in range(5))))
    writer.close()
    gold = open_gold(str(tmp_path / "lake"), pipeline=PIPELINE, patience=BRIEF)
    for table, each in gold.items():
        each.append(TOPIC, 0, 5, SCHEMAS[table].empty_table())
        each.flush()
    token = claim(postgres, PIPELINE)
    stale = Partition(TOPIC, 0, low=0, high=3, open=never)
    known = (Settings(), postgres, token, [stale], gold)
    (placed,) = find_starts(*known, ask_again=lambda: [replace(stale, high=7)])
    assert placed.start.off == 5
    with pytest.raises(PositionLost, match="the source ends at 3"):
        find_starts(*known, ask_again=lambda: [stale])
