"""The receiver takes what Alertmanager sends, by the real server over a real silver."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import httpx
import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from lakehouse.postgres.migrate import migrate
from lakehouse.signals.alerts import list_alerts
from serving.alerts import BODY_BYTES
from tests.flow import ROOT, environment, run_module
from tests.servers.postgres import fresh_database
from tests.servers.process import free_port
from tests.waiting import until, until_it_answers

TOKEN: Final = "a token of this test, 32 characters long"
LONG_AGO: Final = datetime(2000, 1, 1, tzinfo=UTC)
ALERTMANAGER: Final = shutil.which("alertmanager") or shutil.which("prometheus-alertmanager")


@dataclass(frozen=True)
class Receiver:
    """A running receiver, and silver as its owner sees it."""

    url: str
    dsn: str

    def post(self, body: bytes, token: str = TOKEN) -> httpx.Response:
        headers = {"authorization": f"Bearer {token}"}
        return httpx.post(f"{self.url}/alerts", content=body, headers=headers)


@contextmanager
def running(command: list[str], address: str, log: Path, env: dict[str, str]) -> Iterator[None]:
    with log.open("wb") as output:
        process = subprocess.Popen(
            command,
            cwd=ROOT,
            env=environment(env),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    try:
        until_it_answers(address, process, log)
        yield
    finally:
        process.terminate()
        assert process.wait(30) in {0, -15}, log.read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def receiver(postgres_dsn: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Receiver]:
    """The receiver as compose starts it: its user is a member of `risk_alerts` and nothing else."""
    folder = tmp_path_factory.mktemp("receiver")
    secret = folder / "alerts_token"
    secret.write_text(f"{TOKEN}\n", encoding="utf-8")
    with fresh_database(postgres_dsn, "alerts_received") as dsn:
        migrate(dsn)
        with psycopg.connect(dsn) as connection:
            connection.execute("create role a_receiver login password 'told' in role risk_alerts")
        address = f"127.0.0.1:{free_port()}"
        settings = {
            "RISK_SILVER_DSN": make_conninfo(dsn, user="a_receiver", password="told"),
            "RISK_ALERTS_ADDRESS": address,
            "RISK_ALERTS_TOKEN_FILE": str(secret),
        }
        command = [sys.executable, "-m", "serving.alerts"]
        try:
            with running(command, address, folder / "receiver.log", settings):
                yield Receiver(f"http://{address}", dsn)
        finally:
            with psycopg.connect(dsn) as connection:
                connection.execute("drop role a_receiver")


def notification(**changes: Any) -> bytes:
    alert = {
        "status": "firing",
        "labels": {"alertname": "FlowLagGrowing", "severity": "page"},
        "annotations": {"summary": "lag grows", "runbook": "docs/runbooks/flow-lag-growing.md"},
        "startsAt": "2026-03-01T11:58:00.123Z",
        "endsAt": "0001-01-01T00:00:00Z",
        "generatorURL": "http://localhost:9090/graph",
        "fingerprint": "5ef77f1f8a3ecf8d",
    }
    body = {"version": "4", "groupKey": "{}", "receiver": "silver", "alerts": [alert]}
    return json.dumps(body | changes).encode()


def test_an_alert_that_comes_twice_is_stored_once(receiver: Receiver) -> None:
    assert [receiver.post(notification()).status_code for _ in range(2)] == [204, 204]
    stored = [each for each in list_alerts(receiver.dsn, LONG_AGO) if each.name == "FlowLagGrowing"]
    assert [each.ended_at for each in stored] == [None]
    assert stored[0].annotations["runbook"] == "docs/runbooks/flow-lag-growing.md"


@pytest.mark.parametrize("token", ["x", "another token of this test, 40 letters long", TOKEN[:-1]])
def test_whoever_has_not_the_token_is_refused(receiver: Receiver, token: str) -> None:
    answer = receiver.post(notification(), token)
    assert (answer.status_code, answer.json()["code"]) == (401, "unauthenticated")


@pytest.mark.parametrize(
    ("body", "says"),
    [
        (b"", "not a notification"),
        (b"{}", "`version`"),
        (notification(version="3"), "version 4"),
        (notification(alerts=[{"status": "firing"}]), "`$.alerts[0]`"),
    ],
)
def test_what_is_no_notification_is_refused_with_what_was_expected(
    receiver: Receiver, body: bytes, says: str
) -> None:
    answer = receiver.post(body)
    assert answer.status_code == 400
    assert says in answer.json()["detail"]


def test_a_body_is_bounded_whether_or_not_it_says_its_length(receiver: Receiver) -> None:
    assert receiver.post(b" " * (BODY_BYTES - 9) + b"{}").status_code == 400
    assert receiver.post(b" " * (BODY_BYTES + 1)).status_code == 413
    pieces = (b" " * 65_536 for _ in range(BODY_BYTES // 65_536 + 1))
    headers = {"authorization": f"Bearer {TOKEN}"}
    answer = httpx.post(f"{receiver.url}/alerts", content=pieces, headers=headers)
    assert answer.status_code == 413


def test_while_silver_is_away_alertmanager_is_asked_to_send_again(receiver: Receiver) -> None:
    with psycopg.connect(receiver.dsn, autocommit=True) as connection:
        connection.execute("revoke insert on silver.alerts from risk_alerts")
        refused = receiver.post(notification())
        connection.execute("grant insert on silver.alerts to risk_alerts")
    assert (refused.status_code, refused.json()["code"]) == (503, "denied")
    assert receiver.post(notification()).status_code == 204


@pytest.mark.parametrize("token", ["", "short"])
def test_without_a_long_token_nothing_starts(token: str, tmp_path: Path) -> None:
    settings = {"RISK_HOME": str(tmp_path), **({"RISK_ALERTS_TOKEN": token} if token else {})}
    ended = run_module("serving.alerts", settings=settings)
    assert (ended.returncode, ended.stdout) == (2, "")
    assert ended.stderr.startswith("settings_invalid: RISK_ALERTS_TOKEN ")
    assert ended.stderr.count("\n") == 1


@pytest.mark.skipif(
    ALERTMANAGER is None,
    reason="Alertmanager (Debian's prometheus-alertmanager) is not on this machine",
)
def test_a_real_alertmanager_sends_an_alert_that_fires_and_then_resolves(
    receiver: Receiver, tmp_path: Path
) -> None:
    """By the configuration of ops/alertmanager, with this machine's addresses and no waiting."""
    assert ALERTMANAGER is not None
    token = tmp_path / "alerts_token"
    token.write_text(f"{TOKEN}\n", encoding="utf-8")
    shipped = (ROOT / "ops" / "alertmanager" / "alertmanager.yml").read_text(encoding="utf-8")
    told = {
        "http://receiver:9098": receiver.url,
        "/run/secrets/alerts_token": str(token),
        "group_wait: 10s": "group_wait: 0s",
        "group_interval: 30s": "group_interval: 1s",
    }
    for ours, theirs in told.items():
        assert ours in shipped
        shipped = shipped.replace(ours, theirs)
    configuration = tmp_path / "alertmanager.yml"
    configuration.write_text(shipped, encoding="utf-8")
    address = f"127.0.0.1:{free_port()}"
    command = [
        ALERTMANAGER,
        f"--config.file={configuration}",
        f"--storage.path={tmp_path / 'data'}",
        f"--web.listen-address={address}",
        "--cluster.listen-address=",
    ]
    began_at = datetime.now(UTC)
    alert = {
        "labels": {"alertname": "GoldStalled", "severity": "page"},
        "annotations": {"summary": "gold stands", "runbook": "docs/runbooks/gold-stalled.md"},
        "startsAt": began_at.isoformat(),
    }

    def send(**more: str) -> None:
        httpx.post(f"http://{address}/api/v2/alerts", json=[alert | more]).raise_for_status()

    def stored() -> list[tuple[str, bool]]:
        return [
            (each.annotations["runbook"], each.ended_at is not None)
            for each in list_alerts(receiver.dsn, LONG_AGO)
            if each.name == "GoldStalled"
        ]

    with running(command, address, tmp_path / "alertmanager.log", {}):
        send()
        runbook = "docs/runbooks/gold-stalled.md"
        until(lambda: stored() == [(runbook, False)], what="stored as firing")
        send(endsAt=(began_at + timedelta(milliseconds=1)).isoformat())
        until(lambda: stored() == [(runbook, True)], what="stored as resolved")
