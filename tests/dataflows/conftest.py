"""What the tests of the flow share."""

from __future__ import annotations

import threading

import pytest

from dataflows.flow.lifecycle import Lifecycle
from tests.dataflows.flow_cases import MockCluster, Watchdog


@pytest.fixture
def watchdogs(monkeypatch: pytest.MonkeyPatch) -> list[Watchdog]:
    """The watchdogs that were started."""
    monkeypatch.setattr(Watchdog, "started", [], raising=False)
    monkeypatch.setattr(threading, "Timer", Watchdog)
    return Watchdog.started


@pytest.fixture
def lifecycle(watchdogs: list[Watchdog]) -> Lifecycle:
    """A run's flags; asking it to stop is safe."""
    assert not watchdogs
    return Lifecycle()


@pytest.fixture(scope="session")
def mock_cluster() -> MockCluster:
    """One for all; a test uses a topic of its own."""
    return MockCluster()
