"""What several tests of the API share."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.flow import run_module


@pytest.fixture(scope="session")
def stored_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home in which the stream has stored simulated applications."""
    home = tmp_path_factory.mktemp("stored")
    source = {"RISK_SOURCE": "sim://?rate=0&seed=1&limit=60", "RISK_HOME": str(home)}
    done = run_module(
        "bytewax.run",
        "dataflows.score",
        settings=source | {"RISK_METRICS_ADDRESS": "127.0.0.1:0"},
    )
    assert done.returncode == 0, done.stderr
    return home
