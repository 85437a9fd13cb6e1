"""Charts of the book, and the newest applications on the watchlist."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

from dash import dcc, html

from lakehouse.lake import portfolio
from lakehouse.lake.filters import Filters as Chosen
from lakehouse.lake.session import Lake
from risk.monitoring.reference import Numbers
from ui.cards import Nothing, View
from ui.data.filters import PageFilters
from ui.figures import overview as figures
from ui.look import parts, words
from ui.open_alerts import OpenAlert, open_alerts
from ui.pages.overview.periods import both, reference

_REASONS_SHOWN: Final = 8
_RISKIEST_SHOWN: Final = 5
_ALERTS_SHOWN: Final = 5


def by_tier(view: View) -> Any:
    """Draw applications by month and tier."""
    now, before = both(view)
    entries = [("tier", "", tier) for tier in ("Low", "Elevated", "Watchlist")]
    if before:
        entries.append(("dots", "text2", compared_word(view)))
    shown = figures.applications(view.scheme, now, before)
    return parts.chart("ov-by-tier", shown, parts.legend(*entries))


def mix(view: View) -> Any:
    """Draw each period's tiers as one bar."""
    now, before = both(view)
    bars = [("This period", now)]
    if before:
        bars.append((compared_word(view).capitalize(), before))
    legend = parts.legend(*(("tier", "", tier) for tier in ("Low", "Elevated", "Watchlist")))
    return parts.chart("ov-mix", figures.tier_mix(view.scheme, bars), legend)


def share(view: View) -> Any:
    """Draw the watchlist's share by month."""
    now, before = both(view)
    entries = [("", "watchlist", "this period")]
    if before:
        entries.append(("dots", "text2", compared_word(view)))
    shown = figures.watchlist_share(view.scheme, now, before)
    return parts.chart("ov-share", shown, parts.legend(*entries))


def spread(view: View) -> Any:
    """Draw how PDs are spread."""
    part, compared = view.filters.chosen(view.book), view.filters.compared(view.book)
    now = _counts(view, part)
    if not now:
        raise Nothing("No applications here")
    before = _counts(view, compared) if compared else None
    entries = [("", "accent", "this period")]
    if before:
        entries.append(("dots", "text2", compared_word(view)))
    trained = reference(view)
    if trained:
        entries.append(("dash", "text2", f"training, n {words.count(trained.loans)}"))
    bins = trained.bins("pd") if trained else None
    shown = figures.pd_spread(
        view.scheme, now, before, figures.spread_evenly(bins) if isinstance(bins, Numbers) else None
    )
    return parts.chart("ov-spread", shown, parts.legend(*entries))


def _counts(view: View, chosen: Chosen) -> dict[int, int]:
    rows = view.ask(_bands, chosen).to_pylist()
    return {round(row["from_pd"] * 100): row["decisions"] for row in rows}


def _bands(lake: Lake, chosen: Chosen) -> Any:
    return portfolio.pd_bands(lake, chosen, width=0.02)


def reasons(view: View) -> Any:
    """Draw how often each reason was given."""
    _, before = both(view)
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
        entries.append(("ring", "text2", compared_word(view)))
    return parts.chart("ov-reasons", figures.reasons(view.scheme, rows), parts.legend(*entries))


def _policy_reasons(view: View, chosen: Chosen) -> list[dict[str, Any]]:
    rows = view.ask(portfolio.reasons, chosen).to_pylist()
    return [row for row in rows if row["kind"] == "policy"]


def alerts(view: View) -> Any:
    """List what fires now."""
    found = open_alerts(view)
    if not found:
        raise Nothing("Nothing fires")
    return html.Ul([html.Li(_alert(each)) for each in found[:_ALERTS_SHOWN]], className="rows")


def _alert(each: OpenAlert) -> Any:
    said = f"{each.severity}: {each.value}, band {each.band} \N{MIDDLE DOT} owner: {each.owner}"
    return dcc.Link(
        [
            html.Span(className=f"dot {each.level}"),
            html.Span([html.B(each.title), html.Span(said, className="muted num")]),
            html.Span(f"since {each.since}", className="muted nowrap"),
        ],
        href=each.href,
    )


def riskiest(view: View) -> Any:
    """List the riskiest of the newest: the last month's, the highest PD first."""
    chosen = view.filters.chosen(view.book)
    now, _ = both(view)
    last = now.months[-1].month
    found = view.ask(_riskiest_rows, replace(chosen, from_on=last)).to_pylist()
    if not found:
        raise Nothing(f"Nobody on the watchlist in {words.month(last)}")
    lines = [html.Li(_line(row, view.filters)) for row in found]
    every = dcc.Link(
        f"All {words.count(found[0]['rows_in_all'])} of {words.month(last)}, and the months before",
        href=f"/watchlist{view.filters.query()}",
        className="more",
    )
    return [html.Ul(lines, className="rows"), every]


def _riskiest_rows(lake: Lake, chosen: Chosen) -> Any:
    return portfolio.watchlist(
        lake, replace(chosen, tiers=()), sorted_by="pd", limit=_RISKIEST_SHOWN
    )


def _line(row: Mapping[str, Any], filters: PageFilters) -> Any:
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


def compared_word(view: View) -> str:
    """Say what the period is compared with."""
    return view.filters.against.removeprefix("vs ")
