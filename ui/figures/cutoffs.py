"""The figure of cut-offs: bad rate against approvals, today's point and the simulated one."""

from collections.abc import Sequence

from risk.monitoring.performance import Estimate
from ui.figures.marks import Figure, figure, label, share_axis, titled
from ui.look import words
from ui.look.tokens import SCHEMES, Scheme

Spot = tuple[float, Estimate]


def trade_off(
    scheme: Scheme, curve: Sequence[tuple[float, float]], today: Spot, then: Spot
) -> Figure:
    """Return the curve of the same book ranked by PD alone, and both points with their bars."""
    colours = SCHEMES[scheme]
    kept = [(x, y) for x, y in curve if x >= 0.3]
    traces: list[Figure] = [
        {
            "type": "scatter",
            "mode": "lines",
            "x": [x for x, _ in kept],
            "y": [y for _, y in kept],
            "line": {"color": colours["text2"], "width": 1.5, "dash": "dash"},
            "hovertemplate": "by PD alone: %{x:.0%} approved, %{y:.1%} bad<extra></extra>",
        }
    ]
    for (x, rate), ink, is_then in ((today, "text2", False), (then, "accent", True)):
        traces.append(
            {
                "type": "scatter",
                "mode": "markers",
                "x": [x],
                "y": [rate.value],
                "marker": {
                    "size": 13,
                    "color": colours[ink if is_then else "card"],
                    "line": {"color": colours[ink], "width": 2},
                },
                "error_y": {
                    "type": "data",
                    "symmetric": False,
                    "array": [rate.high - rate.value],
                    "arrayminus": [rate.value - rate.low],
                    "width": 0,
                    "thickness": 1.5,
                    "color": colours["accent-pale" if is_then else "axis"],
                },
                "customdata": [words.interval(rate.low, rate.high)],
                "hovertemplate": f"{'then' if is_then else 'today'}: %{{x:.1%}} approved, "
                "%{y:.1%} bad (%{customdata})<extra></extra>",
            }
        )
    (x0, rate0), (x1, rate1) = today, then
    notes = [
        label(
            scheme,
            f"<b>{name}</b> {words.percent(rate.value)}",
            x,
            rate.value,
            xanchor="right" if x > 0.5 else "left",
            yanchor="bottom" if is_up else "top",
            xshift=-10 if x > 0.5 else 10,
            yshift=6 if is_up else -6,
            font={"size": 12, "color": colours["text"]},
        )
        for name, x, rate, is_up in (
            ("today", x0, rate0, rate0.value >= rate1.value),
            ("then", x1, rate1, x1 < x0 - 0.03 or rate1.value > rate0.value),
        )
        if name == "today" or (x0, rate0.value) != (x1, rate1.value)
    ]
    if abs(x0 - x1) > 0.004:
        notes.append(
            {
                "x": x1,
                "y": rate1.value,
                "ax": x0,
                "ay": rate0.value,
                "axref": "x",
                "ayref": "y",
                "xref": "x",
                "yref": "y",
                "text": "",
                "showarrow": True,
                "arrowhead": 2,
                "arrowsize": 1,
                "arrowwidth": 1.4,
                "arrowcolor": colours["accent"],
                "standoff": 9,
                "startstandoff": 9,
            }
        )
    left = max(min(x0, x1, 0.7) - 0.12, 0.0)
    seen = [y for x, y in kept if x >= left]
    low = min([*seen, rate0.low, rate1.low], default=0.0)
    high = max([*seen, rate0.high, rate1.high], default=0.3)
    return figure(
        scheme,
        traces,
        height=372,
        hovermode="closest",
        annotations=notes,
        xaxis={
            **share_axis(),
            "range": [left, 1.02],
            **titled(scheme, "approved"),
        },
        yaxis={
            **share_axis(),
            "range": [max(low - 0.006, 0), high + 0.006],
            "rangemode": "normal",
            **titled(scheme, "bad rate"),
        },
    )
