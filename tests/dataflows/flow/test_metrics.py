from __future__ import annotations

import socket
import threading
import urllib.request
from collections.abc import Iterator
from typing import Any
from wsgiref.simple_server import WSGIServer

import prometheus_client
import pytest
from structlog.testing import CapturingLogger

from dataflows.flow import metrics
from dataflows.flow.metrics import serve_metrics
from lakehouse import telemetry
from lakehouse.errors import SettingsInvalid


@pytest.fixture(autouse=True)
def servers(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[tuple[WSGIServer, threading.Thread]]]:
    """The servers that were started, ended after the test."""
    started: list[tuple[WSGIServer, threading.Thread]] = []

    def start(*arguments: Any, **named: Any) -> tuple[WSGIServer, threading.Thread]:
        started.append(prometheus_client.start_http_server(*arguments, **named))
        return started[-1]

    monkeypatch.setattr(telemetry, "start_http_server", start)
    yield started
    for server, thread in started:
        server.shutdown()
        server.server_close()
        thread.join()


@pytest.fixture
def logged(monkeypatch: pytest.MonkeyPatch) -> CapturingLogger:
    logger = CapturingLogger()
    monkeypatch.setattr(metrics, "log", logger)
    return logger


def page(host: str, port: int) -> str:
    with urllib.request.urlopen(f"http://{host}:{port}/metrics", timeout=10) as answer:
        return str(answer.read().decode())


def test_the_metrics_are_served_where_the_settings_say() -> None:
    assert "risk_events_decided_total" in page("127.0.0.1", serve_metrics("127.0.0.1:0"))


def test_an_ipv6_address_is_written_in_brackets() -> None:
    try:
        socket.create_server(("::1", 0), family=socket.AF_INET6).close()
    except OSError as error:
        pytest.skip(f"this machine has no IPv6 loopback: {error}")
    assert "risk_events" in page("[::1]", serve_metrics("[::1]:0"))


def test_a_port_in_use_gives_way_to_another_and_the_log_says_which(
    logged: CapturingLogger,
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        wanted = f"127.0.0.1:{taken.getsockname()[1]}"
        port = serve_metrics(wanted)
        assert "risk_events" in page("127.0.0.1", port)
    (call,) = logged.calls
    assert call.args == ("metrics_port_in_use",)
    assert call.kwargs == {"wanted": wanted, "serving": port}


@pytest.mark.parametrize(
    "address", ["203.0.113.9:9101", "no-such-host.invalid:9101", "127.0.0.1:99999"]
)
def test_an_address_that_cannot_be_listened_on_is_a_wrong_setting(address: str) -> None:
    with pytest.raises(SettingsInvalid) as refused:
        serve_metrics(address)
    assert f"RISK_METRICS_ADDRESS: cannot listen on {address} (" in str(refused.value)
    assert "127.0.0.1:9101" in str(refused.value)


def test_each_process_of_a_flow_listens_on_a_port_of_its_own() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    assert serve_metrics(f"127.0.0.1:{port - 1}", process=1) == port
