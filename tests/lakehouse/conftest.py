"""What the tests of the lakehouse share."""

from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from lakehouse.postgres.migrate import migrate
from tests.servers.postgres import fresh_database
from tests.servers.s3 import Bucket


@pytest.fixture(scope="session")
def migrated(postgres_dsn: str) -> Iterator[str]:
    """A database with silver in it; made once, because that costs half a second."""
    with fresh_database(postgres_dsn, "lakehouse_tests") as dsn:
        migrate(dsn)
        yield dsn


@pytest.fixture
def silver(migrated: str) -> str:
    """The connection string of a silver that holds nothing."""
    with psycopg.connect(migrated) as connection:
        connection.execute("""
            truncate silver.decisions, silver.quarantine, silver.duplicates, silver.progress,
            silver.owner, silver.position_losses, silver.recoveries, silver.reconciled,
            silver.gold_differences
        """)
        connection.execute("update silver.recovery_head set last_no = 0")
        connection.execute("update silver.reconciled_recoveries set last_no = 0")
    return migrated


@pytest.fixture(params=["folder", "s3"])
def lake_uri(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> str:
    """An empty lake: once in a folder, once in a bucket that the environment leads to."""
    if request.param == "folder":
        return str(tmp_path / "lake")
    bucket: Bucket = request.getfixturevalue("bucket")
    for name, value in bucket.environment.items():
        monkeypatch.setenv(name, value)
    return f"{bucket.uri}/lake"
