"""What the tests of the signals share."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from lakehouse.lake.session import Lake
from lakehouse.postgres.migrate import migrate
from tests.ops.firing import HASTE, tended
from tests.stack.stack import Stack, running_stack


@pytest.fixture(scope="package")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """A running stack whose alerts come quickly; what ends in it is started again."""
    with running_stack(tmp_path_factory.mktemp("alerts"), rate=50, haste=HASTE) as running:
        if running.missing:
            pytest.skip("; ".join(running.missing.values()))
        with tended(running):
            yield running


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
