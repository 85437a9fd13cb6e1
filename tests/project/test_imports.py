"""The import rules of pyproject.toml bite: each forbidden arrow, drawn once, is found."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.project.tree import PACKAGES, ROOT

LINT = Path(sys.executable).parent / "lint-imports"


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """The project with every module emptied, so that only what a test adds is imported."""
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    for package in PACKAGES:
        for path in (ROOT / package).rglob("*.py"):
            empty = tmp_path / path.relative_to(ROOT)
            empty.parent.mkdir(parents=True, exist_ok=True)
            empty.touch()
    return tmp_path


def _lint(project: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [LINT, "--no-cache"], cwd=project, capture_output=True, text=True, check=False
    )


def test_an_empty_project_keeps_every_rule(project: Path) -> None:
    done = _lint(project)
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize(
    ("module", "imported"),
    [
        ("risk/decision/decide.py", "os"),
        ("risk/decision/decide.py", "time"),
        ("risk/decision/decide.py", "logging"),
        ("risk/decision/decide.py", "pandas"),
        ("risk/decision/decide.py", "lakehouse.settings.settings"),
        ("risk/decision/decide.py", "sklearn"),
        ("lakehouse/arrow_schemas.py", "bytewax"),
        ("lakehouse/arrow_schemas.py", "confluent_kafka"),
        ("lakehouse/arrow_schemas.py", "dataflows.flow.steps"),
        ("dataflows/flow/steps.py", "psycopg"),
        ("dataflows/flow/steps.py", "deltalake"),
        ("dataflows/flow/steps.py", "duckdb"),
        ("serving/audit/entries.py", "confluent_kafka"),
        ("serving/audit/entries.py", "dataflows.flow.steps"),
        ("serving/audit/entries.py", "psycopg"),
        ("risk/features/catalogue.py", "risk.models.model"),
        ("risk/models/model.py", "risk.ingest.decode"),
        ("lakehouse/gold/writer.py", "lakehouse.lake.session"),
        ("dataflows/sources/feed.py", "dataflows.flow.steps"),
        ("serving/http/problems.py", "serving.routes.health"),
    ],
)
def test_an_arrow_against_the_direction_of_the_packages_is_found(
    project: Path, module: str, imported: str
) -> None:
    (project / module).write_text(f"import {imported}\n", encoding="utf-8")
    done = _lint(project)
    assert done.returncode == 1
    assert f"{module.removesuffix('.py').replace('/', '.')} -> {imported}" in done.stdout


@pytest.mark.parametrize("module", ["risk/extra.py", "lakehouse/extra.py", "dataflows/extra.py"])
def test_a_module_that_stands_in_no_layer_is_found(project: Path, module: str) -> None:
    (project / module).touch()
    done = _lint(project)
    assert done.returncode == 1
    assert "extra" in done.stdout


@pytest.mark.parametrize("package", ["lakehouse/kafka", "serving/decisions"])
def test_the_producer_alone_may_know_kafka_outside_the_dataflows(
    project: Path, package: str
) -> None:
    (project / package).mkdir(exist_ok=True)
    (project / package / "__init__.py").touch()
    (project / package / "producer.py").write_text("import confluent_kafka\n", encoding="utf-8")
    assert _lint(project).returncode == (package != "lakehouse/kafka")
