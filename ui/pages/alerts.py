"""The page Alerts: what fires now, and in which months of the history it would have fired."""

from datetime import timedelta
from typing import Any, Final

from dash import dcc, html

from ui.cards import Card, Nothing, View
from ui.figures import alerts as figures
from ui.look import parts, words
from ui.open_alerts import history_of, open_alerts
from ui.page import Page

_DAYS: Final = 30


def _says(view: View) -> str:
    found = open_alerts(view)
    return (
        f"{len(found)} open: of the last closed month, and what Alertmanager has sent. "
        "No filter applies."
    )


def _verdict(view: View) -> Any:
    found = open_alerts(view)
    bad = [each for each in found if each.level == "bad"]
    if not found:
        return parts.verdict(
            "ok", "Nothing fires", "Nothing in the last closed month is beyond chance."
        )
    worst = (bad or found)[0]
    return parts.verdict(
        "bad" if bad else "warn",
        f"{len(found)} open, {len(bad)} severe",
        f"First: {worst.title} ({worst.value}; {worst.band}).",
        worst.href,
    )


def _open(view: View) -> Any:
    found = open_alerts(view)
    if not found:
        raise Nothing("Nothing fires", None)
    return parts.table(
        ["Severity", "What", "Value", "Band", "Since", "Owner", "Runbook"],
        [
            [
                html.Span(
                    [html.Span(className=f"dot {each.level}"), html.Span(each.severity)],
                    className="row",
                ),
                dcc.Link(each.title, href=each.href, className="textlink"),
                each.value,
                each.band,
                each.since,
                each.owner,
                html.Span(each.runbook, className="mono text2"),
            ]
            for each in found
        ],
        right=(2,),
    )


def _history(view: View) -> Any:
    found = history_of(view)
    if not found:
        raise Nothing("No rule would ever have fired")
    months = sorted({each.period for each in found})
    names: dict[str, int] = {}
    for each in found:
        names[figures.name_of(each)] = names.get(figures.name_of(each), 0) + 1
    ordered = sorted(names, key=lambda name: (-names[name], name))[:18]
    legend = parts.legend(("", "heat-4", "fired"), ("", "void", "within chance"))
    return parts.chart("al-history", figures.history(view.scheme, ordered, months, found), legend)


def _sent(view: View) -> Any:
    found = view.desk.stores.sent_alerts(view.desk.now() - timedelta(days=_DAYS))
    if not found:
        raise Nothing(f"Alertmanager has sent nothing in {_DAYS} days")
    return parts.table(
        ["Alert", "Severity", "Began", "Ended", "What"],
        [
            [
                html.Span(each.name, className="mono"),
                parts.tag(each.severity, "bad" if each.severity == "critical" else "warn"),
                words.stamp(each.began_at),
                words.stamp(each.ended_at) if each.ended_at else "fires",
                str(each.annotations.get("summary", ""))[:160],
            ]
            for each in found
        ],
    )


PAGE: Final = Page(
    path="/alerts",
    title="Alerts",
    says=_says,
    placed=(
        Card(key="al-verdict", draw=_verdict, title="Alerts", height=66, is_bare=True),
        Card(
            key="al-open",
            draw=_open,
            title="Open",
            note="most severe first; a row opens its page",
            height=60,
        ),
        Card(
            key="al-history",
            draw=_history,
            title="When each would have fired",
            note="every closed month; python -m lakehouse alerts backtest says the same",
            height=240,
        ),
        Card(
            key="al-sent",
            draw=_sent,
            title="Sent by Alertmanager",
            note="operations: the last 30 days",
            height=90,
            has_data=False,
        ),
    ),
)
