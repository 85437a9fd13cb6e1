"""The page Drift: which inputs of the champion moved from its training loans, and the effect."""

from dataclasses import replace
from datetime import date
from typing import Any, Final

from dash import ClientsideFunction, Dash, Input, Output, dcc, html

from lakehouse.monitoring.drift import DriftPeriod
from risk.monitoring.population_shift import FEWEST_DECISIONS, FeatureShift, bin_shifts
from ui.cards import Card, Nothing, View
from ui.data.asking import Desk
from ui.data.filters import add_months
from ui.data.questions import Drifted
from ui.figures import drift as figures
from ui.look import parts, words
from ui.page import Page, Stack
from ui.reports import CARD as REPORTS
from ui.shifts import drifted, inputs, latest_shifts

_FEWEST_MONTHS: Final = 24
_LEVELS: Final = {
    "chance": ("ok", "Within chance"),
    "small": ("ok", "Small"),
    "watch": ("warn", "To watch"),
    "act": ("bad", "Shifted"),
}


def _found(view: View) -> Drifted:
    """Return the inputs over the period, stretched to two years so that a course can be seen."""
    chosen = view.filters.chosen(view.book)
    if chosen.from_on is None or chosen.to_on is None:
        raise Nothing("No applications here")
    since = max(
        min(chosen.from_on, add_months(chosen.to_on, -_FEWEST_MONTHS)), view.book.first_month
    )
    found = drifted(view, replace(chosen, from_on=since))
    if not found.periods:
        raise Nothing(
            f"No month has {FEWEST_DECISIONS} of the champion's decisions",
            None if view.book.decisions else "just demo",
        )
    if not latest_shifts(found.periods):
        raise Nothing("The champion is no scorecard: what a shift did to its score is not known")
    return found


def _says(view: View) -> str:
    reference = _found(view).reference
    return (
        f"Inputs of {reference.model_version} against the loans it was fitted on "
        f"({reference.first_month} \N{EN DASH} {reference.last_month}, "
        f"n {words.count(reference.loans)})"
    )


def _verdict(view: View) -> Any:
    newest = _found(view).periods[-1]
    latest = latest_shifts([newest])
    acting = [name for name, each in latest if each.level == "act"]
    watched = [name for name, each in latest if each.level == "watch"]
    text = f"Latest month {words.month(newest.period)}, n {words.count(newest.shift.decisions)}: "
    text += f"{', '.join(acting)} from PSI 0.25; " if acting else "none from PSI 0.25; "
    text += f"{', '.join(watched)} 0.10 \N{EN DASH} 0.25. " if watched else "none to watch. "
    text += f"The mean score moved by {words.points(newest.shift.points)} points."
    title = f"{len(acting)} of {len(latest)} inputs shifted, {len(watched)} to watch"
    return parts.verdict("bad" if acting else "warn" if watched else "ok", title, text)


def _shifts(periods: list[DriftPeriod]) -> dict[tuple[str, date], FeatureShift]:
    return {(name, each.period): moved for each in periods for name, moved in inputs(each)}


def _chosen_cell(view: View, periods: list[DriftPeriod]) -> tuple[str, date]:
    """Return the cell that was clicked, else the input that moved most in the last month."""
    latest = latest_shifts(periods)
    names = {name for name, _ in latest}
    clicked = view.more[0] if view.more else None
    if isinstance(clicked, list) and len(clicked) == 2 and clicked[0] in names:
        return clicked[0], date.fromisoformat(str(clicked[1])[:10])
    return latest[0][0], periods[-1].period


def _heatmap(view: View) -> Any:
    periods = _found(view).periods
    latest = dict(latest_shifts(periods))
    shown = figures.heatmap(
        view.scheme,
        sorted(latest, key=lambda name: -abs(latest[name].points or 0.0)),
        [each.period for each in periods],
        _shifts(periods),
        {each.period: each.shift.decisions for each in periods},
        _chosen_cell(view, periods),
    )
    legend = parts.legend(
        ("", "void", "within chance"),
        ("", "heat-1", "below 0.10"),
        ("", "heat-3", "0.10 \N{EN DASH} 0.25 watch"),
        ("", "heat-4", "from 0.25 act"),
    )
    return parts.chart("dr-heat", shown, legend)


def _scatter(view: View) -> Any:
    latest = latest_shifts(_found(view).periods)
    legend = parts.legend(
        ("dotk", "ghost", "below 0.10 or within chance"),
        ("dotk", "warn", "watch"),
        ("dotk", "bad", "act"),
    )
    return parts.chart("dr-scatter", figures.moved_and_mattered(view.scheme, latest), legend)


def _detail(view: View) -> Any:
    found = _found(view)
    name, month = _chosen_cell(view, found.periods)
    shifts = _shifts(found.periods)
    one = next((each for each in found.periods if each.period == month), None)
    if one is None:
        raise Nothing(f"No applications in {words.month(month)}")
    moved = shifts[name, month]
    in_bins = bin_shifts(found.reference.bins(moved.feature), one.counts[moved.feature])
    missing = in_bins[-1]
    kept = [each for each in in_bins if each.now > 0 or each.before > 0]
    level, word = _LEVELS[moved.level]
    figures_in_words = (
        ("PSI", words.number(moved.psi, 3), ""),
        ("Chance below", words.number(moved.noise, 3), ""),
        ("Effect on score", words.points(moved.points), "points"),
        ("Missing", words.number(missing.now * 100, 1), f"%, was {words.percent(missing.before)}"),
    )
    return [
        html.Div(
            [
                html.Div(
                    [
                        html.P(f"{name}, {words.month(month)}", className="sub-title"),
                        html.P(
                            f"n {words.count(one.shift.decisions)}; in training "
                            f"n {words.count(found.reference.loans)}",
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
        parts.graph(
            "dr-detail",
            figures.bins(
                view.scheme,
                [each.name for each in kept],
                [each.now for each in kept],
                [each.before for each in kept],
                [each.points for each in kept],
            ),
        ),
        html.P("PSI over time; grey: what chance alone reaches at this n", className="card-note"),
        parts.graph(
            "dr-course",
            figures.over_time(
                view.scheme,
                [each.period for each in found.periods],
                [shifts[name, each.period] for each in found.periods],
                month,
            ),
        ),
    ]


def _wire(app: Dash, desk: Desk) -> None:
    """Clicking a cell shows its bins."""
    del desk
    app.clientside_callback(
        ClientsideFunction("ui", "cell"),
        Output("dr-cell", "data"),
        Input({"graph": "dr-heat"}, "clickData"),
        prevent_initial_call=True,
    )


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
        REPORTS,
    ),
    foot="The reference is the model's training population, which owns the bins: its deciles, and "
    "the missing. PSI from 0.10 is watched, from 0.25 acted on, unless chance explains it, all "
    "inputs and months of a year considered.",
)
