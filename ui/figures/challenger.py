"""Figures of the page Champion / challenger: agreement by band of PD, and evidence over time."""

from collections.abc import Mapping, Sequence
from datetime import date
from itertools import pairwise
from math import log10

from ui.figures.cells import CellLook, cells, rows_axis
from ui.figures.marks import Figure, figure, label, level, month_axis, titled
from ui.look import words
from ui.look.tokens import SCHEMES, Scheme


def matrix(
    scheme: Scheme,
    champion: str,
    challenger: str,
    edges: Sequence[float],
    counts: Mapping[tuple[int, int], int],
) -> Figure:
    """Return applications by the champion's band (down) and the challenger's (across)."""
    colours = SCHEMES[scheme]
    names = [
        f"\u2264 {edges[0] * 100:g}",
        *(f"{a * 100:g} \u2013 {b * 100:g}" for a, b in pairwise(edges)),
        f"> {edges[-1] * 100:g}",
    ]
    total = sum(counts.values()) or 1
    size = len(names)
    traces: list[Figure] = []
    for low, high, colour, ink in (
        (0, 0, "accent-pale", "text"),
        (1, 1, "heat-2", "on-heat"),
        (2, size, "heat-3", "on-heat"),
    ):
        grid = [
            [
                counts.get((row, column), 0) if low <= abs(row - column) <= high else None
                for column in range(size)
            ]
            for row in range(size)
        ]
        traces += cells(
            scheme,
            names,
            names,
            grid,
            CellLook(colour, ink),
            hover=f"{champion} %{{y}}, {challenger} %{{x}}: %{{text}} (%{{customdata}})",
            said=lambda n: words.percent(n / total),
            text=lambda n: words.count(n) if n else "",
            value=lambda n: 1 if n else None,
            gap=3,
        )
    return figure(
        scheme,
        traces,
        height=310,
        hovermode="closest",
        xaxis={
            "type": "category",
            "showline": False,
            "dtick": 1,
            "categoryorder": "array",
            "categoryarray": names,
            "fixedrange": True,
            **titled(scheme, f"PD of {challenger}, %"),
            "tickfont": {"size": 10, "color": colours["text3"]},
        },
        yaxis=rows_axis(
            scheme,
            categoryorder="array",
            categoryarray=names,
            tickfont={"size": 11, "color": colours["text3"]},
            **titled(scheme, f"PD of {champion}, %"),
        ),
    )


def evidence(
    scheme: Scheme,
    months: Sequence[date],
    better: Sequence[float],
    worse: Sequence[float],
    enough: float,
) -> Figure:
    """Return the evidence for better and for worse after each month, on a log scale."""
    colours = SCHEMES[scheme]
    x = [month.isoformat() for month in months]
    least = 1e-3
    traces: list[Figure] = [
        {
            "type": "scatter",
            "mode": "lines+markers",
            "x": x,
            "y": [max(value, least) for value in values],
            "line": {"color": colours[colour], "width": 2},
            "marker": {"size": 5},
            "hovertemplate": f"{word}: %{{y:.3g}}<extra></extra>",
        }
        for word, values, colour in (("better", better, "accent"), ("worse", worse, "watchlist"))
    ]
    top = max([enough * 3, *better, *worse])
    low = max(min([0.2, *better, *worse]) * 0.7, least)
    ticks = [t for t in (0.001, 0.01, 0.1, 1, 10, 100, 1e3, 1e4, 1e6, 1e9) if low <= t <= top]
    return figure(
        scheme,
        traces,
        height=310,
        shapes=[level(scheme, enough)],
        annotations=[
            label(
                scheme,
                f"{enough:g}, enough to act",
                0,
                log10(enough),
                xref="paper",
                xanchor="left",
                yanchor="bottom",
            )
        ],
        xaxis=month_axis(months, most=8),
        yaxis={
            "type": "log",
            "range": [log10(low), log10(top)],
            "tickvals": ticks,
            "ticktext": [f"{t:g}" for t in ticks],
            "rangemode": "normal",
        },
    )
