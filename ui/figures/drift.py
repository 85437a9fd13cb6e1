"""Figures of the page Drift: PSI by input and month, shift and effect, one input's bins."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Final

from risk.monitoring.population_shift import ALARM_PSI, GRAVE_PSI, FeatureShift
from ui.figures.cells import CellLook, cells, rows_axis
from ui.figures.labels import placed
from ui.figures.marks import Figure, figure, label, level, line, month_axis, share_axis, titled
from ui.look import words
from ui.look.tokens import SCHEMES, Scheme

_WRITTEN_UP_TO: Final = 26
"""Months up to which a cell has room for its figure."""

ROW_HEIGHT: Final = 31


def heatmap(
    scheme: Scheme,
    names: Sequence[str],
    months: Sequence[date],
    shifts: Mapping[tuple[str, date], FeatureShift],
    applications: Mapping[date, int],
    chosen: tuple[str, date] | None,
) -> Figure:
    """Return PSI by input (rows, the most effect first) and month, applications as bars on top."""
    colours = SCHEMES[scheme]
    x = [month.isoformat() for month in months]
    traces: list[Figure] = [
        {
            "type": "bar",
            "x": x,
            "y": [applications.get(month, 0) for month in months],
            "yaxis": "y2",
            "marker": {"color": colours["axis"]},
            "hovertemplate": "%{x|%b %Y}: %{y:,} applications<extra></extra>",
        }
    ]
    is_written = len(months) <= _WRITTEN_UP_TO
    for kind, look in (
        ("chance", CellLook("void", "on-void")),
        ("small", CellLook("heat-1", "on-void", "heat-0", 0, ALARM_PSI)),
        ("watch", CellLook("heat-3", "on-heat", "heat-2", ALARM_PSI, GRAVE_PSI)),
        ("act", CellLook("heat-5", "on-deep", "heat-4", GRAVE_PSI, 0.6)),
    ):
        traces += cells(
            scheme,
            x,
            names,
            [
                [
                    (s, applications.get(month))
                    if (s := shifts.get((name, month))) is not None and s.level == kind
                    else None
                    for month in months
                ]
                for name in names
            ],
            look,
            hover="%{y}, %{x|%b %Y}<br>PSI %{z:.3f}, chance below %{customdata[0]}"
            "<br>%{customdata[1]} points, n %{customdata[2]}",
            said=lambda cell: [
                words.number(cell[0].noise, 3),
                words.points(cell[0].points),
                words.count(cell[1]),
            ],
            text=lambda cell: words.number(cell[0].psi) if is_written and cell[0].is_alarm else "",
            value=lambda cell: cell[0].psi,
        )
    shapes: list[Figure] = []
    if chosen is not None and chosen[0] in names and chosen[1] in months:
        row, column = list(names).index(chosen[0]), list(months).index(chosen[1])
        shapes.append(
            {
                "type": "rect",
                "x0": column - 0.5,
                "x1": column + 0.5,
                "y0": row - 0.5,
                "y1": row + 0.5,
                "line": {"color": colours["text"], "width": 2},
            }
        )
    height = 62 + ROW_HEIGHT * max(len(names), 1) + 40
    top = 1 - 46 / height
    return figure(
        scheme,
        traces,
        height=height,
        hovermode="closest",
        shapes=shapes,
        bargap=0.16,
        xaxis={**month_axis(months), "showline": False, "fixedrange": True},
        yaxis=rows_axis(scheme, domain=[0, top - 0.02]),
        yaxis2={
            "domain": [top, 1],
            "visible": False,
            "fixedrange": True,
            "rangemode": "tozero",
            "anchor": "x",
        },
    )


def moved_and_mattered(
    scheme: Scheme, latest: Sequence[tuple[str, FeatureShift]], *, width: int = 760
) -> Figure:
    """Return how far each input moved against what that did to the mean score."""
    colours = SCHEMES[scheme]
    inks = {"chance": "ghost", "small": "ghost", "watch": "warn", "act": "bad"}
    reach = max([GRAVE_PSI * 1.6, *(each.psi * 1.2 for _, each in latest)])
    effects = [each.points or 0.0 for _, each in latest]
    most = max([1.0, *map(abs, effects)]) * 1.35
    dots: Figure = {
        "type": "scatter",
        "mode": "markers",
        "x": [each.psi for _, each in latest],
        "y": effects,
        "marker": {
            "size": 11,
            "color": [colours[inks[each.level]] for _, each in latest],
            "symbol": [
                {"act": "triangle-up", "watch": "diamond"}.get(each.level, "circle")
                for _, each in latest
            ],
        },
        "customdata": [[name, words.points(each.points)] for name, each in latest],
        "hovertemplate": "%{customdata[0]}<br>PSI %{x:.3f}, %{customdata[1]} points<extra></extra>",
    }
    height = 232
    spots = [
        (
            each.psi / reach * width,
            (most - effect) / (2 * most) * (height - 60),
            name,
        )
        for (name, each), effect in zip(latest, effects, strict=True)
    ]
    notes = [
        label(
            scheme,
            name,
            each.psi,
            effect,
            xshift=move_x,
            yshift=move_y,
            xanchor=anchor,
            yanchor="middle",
        )
        for (name, each), effect, (move_x, move_y, anchor) in zip(
            latest,
            effects,
            placed(
                spots,
                width=width,
                height=height - 60,
                lines=(ALARM_PSI / reach * width, GRAVE_PSI / reach * width),
            ),
            strict=True,
        )
    ]
    lines: list[Figure] = []
    for at, word in ((ALARM_PSI, "watch"), (GRAVE_PSI, "act")):
        lines.append(line(colours["text2"], dash="dot", x0=at, layer="below"))
        notes.append(
            label(scheme, word, at, 1, yref="paper", xanchor="left", yanchor="top", xshift=4)
        )
    return figure(
        scheme,
        [dots],
        height=height,
        hovermode="closest",
        shapes=lines,
        annotations=notes,
        xaxis={
            "range": [0, reach],
            "tickformat": ".2f",
            **titled(scheme, "PSI"),
        },
        yaxis={
            "range": [-most, most],
            "zeroline": True,
            "zerolinecolor": colours["axis"],
            **titled(scheme, "points"),
            "rangemode": "normal",
        },
    )


def bins(
    scheme: Scheme,
    names: Sequence[str],
    now: Sequence[float],
    reference: Sequence[float],
    effects: Sequence[float],
) -> Figure:
    """Return one input's bins: shares as bars, the reference's as ticks, points gained or lost."""
    colours = SCHEMES[scheme]
    short = [name if len(name) <= 26 else name[:25] + "\N{HORIZONTAL ELLIPSIS}" for name in names]
    # Two bins may shorten to the same words: the place keeps them apart.
    y = [f"{place}" for place in range(len(names))]
    traces: list[Figure] = [
        {
            "type": "bar",
            "orientation": "h",
            "y": y,
            "x": list(now),
            "marker": {"color": colours["accent"]},
            "width": 0.62,
            "customdata": list(names),
            "hovertemplate": "%{customdata}: %{x:.1%} now<extra></extra>",
        },
        {
            "type": "scatter",
            "mode": "markers",
            "y": y,
            "x": list(reference),
            "marker": {
                "symbol": "line-ns",
                "size": 15,
                "line": {"color": colours["text"], "width": 2.5},
            },
            "customdata": list(names),
            "hovertemplate": "%{customdata}: %{x:.1%} in training<extra></extra>",
        },
        {
            "type": "bar",
            "orientation": "h",
            "y": y,
            "x": list(effects),
            "xaxis": "x2",
            "width": 0.62,
            "marker": {"color": [colours["low" if each >= 0 else "watchlist"] for each in effects]},
            "customdata": [
                [name, words.points(each)] for name, each in zip(names, effects, strict=True)
            ],
            "hovertemplate": "%{customdata[0]}: %{customdata[1]} points<extra></extra>",
        },
    ]
    return figure(
        scheme,
        traces,
        height=max(150, 34 + 22 * len(names)),
        hovermode="closest",
        barmode="overlay",
        xaxis={
            **share_axis(),
            "domain": [0, 0.62],
            "side": "top",
            "showgrid": True,
            "showline": False,
            "fixedrange": True,
        },
        xaxis2={
            "domain": [0.68, 1],
            "side": "top",
            "showgrid": True,
            "showline": False,
            "zeroline": True,
            "zerolinecolor": colours["axis"],
            "nticks": 4,
            "anchor": "y",
            "fixedrange": True,
        },
        yaxis={
            "type": "category",
            "autorange": "reversed",
            "tickvals": y,
            "ticktext": short,
            "showgrid": False,
        },
    )


def over_time(
    scheme: Scheme,
    months: Sequence[date],
    shifts: Sequence[FeatureShift | None],
    chosen: date | None,
) -> Figure:
    """Return one input's PSI by month over what chance alone reaches."""
    colours = SCHEMES[scheme]
    x = [month.isoformat() for month in months]
    floor = [each.noise if each else None for each in shifts]
    values = [each.psi if each else None for each in shifts]
    traces: list[Figure] = [
        {
            "type": "scatter",
            "mode": "lines",
            "x": x,
            "y": floor,
            "line": {"width": 0},
            "fill": "tozeroy",
            "fillcolor": colours["line"],
            "hoverinfo": "skip",
        },
        {
            "type": "scatter",
            "mode": "lines+markers",
            "x": x,
            "y": values,
            "line": {"color": colours["accent"], "width": 2},
            "marker": {
                "size": [10 if chosen is not None and month == chosen else 5 for month in months],
                "color": colours["accent"],
            },
            "customdata": [words.number(each, 3) for each in floor],
            "hovertemplate": "PSI %{y:.3f}, chance below %{customdata}<extra></extra>",
        },
    ]
    top = max([GRAVE_PSI * 1.15, *(value * 1.1 for value in values if value is not None)])
    lines = [level(scheme, at) for at in (ALARM_PSI, GRAVE_PSI)]
    return figure(
        scheme,
        traces,
        height=150,
        shapes=lines,
        xaxis=month_axis(months, most=6),
        yaxis={"range": [0, top], "tickvals": [0, ALARM_PSI, GRAVE_PSI], "tickformat": ".2f"},
    )
