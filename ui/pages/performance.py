"""The page Performance: whether the champion still ranks, and whether its PDs come true."""

from collections.abc import Sequence
from typing import Any, Final

from lakehouse.monitoring.performance import (
    AT_A_TIME,
    Performance,
    VintagePerformance,
)
from risk.monitoring.backtest import wilson
from risk.monitoring.outcomes_analysis import Analysis
from risk.monitoring.performance import Estimate
from ui.cards import Card, Nothing, View
from ui.data.period import apart
from ui.figures import performance as figures
from ui.figures.performance import CalibrationGroup, VintageFigure
from ui.look import parts, words
from ui.look.parts import Delta
from ui.matured import NONE_MATURE, performance_of, term_of
from ui.page import Page
from ui.shifts import champion_of


def _found(view: View) -> Performance:
    found = performance_of(view, view.filters.any_time())
    if not found.vintages:
        raise Nothing("No loans of this kind")
    return found


def _mature(view: View) -> list[VintagePerformance]:
    return [each for each in _found(view).vintages if each.analysis is not None]


def _judged(view: View) -> tuple[list[VintagePerformance], list[VintagePerformance]]:
    """Return the last four vintages that may be judged, and the four before."""
    mature = _mature(view)
    if not mature:
        raise Nothing(NONE_MATURE)
    return mature[-AT_A_TIME:], mature[-2 * AT_A_TIME : -AT_A_TIME]


def _says(view: View) -> str:
    last, before = _judged(view)
    return (
        f"{champion_of(view)}, {term_of(view)}-month loans; figures over "
        f"{words.quarter(last[0].vintage)} \N{EN DASH} {words.quarter(last[-1].vintage)}, the last "
        f"{len(last)} with 85% known"
        + (f", against the {len(before)} before" if before else "")
        + "; only loans whose term has run out. The period filter does not apply."
    )


def _now_and_before(view: View) -> tuple[Analysis, Analysis | None]:
    found = _found(view)
    now, then = found.latest, found.before
    if now is None or now.too_few:
        raise Nothing(now.too_few.capitalize() if now else NONE_MATURE)
    return now, None if then is None or then.too_few else then


def _estimated(last: Sequence[VintagePerformance]) -> float | None:
    """Return the Gini that the PDs of these vintages promise, by their loans."""
    known = [(each.expected.auc.value, each.maturity.loans) for each in last if each.expected]
    loans = sum(n for _, n in known)
    return 2 * sum(area * n for area, n in known) / loans - 1 if loans else None


def _verdict(view: View) -> Any:
    now, _ = _now_and_before(view)
    last, _ = _judged(view)
    gini, ratio, promised = now.gini, now.actual_over_expected, _estimated(last)
    if gini is None or ratio is None:
        raise Nothing(now.too_few or "Nothing to judge")
    fits = ratio.low <= 1 <= ratio.high
    ranks = promised is None or gini.high >= promised
    off = sum(not each.holds for each in _groups(now))
    title = "Fits; " if fits else "PDs are off; "
    title += "ranks as estimated" if ranks else "ranks below its estimate"
    text = (
        f"Gini {gini.value:.3f} ({gini.low:.3f} \N{EN DASH} {gini.high:.3f}) in "
        f"{words.quarter(last[0].vintage)} \N{EN DASH} {words.quarter(last[-1].vintage)}"
        + (f", estimated {promised:.3f}" if promised is not None else "")
        + f". {ratio.value:.2f} defaults for each expected ({ratio.low:.2f} \N{EN DASH} "
        f"{ratio.high:.2f}); {off} of {len(_groups(now))} PD groups off the diagonal. "
        f"Estimates from the PDs alone: {_found(view).grade.verdict}."
    )
    return parts.verdict("ok" if fits and ranks else "warn", title, text)


def _groups(analysis: Analysis) -> list[CalibrationGroup]:
    return [
        CalibrationGroup(
            each.mean_pd, wilson(round(each.defaults), max(round(each.loans), 1)), round(each.loans)
        )
        for each in analysis.gains
    ]


def _colour(now: Estimate | None, before: Estimate | None, *, is_higher_better: bool) -> str:
    if now is None or before is None or not apart(now, before):
        return ""
    return "ok" if (now.value > before.value) == is_higher_better else "bad"


def _gini(view: View) -> Any:
    now, before = _now_and_before(view)
    last, _ = _judged(view)
    if now.gini is None:
        raise Nothing(now.too_few)
    was = before.gini if before else None
    promised = _estimated(last)
    return parts.kpi(
        "pf-gini",
        "Gini",
        words.number(now.gini.value, 3),
        "",
        delta=Delta(
            words.signed(now.gini.value - was.value, 3),
            "against the four vintages before",
            _colour(now.gini, was, is_higher_better=True),
        )
        if was
        else None,
        trend=[
            each.analysis.gini.value if each.analysis and each.analysis.gini else None
            for each in _mature(view)
        ],
        notes=(
            f"95 %: {now.gini.low:.3f} \N{EN DASH} {now.gini.high:.3f}",
            f"estimated {promised:.3f}" if promised is not None else "",
        ),
    )


def _ks(view: View) -> Any:
    now, before = _now_and_before(view)
    if now.ks_separation is None:
        raise Nothing(now.too_few)
    was = before.ks_separation if before else None
    return parts.kpi(
        "pf-ks",
        "KS separation",
        words.number(now.ks_separation * 100, 1),
        "pp",
        delta=Delta(words.delta_pp(now.ks_separation - was), "against the four vintages before")
        if was is not None
        else None,
        trend=[each.analysis.ks_separation if each.analysis else None for each in _mature(view)],
        notes=(f"n {words.count(now.loans)}", f"{words.count(now.defaults)} defaults"),
    )


def _ratio(view: View) -> Any:
    now, before = _now_and_before(view)
    ratio = now.actual_over_expected
    if ratio is None:
        raise Nothing(now.too_few)
    was = before.actual_over_expected if before else None
    return parts.kpi(
        "pf-ratio",
        "Actual / expected",
        words.number(ratio.value, 2),
        "",
        delta=Delta(words.signed(ratio.value - was.value, 2), "against the four vintages before")
        if was
        else None,
        trend=[
            each.analysis.actual_over_expected.value
            if each.analysis and each.analysis.actual_over_expected
            else None
            for each in _mature(view)
        ],
        notes=(
            f"95 %: {ratio.low:.2f} \N{EN DASH} {ratio.high:.2f}",
            f"n {words.count(now.loans)}; 1 is right",
        ),
    )


def _share(view: View) -> Any:
    found = _found(view)
    loans = sum(each.maturity.loans for each in found.vintages)
    known = sum(each.maturity.known for each in found.vintages)
    return parts.kpi(
        "pf-known",
        "Outcomes known",
        words.number(known / max(loans, 1) * 100, 1),
        "%",
        delta=None,
        trend=[each.maturity.known / max(each.maturity.loans, 1) for each in found.vintages],
        notes=(
            f"{words.count(known)} of {words.count(loans)}",
            f"{len(_mature(view))} of {len(found.vintages)} vintages judged",
        ),
    )


def _drawn(view: View) -> list[VintageFigure]:
    return [
        VintageFigure(
            vintage=each.vintage,
            loans=each.maturity.loans,
            known=each.maturity.known,
            defaults=each.analysis.defaults if each.analysis else 0,
            is_judged=each.analysis is not None,
            gini=each.analysis.gini if each.analysis else None,
            estimated=each.expected.auc if each.expected else None,
        )
        for each in _found(view).vintages
    ]


def _by_vintage(view: View) -> Any:
    legend = parts.legend(
        ("", "accent", "realised, 95 % band"),
        ("dash", "text2", "estimated from the PDs alone, with its band"),
    )
    return parts.chart("pf-vintages", figures.gini(view.scheme, _drawn(view)), legend)


def _calibration(view: View) -> Any:
    now, _ = _now_and_before(view)
    legend = parts.legend(
        ("dotk", "accent", "interval holds the PD"),
        ("dotk", "warn", "it does not"),
        ("dash", "text2", "PD right"),
    )
    return parts.chart("pf-calibration", figures.calibration(view.scheme, _groups(now)), legend)


def _gains(view: View) -> Any:
    now, _ = _now_and_before(view)
    captured = [each.captured for each in now.gains]
    name = champion_of(view)
    shown = figures.gains(view.scheme, name, captured, now.defaults / now.loans)
    legend = parts.legend(
        ("", "accent", name), ("dash", "text2", "best possible"), ("dots", "text2", "by chance")
    )
    return parts.chart("pf-gains", shown, legend)


def _known(view: View) -> Any:
    legend = parts.legend(
        ("", "accent", "known, judged"),
        ("", "accent-pale", "known, not judged yet"),
        ("", "void", "still open"),
    )
    return parts.chart("pf-open", figures.known(view.scheme, _drawn(view)), legend)


PAGE: Final = Page(
    path="/performance",
    title="Performance",
    says=_says,
    placed=(
        Card(key="pf-verdict", draw=_verdict, title="Performance", height=66, is_bare=True),
        *(
            Card(key=key, draw=draw, title=title, span=3, height=148, is_bare=True)
            for key, title, draw in (
                ("pf-gini", "Gini", _gini),
                ("pf-ks", "KS separation", _ks),
                ("pf-ratio", "Actual / expected", _ratio),
                ("pf-known", "Outcomes known", _share),
            )
        ),
        Card(
            key="pf-vintages",
            draw=_by_vintage,
            title="Gini by vintage",
            note="by quarter of application; vintages below 85% known are only estimated",
            span=7,
            height=264,
        ),
        Card(
            key="pf-calibration",
            draw=_calibration,
            title="Calibration",
            note="ten equal groups by PD, terms run out, log axes; bars: 95 % interval",
            span=5,
            height=264,
        ),
        Card(
            key="pf-gains",
            draw=_gains,
            title="Gains",
            note="share of defaults among the riskiest",
            span=6,
            height=240,
        ),
        Card(
            key="pf-open",
            draw=_known,
            title="Outcomes known",
            note="share of each vintage that is paid back or charged off",
            span=6,
            height=240,
        ),
    ),
    foot="Of a vintage that is still open, the known outcomes are those that ended early: their "
    "bad rate misleads, so it is not shown.",
)
