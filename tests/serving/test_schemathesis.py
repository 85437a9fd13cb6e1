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
EXAMPLES = 200


@pytest.mark.timeout(290)
def test_two_hundred_examples_an_operation_find_nothing(tmp_path: Path) -> None:
    with running_api(tmp_path / "home") as api:
        done = subprocess.run(
            [
                Path(sys.executable).parent / "schemathesis",
                *("--config-file", HERE / "schemathesis.toml"),
                *("run", f"{api.url}/openapi.json"),
                *("--checks", "all", "--max-examples", str(EXAMPLES), "--seed", "1"),
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
