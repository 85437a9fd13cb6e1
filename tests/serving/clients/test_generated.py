"""The generated client says what the document says, and works; other generators take it too."""

from __future__ import annotations

import importlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from tests.flow import ROOT, ask
from tests.servers.cache import cache_folder
from tests.serving.api_cases import got
from tests.serving.api_server import ApiServer, running_api

CLIENT = ROOT / "clients" / "python"
TOOLS = ("@redocly/cli@2.77.0", "@stoplight/spectral-cli@6.16.3", "openapi-typescript@7.13.0",
         "typescript@5.9.3")  # fmt: skip
GENERATORS = ("openapi-python-client==0.29.1", "datamodel-code-generator==0.89.0")


@pytest.fixture(scope="module")
def document(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("document") / "openapi.json"
    path.write_bytes(got("/openapi.json").content)
    return path


@pytest.fixture(scope="module")
def api(stored_home: Path) -> Iterator[ApiServer]:
    with running_api(stored_home) as server:
        yield server


@pytest.fixture(scope="module")
def package() -> Iterator[ModuleType]:
    for needed in ("attrs", "dateutil", "httpx"):
        pytest.importorskip(needed)
    sys.path.insert(0, str(CLIENT))
    yield importlib.import_module("credit_risk_client")
    sys.path.remove(str(CLIENT))


def named(name: str) -> Any:
    return importlib.import_module(f"credit_risk_client.{name}")


def test_the_client_was_generated_from_the_document_that_the_api_gives(document: Path) -> None:
    """Else: clients/python/README.md."""
    ours = json.loads((CLIENT / "openapi.json").read_text(encoding="utf-8"))
    assert ours == json.loads(document.read_text(encoding="utf-8"))


def test_the_client_decides_reads_lists_and_is_refused(
    package: ModuleType, api: ApiServer, stored_home: Path
) -> None:
    models = named("models")
    application = models.LoanApplication(
        id=1, issue_d="Jul-2015", loan_amnt=15_000.0, annual_inc=34_221.0
    )
    question = "select event_id from decisions order by off limit 1"
    event_id = str(ask({"RISK_HOME": str(stored_home)}, question)[0]["event_id"])
    with package.AuthenticatedClient(base_url=api.url, token=api.key) as client:
        decided = named("api.decisions.decide").sync(client=client, body=application)
        assert isinstance(decided, models.Decision)
        assert 0 < decided.pd < 1
        batch = models.Batch(applications=[application, models.LoanApplication(id=2)])
        answer = named("api.decisions.decide_batch").sync(client=client, body=batch)
        assert [item.status for item in answer.results] == [200, 422]
        assert answer.results[1].problem.code == models.ProblemCode.MISSING_FIELD
        read = named("api.stored.read_decision").sync(event_id, client=client)
        assert read.event_id == event_id
        assert read.lineage.offset == 0
        page = named("api.stored.list_decisions").sync(client=client, since=read.decided_at)
        assert event_id in [each.event_id for each in page.decisions]
        nobody = named("api.stored.read_decision").sync("x/y", client=client)
        assert isinstance(nobody, models.ProblemBody)
        assert nobody.code == models.ProblemCode.NOT_FOUND
    with package.AuthenticatedClient(base_url=api.url, token="none") as stranger:
        refused = named("api.catalogue.read_models").sync(client=stranger)
        assert refused.code == models.ProblemCode.UNAUTHENTICATED


@pytest.fixture(scope="module")
def tools() -> Path:
    """The folder of Node's tools, installed once a machine."""
    npm = shutil.which("npm")
    if npm is None:
        pytest.skip("npm is not on this machine")
    home = cache_folder() / "openapi-tools-1"
    if not home.is_dir():
        with tempfile.TemporaryDirectory(dir=home.parent) as draft:
            done = subprocess.run(
                [npm, "install", "--prefix", draft, "--no-audit", "--no-fund", *TOOLS],
                capture_output=True,
                text=True,
                timeout=280,
                check=False,
            )
            if done.returncode:
                pytest.skip(f"npm cannot install the tools: {done.stderr[-300:]}")
            Path(draft).rename(home)
            Path(draft).mkdir()  # which its owner removes
    return home / "node_modules" / ".bin"


def succeeds(command: list[str | Path], folder: Path) -> None:
    done = subprocess.run(
        command,
        cwd=folder,
        env={"PATH": os.environ["PATH"], "HOME": str(folder), "REDOCLY_TELEMETRY": "off"},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-3_000:] + done.stderr[-3_000:]


@pytest.mark.timeout(400)
def test_redocly_and_spectral_find_no_error(tools: Path, document: Path, tmp_path: Path) -> None:
    (tmp_path / "rules.yaml").write_text('extends: ["spectral:oas"]\n', encoding="utf-8")
    succeeds([tools / "redocly", "lint", document], tmp_path)
    succeeds([tools / "spectral", "lint", document, "-r", "rules.yaml"], tmp_path)


@pytest.mark.timeout(400)
def test_a_generator_of_typescript_takes_it(tools: Path, document: Path, tmp_path: Path) -> None:
    succeeds([tools / "openapi-typescript", document, "-o", "api.ts"], tmp_path)
    succeeds([tools / "tsc", "--noEmit", "--strict", "api.ts"], tmp_path)
    assert "ProblemCode" in (tmp_path / "api.ts").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def generators() -> Path:
    """The folder of Python's generators, in an environment of their own, made once a machine."""
    home = cache_folder() / "openapi-generators-1"
    if not (home / "ready").exists():
        uv: list[str | Path] = [sys.executable, "-m", "uv"]
        for command in (
            [*uv, "venv", "--clear", home],
            [*uv, "pip", "install", "--python", home / "bin" / "python", *GENERATORS],
        ):
            done = subprocess.run(command, capture_output=True, text=True, timeout=280, check=False)
            if done.returncode:
                pytest.skip(f"the generators cannot be installed: {done.stderr[-300:]}")
        (home / "ready").touch()
    return home / "bin"


@pytest.mark.timeout(400)
def test_the_client_is_what_its_generator_makes(
    generators: Path, document: Path, tmp_path: Path
) -> None:
    """Else: clients/python/README.md."""
    made = tmp_path / "credit_risk_client"
    command: list[str | Path] = [generators / "openapi-python-client", "generate"]
    command += ["--path", document]
    command += ["--config", CLIENT / "generator.yml", "--meta", "none", "--output-path", made]
    succeeds(command, tmp_path)
    formatted: list[str | Path] = [
        sys.executable,
        "-m",
        "ruff",
        "format",
        "--isolated",
        "--line-length",
        "100",
        made,
    ]
    succeeds(formatted, tmp_path)
    ours = CLIENT / "credit_risk_client"
    names = sorted(path.relative_to(made) for path in made.rglob("*.py"))
    assert names == sorted(path.relative_to(ours) for path in ours.rglob("*.py"))
    assert [n for n in names if (made / n).read_bytes() != (ours / n).read_bytes()] == []


@pytest.mark.timeout(400)
def test_a_generator_of_pydantic_models_takes_it(
    generators: Path, document: Path, tmp_path: Path
) -> None:
    made = tmp_path / "models.py"
    command: list[str | Path] = [
        generators / "datamodel-codegen",
        "--formatters",
        "builtin",
        "--input",
        document,
    ]
    succeeds([*command, "--output", made, "--output-model-type", "pydantic_v2.BaseModel"], tmp_path)
    compile(made.read_text(encoding="utf-8"), made, "exec")
    assert "class ProblemCode" in made.read_text(encoding="utf-8")
