"""What every test may ask for."""

import os
from pathlib import Path

import pytest
from hypothesis import settings

pytest_plugins = ["tests.servers.plugin"]

_SHARED_DATA = Path(__file__).parents[2] / "shared" / "data"

# CI draws the same examples each time; a person's run looks further. Busy machines miss deadlines.
settings.register_profile(
    "project", deadline=None, print_blob=True, derandomize=bool(os.environ.get("CI"))
)
settings.load_profile("project")


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of real LendingClub samples, which are never part of the project."""
    if not _SHARED_DATA.is_dir():
        pytest.skip("real LendingClub samples (../shared/data) are not on this machine")
    return _SHARED_DATA
