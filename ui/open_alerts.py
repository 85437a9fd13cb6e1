"""Open alerts in words, for Overview, the navigation and the page Alerts."""

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Final
from urllib.parse import urlencode

from lakehouse.monitoring.alert_backtest import Fired
from risk.monitoring.population_shift import ALARM_PSI, GRAVE_PSI
from ui.cards import View
from ui.data.filters import add_months
from ui.look import words
from ui.look.parts import Level

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


def history_of(view: View) -> list[Fired]:
    """Return the data alerts of all closed months."""
    found: list[Fired] = view.ask(view.desk.stores.fired, view.desk.now().date())
    return found


def open_alerts(view: View) -> list[OpenAlert]:
    """Return what fired in the last closed month, and what Alertmanager has not ended."""
    last = min(view.book.last_month, add_months(view.desk.now().date(), -1))
    history = history_of(view)
    months: dict[tuple[str, str], set[date]] = {}
    for each in history:
        months.setdefault((each.alert, each.subject), set()).add(each.period)
    found = []
    for each in history:
        if each.period != last:
            continue
        fired = months[(each.alert, each.subject)]
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


def _said(alert: Fired, since: date) -> OpenAlert:
    period = f"{add_months(alert.period, -23):%Y-%m}:{alert.period:%Y-%m}"
    query = "?" + urlencode({"period": period}, safe=":")
    if alert.alert == "drift":
        least = GRAVE_PSI if alert.is_grave else ALARM_PSI
        return OpenAlert(
            "bad" if alert.is_grave else "warn",
            "severe" if alert.is_grave else "warning",
            f"{words.input_name(alert.subject)} has shifted",
            f"PSI {words.number(alert.value, 3)}",
            f"from {words.number(least)}",
            words.month(since),
            "model risk",
            "features-drift",
            "/drift" + query,
        )
    share, before = words.percent(alert.share), words.percent(alert.share_before)
    if alert.alert == "field_missing":
        return OpenAlert(
            "warn",
            "warning",
            f"{words.input_name(alert.subject)} is missing more often",
            share,
            f"was {before}",
            words.month(since),
            "data",
            "features-drift",
            "/quality" + query,
        )
    return OpenAlert(
        "warn",
        "warning",
        "Watchlist share differs from the year before",
        share,
        f"was {before}",
        words.month(since),
        "portfolio",
        "watchlist-share-shifted",
        "/" + query,
    )


def counts(view: View) -> dict[str, Any]:
    """Return how many fire, by page, for the navigation."""
    found = open_alerts(view)
    drift = sum(each.href.startswith("/drift") for each in found)
    quality = sum(each.href.startswith("/quality") for each in found)
    return {"/alerts": len(found), "/drift": drift, "/quality": quality}
