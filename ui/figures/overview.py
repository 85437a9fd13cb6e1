"""Figures of the page Overview."""

from collections.abc import Mapping, Sequence
from typing import Final

from risk.monitoring.reference import Numbers
from ui.data.period import Period
from ui.figures.marks import Figure, band, figure, label, level, month_axis, share_axis
from ui.look import words
from ui.look.tokens import SCHEMES, TIER_COLOURS, Scheme

_WIDEST_PD: Final = 60


def applications(scheme: Scheme, period: Period, before: Period | None) -> Figure:
    """Return applications by month and tier, stacked, the compared period as dotted steps."""
    colours = SCHEMES[scheme]
    x = [each.month.isoformat() for each in period.months]
    traces: list[Figure] = [
        {
            "type": "bar",
            "name": tier,
            "x": x,
            "y": [each.by_tier.get(tier, 0) for each in period.months],
            "marker": {"color": colours[colour], "line": {"width": 0}},
            "customdata": [words.percent(each.share(tier)) for each in period.months],
            "hovertemplate": f"{tier} %{{y:,}} (%{{customdata}})<extra></extra>",
        }
        for tier, colour in TIER_COLOURS.items()
    ]
    if before is not None:
        traces.append(
            {
                "type": "scatter",
                "mode": "lines",
                "name": "compared",
                "x": x,
                "y": [each.applications for each in before.months][: len(x)],
                "line": {
                    "color": colours["text2"],
                    "width": 1.5,
                    "dash": "dot",
                    "shape": "hvh",
                },
                "hovertemplate": "compared %{y:,}<extra></extra>",
            }
        )
    return figure(
        scheme,
        traces,
        barmode="stack",
        xaxis=month_axis([each.month for each in period.months]),
        yaxis={"tickformat": ","},
    )


def tier_mix(scheme: Scheme, bars: Sequence[tuple[str, Period]]) -> Figure:
    """Return each period's tiers as one bar of 100 %, the shares above it."""
    colours = SCHEMES[scheme]
    names = [name for name, _ in bars]
    traces, notes = [], []
    for tier, colour in TIER_COLOURS.items():
        traces.append(
            {
                "type": "bar",
                "orientation": "h",
                "name": tier,
                "y": names,
                "x": [period.whole.share(tier) for _, period in bars],
                "width": 0.3,
                "marker": {
                    "color": colours[colour],
                    "line": {"color": colours["card"], "width": 1},
                },
                "customdata": [words.count(p.whole.by_tier.get(tier, 0)) for _, p in bars],
                "hovertemplate": f"{tier} %{{x:.1%}}, n %{{customdata}}<extra></extra>",
            }
        )
    for place, (name, period) in enumerate(bars):
        low, elevated = period.whole.share("Low"), period.whole.share("Elevated")
        lift = {"yref": "y", "yanchor": "bottom", "yshift": 13}
        notes.append(label(scheme, f"<b>{name}</b>", 0, place, xanchor="left", **lift))
        notes.append(label(scheme, words.percent(low), low, place, xanchor="right", **lift))
        # A thin tier between two shares has no room for its own: the last one stands at the end.
        notes.append(
            label(scheme, words.percent(elevated), low, place, xanchor="left", xshift=4, **lift)
        )
        notes.append(
            label(
                scheme,
                words.percent(period.whole.share("Watchlist")),
                1,
                place,
                xanchor="right",
                **lift,
            )
        )
    return figure(
        scheme,
        traces,
        barmode="stack",
        annotations=notes,
        hovermode="closest",
        xaxis={"visible": False, "range": [0, 1], "fixedrange": True},
        yaxis={
            "visible": False,
            "range": [len(bars) - 0.55, -0.75],
            "type": "category",
            "fixedrange": True,
        },
        margin={"l": 0, "r": 0, "t": 4, "b": 0},
    )


def watchlist_share(scheme: Scheme, period: Period, before: Period | None) -> Figure:
    """Return the watchlist's share by month, its interval as a band, the period before dotted."""
    colours = SCHEMES[scheme]
    known = [(each.month, each.watchlist_share, each) for each in period.months]
    shown = [(month, share, each) for month, share, each in known if share is not None]
    x = [month.isoformat() for month, _, _ in shown]
    traces = [
        band(
            scheme,
            x,
            [share.low for _, share, _ in shown],
            [share.high for _, share, _ in shown],
            "watchlist-band",
        ),
        {
            "type": "scatter",
            "mode": "lines+markers" if len(x) <= 24 else "lines",
            "x": x,
            "y": [share.value for _, share, _ in shown],
            "line": {"color": colours["watchlist"], "width": 2},
            "marker": {"size": 6, "line": {"color": colours["card"], "width": 1}},
            "customdata": [
                [words.interval(share.low, share.high), words.count(each.applications)]
                for _, share, each in shown
            ],
            "hovertemplate": "%{y:.1%} (%{customdata[0]}), n %{customdata[1]}<extra></extra>",
        },
    ]
    shapes = []
    if before is not None and before.whole.watchlist_share is not None:
        shapes.append(level(scheme, before.whole.watchlist_share.value, dash="dot"))
    axis = month_axis([each.month for each in period.months], most=6)
    everything = [each.month.isoformat() for each in period.months]
    return figure(
        scheme,
        traces,
        shapes=shapes,
        xaxis={**axis, "categoryorder": "array", "categoryarray": everything},
        yaxis=share_axis(),
    )


def pd_spread(
    scheme: Scheme,
    now: Mapping[int, int],
    before: Mapping[int, int] | None,
    reference: Mapping[int, float] | None = None,
) -> Figure:
    """Return the share of applications per two points of PD.

    The compared period is drawn as dotted steps, the reference as dashed ones.
    """
    colours = SCHEMES[scheme]
    bins = list(range(0, _WIDEST_PD, 2))

    def shares(counts: Mapping[int, float]) -> list[float]:
        total = sum(counts.values()) or 1
        kept = [counts.get(each, 0) / total for each in bins]
        kept[-1] += sum(n for each, n in counts.items() if each >= _WIDEST_PD) / total
        return kept

    mine = shares(now)
    traces: list[Figure] = [
        {
            "type": "bar",
            "x": [each + 1 for each in bins],
            "y": mine,
            "width": 1.8,
            "marker": {"color": colours["accent"], "opacity": 0.78},
            "customdata": [[each, each + 2, words.count(now.get(each, 0))] for each in bins],
            "hovertemplate": "PD %{customdata[0]} \u2013 %{customdata[1]}%: %{y:.1%}, "
            "n %{customdata[2]}<extra></extra>",
        }
    ]
    top = max(mine, default=0.0)
    for counts, dash, said in ((before, "dot", "compared"), (reference, "dash", "training")):
        if counts:
            theirs = shares(counts)
            top = max(top, *theirs)
            traces.append(
                {
                    "type": "scatter",
                    "mode": "lines",
                    "x": [each + 1 for each in bins],
                    "y": theirs,
                    "line": {
                        "color": colours["text2"],
                        "width": 1.5,
                        "dash": dash,
                        "shape": "hvh",
                    },
                    "hovertemplate": f"{said} %{{y:.1%}}<extra></extra>",
                }
            )
    last = max((each for each, share in zip(bins, mine, strict=True) if share > 0.0005), default=40)
    return figure(
        scheme,
        traces,
        hovermode="x",
        bargap=0.1,
        xaxis={"range": [0, min(last + 4, _WIDEST_PD)], "ticksuffix": "%"},
        yaxis={**share_axis(), "range": [0, top * 1.08 or 1]},
    )


def spread_evenly(bins: Numbers) -> dict[int, float]:
    """Return a reference's loans per two points of PD, spread evenly within each of its bins."""
    edges = [0.0, *(100 * edge for edge in bins.edges), float(_WIDEST_PD)]
    found = dict.fromkeys(range(0, _WIDEST_PD, 2), 0.0)
    for low, high, loans in zip(edges, edges[1:], bins.counts, strict=False):
        for each in found:
            held = min(high, each + 2) - max(low, each)
            if held > 0:
                found[each] += loans * held / (high - low)
    return found


def reasons(
    scheme: Scheme,
    rows: Sequence[tuple[str, float, float | None, int]],
) -> Figure:
    """Return each reason's share now (dot) and in the compared period (ring), joined by a line."""
    colours = SCHEMES[scheme]
    names = [name for name, _, _, _ in rows]
    joints: list[Figure] = [
        {
            "type": "scatter",
            "mode": "lines",
            "x": [now, before],
            "y": [name, name],
            "line": {"color": colours["axis"], "width": 3},
            "hoverinfo": "skip",
        }
        for name, now, before, _ in rows
        if before is not None
    ]
    rings: Figure = {
        "type": "scatter",
        "mode": "markers",
        "x": [before for _, _, before, _ in rows],
        "y": names,
        "marker": {
            "size": 9,
            "color": colours["card"],
            "line": {"color": colours["text2"], "width": 1.5},
        },
        "hovertemplate": "%{y}, compared: %{x:.1%}<extra></extra>",
    }
    dots: Figure = {
        "type": "scatter",
        "mode": "markers",
        "x": [now for _, now, _, _ in rows],
        "y": names,
        "marker": {"size": 9, "color": colours["accent"]},
        "customdata": [words.count(n) for _, _, _, n in rows],
        "hovertemplate": "%{y}: %{x:.1%}, n %{customdata}<extra></extra>",
    }
    return figure(
        scheme,
        [*joints, rings, dots],
        hovermode="closest",
        xaxis={**share_axis(), "rangemode": "tozero", "showgrid": True, "showline": False},
        yaxis={"autorange": "reversed", "showgrid": False, "type": "category", "dtick": 1},
    )
