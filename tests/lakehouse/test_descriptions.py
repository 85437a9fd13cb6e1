"""What is stored says what it means, in the words of the contract."""

from pathlib import Path

import pyarrow as pa
import pytest
from deltalake import DeltaTable

from lakehouse.descriptions import TABLES, columns_of
from lakehouse.gold.maintenance import Tasks, maintain
from lakehouse.gold.object_store import table_uri
from lakehouse.gold.tables import VIEWS, open_or_create
from lakehouse.postgres.migrate import migrate
from tests.lakehouse.silver_cases import ask


def test_every_table_and_column_of_silver_has_the_comment_that_is_written_here(
    postgres: str,
) -> None:
    migrate(postgres)
    columns = ask(
        postgres,
        """
        select c.relname, a.attname, col_description(c.oid, a.attnum), obj_description(c.oid)
        from pg_class as c
        inner join pg_attribute as a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
        where c.relnamespace = 'silver'::regnamespace and c.relkind = 'r'
        """,
    )
    assert columns
    for table, column, said, about in columns:
        assert about == TABLES[table], table
        assert said == columns_of(table)[column], (table, column)


@pytest.mark.parametrize("name", VIEWS)
def test_gold_s_schema_says_what_each_column_means(lake_uri: str, name: str) -> None:
    uri = table_uri(lake_uri, name)
    open_or_create(uri, VIEWS[name])
    found = DeltaTable(uri)
    assert found.metadata().description == TABLES[name]
    said = {each.name: each.metadata.get("comment") for each in found.schema().fields}
    assert said == {each: columns_of(name)[each] for each in VIEWS[name].names}
    assert pa.schema(found.schema().to_arrow()).names == VIEWS[name].names


@pytest.mark.parametrize("before", [None, "What it meant once."], ids=["nothing", "another"])
def test_a_table_of_gold_that_was_made_before_is_described_once_by_maintenance(
    tmp_path: Path, before: str | None
) -> None:
    lake_uri = str(tmp_path)
    uri = table_uri(lake_uri, "decisions")
    said = {"comment": before} if before else None
    bare = [field.with_metadata(said) for field in VIEWS["decisions"]]
    DeltaTable.create(uri, schema=pa.schema(bare))
    maintain(lake_uri, Tasks(compact=False, vacuum_hours=None))
    found = DeltaTable(uri)
    assert found.metadata().description == TABLES["decisions"]
    comments = {each.name: each.metadata.get("comment") for each in found.schema().fields}
    assert comments == {each: columns_of("decisions")[each] for each in VIEWS["decisions"].names}
    assert pa.schema(found.schema().to_arrow()).equals(pa.schema(bare))
    version = found.version()
    maintain(lake_uri, Tasks(compact=False, vacuum_hours=None))
    assert DeltaTable(uri).version() == version
