"""Small charts of the page Pipeline."""

from collections.abc import Sequence
from datetime import datetime

from ui.figures.marks import Figure, figure, label, level
from ui.look.tokens import SCHEMES, Scheme

HEIGHT = 148


def throughput(scheme: Scheme, at: Sequence[datetime], a_second: Sequence[float]) -> Figure:
    """Return decisions a second by bucket."""
    said = "%{x|%H:%M:%S}: %{y:,.0f} a second"
    return _bars(scheme, at, a_second, "accent", said)


def lag(
    scheme: Scheme,
    at: Sequence[datetime],
    p50: Sequence[float],
    p99: Sequence[float],
    objective: float,
) -> Figure:
    """Return the lag from event to decision: p99, the median pale, the objective dashed."""
    colours = SCHEMES[scheme]
    x = [each.isoformat() for each in at]
    traces: list[Figure] = [
        {
            "type": "scatter",
            "mode": "lines+markers",
            "x": x,
            "y": list(values),
            "line": {"color": colours[colour], "width": 2},
            "marker": {"size": 4},
            "hovertemplate": f"{word} %{{y:.2f}} s<extra></extra>",
        }
        for word, values, colour in (("median", p50, "accent-pale"), ("p99", p99, "accent"))
    ]
    shown = _small(scheme, traces, at, {"rangemode": "tozero"})
    shown["layout"]["shapes"] = [level(scheme, objective)]
    shown["layout"]["annotations"] = [
        label(
            scheme,
            f"objective {objective:g} s",
            1,
            objective,
            xref="paper",
            xanchor="right",
            yanchor="bottom",
        )
    ]
    return shown


def shares(scheme: Scheme, days: Sequence[datetime], refused: Sequence[float]) -> Figure:
    """Return refused events by day."""
    return _bars(scheme, days, refused, "warn", "%{x}: %{y:,} refused")


def _bars(
    scheme: Scheme, at: Sequence[datetime], values: Sequence[float], colour: str, said: str
) -> Figure:
    bars: Figure = {
        "type": "bar",
        "x": [each.isoformat() for each in at],
        "y": list(values),
        "marker": {"color": SCHEMES[scheme][colour], "opacity": 0.8},
        "hovertemplate": said + "<extra></extra>",
    }
    return _small(scheme, [bars], at, {"tickformat": ",", "rangemode": "tozero"})


def _small(
    scheme: Scheme, traces: Sequence[Figure], at: Sequence[datetime], axis: Figure
) -> Figure:
    ends = [at[0].isoformat(), at[-1].isoformat()] if len(at) > 1 else [x.isoformat() for x in at]
    form = "%H:%M:%S" if at and isinstance(at[0], datetime) else "%d %b"
    return figure(
        scheme,
        traces,
        height=HEIGHT,
        hovermode="x",
        bargap=0.15,
        xaxis={
            "type": "date",
            "tickvals": ends,
            "tickformat": form,
            "showgrid": False,
            "showline": True,
            "ticklabelposition": "outside",
        },
        yaxis={**axis, "nticks": 4},
        margin={"l": 8, "r": 18, "t": 8, "b": 8},
    )
