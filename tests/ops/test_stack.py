"""The whole of compose.yaml, running: the path of an event, every panel, memory, a clean end."""

from __future__ import annotations

import contextlib
import json
import math
import runpy
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest

from tests.project.tree import ROOT
from tests.stack.memory import memory_mib
from tests.stack.stack import Stack, running_stack
from tests.stack.watchers import ask_prometheus
from tests.stack.whole_path import check_whole_path, make_key
from tests.waiting import until

pytestmark = [pytest.mark.long, pytest.mark.server, pytest.mark.timeout(900)]

GRAFANA: Final[dict[str, Any]] = runpy.run_path(str(ROOT / "ops" / "grafana" / "dashboards.py"))
PANELS: Final[list[tuple[str, str, str]]] = [
    (board["title"], title, expression)
    for board in GRAFANA["boards"]()
    for title, expression in GRAFANA["queries"](board)
]
MOST_MIB: Final = 2_048
APPLICATION: Final = {"id": 1, "loan_amnt": 15_000, "annual_inc": 34_221, "dti": 31.5}


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    folder = tmp_path_factory.mktemp("stack")
    with running_stack(folder, history=20_000) as running:
        yield running
    assert left_behind(folder) == []


def left_behind(folder: Path) -> list[str]:
    """Return the commands of processes that still speak of the folder."""
    found = []
    for path in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            command = (path / "cmdline").read_bytes()
            if str(folder).encode() in command + (path / "environ").read_bytes():
                found.append(command.replace(b"\0", b" ").decode(errors="replace"))
    return found


def ask_api(stack: Stack, key: str, path: str, body: object = None) -> int:
    """Ask the API; return the status."""
    request = urllib.request.Request(
        stack.url("api") + path,
        data=None if body is None else json.dumps(body).encode(),
        headers={"X-API-Key": key, "content-type": "application/json"},
    )
    try:
        with urllib.request.urlopen(request, timeout=30) as page:
            return int(page.status)
    except urllib.error.HTTPError as refused:
        return refused.code


def test_an_application_and_an_alert_go_all_the_way(stack: Stack) -> None:
    check_whole_path(stack)


def test_every_panel_of_every_dashboard_shows_data(stack: Stack) -> None:
    if "prometheus" in stack.missing:
        pytest.skip(stack.missing["prometheus"])
    key = make_key(stack, "panels", "score")

    def lacking() -> list[str]:
        # An answer and a refusal of each round, as a desk would cause them.
        ask_api(stack, key, "/v1/decisions", APPLICATION)
        ask_api(stack, key, "/v1/decisions", {"id": 2})
        return [
            f"{board}: {title}: {expression}"
            for board, title, expression in PANELS
            if not shows(stack.url("prometheus"), expression)
        ]

    last: list[str] = []

    def all_show() -> bool:
        last[:] = lacking()
        return not last

    with contextlib.suppress(AssertionError):
        until(all_show, what="data in every panel", seconds=120, every=2)
    assert last == []


def shows(prometheus: str, expression: str) -> bool:
    """Say whether a query returns a number."""
    return any(not math.isnan(value) for _, value in ask_prometheus(prometheus, expression))


def test_the_whole_takes_less_than_two_gib_beside_the_broker(stack: Stack) -> None:
    held = memory_mib(stack)
    print({name: round(mib) for name, mib in held.items()}, round(sum(held.values())))
    assert sum(held.values()) < MOST_MIB


def test_no_service_ended_meanwhile(stack: Stack) -> None:
    assert [name for name, server in stack.servers.items() if not server.is_running] == []
