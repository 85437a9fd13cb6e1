"""What the tests of the signals share."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from lakehouse.lake.session import Lake
from lakehouse.postgres.migrate import migrate


@pytest.fixture
def silver(postgres: str) -> str:
    """The connection string of a silver that holds nothing."""
    migrate(postgres)
    return postgres


@pytest.fixture
def lake(tmp_path: Path) -> Iterator[Lake]:
    """An empty lake."""
    with closing(Lake(str(tmp_path))) as lake:
        yield lake
