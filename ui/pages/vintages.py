"""The page Vintages: how loans default with age, and whether newer ones are worse."""

from datetime import date
from itertools import groupby
from typing import Any, Final

from lakehouse.lake import vintages as questions
from lakehouse.lake.filters import Filters as Chosen
from lakehouse.lake.filters import Grain
from lakehouse.lake.session import Lake
from risk.monitoring.backtest import wilson
from risk.monitoring.performance import Estimate
from risk.monitoring.vintages import curve
from ui.cards import Card, Nothing, View
from ui.data.period import apart
from ui.figures import vintages as figures
from ui.figures.vintages import Vintage
from ui.look import parts, words
from ui.matured import known_on
from ui.page import Page

_LONGEST: Final = 48
_MOST: Final = 24
_AGE: Final = 12
_AT_A_TIME: Final = 4


def _counts(lake: Lake, chosen: Chosen, as_of: date) -> Any:
    return questions.curve_counts(lake, chosen, as_of=as_of, grain=Grain.QUARTER, longest=_LONGEST)


def _all(view: View) -> list[Vintage]:
    rows = view.ask(_counts, view.filters.any_time(), known_on(view)).to_pylist()
    found = []
    for vintage, held in groupby(rows, key=lambda row: row["vintage"]):
        points = list(held)
        found.append(
            Vintage(
                vintage,
                points[0]["loans_reaching"],
                tuple(
                    curve(
                        [each["loans_reaching"] for each in points],
                        [each["defaults"] for each in points],
                    )
                ),
            )
        )
    if not found:
        raise Nothing("No loans of this kind")
    return found


def _shown(view: View) -> list[Vintage]:
    return _all(view)[-_MOST:]


def _says(view: View) -> str:
    found, shown = _all(view), _shown(view)
    return (
        f"{len(found)} vintages by quarter of application, "
        f"{words.count(sum(each.loans for each in found))} loans; shown from "
        f"{words.quarter(shown[0].vintage)}, to {_LONGEST} months on book. "
        "The period filter does not apply."
    )


def _bad_at(found: list[Vintage]) -> Estimate | None:
    """Return the bad rate of several vintages a year after application."""
    bad = loans = 0
    for each in found:
        point = next((p for p in each.curve if p.months_on_book == _AGE and p.is_complete), None)
        if point is not None:
            bad += round(point.cumulative * point.loans_reaching)
            loans += point.loans_reaching
    return wilson(bad, loans) if loans else None


def _verdict(view: View) -> Any:
    old_enough = [
        each
        for each in _all(view)
        if any(p.months_on_book == _AGE and p.is_complete for p in each.curve)
    ]
    last, before = old_enough[-_AT_A_TIME:], old_enough[-2 * _AT_A_TIME : -_AT_A_TIME]
    now, then = _bad_at(last), _bad_at(before)
    if now is None or then is None:
        raise Nothing("Too few vintages are a year old to compare them")
    text = (
        f"{words.percent(now.value)} bad after {_AGE} months in {words.quarter(last[0].vintage)} "
        f"\N{EN DASH} {words.quarter(last[-1].vintage)} ({words.interval(now.low, now.high)}), "
        f"{words.percent(then.value)} in the four before ({words.interval(then.low, then.high)})."
    )
    if not apart(now, then):
        return parts.verdict("ok", "Newer vintages are like those before", text)
    if now.value > then.value:
        return parts.verdict("warn", "Newer vintages are worse than those before", text)
    return parts.verdict("ok", "Newer vintages are better than those before", text)


def _curves(view: View) -> Any:
    legend = parts.legend(
        ("fade", "", "older to newer vintage"),
        ("line", "text2", "whole quarter seen"),
        ("dots", "text2", "only its older months"),
    )
    return parts.chart(
        "vn-curves", figures.curves(view.scheme, _shown(view), longest=_LONGEST), legend
    )


def _triangle(view: View) -> Any:
    legend = parts.legend(
        ("", "heat-1", "better by a fifth"),
        ("", "heat-0", "better"),
        ("", "void", "within chance"),
        ("", "heat-2", "worse"),
        ("", "heat-3", "by a fifth"),
        ("", "heat-4", "by half"),
    )
    return parts.chart(
        "vn-triangle", figures.triangle(view.scheme, _shown(view), longest=_LONGEST), legend
    )


PAGE: Final = Page(
    path="/vintages",
    title="Vintages",
    says=_says,
    placed=(
        Card(key="vn-verdict", draw=_verdict, title="Vintages", height=66, is_bare=True),
        Card(
            key="vn-curves",
            draw=_curves,
            title="Cumulative bad rate",
            note="share of the vintage's loans charged off, by months on book",
            height=380,
        ),
        Card(
            key="vn-triangle",
            draw=_triangle,
            title="Every vintage",
            note="cumulative bad rate, %, at months on book; n beside the vintage; coloured where "
            "its 95 % interval leaves out the book at that age, which chance does 1 time in 20",
            height=480,
        ),
    ),
    foot="Timing is derived: a loan counts as charged off some months after its last payment. "
    "One snapshot a loan: there are no roll rates.",
)
