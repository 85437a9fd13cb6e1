"""Every command of docs/api.md does what the page says, put by curl to a real server."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.flow import ROOT, ask
from tests.servers.broker import Broker
from tests.serving.api_server import ApiServer, running_api

PAGE = ROOT / "docs" / "api.md"
BLOCKS = re.findall(r"```sh\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)

pytestmark = pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not on this machine")


@pytest.fixture
def api(stored_home: Path, broker: Broker, new_topic: Callable[..., str]) -> Iterator[ApiServer]:
    topic = f"kafka://{broker.address}/{new_topic()}"
    with running_api(stored_home, {"RISK_RECORD_TO": topic}) as server:
        yield server


@pytest.fixture
def environment(api: ApiServer, stored_home: Path) -> dict[str, str]:
    stored = ask(
        {"RISK_HOME": str(stored_home)}, "select event_id from decisions order by off limit 1"
    )
    event_id = str(stored[0]["event_id"])
    return {"API": api.url, "KEY": api.key, "EVENT_ID": event_id, "PATH": "/usr/bin:/bin"}


def run(block: str, environment: dict[str, str]) -> str:
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", block],
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, block + done.stdout + done.stderr
    return done.stdout


def test_every_command_of_the_page_works(environment: dict[str, str]) -> None:
    said = [run(block, environment) for block in BLOCKS]
    assert len(said) == 9
    decided, batch, recorded, stored, listed, current, operation, old, problem = said
    assert '"tier":"Watchlist"' in decided
    assert batch.count('"status":200') == batch.count('"code":"out_of_range"') == 1
    assert '"recorded":{"topic"' in recorded
    assert '"lineage"' in stored
    assert '"next"' in listed
    assert '"contributions"' in stored
    assert '"matches":true' in stored
    assert '"champion"' in current
    assert "risk_api_requests_total" in operation
    assert '"persisted":false' in old
    assert '"code":"wrong_type"' in problem
    assert '"request_id":"desk-7"' in problem


def test_the_readmes_command_gets_its_answer(api: ApiServer) -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    block = re.search(r"^## Decide on request\n\n```sh\n(.*?)```", readme, re.MULTILINE | re.DOTALL)
    assert block is not None
    _, _, asked = block[1].partition("\n")
    asked = asked.replace("http://127.0.0.1:8000", api.url)
    asked = asked.replace("var/api-key", str(api.home / "api-key"))
    assert '"tier":"Elevated"' in run(asked, {"PATH": "/usr/bin:/bin"})


def test_no_answer_says_which_server_it_is(api: ApiServer) -> None:
    headers = run('curl -sS -D - -o /dev/null "$API/healthz"', {"API": api.url, "PATH": "/usr/bin"})
    assert not [line for line in headers.splitlines() if line.lower().startswith("server:")]
