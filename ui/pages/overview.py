"""Overview: how the book, the model and the pipeline are, in the first five seconds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any, Final

from dash import Dash, Input, Output, State, dcc, html, no_update

from lakehouse.lake import book, portfolio, vintages
from lakehouse.lake.filters import Filters as Chosen
from lakehouse.lake.queries import latest_observation
from lakehouse.lake.session import Lake
from risk.monitoring.performance import Estimate
from ui import parts, words
from ui.asking import Desk
from ui.cards import Card, Nothing, View
from ui.figures import overview as figures
from ui.filters import Filters, add_months, parse
from ui.page import Page
from ui.parts import Delta
from ui.period import Period, apart, summed
from ui.shifts import champion_of, latest_shifts

__all__ = ["PAGE"]

_REASONS_SHOWN: Final = 8
_NEWEST_SHOWN: Final = 5


def _period(view: View, chosen: Chosen | None) -> Period | None:
    if chosen is None or chosen.from_on is None or chosen.to_on is None:
        return None
    return summed(view.ask(book.months, chosen).to_pylist(), chosen.from_on, chosen.to_on)


def _both(view: View) -> tuple[Period, Period | None]:
    """Return the period and the one it is compared with, where that has applications."""
    now = _period(view, view.filters.chosen(view.book))
    before = _period(view, view.filters.compared(view.book))
    if now is None or not now.whole.applications:
        raise Nothing(
            "No applications here" if view.book.decisions else "No data yet",
            None if view.book.decisions else "just demo",
        )
    return now, before if before is not None and before.whole.applications else None


def _says(view: View) -> str:
    now, _ = _both(view)
    last = now.months[-1].month
    return (
        f"{words.count(now.whole.applications)} applications, {words.month(now.months[0].month)} "
        f"\N{EN DASH} {words.month(last)}, by month of application"
    )


def _book_verdict(view: View) -> Any:
    now, before = _both(view)
    share, was = now.whole.watchlist_share, before.whole.watchlist_share if before else None
    if share is None:
        raise Nothing("No applications here")
    level: parts.Level = "ok"
    title = "Book: steady"
    if apart(share, was) and was is not None:
        is_worse = share.value > was.value
        level, title = ("warn", "Book: riskier") if is_worse else ("ok", "Book: safer")
    change = f", {words.delta_pp(share.value - was.value)} {view.filters.against}" if was else ""
    text = f"Watchlist {words.percent(share.value)} ({words.interval(share.low, share.high)}){change}"
    return parts.verdict(level, title, text, "/watchlist" + view.filters.query())


def _pipeline_verdict(view: View) -> Any:
    account = _account(view)
    text = (
        f"{words.count(account.read)} read = {words.count(account.decided)} decided + "
        f"{words.count(account.duplicates)} duplicates + {words.count(account.refused)} refused"
    )
    if account.open_events:
        return parts.verdict(
            "bad", "Pipeline: events unaccounted for", f"{text}; {account.open_events} open",
            "/pipeline",
        )
    return parts.verdict("ok", "Pipeline: every event accounted for", text, "/pipeline")


def _account(view: View) -> Account:
    rows = view.ask(view.desk.stores.progress)
    if not rows:
        raise Nothing("No data yet", "just demo")
    return Account(
        read=sum(row.read for row in rows),
        decided=sum(row.decided for row in rows),
        duplicates=sum(row.duplicates for row in rows),
        refused=sum(row.quarantined for row in rows),
    )


@dataclass(frozen=True, slots=True)
class Account:
    """What became of every event that was read."""

    read: int
    decided: int
    duplicates: int
    refused: int

    @property
    def open_events(self) -> int:
        """Events that are in none of the three."""
        return self.read - self.decided - self.duplicates - self.refused


def _equation(view: View) -> Any:
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
        [html.H2("Account of events", className="sr"), *shown,
         parts.pill("ok" if holds else "bad", said)],
        className="card account",
    )


def _model_verdict(view: View) -> Any:
    """Judge the champion's inputs in the last month of the period."""
    champion = champion_of(view)
    found = view.ask(view.desk.stores.binned, champion, view.filters.chosen(view.book))
    latest = latest_shifts(found)
    if not latest:
        raise Nothing("The champion's inputs cannot be judged here")
    acting = [name for name, each in latest if each.level == "act"]
    watched = [name for name, each in latest if each.level == "watch"]
    effect = sum(each.effect_points for _, each in latest)
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
    return parts.verdict("ok", "Model: inputs as in training", f"no input from PSI 0.10{moved}", href)


def _delta(
    view: View, now: float, before: float | None, *, in_points: bool = False, level: str = ""
) -> Delta | None:
    if before is None or not before:
        return None
    said = words.delta_pp(now - before) if in_points else words.delta_share(now / before - 1)
    return Delta(said, view.filters.against, level)


def _colour(now: Estimate | None, before: Estimate | None) -> str:
    """Return a rise's colour where intervals part: more risk is bad."""
    if not apart(now, before) or now is None or before is None:
        return ""
    return "bad" if now.value > before.value else "ok"


def _applications(view: View) -> Any:
    now, before = _both(view)
    months = len(now.months)
    return parts.kpi(
        "ov-applications",
        "Applications",
        words.count(now.whole.applications),
        "",
        delta=_delta(
            view, now.whole.applications, before.whole.applications if before else None
        ),
        trend=[each.applications for each in now.months],
        notes=(
            f"{words.count(now.whole.applications / months)} a month",
            f"{words.count(now.months[-1].applications)} in the last",
        ),
    )


def _watchlist(view: View) -> Any:
    now, before = _both(view)
    share, was = now.whole.watchlist_share, before.whole.watchlist_share if before else None
    if share is None:
        raise Nothing("No applications here")
    return parts.kpi(
        "ov-watchlist",
        "Watchlist share",
        words.number(share.value * 100, 1),
        "%",
        delta=_delta(
            view,
            share.value,
            was.value if was else None,
            in_points=True,
            level=_colour(share, was),
        ),
        trend=[s.value if (s := each.watchlist_share) else None for each in now.months],
        notes=(f"95 %: {words.interval(share.low, share.high)}", f"n {words.count(now.whole.watchlisted)}"),
        colour="watchlist",
    )


def _mean_pd(view: View) -> Any:
    now, before = _both(view)
    mean, was = now.whole.mean_pd, before.whole.mean_pd if before else None
    if mean is None:
        raise Nothing("No applications here")
    return parts.kpi(
        "ov-pd",
        "Mean PD",
        words.number(mean.value * 100, 1),
        "%",
        delta=_delta(
            view, mean.value, was.value if was else None, in_points=True, level=_colour(mean, was)
        ),
        trend=[m.value if (m := each.mean_pd) else None for each in now.months],
        notes=(
            f"95 %: {words.interval(mean.low, mean.high)}",
            f"n {words.count(now.whole.applications)}",
        ),
    )


def _amount(view: View) -> Any:
    now, before = _both(view)
    value, unit = words.amount(now.whole.amount_usd)
    return parts.kpi(
        "ov-amount",
        "Amount asked",
        value,
        unit,
        delta=_delta(view, now.whole.amount_usd, before.whole.amount_usd if before else None),
        trend=[each.amount_usd for each in now.months],
        notes=(
            f"mean {words.usd(now.whole.amount_usd / now.whole.applications)}",
            f"n {words.count(now.whole.applications)}",
        ),
    )


def _exposure(view: View) -> Any:
    now, before = _both(view)
    value, unit = words.amount(now.whole.expected_usd)
    return parts.kpi(
        "ov-exposure",
        "PD-weighted exposure",
        value,
        unit,
        delta=_delta(view, now.whole.expected_usd, before.whole.expected_usd if before else None),
        trend=[each.expected_usd for each in now.months],
        notes=(
            f"{words.percent(now.whole.expected_usd / now.whole.amount_usd)} of the amount",
            "sum of PD \N{MULTIPLICATION SIGN} amount",
        ),
    )


def _matured(view: View) -> Any:
    _both(view)
    as_of = view.ask(latest_observation)
    if as_of is None:
        return parts.kpi(
            "ov-matured", "Outcomes known", "0", "%", notes=("none recorded yet", "just outcomes")
        )
    rows = view.ask(_maturity, view.filters.chosen(view.book), as_of).to_pylist()
    by_month: dict[Any, list[int]] = {}
    for row in rows:
        sums = by_month.setdefault(row["vintage"], [0, 0])
        sums[0] += row["loans"]
        sums[1] += row["known"]
    total, known = (sum(each[place] for each in by_month.values()) for place in (0, 1))
    return parts.kpi(
        "ov-matured",
        "Outcomes known",
        words.number(known / max(total, 1) * 100, 1),
        "%",
        trend=[part / whole for whole, part in by_month.values()],
        notes=(f"{words.count(known)} of {words.count(total)}", f"observed to {as_of}"),
    )


def _maturity(lake: Lake, chosen: Chosen, as_of: date) -> Any:
    return vintages.maturity(lake, chosen, as_of=as_of)


def _by_tier(view: View) -> Any:
    now, before = _both(view)
    entries = [("tier", "", tier) for tier in ("Low", "Elevated", "Watchlist")]
    if before:
        entries.append(("dots", "text2", _compared_word(view)))
    shown = figures.applications(view.scheme, now, before)
    return parts.chart("ov-by-tier", shown, parts.legend(*entries))


def _mix(view: View) -> Any:
    now, before = _both(view)
    bars = [("This period", now)]
    if before:
        bars.append((_compared_word(view).capitalize(), before))
    legend = parts.legend(*(("tier", "", tier) for tier in ("Low", "Elevated", "Watchlist")))
    return parts.chart("ov-mix", figures.tier_mix(view.scheme, bars), legend)


def _share(view: View) -> Any:
    now, before = _both(view)
    entries = [("", "watchlist", "this period")]
    if before:
        entries.append(("dots", "text2", _compared_word(view)))
    shown = figures.watchlist_share(view.scheme, now, None, before)
    return parts.chart("ov-share", shown, parts.legend(*entries))


def _spread(view: View) -> Any:
    part, compared = view.filters.chosen(view.book), view.filters.compared(view.book)
    now = _counts(view, part)
    if not now:
        raise Nothing("No applications here")
    before = _counts(view, compared) if compared else None
    entries = [("", "accent", "this period")]
    if before:
        entries.append(("dots", "text2", _compared_word(view)))
    shown = figures.pd_spread(view.scheme, now, before)
    return parts.chart("ov-spread", shown, parts.legend(*entries))


def _counts(view: View, chosen: Chosen) -> dict[int, int]:
    rows = view.ask(_bands, chosen).to_pylist()
    return {round(row["from_pd"] * 100): row["decisions"] for row in rows}


def _bands(lake: Lake, chosen: Chosen) -> Any:
    return portfolio.pd_bands(lake, chosen, width=0.02)


def _reasons(view: View) -> Any:
    _, before = _both(view)
    part, compared = view.filters.chosen(view.book), view.filters.compared(view.book)
    named = _policy_reasons(view, part)
    earlier = (
        {row["code"]: row["share"] for row in _policy_reasons(view, compared)}
        if compared and before
        else {}
    )
    rows = [
        (
            words.reason(row["code"]),
            row["share"],
            earlier.get(row["code"], 0.0) if before else None,
            row["decisions"],
        )
        for row in named
        if row["code"] != "WITHIN_LIMITS"
    ][:_REASONS_SHOWN]
    if not rows:
        raise Nothing("No reasons in this period")
    entries = [("dotk", "accent", "this period")]
    if before:
        entries.append(("ring", "text2", _compared_word(view)))
    return parts.chart("ov-reasons", figures.reasons(view.scheme, rows), parts.legend(*entries))


def _policy_reasons(view: View, chosen: Chosen) -> list[dict[str, Any]]:
    rows = view.ask(portfolio.reasons, chosen).to_pylist()
    return [row for row in rows if row["kind"] == "policy"]


def _newest(view: View) -> Any:
    found = view.ask(_newest_rows, view.filters.chosen(view.book)).to_pylist()
    if not found:
        raise Nothing("Nobody on the watchlist in this period")
    return html.Ul([html.Li(_line(row, view.filters)) for row in found], className="rows")


def _newest_rows(lake: Lake, chosen: Chosen) -> Any:
    return portfolio.watchlist(lake, replace(chosen, tiers=()), limit=_NEWEST_SHOWN)


def _line(row: Mapping[str, Any], filters: Filters) -> Any:
    return dcc.Link(
        [
            html.Span(html.Span("Watchlist", className="sr"), className="tier Watchlist"),
            html.Span(
                [
                    html.B(row["application_id"], className="num"),
                    html.Span(words.reasons(row["reasons"]), className="muted"),
                ]
            ),
            html.Span(
                f"PD {words.percent(row['pd'])} \N{MIDDLE DOT} {words.usd(row['amount_usd'])}",
                className="num nowrap",
            ),
        ],
        href=f"/application/{row['event_id']}{filters.query()}",
    )


def _compared_word(view: View) -> str:
    return view.filters.against.removeprefix("vs ")


def _wire(app: Dash, desk: Desk) -> None:
    """Clicking a month's bar sets the period to that month; a tier's bar sets the tier."""
    del desk

    @app.callback(
        Output("url", "search", allow_duplicate=True),
        Input({"graph": "ov-by-tier"}, "clickData"),
        State("filters", "data"),
        prevent_initial_call=True,
    )
    async def to_month(clicked: Any, said: Any) -> Any:
        if not clicked:
            return no_update
        month = str(clicked["points"][0]["x"])[:7]
        return parse(said).query(period=f"{month}:{month}")


def _card(key: str, draw: Any, title: str, note: str, span: int, **more: Any) -> Card:
    return Card(key=key, draw=draw, title=title, note=note, span=span, height=248, **more)


PAGE: Final = Page(
    path="/",
    title="Overview",
    says=_says,
    wire=_wire,
    placed=(
        *(
            Card(key=key, draw=draw, title=title, span=4, height=66, is_bare=True)
            for key, title, draw in (
                ("ov-book", "Book", _book_verdict),
                ("ov-model", "Model", _model_verdict),
                ("ov-pipeline", "Pipeline", _pipeline_verdict),
            )
        ),
        *(
            Card(key=key, draw=draw, title=title, span=2, height=148, is_bare=True)
            for key, title, draw in (
                ("ov-applications", "Applications", _applications),
                ("ov-watchlist", "Watchlist share", _watchlist),
                ("ov-pd", "Mean PD", _mean_pd),
                ("ov-amount", "Amount asked", _amount),
                ("ov-exposure", "PD-weighted exposure", _exposure),
                ("ov-matured", "Outcomes known", _matured),
            )
        ),
        _card(
            "ov-by-tier",
            _by_tier,
            "Applications by tier",
            "per month of application; click a month to choose it",
            7,
        ),
        _card("ov-mix", _mix, "Tier mix", "share of applications", 5),
        _card("ov-share", _share, "Watchlist share", "band: 95 % interval, by month", 4),
        _card("ov-spread", _spread, "PD distribution", "share of applications per 2 pp of PD", 4),
        _card("ov-reasons", _reasons, "Reasons", "share of applications with the reason", 4),
        _card("ov-newest", _newest, "Latest to the watchlist", "newest first", 5),
        Card(key="ov-account", draw=_equation, title="Account", height=72, is_bare=True),
    ),
)
