"""What every test may ask for."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import structlog
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


@pytest.fixture(autouse=True)
def logging_of_its_own(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Let what a command says of logging in this process end with its test.

    A logger that keeps its first configuration would write to this test's captured output for ever.
    """
    configure = structlog.configure

    def without_cache(**said: Any) -> None:
        configure(**said | {"cache_logger_on_first_use": False})

    monkeypatch.setattr(structlog, "configure", without_cache)
    yield
    structlog.reset_defaults()
