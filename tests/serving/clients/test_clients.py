"""Clients in every language are served and refused, over the connections that they make."""

from __future__ import annotations

import base64
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest
import requests

from tests.flow import PASSED_ON, ask, environment
from tests.serving.api_server import ApiServer, running_api
from tests.serving.clients.script import Step, differences, steps, write

HERE = Path(__file__).parent
Said = list[tuple[str, int, bytes]]


@pytest.fixture(scope="module")
def api(stored_home: Path) -> Iterator[ApiServer]:
    with running_api(stored_home, {"RISK_API_DOCS": "on"}) as server:
        yield server


@pytest.fixture(scope="module")
def script(api: ApiServer, stored_home: Path) -> list[Step]:
    question = "select event_id from decisions order by off limit 1"
    stored = ask({"RISK_HOME": str(stored_home)}, question)
    return steps(api.key, str(stored[0]["event_id"]))


def told(command: list[str | Path], tmp_path: Path) -> Said:
    """Return what a client that is a program of its own was answered."""
    program = shutil.which(str(command[0]))
    if program is None:
        pytest.skip(f"{command[0]} is not on this machine")
    assert "HOME" in PASSED_ON  # Go's build cache lies there
    done = subprocess.run(
        [program, *command[1:]],
        cwd=tmp_path,
        env=environment({"GOFLAGS": "-mod=mod", "GO111MODULE": "off"}),
        capture_output=True,
        text=True,
        timeout=200,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3_000:]
    lines = [line.split("\t") for line in done.stdout.splitlines()]
    return [(name, int(status), base64.b64decode(body)) for name, status, body in lines]


@pytest.mark.parametrize(
    "command",
    [
        ["java", HERE / "Client.java"],
        pytest.param(["go", "run", HERE / "client.go"], marks=pytest.mark.long),
        ["node", HERE / "client.mjs"],
    ],
    ids=["JDK's HttpClient", "Go's net/http", "Node's fetch"],
)
def test_a_program_of_another_language(
    command: list[str | Path], api: ApiServer, script: list[Step], tmp_path: Path
) -> None:
    path = write(script, tmp_path / "script.tsv")
    assert differences(script, told([*command, api.url, path], tmp_path)) == []


@pytest.mark.long
def test_gos_reverse_proxy(api: ApiServer, script: list[Step], tmp_path: Path) -> None:
    path = write(script, tmp_path / "script.tsv")
    command: list[str | Path] = ["go", "run", HERE / "client.go", api.url, path, "through a proxy"]
    assert differences(script, told(command, tmp_path)) == []


@pytest.mark.parametrize("protocol", ["--http1.1", "--http2"])
def test_curl(protocol: str, api: ApiServer, script: list[Step], tmp_path: Path) -> None:
    """One process, so that a connection is used again, after an upgrade that was not made too."""
    command: list[str | Path] = ["curl", "-sS", protocol]
    for place, step in enumerate(script):
        body, said = tmp_path / f"{place}.body", tmp_path / f"{place}.said"
        body.write_bytes(step.body)
        command += ["--next", "-sS", protocol] if place else []
        command += ["-o", said, "-w", "%{http_code}\\n", f"{api.url}{step.path}"]
        command += ["-I"] if step.method == "HEAD" else ["-X", step.method]
        command += ["-H", "Expect:"]
        for name, value in step.headers:
            command += ["-H", f"{name}: {value}"]
        command += ["--data-binary", f"@{body}"] if step.body else []
    if shutil.which("curl") is None:
        pytest.skip("curl is not on this machine")
    done = subprocess.run(
        list(map(str, command)), capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr
    statuses = map(int, done.stdout.split())
    found = [
        (step.name, status, path.read_bytes() if path.exists() else b"")
        for place, (step, status) in enumerate(zip(script, statuses, strict=True))
        for path in [tmp_path / f"{place}.said"]
    ]
    assert differences(script, found) == []


def with_httpx(url: str, script: list[Step]) -> Said:
    with httpx.Client(base_url=url, timeout=30) as client:
        answers = [
            client.request(step.method, step.path, content=step.body, headers=dict(step.headers))
            for step in script
        ]
    return [
        (step.name, answer.status_code, answer.content)
        for step, answer in zip(script, answers, strict=True)
    ]


def with_requests(url: str, script: list[Step]) -> Said:
    with requests.Session() as client:
        answers = [
            client.request(
                step.method,
                url + step.path,
                data=step.body,
                headers=dict(step.headers),
                timeout=30,
                allow_redirects=False,
            )
            for step in script
        ]
    return [
        (step.name, answer.status_code, answer.content)
        for step, answer in zip(script, answers, strict=True)
    ]


@pytest.mark.parametrize("client", [with_httpx, with_requests])
def test_a_client_of_python(
    client: Callable[[str, list[Step]], Said], api: ApiServer, script: list[Step]
) -> None:
    assert differences(script, client(api.url, script)) == []
