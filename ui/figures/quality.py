"""The figure of data quality: missing shares by field and month."""

from collections.abc import Mapping, Sequence
from datetime import date

from risk.monitoring.backtest import wilson
from ui.figures.marks import Figure, figure, month_axis
from ui.look import words
from ui.look.tokens import SCHEMES, Scheme

_ROW = 26


def missing(
    scheme: Scheme,
    names: Sequence[str],
    months: Sequence[date],
    found: Mapping[str, Mapping[date, tuple[int, int]]],
) -> Figure:
    """Return the share missing by field (rows) and month, coloured beyond chance."""
    colours = SCHEMES[scheme]
    x = [month.isoformat() for month in months]
    rows = [words.input_name(name) for name in names]
    is_written = len(months) <= 26
    levels = (
        ("within chance", "void", "on-void"),
        ("less often", "heat-1", "on-void"),
        ("more often", "heat-3", "on-heat"),
        ("twice as often", "heat-4", "on-deep"),
    )
    traces: list[Figure] = []
    for level, colour, ink in levels:
        grid = [[_cell(found[name], month, level) for month in months] for name in names]
        if not any(cell for row in grid for cell in row):
            continue
        traces.append(
            {
                "type": "heatmap",
                "x": x,
                "y": rows,
                "z": [[1 if cell else None for cell in row] for row in grid],
                "colorscale": [[0, colours[colour]], [1, colours[colour]]],
                "showscale": False,
                "xgap": 2,
                "ygap": 2,
                "text": [
                    [
                        words.number(cell[0] / cell[1] * 100, 1) if cell and is_written else ""
                        for cell in row
                    ]
                    for row in grid
                ],
                "texttemplate": "%{text}",
                "textfont": {"size": 10.5, "color": colours[ink]},
                "customdata": [
                    [
                        [words.percent(cell[0] / cell[1]), words.count(cell[1])]
                        if cell
                        else ["", ""]
                        for cell in row
                    ]
                    for row in grid
                ],
                "hovertemplate": "%{y}, %{x}: %{customdata[0]} missing, n %{customdata[1]}"
                f"<br>{level}<extra></extra>",
                "hoverongaps": False,
            }
        )
    return figure(
        scheme,
        traces,
        height=_ROW * max(len(names), 1) + 48,
        hovermode="closest",
        xaxis={**month_axis(months), "showline": False, "fixedrange": True},
        yaxis={
            "type": "category",
            "autorange": "reversed",
            "showgrid": False,
            "dtick": 1,
            "ticksuffix": "  ",
            "tickfont": {"size": 12, "color": colours["text"]},
            "rangemode": "normal",
        },
    )


def _cell(held: Mapping[date, tuple[int, int]], month: date, level: str) -> tuple[int, int] | None:
    hits, n = held.get(month, (0, 0))
    if not n:
        return None
    overall = sum(m for m, _ in held.values()) / sum(c for _, c in held.values())
    own = wilson(hits, n, confidence=0.99)
    if own.low <= overall <= own.high:
        found = "within chance"
    elif own.value < overall:
        found = "less often"
    else:
        found = "twice as often" if own.value >= 2 * overall else "more often"
    return (hits, n) if found == level else None
