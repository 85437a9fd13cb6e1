"""The generated client says what the document says, and works; other generators take it too."""

from __future__ import annotations

import importlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
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
         "openapi-fetch@0.17.0", "typescript@5.9.3")  # fmt: skip
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


@pytest.fixture(scope="module")
def event_id(stored_home: Path) -> str:
    question = "select event_id from decisions order by off limit 1"
    return str(ask({"RISK_HOME": str(stored_home)}, question)[0]["event_id"])


SCRIPT = [
    ("healthz", 200, "ok"),
    ("readyz", 200, "ok"),
    ("read_metrics", 200, "true"),
    ("read_policy", 200, "standard-2"),
    ("read_models", 200, "scorecard-1"),
    ("decide", 200, "Elevated"),
    ("decide_batch", 200, "Elevated missing_field"),
    ("score", 200, "Elevated"),
    ("list_decisions", 200, "true"),
    ("read_decision", 200, "0"),
    ("read_application", 200, "1"),
    ("explain_decision", 200, "standard-2"),
    ("replay_decision", 200, "true"),
    ("read_models", 401, "unauthenticated"),
    ("decide", 401, "unauthenticated"),
    ("read_decision", 404, "not_found"),
    ("explain_decision", 404, "not_found"),
    ("replay_decision", 404, "not_found"),
    ("decide", 409, "recording_unavailable"),
    ("decide", 422, "out_of_range"),
    ("decide", 413, "body_too_large"),
    ("list_decisions", 422, "invalid_request"),
    ("decide", 400, "malformed_json"),
    ("decide", 415, "unsupported_media_type"),
]
"""What each client does: the operation, the status, and a field of the typed answer."""

TYPED = 22
"""So many can be done by types alone; the last two are sent past them."""


def test_the_script_has_every_operation_of_the_document(document: Path) -> None:
    paths = json.loads(document.read_text(encoding="utf-8"))["paths"]
    operations = {each["operationId"] for path in paths.values() for each in path.values()}
    assert operations == {name for name, _, _ in SCRIPT}


def test_the_client_of_python_runs_the_whole_script(
    package: ModuleType, api: ApiServer, event_id: str
) -> None:
    application = named("models").LoanApplication(
        id=1, issue_d="Jul-2015", loan_amnt=15_000.0, annual_inc=34_221.0, dti=31.5,
        revol_util="83.2%",
    )  # fmt: skip
    with (
        package.AuthenticatedClient(base_url=api.url, token=api.key) as client,
        package.AuthenticatedClient(base_url=api.url, token="none") as stranger,
    ):
        said = list(typed_script(client, stranger, application, event_id))
    assert said == SCRIPT[:TYPED]


def typed_script(
    client: Any, stranger: Any, application: Any, event_id: str
) -> Iterator[tuple[str, int, str]]:
    models, nobody = named("models"), "2015/07/nobody"

    def said(
        tag: str, name: str, field: Callable[[Any], Any], *ids: str, by: Any = client, **asked: Any
    ) -> tuple[str, int, str]:
        answer = named(f"api.{tag}.{name}").sync_detailed(*ids, client=by, **asked)
        is_refused = isinstance(answer.parsed, models.ProblemBody)
        found = answer.parsed.code.value if is_refused else field(answer.parsed)
        return name, answer.status_code.value, str(found).lower() if found is True else str(found)

    def differing(**fields: Any) -> Any:
        return models.LoanApplication.from_dict(application.to_dict() | fields)

    def refused(_: Any) -> str:
        return "is answered"

    question = models.ScoreQuestion(event=application, reject_if_missing_required=False)
    batch = models.Batch(applications=[application, models.LoanApplication(id=2)])
    since = datetime(2015, 1, 1, tzinfo=UTC)
    yield said("operation", "healthz", lambda it: it.status)
    yield said("operation", "readyz", lambda it: it.dependencies["silver"])
    yield said("operation", "read_metrics", lambda it: "risk_api_requests_total" in it)
    yield said("catalogue", "read_policy", lambda it: it.version)
    yield said("catalogue", "read_models", lambda it: it.champion.version)
    yield said("decisions", "decide", lambda it: it.tier.value, body=application)
    yield said("decisions", "decide_batch", results, body=batch)
    yield said("deprecated", "score", lambda it: it.decision.risk_tier, body=question)
    yield said(
        "stored", "list_decisions", lambda it: it.decisions[0].event_id == event_id, since=since
    )
    yield said("stored", "read_decision", lambda it: it.lineage.offset, event_id)
    yield said("stored", "read_application", lambda it: len(it.decisions), event_id)
    yield said("stored", "explain_decision", lambda it: it.policy.version, event_id)
    yield said("stored", "replay_decision", lambda it: it.matches, event_id)
    yield said("catalogue", "read_models", refused, by=stranger)
    yield said("decisions", "decide", refused, by=stranger, body=application)
    for name in ("read_decision", "explain_decision", "replay_decision"):
        yield said("stored", name, refused, nobody)
    recorded = {"body": application, "record": True, "idempotency_key": "k1"}
    yield said("decisions", "decide", refused, **recorded)
    yield said("decisions", "decide", refused, body=differing(loan_amnt=-1.0))
    yield said("decisions", "decide", refused, body=differing(purpose="x" * 300_000))
    yield said("stored", "list_decisions", refused, cursor="!")


def results(answer: Any) -> str:
    one, other = answer.results
    return f"{one.decision.tier.value} {other.problem.code.value}"


@pytest.fixture(scope="module")
def tools() -> Path:
    """The folder of Node's tools, installed once a machine."""
    npm = shutil.which("npm")
    if npm is None:
        pytest.skip("npm is not on this machine")
    home = cache_folder() / "openapi-tools-2"
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


def succeeds(command: list[str | Path], folder: Path) -> str:
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
    return done.stdout


@pytest.mark.long
@pytest.mark.timeout(400)
def test_redocly_and_spectral_find_no_error(tools: Path, document: Path, tmp_path: Path) -> None:
    (tmp_path / "rules.yaml").write_text('extends: ["spectral:oas"]\n', encoding="utf-8")
    succeeds([tools / "redocly", "lint", document], tmp_path)
    succeeds([tools / "spectral", "lint", document, "-r", "rules.yaml"], tmp_path)


@pytest.mark.long
@pytest.mark.timeout(400)
def test_the_client_of_typescript_runs_the_whole_script(
    tools: Path, document: Path, api: ApiServer, event_id: str, tmp_path: Path
) -> None:
    """Its types are generated; what calls by them is openapi-fetch."""
    (tmp_path / "node_modules").symlink_to(tools.parent)
    (tmp_path / "package.json").write_text('{"type": "module"}', encoding="utf-8")
    shutil.copy(Path(__file__).with_name("typed.ts"), tmp_path)
    succeeds([tools / "openapi-typescript", document, "-o", "api.ts"], tmp_path)
    modules = ("--module", "nodenext", "--moduleResolution", "nodenext", "--target", "es2022")
    succeeds([tools / "tsc", "--strict", "--skipLibCheck", *modules, "typed.ts"], tmp_path)
    node = shutil.which("node")
    assert node is not None
    lines = succeeds([node, "typed.js", api.url, api.key, event_id], tmp_path).splitlines()
    said = [line.split("\t") for line in lines]
    assert [(name, int(status), field) for name, status, field in said] == SCRIPT


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


@pytest.mark.long
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


@pytest.mark.long
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
