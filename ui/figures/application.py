"""Figures of the page Application: from the base to the points, and the challengers' PDs."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from ui.figures.marks import Figure, figure, label
from ui.look import words
from ui.look.tokens import SCHEMES, Scheme

_ROW: Final = 30


@dataclass(frozen=True, slots=True)
class Bar:
    """One input's part of the points."""

    name: str
    value: str
    points: float


def waterfall(
    scheme: Scheme, base: float, bars: Sequence[Bar], pd_of: Callable[[float], float]
) -> Figure:
    """Return the way from the base to the points, what takes most first."""
    colours = SCHEMES[scheme]
    ordered = sorted(bars, key=lambda each: each.points)
    y = ["base", *(f"input {place}" for place in range(len(ordered))), "total"]
    at, starts = base, []
    for each in ordered:
        starts.append(at)
        at += each.points
    total = at
    spots = [base, total, *starts]
    low, high = min(spots), max(spots)
    pad = max(high - low, 10.0) * 0.16
    tick = (high - low + 2 * pad) * 0.008
    traces: list[Figure] = [
        {
            "type": "bar",
            "orientation": "h",
            "y": y[1:-1],
            "base": starts,
            "x": [each.points for each in ordered],
            "width": 0.58,
            "marker": {
                "color": [colours["watchlist" if each.points < 0 else "low"] for each in ordered]
            },
            "customdata": [[each.name, each.value, words.points(each.points)] for each in ordered],
            "hovertemplate": "%{customdata[0]} %{customdata[1]}: %{customdata[2]} points"
            "<extra></extra>",
        },
        {
            "type": "bar",
            "orientation": "h",
            "y": [y[0], y[-1]],
            "base": [base - tick / 2, total - tick / 2],
            "x": [tick, tick],
            "width": 0.62,
            "marker": {"color": colours["accent"]},
            "hoverinfo": "skip",
        },
        # Without a trace of its own the upper axis is not drawn.
        {
            "type": "scatter",
            "x": [base],
            "y": [y[0]],
            "xaxis": "x2",
            "mode": "markers",
            "marker": {"opacity": 0},
            "hoverinfo": "skip",
        },
    ]
    notes: list[Figure] = []
    for place, (start, each) in enumerate(zip(starts, ordered, strict=True)):
        end = start + each.points
        is_loss = each.points < 0
        notes.append(
            label(
                scheme,
                f"<b>{words.signed(each.points)}</b>",
                min(start, end) if is_loss else max(start, end),
                y[place + 1],
                xanchor="right" if is_loss else "left",
                xshift=-6 if is_loss else 6,
                font={"size": 11, "color": colours["text"]},
            )
        )
    for name, value, place in (("base", base, 0), ("total", total, len(y) - 1)):
        notes.append(
            label(
                scheme,
                f"<b>{words.number(value, 0)}</b>  PD {words.percent(pd_of(value))}",
                value,
                y[place],
                xanchor="left" if value < (low + high) / 2 + 1e-9 else "right",
                xshift=8 if value < (low + high) / 2 + 1e-9 else -8,
                name=name,
            )
        )
    span = [low - pad, high + pad]
    ticks = _round_ticks(*span)
    texts = [
        "<b>Base</b>",
        *(
            f"{each.name}  <span style='color:{colours['text3']}'>{each.value}</span>"
            for each in ordered
        ),
        "<b>Total</b>",
    ]
    plain = {"showgrid": True, "showline": False, "range": span, "fixedrange": True}
    return figure(
        scheme,
        traces,
        height=_ROW * len(y) + 72,
        hovermode="closest",
        annotations=notes,
        barmode="overlay",
        xaxis={
            **plain,
            "tickvals": ticks,
            "title": {"text": "points", "font": {"size": 11, "color": colours["text3"]}},
        },
        xaxis2={
            **plain,
            "overlaying": "x",
            "side": "top",
            "showgrid": False,
            "tickvals": ticks,
            "ticktext": [words.percent(pd_of(each), 0) for each in ticks],
            "title": {
                "text": "PD",
                "font": {"size": 11, "color": colours["text3"]},
                "standoff": 2,
            },
        },
        yaxis={
            "type": "category",
            "categoryorder": "array",
            "categoryarray": y,
            "autorange": "reversed",
            "tickvals": y,
            "ticktext": [f"{text}  " for text in texts],
            "tickfont": {"size": 12, "color": colours["text"]},
            "showgrid": False,
        },
    )


def strip(
    scheme: Scheme, champion: tuple[str, float], others: Sequence[tuple[str, float]]
) -> Figure:
    """Return the champion's PD below a line and the challengers' above it."""
    colours = SCHEMES[scheme]
    known = sorted(others, key=lambda pair: pair[1])
    reach = min(1.0, max([champion[1], *(pd for _, pd in known)]) * 1.65 or 0.1)
    traces: list[Figure] = [
        {
            "type": "scatter",
            "mode": "lines",
            "x": [0, reach],
            "y": [0, 0],
            "line": {"color": colours["axis"], "width": 3},
            "hoverinfo": "skip",
        },
        {
            "type": "scatter",
            "mode": "markers",
            "x": [pd for _, pd in known],
            "y": [0] * len(known),
            "marker": {
                "size": 12,
                "color": colours["card"],
                "line": {"color": colours["text2"], "width": 2},
            },
            "customdata": [name for name, _ in known],
            "hovertemplate": "%{customdata}: %{x:.1%}<extra></extra>",
        },
        {
            "type": "scatter",
            "mode": "markers",
            "x": [champion[1]],
            "y": [0],
            "marker": {"size": 12, "color": colours["accent"]},
            "hovertemplate": f"{champion[0]}: %{{x:.1%}}<extra></extra>",
        },
    ]
    notes = [
        label(
            scheme,
            f"<b>{words.percent(pd)}</b> {name}",
            pd,
            0,
            yshift=20 + 17 * (place % 2),
            xanchor="right" if pd < champion[1] else "left",
        )
        for place, (name, pd) in enumerate(known)
    ]
    notes.append(
        label(
            scheme, f"<b>{words.percent(champion[1])}</b> {champion[0]}", champion[1], 0, yshift=-20
        )
    )
    return figure(
        scheme,
        traces,
        height=132,
        hovermode="closest",
        annotations=notes,
        xaxis={
            "range": [-reach * 0.02, reach * 1.02],
            "tickformat": ".0%",
            "showline": False,
            "fixedrange": True,
        },
        yaxis={"visible": False, "range": [-1, 1.3]},
    )


def _round_ticks(low: float, high: float) -> list[float]:
    step = next((each for each in (5, 10, 20, 25, 50, 100, 200) if (high - low) / each <= 6), 500)
    first = int(low // step + 1) * step
    return [float(each) for each in range(first, int(high) + 1, step)]
