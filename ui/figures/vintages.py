"""Figures of the page Vintages: cumulative bad rates by months on book, and their triangle."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

from risk.monitoring.backtest import wilson
from risk.monitoring.vintages import CurvePoint
from ui.figures.cells import CellLook, cells, rows_axis
from ui.figures.marks import Figure, figure, label, share_axis, titled
from ui.look import words
from ui.look.tokens import SCHEMES, Scheme

ROW: Final = 22
_EXPECTED_AT_LEAST: Final = 5.0
_FIRST_JUDGED: Final = 6


@dataclass(frozen=True, slots=True)
class Vintage:
    """A vintage, how many loans, and its curve."""

    vintage: date
    loans: int
    curve: tuple[CurvePoint, ...]


def curves(scheme: Scheme, vintages: Sequence[Vintage], *, longest: int) -> Figure:
    """Return a line a vintage, pale to accent by age, dashed where only its older months count."""
    colours = SCHEMES[scheme]
    traces: list[Figure] = []
    notes: list[Figure] = []
    ends: list[tuple[float, int, Vintage]] = []
    for place, each in enumerate(vintages):
        colour = _mixed(colours["ghost"], colours["accent"], place / max(len(vintages) - 1, 1))
        whole = [p for p in each.curve if p.is_complete]
        part = each.curve[max(len(whole) - 1, 0) :]
        for points, dash in ((whole, "solid"), (part, "dot")):
            if len(points) > 1:
                traces.append(
                    {
                        "type": "scatter",
                        "mode": "lines",
                        "x": [p.months_on_book for p in points],
                        "y": [p.cumulative for p in points],
                        "line": {"color": colour, "width": 1.4, "dash": dash},
                        "customdata": [
                            [words.quarter(each.vintage), words.count(p.loans_reaching)]
                            for p in points
                        ],
                        "hovertemplate": "%{customdata[0]}, month %{x}: %{y:.1%}, "
                        "n %{customdata[1]}<extra></extra>",
                    }
                )
        last = each.curve[-1]
        ends.append((last.cumulative, last.months_on_book, each))
        traces.append(
            {
                "type": "scatter",
                "mode": "markers",
                "x": [last.months_on_book],
                "y": [last.cumulative],
                "marker": {"size": 5, "color": colour},
                "hoverinfo": "skip",
            }
        )
    top = max([0.02, *(value for value, _, _ in ends)]) * 1.12
    at_edge = sorted((e for e in ends if e[1] >= longest), key=lambda e: e[0])
    heights: list[float] = []
    for value, _, _ in at_edge:
        heights.append(max(value / top, heights[-1] + 0.043 if heights else 0.0))
    ceiling = 1.0
    for place in reversed(range(len(heights))):
        heights[place] = min(heights[place], ceiling)
        ceiling = heights[place] - 0.043
    for height, (_, month, each) in zip(heights, at_edge, strict=True):
        notes.append(
            label(
                scheme,
                _short(each.vintage),
                month,
                height * top,
                xanchor="left",
                yanchor="middle",
                xshift=10,
            )
        )
    inside = sorted((e for e in ends if e[1] < longest), key=lambda e: e[1])
    for place, (value, month, each) in enumerate(inside):
        is_above = place % 2 == 0
        notes.append(
            {
                **label(scheme, _short(each.vintage), month, value),
                "showarrow": True,
                "arrowhead": 0,
                "arrowwidth": 1,
                "arrowcolor": colours["axis"],
                "ax": -34 if is_above else 34,
                "ay": -36 if is_above else 40,
                "standoff": 3,
            }
        )
    return figure(
        scheme,
        traces,
        height=360,
        hovermode="closest",
        annotations=notes,
        margin={"l": 8, "r": 56, "t": 8, "b": 8},
        xaxis={
            "range": [0, longest + 0.5],
            "tickvals": list(range(0, longest + 1, 6)),
            "showgrid": True,
            **titled(scheme, "months on book"),
        },
        yaxis={**share_axis(), "range": [0, top]},
    )


def triangle(scheme: Scheme, vintages: Sequence[Vintage], *, longest: int, step: int = 3) -> Figure:
    """Return cumulative bad rates by vintage and month, coloured against the book at that age."""
    colours = SCHEMES[scheme]
    months = list(range(_FIRST_JUDGED, longest + 1, step))
    book = {month: _book_at(vintages, month) for month in months}
    names = [
        f"{words.quarter(each.vintage)}  "
        f"<span style='color:{colours['text3']}'>{words.count(each.loans)}</span>  "
        for each in reversed(vintages)
    ][::-1]
    levels = (
        ("better by a fifth", CellLook("heat-1", "on-void")),
        ("better", CellLook("heat-0", "on-void")),
        ("within chance", CellLook("void", "on-void")),
        ("worse", CellLook("heat-2", "on-heat")),
        ("by a fifth", CellLook("heat-3", "on-heat")),
        ("by half", CellLook("heat-4", "on-deep")),
    )
    grids: dict[str, list[list[tuple[float, int, float] | None]]] = {
        name: [[None] * len(months) for _ in vintages] for name, _ in levels
    }
    for row, each in enumerate(vintages):
        by_month = {p.months_on_book: p for p in each.curve if p.is_complete}
        for column, month in enumerate(months):
            point = by_month.get(month)
            if point is not None:
                grid = grids[_level(point, book[month])]
                grid[row][column] = (point.cumulative, point.loans_reaching, book[month])
    traces: list[Figure] = []
    for kind, look in levels:
        traces += cells(
            scheme,
            [str(month) for month in months],
            names,
            grids[kind],
            look,
            hover="month %{x}: %{customdata[0]}, n %{customdata[1]}; "
            f"the book %{{customdata[2]}}: {kind}",
            said=lambda cell: [
                words.percent(cell[0]),
                words.count(cell[1]),
                words.percent(cell[2]),
            ],
            text=lambda cell: words.number(cell[0] * 100, 1),
        )
    return figure(
        scheme,
        traces,
        height=ROW * max(len(vintages), 1) + 40,
        hovermode="closest",
        xaxis={
            "type": "category",
            "side": "top",
            "showline": False,
            "dtick": 1,
            "nticks": len(months),
            "fixedrange": True,
            "categoryorder": "array",
            "categoryarray": [str(month) for month in months],
        },
        yaxis=rows_axis(
            scheme,
            categoryorder="array",
            categoryarray=names,
            ticksuffix="",
            tickfont={"size": 11.5, "color": colours["text"]},
        ),
    )


def _book_at(vintages: Sequence[Vintage], month: int) -> float:
    """Return all vintages' bad rate at an age: of those that are that old, by their loans."""
    held = [
        (p.cumulative, p.loans_reaching)
        for each in vintages
        for p in each.curve
        if p.months_on_book == month and p.is_complete
    ]
    loans = sum(n for _, n in held)
    return sum(value * n for value, n in held) / loans if loans else 0.0


def _level(point: CurvePoint, book: float) -> str:
    if point.loans_reaching * book < _EXPECTED_AT_LEAST:
        return "within chance"
    own = wilson(round(point.cumulative * point.loans_reaching), point.loans_reaching)
    if own.low <= book <= own.high:
        return "within chance"
    ratio = point.cumulative / book
    if ratio < 1:
        return "better by a fifth" if ratio <= 0.8 else "better"
    return "by half" if ratio >= 1.5 else "by a fifth" if ratio >= 1.2 else "worse"


def _short(vintage: date) -> str:
    return f"Q{(vintage.month + 2) // 3} {vintage.year % 100:02d}"


def _mixed(one: str, other: str, share: float) -> str:
    first, second = (
        [int(colour[place : place + 2], 16) for place in (1, 3, 5)] for colour in (one, other)
    )
    return "#" + "".join(
        f"{round(a + (b - a) * share):02X}" for a, b in zip(first, second, strict=True)
    )
