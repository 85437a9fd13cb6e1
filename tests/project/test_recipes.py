"""The commands: each explained, and those of the README are those of CI."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.project.tree import ROOT, files

JUST = Path(sys.executable).parent / "just"
COMMAND = re.compile(r"\./justw(?: [\w-]+)?(?: \d+)?")
FIRST_COMMANDS = ("./justw demo 60", "./justw test")


@pytest.fixture(scope="module")
def recipes() -> dict[str, Any]:
    dumped = subprocess.run(
        [JUST, "--justfile", ROOT / "justfile", "--dump", "--dump-format", "json"],
        capture_output=True,
        text=True,
        check=True,
    )
    found: dict[str, Any] = json.loads(dumped.stdout)["recipes"]
    return found


def test_every_recipe_says_what_it_is_for(recipes: dict[str, Any]) -> None:
    assert [name for name, recipe in recipes.items() if not recipe["doc"]] == []


def test_just_alone_lists_the_recipes(recipes: dict[str, Any]) -> None:
    listed = subprocess.run(
        [JUST, "--justfile", ROOT / "justfile"], capture_output=True, text=True, check=True
    )
    assert [name for name in recipes if f"\n    {name} " not in listed.stdout] == []


def test_every_command_in_a_page_is_a_recipe(recipes: dict[str, Any]) -> None:
    named = {
        command.split()[1]
        for page in files(".md")
        for command in COMMAND.findall(page.read_text(encoding="utf-8"))
        if " " in command
    }
    assert named <= recipes.keys()


def test_the_readmes_two_commands_are_what_ci_runs() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8").splitlines()
    ci = (ROOT / ".ci" / "run").read_text(encoding="utf-8")
    assert [line for line in readme if line in FIRST_COMMANDS] == list(FIRST_COMMANDS)
    assert set(FIRST_COMMANDS) <= set(COMMAND.findall(ci))


@pytest.mark.parametrize("script", ["justw", ".ci/run", "ops/compile.sh"])
def test_a_script_can_be_run_as_it_is(script: str) -> None:
    path = ROOT / script
    assert os.access(path, os.X_OK)
    shell = path.read_text(encoding="utf-8").partition("\n")[0].removeprefix("#!").split()
    subprocess.run([*shell, "-n", path], check=True)
