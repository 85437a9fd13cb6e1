"""Parts that all figures share: a template per colour scheme, axes, lines, bars and bands."""

from collections.abc import Mapping, Sequence
from typing import Any

from ui.look.tokens import FONT, SCHEMES, Scheme

Figure = dict[str, Any]
HEIGHT = 216


def figure(
    scheme: Scheme, traces: Sequence[Mapping[str, Any]], *, height: int = HEIGHT, **layout: Any
) -> Figure:
    """Return a figure in the product's dress; `layout` adds to it, axis by axis."""
    colours = SCHEMES[scheme]
    axis = {
        "gridcolor": colours["grid"],
        "gridwidth": 1,
        "zeroline": False,
        "linecolor": colours["axis"],
        "showline": False,
        "ticks": "",
        "tickangle": 0,
        "tickfont": {"size": 11, "color": colours["text3"]},
        "automargin": True,
        "nticks": 5,
        "fixedrange": False,
    }
    base: Figure = {
        "font": {"family": FONT, "size": 12, "color": colours["text2"]},
        "paper_bgcolor": "rgba(0,0,0,0)",
        "plot_bgcolor": "rgba(0,0,0,0)",
        "margin": {"l": 8, "r": 12, "t": 8, "b": 8},
        "hovermode": "x unified",
        "hoverlabel": {
            "bgcolor": colours["card"],
            "bordercolor": colours["line"],
            "font": {"family": FONT, "size": 12, "color": colours["text"]},
        },
        "bargap": 0.28,
        "separators": ".\N{NARROW NO-BREAK SPACE}",
        "showlegend": False,
        "dragmode": "zoom",
        "height": height,
        "autosize": True,
    }
    plain: dict[str, Any] = {
        "xaxis": {**axis, "showgrid": False, "showline": True},
        "yaxis": {**axis, "rangemode": "tozero", "fixedrange": True},
    }
    axes = dict(plain)
    for name, value in layout.items():
        if name.startswith(("xaxis", "yaxis")):
            axes[name] = {**plain[name[:5]], **value}
        else:
            base[name] = value
    return {"data": [dict(trace) for trace in traces], "layout": {**base, **axes}}


def month_axis(months: Sequence[Any], *, most: int = 12) -> dict[str, Any]:
    """Return an axis of months that names every one, or every second, third, ...

    The year stands under each January and under the first month.
    """
    step = next((s for s in (1, 2, 3, 6, 12) if len(months) / s <= most), 24)
    shown = [m for i, m in enumerate(months) if (m.month - 1) % step == 0 or (step == 1 and i == 0)]
    if not shown and months:
        shown = [months[0]]
    texts = [f"{m:%b}<br>{m.year}" if m.month == 1 or m == shown[0] else f"{m:%b}" for m in shown]
    return {"tickvals": [m.isoformat() for m in shown], "ticktext": texts, "type": "category"}


def share_axis(digits: int = 0) -> dict[str, Any]:
    """Return an axis of shares, written as percent."""
    return {"tickformat": f".{digits}%"}


def band(
    scheme: Scheme, x: Sequence[Any], low: Sequence[float], high: Sequence[float], colour: str
) -> Figure:
    """Return a band between two lines, without an edge; it does not answer the pointer."""
    return {
        "type": "scatter",
        "mode": "lines",
        "x": [*x, *reversed(x)],
        "y": [*high, *reversed(low)],
        "fill": "toself",
        "fillcolor": SCHEMES[scheme][colour],
        "line": {"width": 0},
        "hoverinfo": "skip",
    }


def label(scheme: Scheme, text: str, x: Any, y: Any, **more: Any) -> Figure:
    """Return a text in the plot."""
    return {
        "text": text,
        "x": x,
        "y": y,
        "showarrow": False,
        "font": {"size": 11, "color": SCHEMES[scheme]["text2"]},
        **more,
    }


def line(colour: str, *, dash: str = "solid", width: float = 1, **ends: Any) -> Figure:
    """Return a straight line; an end that is not said lies at the edge of the plot."""
    for axis in ("x", "y"):
        if f"{axis}0" not in ends:
            ends |= {f"{axis}ref": "paper", f"{axis}0": 0, f"{axis}1": 1}
        elif f"{axis}1" not in ends:
            ends[f"{axis}1"] = ends[f"{axis}0"]
    return {"type": "line", "line": {"color": colour, "width": width, "dash": dash}, **ends}


def level(scheme: Scheme, at: float, *, dash: str = "dash") -> Figure:
    """Return a level to compare with: a line across the plot."""
    return line(SCHEMES[scheme]["text2"], dash=dash, width=1.2, y0=at)


def titled(scheme: Scheme, text: str) -> dict[str, Any]:
    """Return the title of an axis."""
    font = {"size": 11, "color": SCHEMES[scheme]["text3"]}
    return {"title": {"text": text, "font": font, "standoff": 12}}
