"""A lake may lie below any prefix and in nearly any folder; nothing comes to lie beside it."""

from __future__ import annotations

from pathlib import Path

import pytest

from lakehouse.errors import SettingsInvalid
from lakehouse.gold.maintenance import Tasks, maintain
from lakehouse.gold.object_store import probe, table_uri
from lakehouse.lake.session import Lake
from lakehouse.registry.store import RegistryStore
from tests.lakehouse.gold_cases import a_gold_writer, append
from tests.servers.s3 import Bucket

NAMES = ("with space", "Zürich", "a#b", "a?b=c", "100%", "a+b", "a&b=c,d")
COMPACT = Tasks(compact=True, vacuum_hours=None, forget_before=None)


def used(lake_uri: str) -> int:
    """Write, read, compact and read again; return how many rows are there."""
    probe(lake_uri)
    writer = a_gold_writer(lake_uri)
    for first in (0, 3):
        append(writer, first, first + 3)
        writer.flush()
    maintain(lake_uri, COMPACT)
    assert not RegistryStore(lake_uri).has_entry(1)
    lake = Lake(lake_uri)
    try:
        rows: int = lake.query("select count(*) as n from raw_events")["n"][0].as_py()
    finally:
        lake.close()
    return rows


@pytest.mark.parametrize("name", NAMES)
def test_a_folder_of_any_name_holds_the_lake(name: str, tmp_path: Path) -> None:
    assert used(str(tmp_path / name / "lake")) == 6
    assert [each.name for each in tmp_path.iterdir()] == [name]


@pytest.mark.parametrize("name", ["/data/a%20b", "/data/back\\slash", "s3://lake/a%2520b"])
def test_an_address_that_the_library_looks_for_elsewhere_is_refused_in_one_line(name: str) -> None:
    with pytest.raises(SettingsInvalid, match=r"RISK_LAKE_URI leads to .*rename") as refused:
        table_uri(name, "decisions")
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize(
    ("name", "key"),
    [*((name, name) for name in NAMES), ("a%20b", "a b")],
)
def test_a_prefix_of_any_name_holds_the_lake(
    name: str, key: str, bucket: Bucket, monkeypatch: pytest.MonkeyPatch
) -> None:
    for variable, value in bucket.environment.items():
        monkeypatch.setenv(variable, value)
    assert used(f"{bucket.uri}/{name}/lake") == 6
    keys = bucket.keys()
    assert {each.partition("/")[0] for each in keys} == {key}
