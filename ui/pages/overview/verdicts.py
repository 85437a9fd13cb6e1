"""Three verdicts (Book, Model and Pipeline), and the account of events."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from dash import html

from ui.cards import Nothing, View
from ui.data.period import apart
from ui.look import parts, words
from ui.pages.overview.periods import both
from ui.shifts import drifted, latest_shifts


def book_verdict(view: View) -> Any:
    """Judge the book by its watchlist share against the compared period."""
    now, before = both(view)
    share, was = now.whole.watchlist_share, before.whole.watchlist_share if before else None
    if share is None:
        raise Nothing("No applications here")
    level: parts.Level = "ok"
    title = "Book: steady"
    if apart(share, was) and was is not None:
        is_worse = share.value > was.value
        level, title = ("warn", "Book: riskier") if is_worse else ("ok", "Book: safer")
    change = f", {words.delta_pp(share.value - was.value)} {view.filters.against}" if was else ""
    text = (
        f"Watchlist {words.percent(share.value)} ({words.interval(share.low, share.high)}){change}"
    )
    return parts.verdict(level, title, text, "/watchlist" + view.filters.query())


def pipeline_verdict(view: View) -> Any:
    """Judge whether every event is accounted for."""
    account = _account(view)
    text = (
        f"{words.count(account.read)} read = {words.count(account.decided)} decided + "
        f"{words.count(account.duplicates)} duplicates + {words.count(account.refused)} refused"
    )
    if account.open_events:
        return parts.verdict(
            "bad",
            "Pipeline: events unaccounted for",
            f"{text}; {account.open_events} open",
            "/pipeline",
        )
    return parts.verdict("ok", "Pipeline: all accounted for", text, "/pipeline")


def _account(view: View) -> EventCounts:
    rows = view.ask(view.desk.stores.progress)
    if not rows:
        raise Nothing("No data yet", "just demo")
    return EventCounts(
        read=sum(row.read for row in rows),
        decided=sum(row.decided for row in rows),
        duplicates=sum(row.duplicates for row in rows),
        refused=sum(row.quarantined for row in rows),
    )


@dataclass(frozen=True, slots=True)
class EventCounts:
    """What became of every event that was read."""

    read: int
    decided: int
    duplicates: int
    refused: int

    @property
    def open_events(self) -> int:
        """Events that are in none of the three."""
        return self.read - self.decided - self.duplicates - self.refused


def equation(view: View) -> Any:
    """Show the account of events as an equation."""
    account = _account(view)
    terms = (
        ("", "Read", account.read),
        ("=", "Decided", account.decided),
        ("+", "Duplicates", account.duplicates),
        ("+", "Refused", account.refused),
    )
    shown: list[Any] = []
    for sign, word, value in terms:
        if sign:
            shown.append(html.Span(sign, className="sign"))
        shown.append(
            html.Div(
                [html.Div(word, className="k"), html.Div(words.count(value), className="v num")]
            )
        )
    holds = not account.open_events
    said = "Every event accounted for" if holds else f"{account.open_events} events open"
    return html.Section(
        [
            html.H2("EventCounts of events", className="sr"),
            *shown,
            parts.pill("ok" if holds else "bad", said),
        ],
        className="card account",
    )


def model_verdict(view: View) -> Any:
    """Judge the champion's inputs in the last month of the period."""
    latest = latest_shifts(drifted(view, view.filters.chosen(view.book)).periods)
    if not latest:
        raise Nothing("The champion's inputs cannot be judged here")
    acting = [name for name, each in latest if each.level == "act"]
    watched = [name for name, each in latest if each.level == "watch"]
    effect = sum(each.points or 0.0 for _, each in latest)
    href = "/drift" + view.filters.query()
    of = f"of {len(latest)} inputs"
    moved = f"; mean score {words.points(effect)} points"
    if acting:
        title = "Model: inputs have moved"
        text = f"{len(acting)} {of} above PSI 0.25, most of all {acting[0]}{moved}"
        return parts.verdict("bad", title, text, href)
    if watched:
        text = f"{len(watched)} {of} from PSI 0.10, most of all {watched[0]}{moved}"
        return parts.verdict("warn", "Model: inputs to watch", text, href)
    return parts.verdict(
        "ok", "Model: inputs as in training", f"no input from PSI 0.10 beyond chance{moved}", href
    )
