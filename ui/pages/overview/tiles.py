"""Six tiles: each a value, its comparison, its course, and the number of cases behind it."""

from datetime import date
from typing import Any

from lakehouse.lake import vintages
from lakehouse.lake.filters import Filters as Chosen
from lakehouse.lake.queries import latest_observation
from lakehouse.lake.session import Lake
from risk.monitoring.performance import Estimate
from ui.cards import Nothing, View
from ui.data.period import apart
from ui.look import parts, words
from ui.look.parts import Delta
from ui.pages.overview.periods import both, reference


def _delta(
    view: View, now: float, before: float | None, *, in_points: bool = False, level: str = ""
) -> Delta | None:
    if before is None or not before:
        return None
    said = words.delta_pp(now - before) if in_points else words.delta_share(now / before - 1)
    return Delta(said, view.filters.against, level)


def _colour(now: Estimate | None, before: Estimate | None) -> str:
    """Return a rise's colour where intervals part: more risk is bad."""
    if not apart(now, before) or now is None or before is None:
        return ""
    return "bad" if now.value > before.value else "ok"


def applications(view: View) -> Any:
    """Show how many applied."""
    now, before = both(view)
    months = len(now.months)
    return parts.kpi(
        "ov-applications",
        "Applications",
        words.count(now.whole.applications),
        "",
        delta=_delta(view, now.whole.applications, before.whole.applications if before else None),
        trend=[each.applications for each in now.months],
        notes=(
            f"{words.count(now.whole.applications / months)} a month",
            f"{words.count(now.months[-1].applications)} in the last",
        ),
    )


def watchlist(view: View) -> Any:
    """Show the watchlist's share."""
    now, before = both(view)
    share, was = now.whole.watchlist_share, before.whole.watchlist_share if before else None
    if share is None:
        raise Nothing("No applications here")
    return parts.kpi(
        "ov-watchlist",
        "Watchlist share",
        words.number(share.value * 100, 1),
        "%",
        delta=_delta(
            view,
            share.value,
            was.value if was else None,
            in_points=True,
            level=_colour(share, was),
        ),
        trend=[s.value if (s := each.watchlist_share) else None for each in now.months],
        notes=(
            f"95 %: {words.interval(share.low, share.high)}",
            f"n {words.count(now.whole.watchlisted)}",
        ),
        colour="watchlist",
    )


def mean_pd(view: View) -> Any:
    """Show the mean PD."""
    now, before = both(view)
    trained = reference(view)
    mean, was = now.whole.mean_pd, before.whole.mean_pd if before else None
    if mean is None:
        raise Nothing("No applications here")
    return parts.kpi(
        "ov-pd",
        "Mean PD",
        words.number(mean.value * 100, 1),
        "%",
        delta=_delta(
            view, mean.value, was.value if was else None, in_points=True, level=_colour(mean, was)
        ),
        trend=[m.value if (m := each.mean_pd) else None for each in now.months],
        notes=(
            f"95 %: {words.interval(mean.low, mean.high)}",
            f"training {words.percent(trained.mean_pd)}"
            if trained
            else f"n {words.count(now.whole.applications)}",
        ),
    )


def amount(view: View) -> Any:
    """Show the amount asked for."""
    now, before = both(view)
    value, unit = words.amount(now.whole.amount_usd)
    return parts.kpi(
        "ov-amount",
        "Amount asked",
        value,
        unit,
        delta=_delta(view, now.whole.amount_usd, before.whole.amount_usd if before else None),
        trend=[each.amount_usd for each in now.months],
        notes=(
            f"mean {words.usd(now.whole.amount_usd / now.whole.applications)}",
            f"n {words.count(now.whole.applications)}",
        ),
    )


def exposure(view: View) -> Any:
    """Show PD times amount."""
    now, before = both(view)
    value, unit = words.amount(now.whole.expected_usd)
    return parts.kpi(
        "ov-exposure",
        "PD-weighted exposure",
        value,
        unit,
        delta=_delta(view, now.whole.expected_usd, before.whole.expected_usd if before else None),
        trend=[each.expected_usd for each in now.months],
        notes=(
            f"{words.percent(now.whole.expected_usd / now.whole.amount_usd)} of the amount",
            "sum of PD \N{MULTIPLICATION SIGN} amount",
        ),
    )


def matured(view: View) -> Any:
    """Show of how many loans the outcome is known."""
    both(view)
    as_of = view.ask(latest_observation)
    if as_of is None:
        return parts.kpi(
            "ov-matured", "Outcomes known", "0", "%", notes=("none recorded yet", "just outcomes")
        )
    rows = view.ask(_maturity, view.filters.chosen(view.book), as_of).to_pylist()
    by_month: dict[Any, list[int]] = {}
    for row in rows:
        sums = by_month.setdefault(row["vintage"], [0, 0])
        sums[0] += row["loans"]
        sums[1] += row["known"]
    total, known = (sum(each[place] for each in by_month.values()) for place in (0, 1))
    return parts.kpi(
        "ov-matured",
        "Outcomes known",
        words.number(known / max(total, 1) * 100, 1),
        "%",
        trend=[part / whole for whole, part in by_month.values()],
        notes=(f"{words.count(known)} of {words.count(total)}", f"by {as_of}"),
    )


def _maturity(lake: Lake, chosen: Chosen, as_of: date) -> Any:
    return vintages.maturity(lake, chosen, as_of=as_of)
