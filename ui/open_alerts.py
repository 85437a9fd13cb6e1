"""Open alerts in words: what Overview, the navigation and the page Alerts share."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Final
from urllib.parse import urlencode

from lakehouse.monitoring.book_alerts import BookAlert
from ui.cards import View
from ui.data.filters import add_months
from ui.look import words
from ui.look.parts import Level
from ui.shifts import champion_of

__all__ = ["OpenAlert", "counts", "history_of", "open_alerts"]

_DAYS: Final = 30


@dataclass(frozen=True, slots=True)
class OpenAlert:
    """One alert that fires."""

    level: Level
    severity: str
    title: str
    value: str
    band: str
    since: str
    owner: str
    runbook: str
    href: str


def history_of(view: View) -> list[BookAlert]:
    """Return every month in which a rule fires."""
    found: list[BookAlert] = view.ask(view.desk.stores.book_alerts, champion_of(view))
    return found


def open_alerts(view: View) -> list[OpenAlert]:
    """Return what fires in the book's last month, and what Alertmanager has not ended."""
    last = view.book.last_month
    history = history_of(view)
    months: dict[tuple[str, str], set[date]] = {}
    for each in history:
        months.setdefault((each.rule, each.subject), set()).add(each.month)
    found = []
    for each in history:
        if each.month != last:
            continue
        fired = months[(each.rule, each.subject)]
        since = last
        while add_months(since, -1) in fired:
            since = add_months(since, -1)
        found.append(_said(each, since))
    for sent in view.desk.stores.sent_alerts(view.desk.now() - timedelta(days=_DAYS)):
        if sent.ended_at is None:
            is_severe = sent.severity == "critical"
            found.append(
                OpenAlert(
                    "bad" if is_severe else "warn",
                    sent.severity or "warning",
                    sent.name,
                    str(sent.annotations.get("summary", ""))[:80],
                    "",
                    words.stamp(sent.began_at),
                    "operations",
                    str(sent.annotations.get("runbook_url", ""))[-40:],
                    "/pipeline",
                )
            )
    return sorted(found, key=lambda each: (each.level != "bad", each.title))


def _said(alert: BookAlert, since: date) -> OpenAlert:
    period = f"{add_months(alert.month, -23):%Y-%m}:{alert.month:%Y-%m}"
    query = "?" + urlencode({"period": period}, safe=":")
    if alert.rule == "input_shifted":
        return OpenAlert(
            "bad",
            "severe",
            f"PSI of {words.input_name(alert.subject)} above 0.25",
            f"PSI {words.number(alert.value, 3)}",
            f"to {words.number(alert.high)}",
            words.month(since),
            "model risk",
            "model-drift",
            "/drift" + query,
        )
    if alert.rule == "field_missing":
        return OpenAlert(
            "warn",
            "warning",
            f"{words.input_name(alert.subject)} is missing more often",
            words.percent(alert.value),
            f"to {words.percent(alert.high)}",
            words.month(since),
            "data",
            "field-missing",
            "/quality" + query,
        )
    return OpenAlert(
        "warn",
        "warning",
        "Watchlist share has left the year before",
        words.percent(alert.value),
        f"{words.interval(alert.low, alert.high)} %",
        words.month(since),
        "portfolio",
        "watchlist-share",
        "/" + query,
    )


def counts(view: View) -> dict[str, Any]:
    """Return how many fire, by page, for the navigation."""
    found = open_alerts(view)
    drift = sum(each.href.startswith("/drift") for each in found)
    quality = sum(each.href.startswith("/quality") for each in found)
    return {"/alerts": len(found), "/drift": drift, "/quality": quality}
