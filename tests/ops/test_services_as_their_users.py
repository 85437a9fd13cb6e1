"""Each service starts and works as the user that compose gives it, a member of its groups only."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import httpx
import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from lakehouse.people import accounts
from lakehouse.postgres.migrate import migrate
from lakehouse.postgres.roles import grant_missing
from lakehouse.security.logins import LOGINS, PREFIX, make_logins
from tests.flow import ROOT, environment, run_module
from tests.servers.postgres import fresh_database
from tests.servers.process import free_port
from tests.waiting import until_it_answers
from ui.access.accounts import hashed

pytestmark = pytest.mark.server


@dataclass(frozen=True)
class Stack:
    """Silver with users, and a lake that the flow's user has filled."""

    folder: Path
    owner_dsn: str

    def settings(self, service: str) -> dict[str, str]:
        return {
            "RISK_HOME": str(self.folder / service),
            "RISK_SILVER_DSN_FILE": str(self.folder / f"{PREFIX}{service}"),
            "RISK_LAKE_URI": str(self.folder / "lake"),
        }


@contextmanager
def running(stack: Stack, service: str, variable: str, *module: str) -> Iterator[str]:
    """Run a service; yield its URL once it answers."""
    address, log = f"127.0.0.1:{free_port()}", stack.folder / f"{service}.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", *module],
            cwd=ROOT,
            env=environment(stack.settings(service) | {variable: address}),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    try:
        until_it_answers(address, process, log)
        yield f"http://{address}"
    finally:
        process.terminate()
        process.wait(30)


@pytest.fixture(scope="module")
def stack(postgres_dsn: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    folder = tmp_path_factory.mktemp("services")
    with fresh_database(postgres_dsn, "services_as_their_users") as dsn:
        migrate(dsn)
        grant_missing(dsn)
        for service in LOGINS:
            own = make_conninfo(dsn, user=f"at_work_{service}", password="a long one of this test")
            (folder / f"{PREFIX}{service}").write_text(own, encoding="utf-8")
        make_logins(dsn, folder)
        made = Stack(folder, dsn)
        try:
            told = {
                "RISK_SOURCE": "sim://?rate=0&seed=1&limit=200",
                "RISK_METRICS_ADDRESS": "127.0.0.1:0",
            }
            done = run_module(
                "bytewax.run", "dataflows.score", settings=made.settings("score") | told
            )
            assert done.returncode == 0, done.stderr
            yield made
        finally:
            with psycopg.connect(dsn) as connection:
                for service in LOGINS:
                    connection.execute(f"drop role at_work_{service}".encode())


def test_the_flow_has_decided(stack: Stack) -> None:
    with psycopg.connect(stack.owner_dsn) as connection:
        counted = connection.execute("select count(*) from silver.decisions").fetchall()
    assert counted[0][0] > 100


def test_the_api_is_ready(stack: Stack) -> None:
    with running(stack, "api", "RISK_API_ADDRESS", "serving.app") as url:
        ready = httpx.get(f"{url}/readyz")
        assert (ready.status_code, ready.text) == (200, ready.text)


def test_an_account_that_the_pages_user_made_signs_in_to_them(stack: Stack) -> None:
    as_pages = (stack.folder / f"{PREFIX}ui").read_text(encoding="utf-8")
    password = "a long one of this test"
    at = datetime.now(UTC)
    accounts.store_account(as_pages, "tester", hashed(password), "admin", at=at, by="a test")
    listed = run_module("ui", "users", "list", settings=stack.settings("ui"))
    assert "tester" in listed.stdout, listed.stderr
    with running(stack, "ui", "RISK_UI_ADDRESS", "ui") as url, httpx.Client(timeout=60) as browser:
        assert browser.get(url).status_code == 401
        form = {"name": "tester", "password": password}
        sent = browser.post(f"{url}/login", data=form, headers={"origin": url})
        assert sent.status_code == 303
        shown = browser.get(url)
    assert (shown.status_code, "Credit risk monitor" in shown.text) == (200, True)


def test_the_exporter_accounts_for_every_event(stack: Stack) -> None:
    with running(stack, "exporter", "RISK_EXPORTER_ADDRESS", "lakehouse", "exporter") as url:
        text = httpx.get(f"{url}/metrics", timeout=30).text
    assert 'risk_store_up{store="silver"} 1.0' in text
    assert 'risk_store_up{store="gold"} 1.0' in text


def test_the_monitoring_job_notes_its_run(stack: Stack) -> None:
    done = run_module("dataflows.monitor", "--no-reports", settings=stack.settings("jobs"))
    assert done.returncode == 0, done.stderr
    with psycopg.connect(stack.owner_dsn) as connection:
        runs = connection.execute("select job, outcome from silver.job_runs").fetchall()
    assert runs == [("monitor", "ok")]
