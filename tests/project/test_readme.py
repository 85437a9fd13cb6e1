"""The README's commands on models and decisions, run as they stand there."""

import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from tests.flow import environment, run_module
from tests.project.tree import ROOT

JUST = [
    str(Path(sys.executable).parent / "just"),
    *("--justfile", str(ROOT / "justfile"), "--set", "python", sys.executable),
]


def _commands(section: str) -> list[list[str]]:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    block = re.search(rf"^## {section}\n\n```sh\n(.*?)^```", readme, re.MULTILINE | re.DOTALL)
    assert block is not None
    lines = [shlex.split(line, comments=True) for line in block[1].splitlines()]
    assert all(line[0] == "./justw" for line in lines)
    return [line[1:] for line in lines]


@pytest.mark.timeout(280)
def test_the_commands_on_models_and_decisions_work_one_after_the_other(tmp_path: Path) -> None:
    settings = {
        "RISK_HOME": str(tmp_path / "home"),
        "RISK_SOURCE": "sim://?rate=0&seed=1&limit=3000",
        "RISK_METRICS_ADDRESS": "127.0.0.1:0",
    }
    done = run_module("bytewax.run", "dataflows.score", settings=settings)
    assert done.returncode == 0, done.stderr
    for command in _commands("Models, and decisions made again"):
        if command[0] == "train":
            command += ["sim://?seed=7&limit=20000", "--out", str(tmp_path / "models")]
        ended = subprocess.run(
            [*JUST, *command],
            cwd=ROOT,
            env=environment(settings),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=200,
            check=False,
        )
        assert ended.returncode == 0, f"{command}: {ended.stderr or ended.stdout}"
