"""Drift: which of the champion's inputs moved away from its training loans, and what that did."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any, Final

from dash import Dash, Input, Output, dcc, html, no_update

from lakehouse.monitoring.characteristics import Binned
from risk.models.scorecard import Scorecard
from risk.monitoring.bin_shift import Shift, shift
from ui.cards import Card, Nothing, View
from ui.data.asking import Desk
from ui.data.filters import add_months
from ui.figures import drift as figures
from ui.look import parts, words
from ui.page import Page, Stack
from ui.shifts import champion_of, latest_shifts

__all__ = ["PAGE"]

_FEWEST_MONTHS: Final = 24
_LEVELS: Final = {
    "chance": ("ok", "Within chance"),
    "small": ("ok", "Small"),
    "watch": ("warn", "To watch"),
    "act": ("bad", "Shifted"),
}


def _found(view: View) -> list[Binned]:
    """Return the inputs over the period, stretched to two years so that a course can be seen."""
    chosen = view.filters.chosen(view.book)
    if chosen.from_on is None or chosen.to_on is None:
        raise Nothing("No applications here")
    since = max(
        min(chosen.from_on, add_months(chosen.to_on, -_FEWEST_MONTHS)), view.book.first_month
    )
    found: list[Binned] = view.ask(
        view.desk.stores.binned, champion_of(view), replace(chosen, from_on=since)
    )
    if not found:
        raise Nothing("The champion is no scorecard: its inputs have no bins of their own")
    if not any(each.periods for each in found):
        raise Nothing("No applications here", None if view.book.decisions else "just demo")
    return found


def _model(view: View) -> Scorecard:
    model = view.ask(view.desk.stores.model, champion_of(view))
    if not isinstance(model, Scorecard):
        raise Nothing("The champion is no scorecard: its inputs have no bins of their own")
    return model


def _says(view: View) -> str:
    model = _model(view)
    return (
        f"Inputs of {model.version} against the loans it was fitted on "
        f"({model.fit.first_month} \N{EN DASH} {model.fit.last_month}, "
        f"n {words.count(model.fit.loans)})"
    )


def _verdict(view: View) -> Any:
    found = _found(view)
    latest = latest_shifts(found)
    if not latest:
        raise Nothing("No applications here")
    month = max(max(each.periods) for each in found if each.periods)
    acting = [name for name, each in latest if each.level == "act"]
    watched = [name for name, each in latest if each.level == "watch"]
    effect = sum(each.effect_points for _, each in latest)
    n = latest[0][1].applications
    text = f"Latest month {words.month(month)}, n {words.count(n)}: "
    text += f"{', '.join(acting)} above PSI 0.25; " if acting else "none above PSI 0.25; "
    text += f"{', '.join(watched)} 0.10 \N{EN DASH} 0.25. " if watched else "none to watch. "
    text += f"Together they moved the mean score by {words.points(effect)} points."
    title = f"{len(acting)} of {len(latest)} inputs shifted, {len(watched)} to watch"
    return parts.verdict("bad" if acting else "warn" if watched else "ok", title, text)


def _shifts(found: list[Binned]) -> dict[tuple[str, date], Shift]:
    shifts = {}
    for each in found:
        for month, counts in each.periods.items():
            moved = shift(each.reference, counts, each.points)
            if moved is not None:
                shifts[(words.input_name(each.feature), month)] = moved
    return shifts


def _chosen_cell(view: View, found: list[Binned]) -> tuple[str, date]:
    """Return the cell that was clicked, else the input that moved most in the last month."""
    last = max(max(each.periods) for each in found if each.periods)
    names = {words.input_name(each.feature) for each in found}
    clicked = view.more[0] if view.more else None
    if isinstance(clicked, list) and len(clicked) == 2 and clicked[0] in names:
        return clicked[0], date.fromisoformat(str(clicked[1])[:10])
    return latest_shifts(found)[0][0], last


def _heatmap(view: View) -> Any:
    found = _found(view)
    shifts = _shifts(found)
    months = sorted({month for _, month in shifts})
    latest = dict(latest_shifts(found))
    names = sorted(latest, key=lambda name: -abs(latest[name].effect_points))
    applications = {
        month: int(next(iter(found)).periods[month].sum())
        for month in months
        if month in found[0].periods
    }
    shown = figures.heatmap(
        view.scheme, names, months, shifts, applications, _chosen_cell(view, found)
    )
    legend = parts.legend(
        ("", "void", "within chance"),
        ("", "heat-1", "below 0.10"),
        ("", "heat-3", "0.10 \N{EN DASH} 0.25 watch"),
        ("", "heat-4", "above 0.25 act"),
    )
    return parts.chart("dr-heat", shown, legend)


def _scatter(view: View) -> Any:
    latest = latest_shifts(_found(view))
    legend = parts.legend(
        ("dotk", "ghost", "below 0.10 or within chance"),
        ("dotk", "warn", "watch"),
        ("dotk", "bad", "act"),
    )
    return parts.chart("dr-scatter", figures.moved_and_mattered(view.scheme, latest), legend)


def _detail(view: View) -> Any:
    found = _found(view)
    name, month = _chosen_cell(view, found)
    one = next(each for each in found if words.input_name(each.feature) == name)
    counts = one.periods.get(month)
    moved = shift(one.reference, counts, one.points) if counts is not None else None
    if counts is None or moved is None:
        raise Nothing(f"No applications in {words.month(month)}")
    now, before = counts / counts.sum(), one.reference / one.reference.sum()
    level, word = _LEVELS[moved.level]
    kept = [place for place in range(len(one.bins)) if now[place] > 0 or before[place] > 0]
    months = sorted(one.periods)
    series = [shift(one.reference, one.periods[each], one.points) for each in months]
    figures_in_words = (
        ("PSI", words.number(moved.psi, 3), ""),
        ("Chance below", words.number(moved.noise_floor, 3), ""),
        ("Effect on score", words.points(moved.effect_points), "points"),
        ("Missing", words.number(now[-1] * 100, 1), f"%, was {words.percent(before[-1])}"),
    )
    return [
        html.Div(
            [
                html.Div(
                    [
                        html.P(f"{name}, {words.month(month)}", className="sub-title"),
                        html.P(
                            f"n {words.count(moved.applications)}; in training "
                            f"n {words.count(one.reference.sum())}",
                            className="card-note num",
                        ),
                    ]
                ),
                html.Span(parts.pill(level, word), className="end"),  # type: ignore[arg-type]
            ],
            className="row",
        ),
        html.Div(
            [
                html.Div(
                    [
                        html.Div(label, className="k"),
                        html.Div([value, html.Span(unit, className="kpi-unit")], className="v num"),
                    ]
                )
                for label, value, unit in figures_in_words
            ],
            className="stats",
        ),
        html.Div(
            [
                parts.legend(("", "accent", "this month"), ("tick", "text", "training loans")),
                html.Span("right: points gained or lost", className="muted note end"),
            ],
            className="row",
        ),
        dcc.Graph(
            id={"graph": "dr-detail"},
            figure=figures.bins(
                view.scheme,
                [one.bins[place] for place in kept],
                [float(now[place]) for place in kept],
                [float(before[place]) for place in kept],
                [float(moved.effects[place]) for place in kept],
            ),
            config={"displayModeBar": False, "responsive": True},
            responsive=True,
            style={"height": max(150, 34 + 22 * len(kept))},
        ),
        html.P("PSI over time; grey: what chance alone reaches at this n", className="card-note"),
        dcc.Graph(
            id={"graph": "dr-course"},
            figure=figures.over_time(view.scheme, months, series, month),
            config={"displayModeBar": False, "responsive": True},
            responsive=True,
            style={"height": 150},
        ),
    ]


def _wire(app: Dash, desk: Desk) -> None:
    """Clicking a cell shows its bins."""
    del desk

    @app.callback(
        Output("dr-cell", "data"),
        Input({"graph": "dr-heat"}, "clickData"),
        prevent_initial_call=True,
    )
    async def choose(clicked: Any) -> Any:
        if not clicked or "z" not in clicked["points"][0]:
            return no_update
        point = clicked["points"][0]
        return [point["y"], point["x"]]


PAGE: Final = Page(
    path="/drift",
    title="Drift",
    says=_says,
    wire=_wire,
    placed=(
        dcc.Store(id="dr-cell"),
        Card(key="dr-verdict", draw=_verdict, title="Drift", height=66, is_bare=True),
        Stack(
            "s7 w12 stack",
            (
                Card(
                    key="dr-heat",
                    draw=_heatmap,
                    title="PSI by input and month",
                    note="inputs by their effect on the score; grey bars: applications; "
                    "click a cell",
                    height=420,
                    inputs=(Input("dr-cell", "data"),),
                ),
                Card(
                    key="dr-scatter",
                    draw=_scatter,
                    title="Moved against mattered",
                    note="latest month: how far each input moved, and what that did to the mean "
                    "score",
                    height=260,
                ),
            ),
        ),
        Card(
            key="dr-detail",
            draw=_detail,
            title="One input",
            note="the cell that is framed",
            span=5,
            css="w12",
            height=560,
            inputs=(Input("dr-cell", "data"),),
        ),
    ),
    foot="Bins, their points and the reference are the model document's own. PSI from 0.10 is "
    "watched, from 0.25 acted on; below the chance level of its n it means nothing.",
)
