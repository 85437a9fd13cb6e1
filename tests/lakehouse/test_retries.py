"""Waiting for a store is seen from outside: counted each time, said once in 30 s."""

from __future__ import annotations

from typing import Any

import pytest
import structlog
from prometheus_client import REGISTRY
from tenacity import Retrying, stop_after_attempt, wait_none

from lakehouse.retries import SAY_EVERY_SECONDS, Retries


def counted(store: str) -> float | None:
    return REGISTRY.get_sample_value(
        "risk_store_retries_total", {"store": store, "cause": "ConnectionError"}
    )


def fail_three_times(retries: Retries) -> None:
    def work() -> None:
        raise ConnectionError("refused by 127.0.0.1")

    attempts = Retrying(
        stop=stop_after_attempt(4), wait=wait_none(), before_sleep=retries, reraise=True
    )
    with pytest.raises(ConnectionError):
        attempts(work)


def test_each_failed_attempt_counts_and_one_warning_says_why_in_30_s() -> None:
    at = [100.0]
    retries = Retries("gold_test", str, quiet_seconds=0.0, clock=lambda: at[0])
    with structlog.testing.capture_logs() as lines:
        fail_three_times(retries)
        at[0] += SAY_EVERY_SECONDS - 0.1
        fail_three_times(retries)
        at[0] += 0.1
        fail_three_times(retries)
    assert counted("gold_test") == 9
    said: list[dict[str, Any]] = [dict(line) for line in lines]
    assert [(line["event"], line["store"], line["cause"]) for line in said] == [
        ("store_unavailable_retrying", "gold_test", "refused by 127.0.0.1")
    ] * 2
    assert {line["log_level"] for line in said} == {"warning"}


def test_what_passes_within_seconds_is_counted_and_not_said() -> None:
    with structlog.testing.capture_logs() as lines:
        fail_three_times(Retries("gold_brief", str))
    assert counted("gold_brief") == 3
    assert lines == []
