"""What the rooms import is declared: nothing rests on what another package brings along."""

import ast
import sys
import tomllib
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.house.tree import ROOMS, ROOT

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))


def _names(requirements: list[str]) -> set[str]:
    return {canonicalize_name(Requirement(text).name) for text in requirements}


RUNTIME = _names(PROJECT["project"]["dependencies"])
EVERYTHING = RUNTIME | _names(PROJECT["dependency-groups"]["dev"])


def _imported(path: Path) -> set[str]:
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and not node.level and node.module:
            found.add(node.module)
    return {name.partition(".")[0] for name in found}


@pytest.mark.parametrize("folder", [*ROOMS, "tests"])
def test_every_imported_package_is_declared(folder: str) -> None:
    declared = EVERYTHING if folder == "tests" else RUNTIME
    ours = {*sys.stdlib_module_names, *ROOMS, "tests"}
    distributions = packages_distributions()
    undeclared = {
        f"{path.relative_to(ROOT)}: {name}"
        for path in (ROOT / folder).rglob("*.py")
        for name in _imported(path) - ours
        if not set(map(canonicalize_name, distributions.get(name, [name]))) & declared
    }
    assert undeclared == set()
