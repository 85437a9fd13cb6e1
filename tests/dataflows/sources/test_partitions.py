from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from dataflows.sources.batches import MicroBatch
from dataflows.sources.partitions import Partition, partitions_of
from lakehouse.errors import SettingsInvalid
from lakehouse.settings.settings import Settings


def found(source: str, **settings: str) -> tuple[Partition, bool]:
    """The one partition of a source, and whether that is bounded."""
    made_of = partitions_of(Settings.from_env({"RISK_SOURCE": source, **settings}))
    (partition,) = made_of.partitions
    return partition, made_of.is_bounded


def first_batch(partition: Partition, *, start: int) -> MicroBatch:
    batch = partition.open(start=start, named=partition.topic, part=partition.part).read(0.0)
    assert batch is not None
    return batch


def test_a_file_is_one_bounded_partition(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_bytes(b"a\nb\n")
    partition, is_bounded = found(str(path))
    assert is_bounded
    assert partition.key == f"{path.resolve()}/0"
    assert (partition.low, partition.high) == (0, None)


def test_a_file_that_knows_its_length_says_where_it_ends(tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    columns = ("id", "loan_amnt", "annual_inc", "issue_d")
    pq.write_table(pa.table({name: [1, 2, 3] for name in columns}), path)
    assert found(str(path))[0].high == 3


def test_a_file_is_opened_at_its_start_with_batches_as_large_as_the_settings_say(
    tmp_path: Path,
) -> None:
    path = tmp_path / "a.jsonl"
    path.write_bytes(b"a\nb\nc\nd\n")
    partition, _ = found(str(path), RISK_BATCH_MAX_MESSAGES="2")
    assert first_batch(partition, start=1).offsets.tolist() == [1, 2]


def test_a_file_that_is_not_there_is_a_wrong_setting(tmp_path: Path) -> None:
    with pytest.raises(SettingsInvalid, match="expected a file"):
        found(str(tmp_path / "gone.csv"))


def test_the_simulation_is_one_partition_without_end() -> None:
    partition, is_bounded = found("sim://?seed=7")
    assert not is_bounded
    assert (partition.part, partition.low, partition.high) == (0, 0, None)


def test_rate_and_limit_are_no_part_of_a_simulations_name() -> None:
    names = {found(f"sim://?seed=7{more}")[0].key for more in ("", "&rate=5", "&limit=9&rate=0")}
    assert names == {"sim://?seed=7&scenario=none/0"}


def test_seed_and_scenario_are_part_of_a_simulations_name() -> None:
    urls = ("sim://?seed=7", "sim://?seed=8", "sim://?seed=7&scenario=recession")
    assert len({found(url)[0].key for url in urls}) == 3


def test_a_simulation_is_opened_at_its_start_with_its_rate_limit_and_batch_size() -> None:
    partition, _ = found("sim://?seed=7&rate=0&limit=11", RISK_BATCH_MAX_MESSAGES="4")
    assert first_batch(partition, start=5).offsets.tolist() == [5, 6, 7, 8]
    assert first_batch(partition, start=9).offsets.tolist() == [9, 10]
