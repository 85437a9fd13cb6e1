"""The archive: decisions with their bytes, by position, a batch at a time."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

from lakehouse.arrow_schemas import DECISIONS
from lakehouse.lake import archive
from lakehouse.lake.archive import (
    Archived,
    ArchivePosition,
    archived,
    archived_all,
    positions_of,
    sample,
)
from lakehouse.lake.session import Lake
from tests.lakehouse.gold_cases import (
    RECEIVED_AT,
    a_gold_writer,
    decided_rows,
    raw_rows,
)
from tests.lakehouse.silver_cases import TOPIC

FILE_ROWS = 10


@pytest.fixture
def lake(tmp_path: Path) -> Iterator[Lake]:
    """Offsets 0 to 39 in four files, the even ones decided; each has bytes of its own."""
    raw_events = a_gold_writer(str(tmp_path), "raw_events")
    decisions = a_gold_writer(str(tmp_path), "decisions")
    for first in range(0, 40, FILE_ROWS):
        for off in range(first, first + FILE_ROWS):
            raw_events.append(TOPIC, 0, off + 1, raw_rows([off], raw=b"event %d" % off))
        raw_events.flush()
        even = range(first, first + FILE_ROWS, 2)
        decisions.append(TOPIC, 0, first + FILE_ROWS, decided_rows(even))
        decisions.flush()
    session = Lake(str(tmp_path))
    yield session
    session.close()


def content(batches: Iterator[Archived]) -> list[list[tuple[int, bytes | None]]]:
    return [
        list(zip(batch.decisions.column("off").to_pylist(), batch.raws, strict=True))
        for batch in batches
    ]


def at(*offs: int) -> list[ArchivePosition]:
    return [ArchivePosition(TOPIC, 0, off) for off in offs]


def test_a_decision_comes_with_its_own_bytes_and_their_arrival(lake: Lake) -> None:
    (batch,) = archived(lake, at(14))
    assert (batch.decisions.column_names, batch.raws) == (DECISIONS.names, [b"event 14"])
    assert batch.decisions["event_id"].to_pylist() == ["e14"]
    assert batch.received_at.tolist() == [RECEIVED_AT.replace(tzinfo=None)]


def test_positions_may_be_repeated_and_in_any_order(lake: Lake) -> None:
    assert content(archived(lake, at(30, 2, 30))) == [[(2, b"event 2"), (30, b"event 30")]]


def test_a_position_that_was_not_decided_gives_nothing(lake: Lake) -> None:
    assert content(archived(lake, at(3, 99))) == [[]]


def test_positions_that_lie_far_apart_are_read_apart(
    lake: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(archive, "_FARTHEST", 4)
    assert content(archived(lake, at(2, 6, 38))) == [
        [(2, b"event 2"), (6, b"event 6")],
        [(38, b"event 38")],
    ]


def test_a_look_up_opens_only_the_files_that_hold_the_position(lake: Lake, tmp_path: Path) -> None:
    """The other files are gone, and nobody notices."""
    for path in (tmp_path / "raw_events").glob("*.parquet"):
        if 14 not in pq.read_table(path, columns=["off"])["off"].to_pylist():
            path.unlink()
    assert content(archived(lake, at(14))) == [[(14, b"event 14")]]


def test_all_decisions_come_in_batches_that_leave_none_out(
    lake: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(archive, "_OFFSETS_AT_ONCE", 15)
    found = content(archived_all(lake))
    assert [len(batch) for batch in found] == [8, 7, 5]
    assert [each for batch in found for each in batch] == [
        (off, b"event %d" % off) for off in range(0, 40, 2)
    ]


def test_bytes_that_are_missing_are_known_by_an_arrival_that_is_none(
    lake: Lake, tmp_path: Path
) -> None:
    decisions = a_gold_writer(str(tmp_path), "decisions")
    decisions.append(TOPIC, 0, 51, decided_rows([50]))
    decisions.flush()
    lake.refresh()
    (batch,) = archived(lake, at(50))
    assert batch.raws == [None]
    assert np.isnat(batch.received_at).all()


def test_events_are_found_by_id_where_they_were_decided(lake: Lake) -> None:
    assert positions_of(lake, ["e4", "e5"]) == {"e4": ArchivePosition(TOPIC, 0, 4)}


def test_a_seed_draws_the_same_decisions_again_and_another_seed_others(lake: Lake) -> None:
    drawn = [list(sample(lake, size=6, seed=seed)) for seed in (1, 1, 2)]
    assert len(set(drawn[0])) == 6
    assert drawn[0] == drawn[1] != drawn[2]
    assert len(sample(lake, size=100, seed=1)) == 20


def test_an_empty_lake_archives_nothing(tmp_path: Path) -> None:
    empty = Lake(str(tmp_path / "none"))
    assert list(archived_all(empty)) == []
    empty.close()
