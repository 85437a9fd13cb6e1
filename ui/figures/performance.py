"""Figures of the page Performance: Gini by vintage, calibration, gains, outcomes known."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from math import log10
from typing import Final

from risk.monitoring.performance import Estimate
from ui.figures.marks import Figure, band, figure, label, level, line, share_axis, titled
from ui.look import words
from ui.look.tokens import SCHEMES, Scheme

ENOUGH: Final = 0.85
"""Share of outcomes known from which a vintage is judged."""


@dataclass(frozen=True, slots=True)
class VintageFigure:
    """One quarter's figures; `gini` is None where it may not be judged.

    `estimated` is the AUC that the PDs promise, with its band.
    """

    vintage: date
    loans: int
    known: int
    defaults: int
    is_judged: bool
    gini: Estimate | None
    estimated: Estimate | None

    @property
    def known_share(self) -> float:
        """Share of outcomes that are known."""
        return self.known / self.loans if self.loans else 0.0


@dataclass(frozen=True, slots=True)
class CalibrationGroup:
    """Loans of similar PD: the mean PD and the observed rate with its interval."""

    mean_pd: float
    rate: Estimate
    loans: int

    @property
    def holds(self) -> bool:
        """Whether the interval holds the PD."""
        return self.rate.low <= self.mean_pd <= self.rate.high


def gini(scheme: Scheme, vintages: Sequence[VintageFigure]) -> Figure:
    """Return the Gini by vintage: realised with its band over what the PDs alone promise."""
    colours = SCHEMES[scheme]
    done = [(v, v.gini) for v in vintages if v.gini is not None]
    promised = [
        (v, Estimate(*(2 * bound - 1 for bound in (e.value, e.low, e.high))))
        for v in vintages
        if (e := v.estimated) is not None
    ]
    traces: list[Figure] = []
    for held, fill in ((promised, "void"), (done, "accent-band")):
        if held:
            x = [v.vintage.isoformat() for v, _ in held]
            low, high = [max(e.low, -0.05) for _, e in held], [e.high for _, e in held]
            traces.append(band(scheme, x, low, high, fill))
    traces.append(
        {
            "type": "scatter",
            "mode": "lines",
            "x": [v.vintage.isoformat() for v, _ in promised],
            "y": [e.value for _, e in promised],
            "line": {"color": colours["text2"], "width": 1.5, "dash": "dash"},
            "customdata": [
                [words.quarter(v.vintage), f"{e.low:.2f} \u2013 {e.high:.2f}", words.count(v.loans)]
                for v, e in promised
            ],
            "hovertemplate": "%{customdata[0]}, estimated: %{y:.3f} (%{customdata[1]}), "
            "n %{customdata[2]}<extra></extra>",
        }
    )
    traces.append(
        {
            "type": "scatter",
            "mode": "lines+markers",
            "x": [v.vintage.isoformat() for v, _ in done],
            "y": [e.value for _, e in done],
            "line": {"color": colours["accent"], "width": 2},
            "marker": {"size": 7, "line": {"color": colours["card"], "width": 1.5}},
            "customdata": [
                [
                    words.quarter(v.vintage),
                    f"{e.low:.2f} \u2013 {e.high:.2f}",
                    words.count(v.known),
                    words.count(v.defaults),
                ]
                for v, e in done
            ],
            "hovertemplate": "%{customdata[0]}: %{y:.3f} (%{customdata[1]}), n %{customdata[2]}, "
            "%{customdata[3]} defaults<extra></extra>",
        }
    )
    shapes: list[Figure] = []
    notes: list[Figure] = []
    still = [v for v in vintages if not v.is_judged and done and v.vintage > done[-1][0].vintage]
    if still:
        at = still[0].vintage.isoformat()
        shapes.append(line(colours["axis"], x0=at, layer="below"))
        word = {"yref": "paper", "xanchor": "left", "yanchor": "top", "xshift": 6}
        notes.append(label(scheme, "still maturing", at, 1, **word))
    tops = [e.high for _, e in [*done, *promised]]
    return figure(
        scheme,
        traces,
        height=244,
        hovermode="closest",
        shapes=shapes,
        annotations=notes,
        xaxis={"type": "date", "tickformat": "%Y", "dtick": "M12"},
        yaxis={"range": [0, min(max([0.5, *tops]) * 1.05, 1)], "tickformat": ".1f"},
    )


def calibration(scheme: Scheme, groups: Sequence[CalibrationGroup]) -> Figure:
    """Return observed rates against PDs on log axes, the diagonal dashed."""
    colours = SCHEMES[scheme]
    spots = [
        value
        for each in groups
        for value in (each.mean_pd, each.rate.high, max(each.rate.low, 0.004))
    ]
    low, high = min(spots, default=0.02) * 0.85, max(spots, default=0.5) * 1.15
    ticks = [each for each in (0.01, 0.02, 0.03, 0.05, 0.1, 0.2, 0.3, 0.5) if low <= each <= high]
    traces: list[Figure] = [
        {
            "type": "scatter",
            "mode": "lines",
            "x": [low, high],
            "y": [low, high],
            "line": {"color": colours["text2"], "width": 1.5, "dash": "dash"},
            "hoverinfo": "skip",
        }
    ]
    for holds, colour, symbol in ((True, "accent", "circle"), (False, "warn", "diamond")):
        some = [each for each in groups if each.holds == holds]
        traces.append(
            {
                "type": "scatter",
                "mode": "markers",
                "x": [each.mean_pd for each in some],
                "y": [max(each.rate.value, low) for each in some],
                "marker": {"size": 9, "color": colours[colour], "symbol": symbol},
                "error_y": {
                    "type": "data",
                    "symmetric": False,
                    "array": [each.rate.high - each.rate.value for each in some],
                    "arrayminus": [each.rate.value - each.rate.low for each in some],
                    "width": 0,
                    "thickness": 1.5,
                    "color": colours[colour],
                },
                "customdata": [
                    [words.interval(each.rate.low, each.rate.high), words.count(each.loans)]
                    for each in some
                ],
                "hovertemplate": "PD %{x:.1%}: observed %{y:.1%} (%{customdata[0]}), "
                "n %{customdata[1]}<extra></extra>",
            }
        )
    axis = {
        "type": "log",
        "range": [log10(low), log10(high)],
        "tickvals": ticks,
        "ticktext": [words.percent(each, 0) for each in ticks],
        "showgrid": True,
        "rangemode": "normal",
    }
    return figure(
        scheme,
        traces,
        height=244,
        hovermode="closest",
        xaxis={**axis, **titled(scheme, "predicted PD")},
        yaxis={**axis, **titled(scheme, "observed")},
    )


def gains(scheme: Scheme, name: str, captured: Sequence[float], default_rate: float) -> Figure:
    """Return the share of defaults among the riskiest loans, best possible and chance beside it."""
    colours = SCHEMES[scheme]
    steps = [0.0, *((place + 1) / len(captured) for place in range(len(captured)))]
    y = [0.0, *captured]
    fifth = next((share for step, share in zip(steps, y, strict=True) if step >= 0.2 - 1e-9), 0.0)
    traces: list[Figure] = [
        _curve([0, 1], [0, 1], colours["text2"], "dot", "by chance"),
        _curve([0, default_rate, 1], [0, 1, 1], colours["text2"], "dash", "best possible"),
        {
            **_curve(steps, y, colours["accent"], "solid", name),
            "line": {"color": colours["accent"], "width": 2.2},
        },
        {
            "type": "scatter",
            "mode": "markers",
            "x": [0.2],
            "y": [fifth],
            "marker": {"size": 9, "color": colours["accent"]},
            "hoverinfo": "skip",
        },
    ]
    return figure(
        scheme,
        traces,
        height=220,
        hovermode="closest",
        annotations=[
            label(
                scheme,
                f"worst 20% hold <b>{words.percent(fifth, 0)}</b> of defaults",
                0.22,
                0.06,
                xanchor="left",
                font={"size": 12, "color": colours["text"]},
            )
        ],
        shapes=[
            line(colours["axis"], x0=0.2, y0=0, y1=fifth),
            line(colours["axis"], x0=0, x1=0.2, y0=fifth),
        ],
        xaxis={
            **share_axis(),
            "range": [0, 1.01],
            **titled(scheme, "loans, highest PD first"),
        },
        yaxis={**share_axis(), "range": [0, 1.03], **titled(scheme, "defaults")},
    )


def known(scheme: Scheme, vintages: Sequence[VintageFigure]) -> Figure:
    """Return the share of each vintage whose outcome is known; too few to judge is paler."""
    colours = SCHEMES[scheme]
    x = [v.vintage.isoformat() for v in vintages]
    shares = [v.known_share for v in vintages]
    hover = [
        [words.quarter(v.vintage), words.count(v.known), words.count(v.loans)] for v in vintages
    ]
    bars: Figure = {
        "type": "bar",
        "x": x,
        "y": shares,
        "marker": {
            "color": [colours["accent"]] * len(x),
            "opacity": [0.78 if v.is_judged else 0.38 for v in vintages],
        },
        "customdata": hover,
        "hovertemplate": "%{customdata[0]}: %{y:.0%}, %{customdata[1]} of %{customdata[2]}"
        "<extra></extra>",
    }
    open_ones: Figure = {
        "type": "bar",
        "x": x,
        "y": [1 - share for share in shares],
        "marker": {"color": colours["void"]},
        "hoverinfo": "skip",
    }
    return figure(
        scheme,
        [bars, open_ones],
        height=220,
        barmode="stack",
        bargap=0.2,
        hovermode="closest",
        shapes=[level(scheme, ENOUGH)],
        annotations=[
            label(
                scheme,
                "85%, enough to judge",
                1,
                ENOUGH,
                xref="paper",
                xanchor="right",
                yanchor="bottom",
            )
        ],
        xaxis={"type": "date", "tickformat": "%Y", "dtick": "M12"},
        yaxis={**share_axis(), "range": [0, 1.02], "tickvals": [0, 0.5, 1]},
    )


def _curve(x: Sequence[float], y: Sequence[float], colour: str, dash: str, name: str) -> Figure:
    return {
        "type": "scatter",
        "mode": "lines",
        "x": list(x),
        "y": list(y),
        "line": {"color": colour, "width": 1.5, "dash": dash},
        "hovertemplate": f"{name}: %{{x:.0%}} of loans, %{{y:.0%}} of defaults<extra></extra>",
    }
