"""The figure of alerts: in which months each rule would have fired."""

from collections.abc import Sequence
from datetime import date

from lakehouse.monitoring.alert_backtest import Fired
from ui.data.period import months_between
from ui.figures.cells import CellLook, cells, rows_axis
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
    last = months[-1]
    until = date(last.year + last.month // 12, last.month % 12 + 1, 1)
    every = months_between(months[0], until)
    fired = {(name_of(each), each.period): each for each in found}
    traces: list[Figure] = []
    for is_fired, colour in ((False, "void"), (True, "heat-4")):
        traces += cells(
            scheme,
            [month.isoformat() for month in every],
            names,
            [
                [
                    _said(one) if bool(one := fired.get((name, month))) == is_fired else None
                    for month in every
                ]
                for name in names
            ],
            CellLook(colour, "on-void"),
            hover="%{y}, %{x}: %{customdata}",
            said=str,
        )
    return figure(
        scheme,
        traces,
        height=_ROW * max(len(names), 1) + 52,
        hovermode="closest",
        xaxis={**month_axis(every, most=12), "showline": False},
        yaxis=rows_axis(scheme, tickfont={"size": 11, "color": SCHEMES[scheme]["text3"]}),
    )
