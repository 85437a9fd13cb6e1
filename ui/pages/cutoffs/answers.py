"""The effect of the limits: approvals, bad rate, expected loss, swaps, the trade-off."""

from dataclasses import replace
from typing import Any, Final

from dash import html

from lakehouse.lake.filters import Filters as Chosen
from lakehouse.lake.session import Lake
from lakehouse.monitoring.limits import NO_LIMITS, ApprovalLimits
from lakehouse.monitoring.performance import AT_A_TIME
from lakehouse.monitoring.simulator import curve as by_cutoff
from lakehouse.monitoring.simulator import limits_of, simulated
from risk.monitoring.backtest import LGD
from risk.monitoring.cutoffs import LoanBook, Simulation
from risk.monitoring.performance import Estimate
from ui.cards import Nothing, View
from ui.data.filters import add_months
from ui.data.period import apart
from ui.figures import cutoffs as figures
from ui.look import parts, words
from ui.matured import NONE_MATURE, performance_of, term_of
from ui.pages.cutoffs.controls import TODAY

_NO_LIMIT: Final = 60.0
_FEWEST: Final = 30


def _chosen(view: View) -> tuple[Chosen, Any, list[Any]]:
    """Return the loans that may be judged: one term, the last four mature vintages."""
    free = replace(view.filters.any_time(), tiers=())
    found = performance_of(view, free)
    mature = [each for each in found.vintages if each.analysis is not None][-AT_A_TIME:]
    if not mature:
        raise Nothing(NONE_MATURE)
    months = tuple(add_months(each.vintage, step) for each in mature for step in range(3))
    return replace(free, vintages=months, terms=(term_of(view),)), found.as_of, mature


def _limits(view: View) -> tuple[ApprovalLimits, ApprovalLimits]:
    today = limits_of(view.ask(view.desk.stores.policy))
    said = view.more[0] if view.more and isinstance(view.more[0], dict) else TODAY
    pd_most = float(said.get("pd", _NO_LIMIT))
    then = replace(
        today,
        pd=1.0 if pd_most >= _NO_LIMIT else pd_most / 100,
        dti_pct=float(said.get("dti", today.dti_pct)),
        utilisation_pct=float(said.get("util", today.utilisation_pct)),
        inquiries_6m=float(said.get("inq", today.inquiries_6m)),
    )
    return today, then


def _simulated(
    lake: Lake, chosen: Chosen, today: ApprovalLimits, then: ApprovalLimits, as_of: Any
) -> Simulation:
    return simulated(lake, today, then, chosen, as_of=as_of)


def _by_pd_alone(lake: Lake, chosen: Chosen, as_of: Any) -> list[tuple[float, LoanBook]]:
    return by_cutoff(lake, NO_LIMITS, chosen, as_of=as_of)


def _found(view: View) -> Simulation:
    chosen, as_of, _ = _chosen(view)
    found: Simulation = view.ask(_simulated, chosen, *_limits(view), as_of)
    if not found.loans:
        raise Nothing("No loans of this kind")
    return found


def says(view: View) -> str:
    """Say which loans are judged."""
    _, _, mature = _chosen(view)
    loans = sum(each.maturity.loans for each in mature)
    return (
        f"{term_of(view)}-month loans of {words.quarter(mature[0].vintage)} \N{EN DASH} "
        f"{words.quarter(mature[-1].vintage)}: the last {len(mature)} vintages with 85% of "
        f"outcomes known, n {words.count(loans)}. The period filter does not apply."
    )


def _tile(  # noqa: PLR0913, PLR0917 - one tile, said once
    key: str,
    title: str,
    was: str,
    now: str,
    unit: str,
    pair: tuple[float, float],
    delta: str,
    note: str,
    level: str = "",
) -> Any:
    top = max(*pair, 1e-12)
    return html.Section(
        [
            html.H2(title, className="kpi-label", id=f"{key}-title"),
            html.Div(
                [
                    html.Span(was, className="was"),
                    parts.icon("arrow-right"),
                    html.Span("becomes", className="sr"),
                    html.Span(now, className="kpi-value"),
                    html.Span(unit, className="kpi-unit"),
                ],
                className="ba num",
            ),
            html.Div(
                [
                    html.I(style={"width": f"{pair[0] / top * 92:.1f}%"}),
                    html.B(style={"width": f"{pair[1] / top * 92:.1f}%"}),
                ],
                className="pair",
                **{"aria-hidden": "true"},
            ),
            html.Div(
                html.Span(delta, className=f"delta num {level}".strip()), className="kpi-note"
            ),
            html.Div(note, className="kpi-note num", title=note),
            parts.tools(key, title),
        ],
        className="card kpi",
    )


def approved(view: View) -> Any:
    """Show how many would be approved."""
    found = _found(view)
    was, now = found.today.share, found.then.share
    return _tile(
        "ct-approved",
        "Approved",
        words.number(was * 100, 1),
        words.number(now * 100, 1),
        "%",
        (was, now),
        words.delta_pp(now - was),
        f"{words.count(found.then.loans)} of {words.count(found.loans)}",
    )


def _rates(found: Simulation) -> tuple[Estimate, Estimate]:
    was, now = found.today.default_rate, found.then.default_rate
    if was is None or now is None:
        raise Nothing("Nobody would be approved whose outcome is known")
    return was, now


def bad_rate(view: View) -> Any:
    """Show how many of the approved would have gone bad."""
    was, now = _rates(_found(view))
    level = ("ok" if now.value < was.value else "bad") if apart(now, was) else ""
    return _tile(
        "ct-bad",
        "Bad rate",
        words.number(was.value * 100, 1),
        words.number(now.value * 100, 1),
        "%",
        (was.value, now.value),
        words.delta_pp(now.value - was.value),
        f"95 %: {words.interval(now.low, now.high)}",
        level,
    )


def loss(view: View) -> Any:
    """Show the loss to expect of the approved, by their PDs."""
    found = _found(view)
    was, now = found.today.expected_loss_usd, found.then.expected_loss_usd
    return _tile(
        "ct-loss",
        "Expected loss, m USD",
        words.number(was / 1e6, 1),
        words.number(now / 1e6, 1),
        "",
        (was, now),
        words.delta_share(now / was - 1) if was else "",
        f"LGD {words.percent(LGD, 0)}, n {words.count(found.then.loans)}",
    )


def swaps(view: View) -> Any:
    """Show how many would be decided otherwise."""
    found = _found(view)
    came, went = found.swapped_in.loans, found.swapped_out.loans
    top = max(came, went, 1)
    return html.Section(
        [
            html.H2("Swaps", className="kpi-label", id="ct-swaps-title"),
            html.Div(
                [
                    html.Span(words.count(came + went), className="kpi-value"),
                    html.Span(f"of {words.count(found.loans)}", className="kpi-unit"),
                ],
                className="ba num",
            ),
            html.Div(
                [
                    html.B(style={"width": f"{came / top * 92:.1f}%"}),
                    html.I(style={"width": f"{went / top * 92:.1f}%"}),
                ],
                className="pair",
                **{"aria-hidden": "true"},
            ),
            html.Div(
                html.Span(f"{words.count(came)} in", className="delta num"), className="kpi-note"
            ),
            html.Div(f"{words.count(went)} out", className="kpi-note num"),
            parts.tools("ct-swaps", "Swaps"),
        ],
        className="card kpi",
    )


def curve(view: View) -> Any:
    """Draw the trade-off."""
    chosen, as_of, _ = _chosen(view)
    found = _found(view)
    was, now = _rates(found)
    points = [
        (each.share, each.default_rate.value)
        for _, each in view.ask(_by_pd_alone, chosen, as_of)
        if each.default_rate
    ]
    legend = parts.legend(
        ("ring", "text2", "today"),
        ("dotk", "accent", "then"),
        ("dash", "text2", "the same book, ranked by PD alone"),
    )
    shown = figures.trade_off(
        view.scheme, points, (found.today.share, was), (found.then.share, now)
    )
    return parts.chart("ct-curve", shown, legend)


def _cell(each: LoanBook, word: str, *, is_moved: bool) -> Any:
    value, unit = words.amount(each.amount_usd)
    said: Any = f"n {each.judged}, too few to tell"
    if each.default_rate is not None and each.judged >= _FEWEST:
        rate = each.default_rate
        said = [
            "bad ",
            html.B(words.percent(rate.value)),
            f" ({words.interval(rate.low, rate.high)})",
        ]
    return html.Td(
        html.Div(
            [
                html.Span(
                    [
                        html.B(words.count(each.loans), className="big"),
                        f" {words.percent(each.share)}",
                    ]
                ),
                html.Span(word, className="r text2"),
                html.Span(said),
                html.Span(f"{value} {unit}", className="r text2"),
            ]
        ),
        className="num moved" if is_moved else "num",
    )


def swap_set(view: View) -> Any:
    """Show the four ways in which today's decision and the other meet."""
    found = _found(view)
    return html.Table(
        [
            html.Thead(
                html.Tr(
                    [
                        html.Td(className="corner"),
                        html.Th("Then approved", scope="col"),
                        html.Th("Then refused", scope="col"),
                    ]
                )
            ),
            html.Tbody(
                [
                    html.Tr(
                        [
                            html.Th("Today approved", scope="row"),
                            _cell(found.approved_by_both, "stays", is_moved=False),
                            _cell(found.swapped_out, "swapped out", is_moved=True),
                        ]
                    ),
                    html.Tr(
                        [
                            html.Th("Today refused", scope="row"),
                            _cell(found.swapped_in, "swapped in", is_moved=True),
                            _cell(found.refused_by_both, "stays", is_moved=False),
                        ]
                    ),
                ]
            ),
        ],
        className="swap",
    )
