"""The figure of alerts: in which months each rule would have fired."""

from collections.abc import Sequence
from datetime import date

from lakehouse.monitoring.alert_backtest import Fired
from ui.data.period import months_between
from ui.figures.marks import Figure, figure, month_axis
from ui.look import words
from ui.look.tokens import SCHEMES, Scheme

_ROW = 22


def name_of(alert: Fired) -> str:
    """Return what an alert is called in the history."""
    if alert.alert == "drift":
        return f"{words.input_name(alert.subject)} shifted"
    if alert.alert == "field_missing":
        return f"{words.input_name(alert.subject)} missing"
    return "Watchlist share"


def _said(alert: Fired | None) -> str:
    if alert is None:
        return "within chance"
    said = f"PSI {alert.value:.3f}, n {words.count(alert.decisions)}"
    if alert.share is None:
        return said
    return f"{words.percent(alert.share)}, was {words.percent(alert.share_before)}; {said}"


def history(
    scheme: Scheme, names: Sequence[str], months: Sequence[date], found: Sequence[Fired]
) -> Figure:
    """Return a row a rule and a column a month, filled where it fired."""
    colours = SCHEMES[scheme]
    last = months[-1]
    until = date(last.year + last.month // 12, last.month % 12 + 1, 1)
    every = months_between(months[0], until)
    fired = {(name_of(each), each.period): each for each in found}
    traces: list[Figure] = []
    for is_fired, colour in ((False, "void"), (True, "heat-4")):
        grid = [[(name, month) in fired for month in every] for name in names]
        traces.append(
            {
                "type": "heatmap",
                "x": [month.isoformat() for month in every],
                "y": list(names),
                "z": [[1 if cell == is_fired else None for cell in row] for row in grid],
                "colorscale": [[0, colours[colour]], [1, colours[colour]]],
                "showscale": False,
                "xgap": 1,
                "ygap": 2,
                "customdata": [
                    [_said(fired.get((name, month))) for month in every] for name in names
                ],
                "hovertemplate": "%{y}, %{x}: %{customdata}<extra></extra>",
                "hoverongaps": False,
            }
        )
    return figure(
        scheme,
        traces,
        height=_ROW * max(len(names), 1) + 52,
        hovermode="closest",
        xaxis={**month_axis(every, most=12), "showline": False},
        yaxis={
            "type": "category",
            "autorange": "reversed",
            "showgrid": False,
            "dtick": 1,
            "ticksuffix": "  ",
            "rangemode": "normal",
        },
    )
