"""The API as the demo runs it: a real process, and the ways in which it does not start."""

from __future__ import annotations

import http.client
import os
import signal
import socket
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from dataflows import demo_api
from dataflows.demo_api import ask_about_one, running_api, simulated_applications
from lakehouse.errors import Denied, Unavailable
from lakehouse.settings.settings import Settings
from risk.contract.application import Tier
from tests.flow import environment
from tests.servers.process import free_port

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
APPLICATIONS = simulated_applications(NOW)


def settings_of(home: Path, address: str) -> Settings:
    return Settings.from_env({"RISK_HOME": str(home), "RISK_API_ADDRESS": address})


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("demo")


@pytest.fixture(scope="module")
def address(home: Path) -> Iterator[str]:
    """Where the real API answers, on a port that was left to the demo."""
    env = environment({"RISK_HOME": str(home)})
    with running_api(settings_of(home, "127.0.0.1:0"), env) as api:
        assert api.address is not None, api.why_not + (home / "api.log").read_text("utf-8")
        yield api.address


def test_the_api_decides_an_application_that_is_not_low(address: str, home: Path) -> None:
    answer = ask_about_one(address, home / "api-key", APPLICATIONS)
    assert answer.tier is not Tier.LOW
    assert 0 < answer.pd < 1
    assert all(reason.says for reason in (*answer.reasons, *answer.model_reasons))
    assert answer.reasons
    assert answer.model_reasons


def test_a_low_application_is_followed_by_another_if_there_is_one(address: str, home: Path) -> None:
    def tier_of(*applications: bytes) -> Tier:
        return ask_about_one(address, home / "api-key", applications).tier

    tiers = {tier_of(application): application for application in APPLICATIONS}
    assert tier_of(tiers[Tier.LOW], tiers[Tier.WATCHLIST], tiers[Tier.ELEVATED]) is Tier.WATCHLIST
    assert tier_of(tiers[Tier.LOW]) is Tier.LOW


def test_the_api_writes_into_the_home(address: str, home: Path) -> None:
    assert address
    assert "api_key_created" in (home / "api.log").read_text(encoding="utf-8")


def test_a_refused_application_is_not_shown(address: str, home: Path) -> None:
    with pytest.raises(Unavailable, match="answered 422"):
        ask_about_one(address, home / "api-key", [b'{"id": 1}'])


def test_another_home_has_no_key(address: str, tmp_path: Path) -> None:
    with pytest.raises(Denied, match=r"docs/security\.md"):
        ask_about_one(address, tmp_path / "api-key", APPLICATIONS)


def test_a_key_that_is_not_taken_is_said(address: str, tmp_path: Path) -> None:
    (tmp_path / "api-key").write_text("crm_of_somebody_else", encoding="utf-8")
    with pytest.raises(Denied, match="401"):
        ask_about_one(address, tmp_path / "api-key", APPLICATIONS)


def test_an_api_that_has_ended_is_said(tmp_path: Path) -> None:
    (tmp_path / "api-key").write_text("any", encoding="utf-8")
    with pytest.raises(Unavailable, match="does not answer"):
        ask_about_one(f"127.0.0.1:{free_port()}", tmp_path / "api-key", APPLICATIONS)


def test_a_taken_port_starts_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(demo_api, "API", ("no such command",))
    with socket.create_server(("127.0.0.1", 0)) as other:
        taken = f"127.0.0.1:{other.getsockname()[1]}"
        with running_api(settings_of(tmp_path, taken), os.environ) as api:
            assert api.address is None
            assert f"{taken} is not to be had" in api.why_not
            assert "in use" in api.why_not


def test_a_port_beyond_all_ports_starts_nothing(tmp_path: Path) -> None:
    with running_api(settings_of(tmp_path, "127.0.0.1:99999"), os.environ) as api:
        assert api.address is None
        assert "0-65535" in api.why_not


def test_an_api_that_ends_at_once_is_said_with_its_log(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(demo_api, "API", (sys.executable, "-c", "raise SystemExit(3)"))
    with running_api(settings_of(tmp_path, "127.0.0.1:0"), os.environ) as api:
        assert api.address is None
        assert api.why_not == f"it ended with exit code 3; see {tmp_path / 'api.log'}"


def test_an_api_that_does_not_answer_in_time_is_ended(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    waits = f"import os, signal; open({str(tmp_path / 'pid')!r}, 'w').write(str(os.getpid()))"
    monkeypatch.setattr(demo_api, "API", (sys.executable, "-c", f"{waits}; signal.pause()"))
    monkeypatch.setattr(demo_api, "START_SECONDS", 1.0)
    with running_api(settings_of(tmp_path, "127.0.0.1:0"), os.environ) as api:
        assert api.why_not.startswith("it does not answer on 127.0.0.1:")
        with pytest.raises(ProcessLookupError):
            os.kill(int((tmp_path / "pid").read_text(encoding="utf-8")), signal.SIG_DFL)


DEAF_SERVER = """
import http.server, os, signal
signal.signal(signal.SIGTERM, signal.SIG_IGN)
class Answer(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()
host, port = os.environ["RISK_API_ADDRESS"].split(":")
http.server.HTTPServer((host, int(port)), Answer).serve_forever()
"""


def test_an_api_that_does_not_end_is_killed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(demo_api, "API", (sys.executable, "-c", DEAF_SERVER))
    monkeypatch.setattr(demo_api, "STOP_SECONDS", 0.1)
    with running_api(settings_of(tmp_path, "127.0.0.1:0"), os.environ) as api:
        assert api.address is not None
    gone = http.client.HTTPConnection(api.address, timeout=5)
    with pytest.raises(ConnectionRefusedError):
        gone.request("GET", "/healthz")


def test_the_same_applications_are_asked_each_time() -> None:
    assert simulated_applications(NOW) == APPLICATIONS
    assert len(set(APPLICATIONS)) == demo_api.APPLICATIONS
