from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest
from structlog.testing import CapturingLogger

from dataflows.flow import status
from dataflows.flow.run_counts import RunCounts, Totals
from dataflows.flow.status import StatusLine, as_text
from tests.dataflows.flow_cases import stored_whole
from tests.lakehouse.silver_cases import a_batch, a_decision, a_reject

KEYS = {
    "read",
    "decided",
    "duplicates",
    "conflicts",
    "quarantined",
    "tiers",
    "events_per_second",
    "lag",
    "share_done",
    "seconds_left",
    "silver_p99_ms",
    "gold_age_seconds",
}


def totals(**differing: Any) -> Totals:
    nothing: dict[str, Any] = {
        "read": 0,
        "decided": 0,
        "duplicates": 0,
        "conflicts": 0,
        "quarantined": 0,
        "tiers": {},
        "events_per_second": 0.0,
        "lag": None,
        "silver_p99_ms": None,
        "gold_age_seconds": None,
        "elapsed_seconds": 0.0,
    }
    return Totals(**nothing | differing)


def a_line(account: RunCounts, *, to_terminal: bool) -> None:
    """Begin to show and end at once, so that only the last state is shown."""
    line = StatusLine(account, to_terminal=to_terminal)
    line.start()
    line.close()


@pytest.fixture
def logged(monkeypatch: pytest.MonkeyPatch) -> CapturingLogger:
    logger = CapturingLogger()
    monkeypatch.setattr(status, "log", logger)
    return logger


def the_line(logged: CapturingLogger) -> Mapping[str, Any]:
    (call,) = logged.calls
    assert call.args == ("progress",)
    return dict(call.kwargs)


def test_the_line_says_what_was_done_how_fast_and_how_far_behind() -> None:
    line = as_text(
        totals(
            read=1_234,
            events_per_second=199.6,
            tiers={"Low": 1_000, "Watchlist": 34},
            duplicates=5,
            quarantined=2,
            lag=12_345,
            silver_p99_ms=48.2,
            gold_age_seconds=3.4,
            elapsed_seconds=65.9,
        )
    )
    assert line.plain == (
        "01:05 1,234 read  200/s  Low 1,000  Elevated 0  Watchlist 34  duplicates 5"
        "  quarantined 2  lag 12,345  p99 48 ms  gold 3 s old"
    )


def test_what_is_not_known_is_left_out() -> None:
    assert as_text(totals()).plain == (
        "00:00 0 read  0/s  Low 0  Elevated 0  Watchlist 0  duplicates 0  quarantined 0"
    )


def test_what_was_quarantined_stands_out() -> None:
    assert "red" not in {span.style for span in as_text(totals()).spans}
    assert "red" in {span.style for span in as_text(totals(quarantined=1)).spans}


def test_the_last_state_is_logged_however_short_the_run(logged: CapturingLogger) -> None:
    account = RunCounts()
    batch = a_batch(a_decision("a", 0), a_reject(1))
    account.silver_committed(batch, stored_whole(batch), event_ages_seconds=np.zeros(0))
    a_line(account, to_terminal=False)
    line = the_line(logged)
    assert line.keys() == KEYS
    assert (line["read"], line["decided"], line["quarantined"]) == (2, 1, 1)
    assert line["tiers"] == {"Low": 1}


def test_a_logged_line_is_json_whatever_the_figures(logged: CapturingLogger) -> None:
    status._log(totals(silver_p99_ms=float("inf"), gold_age_seconds=2.34, events_per_second=9.87))
    line = json.loads(json.dumps(the_line(logged), allow_nan=False))
    assert (line["silver_p99_ms"], line["gold_age_seconds"]) == (None, 2.3)
    assert line["events_per_second"] == 9.9


def test_a_terminal_is_shown_the_line_and_no_json(
    logged: CapturingLogger, capsys: pytest.CaptureFixture[str]
) -> None:
    a_line(RunCounts(), to_terminal=True)
    assert "0 read" in capsys.readouterr().err
    assert not logged.calls
