"""Whatever the OpenAPI document allows, and what it does not, is put to a real server."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.flow import environment
from tests.serving.api_server import running_api

HERE = Path(__file__).parent


@pytest.mark.timeout(290)
@pytest.mark.parametrize("examples", [40, pytest.param(200, marks=pytest.mark.long)])
def test_examples_of_each_operation_find_nothing(examples: int, tmp_path: Path) -> None:
    with running_api(tmp_path / "home") as api:
        done = subprocess.run(
            [
                Path(sys.executable).parent / "schemathesis",
                *("--config-file", HERE / "schemathesis.toml"),
                *("run", f"{api.url}/openapi.json"),
                *("--checks", "all", "--max-examples", str(examples), "--seed", "1"),
                *("--header", f"X-API-Key: {api.key}", "--no-color"),
            ],
            cwd=tmp_path,
            env=environment({"PYTHONWARNINGS": "", "HOME": os.environ.get("HOME", "")}),
            capture_output=True,
            text=True,
            timeout=280,
            check=False,
        )
    assert done.returncode == 0, done.stdout[-6_000:] + done.stderr[-2_000:]
