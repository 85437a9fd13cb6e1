"""The page Overview: the state of the book, the model and the pipeline within five seconds."""

from typing import Any, Final

from dash import ClientsideFunction, Dash, Input, Output, State

from ui.cards import Card, View
from ui.data.asking import Desk
from ui.look import words
from ui.page import Page
from ui.pages.overview import charts, tiles, verdicts
from ui.pages.overview.periods import both


def _says(view: View) -> str:
    now, _ = both(view)
    last = now.months[-1].month
    return (
        f"{words.count(now.whole.applications)} applications, {words.month(now.months[0].month)} "
        f"\N{EN DASH} {words.month(last)}, by month of application"
    )


def _wire(app: Dash, desk: Desk) -> None:
    """Clicking a month's bar sets the period to that month."""
    del desk
    app.clientside_callback(
        ClientsideFunction("ui", "month"),
        Output("url", "search", allow_duplicate=True),
        Input({"graph": "ov-by-tier"}, "clickData"),
        State("url", "search"),
        prevent_initial_call=True,
    )


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
                ("ov-book", "Book", verdicts.book_verdict),
                ("ov-model", "Model", verdicts.model_verdict),
                ("ov-pipeline", "Pipeline", verdicts.pipeline_verdict),
            )
        ),
        *(
            Card(key=key, draw=draw, title=title, span=2, height=148, is_bare=True)
            for key, title, draw in (
                ("ov-applications", "Applications", tiles.applications),
                ("ov-watchlist", "Watchlist share", tiles.watchlist),
                ("ov-pd", "Mean PD", tiles.mean_pd),
                ("ov-amount", "Amount asked", tiles.amount),
                ("ov-exposure", "PD-weighted exposure", tiles.exposure),
                ("ov-matured", "Outcomes known", tiles.matured),
            )
        ),
        _card(
            "ov-by-tier",
            charts.by_tier,
            "Applications by tier",
            "per month of application; click a month to choose it",
            7,
        ),
        _card("ov-mix", charts.mix, "Tier mix", "share of applications", 5),
        _card("ov-share", charts.share, "Watchlist share", "band: 95 % interval, by month", 4),
        _card(
            "ov-spread", charts.spread, "PD distribution", "share of applications per 2 pp of PD", 4
        ),
        _card("ov-reasons", charts.reasons, "Reasons", "share of applications with the reason", 4),
        _card("ov-alerts", charts.alerts, "Open alerts", "most severe first", 7),
        _card(
            "ov-riskiest",
            charts.riskiest,
            "Riskiest new applications",
            "watchlist of the last month, highest PD first",
            5,
        ),
        Card(key="ov-account", draw=verdicts.equation, title="Account", height=72, is_bare=True),
    ),
)
