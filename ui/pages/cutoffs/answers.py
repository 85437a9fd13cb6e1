"""What the limits would have done: approvals, bad rate, expected loss, swaps, the trade-off."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Final

from dash import html

from lakehouse.lake.filters import Filters as Chosen
from lakehouse.lake.queries import latest_observation
from lakehouse.lake.session import Lake
from lakehouse.monitoring import cutoffs
from lakehouse.monitoring.cutoffs import Limits
from lakehouse.monitoring.performance import DEFAULT_TERM_MONTHS, Performance
from lakehouse.rules.candidate import simulated_rules
from risk.monitoring.backtest import LGD, wilson
from risk.monitoring.performance import Estimate
from ui.cards import Nothing, View
from ui.data.filters import add_months
from ui.data.period import apart
from ui.figures import cutoffs as figures
from ui.look import parts, words
from ui.pages.cutoffs.controls import TODAY

__all__ = ["approved", "bad_rate", "curve", "loss", "says", "swap_set", "swaps"]

_VINTAGES: Final = 4
_NO_LIMIT: Final = 60.0


@dataclass(slots=True)
class Some:
    """Loans of one kind, and what became of them."""

    loans: int = 0
    known: int = 0
    defaults: int = 0
    amount_usd: float = 0.0
    expected_usd: float = 0.0

    def add(self, row: dict[str, Any]) -> None:
        """Add a row of `lakehouse.monitoring.cutoffs.swap_counts`."""
        self.loans += row["loans"]
        self.known += row["known"]
        self.defaults += row["defaults"]
        self.amount_usd += row["amount_usd"]
        self.expected_usd += row["expected_usd"]

    @property
    def rate(self) -> Estimate | None:
        """The bad rate; None where no outcome is known."""
        return wilson(self.defaults, self.known) if self.known else None


def _term(view: View) -> int:
    return view.filters.term[0] if len(view.filters.term) == 1 else DEFAULT_TERM_MONTHS


def _chosen(view: View) -> tuple[Chosen, Any, list[Any]]:
    """Return the loans that may be judged: one term, the last four mature vintages."""
    as_of = view.ask(latest_observation)
    if as_of is None:
        raise Nothing("No outcomes are recorded yet", 'just outcomes "sim://?seed=1&limit=100000"')
    free = replace(view.filters.any_time(), tiers=())
    found: Performance = view.ask(view.desk.stores.performance, free, as_of, _term(view))
    mature = [each for each in found.vintages if each.analysis is not None][-_VINTAGES:]
    if not mature:
        raise Nothing("No vintage may be judged yet: none has 85% of its outcomes known")
    months = tuple(add_months(each.vintage, step) for each in mature for step in range(3))
    return replace(free, vintages=months, terms=(_term(view),)), as_of, mature


def _limits(view: View) -> tuple[Limits, Limits]:
    policy = view.ask(view.desk.stores.policy)
    rules = simulated_rules(policy, view.desk.now().date())
    today = Limits(
        cutoffs.NO_LIMIT_PD,
        rules.high_dti,
        rules.high_utilisation,
        rules.many_inquiries,
        rules.recent_delinquency,
    )
    said = view.more[0] if view.more and isinstance(view.more[0], dict) else TODAY
    pd_most = float(said.get("pd", _NO_LIMIT))
    then = replace(
        today,
        pd_most=cutoffs.NO_LIMIT_PD if pd_most >= _NO_LIMIT else pd_most / 100,
        dti_from=float(said.get("dti", today.dti_from)),
        utilisation_from=float(said.get("util", today.utilisation_from)),
        inquiries_from=float(said.get("inq", today.inquiries_from)),
    )
    return today, then


def _swap_rows(lake: Lake, chosen: Chosen, today: Limits, then: Limits, as_of: Any) -> Any:
    return cutoffs.swap_counts(lake, chosen, today=today, then=then, as_of=as_of)


def _curve_rows(lake: Lake, chosen: Chosen, as_of: Any) -> Any:
    return cutoffs.by_pd(lake, chosen, as_of=as_of)


def _cells(view: View) -> dict[tuple[bool, bool], Some]:
    chosen, as_of, _ = _chosen(view)
    today, then = _limits(view)
    cells = {(a, b): Some() for a in (True, False) for b in (True, False)}
    for row in view.ask(_swap_rows, chosen, today, then, as_of).to_pylist():
        cells[(row["is_approved_today"], row["is_approved_then"])].add(row)
    if not sum(each.loans for each in cells.values()):
        raise Nothing("No loans of this kind")
    return cells


def _sides(cells: dict[tuple[bool, bool], Some]) -> tuple[Some, Some, int]:
    today, then = Some(), Some()
    for (was, will), each in cells.items():
        row = {
            "loans": each.loans,
            "known": each.known,
            "defaults": each.defaults,
            "amount_usd": each.amount_usd,
            "expected_usd": each.expected_usd,
        }
        if was:
            today.add(row)
        if will:
            then.add(row)
    return today, then, sum(each.loans for each in cells.values())


def says(view: View) -> str:
    """Say which loans are judged."""
    _, _, mature = _chosen(view)
    loans = sum(each.maturity.loans for each in mature)
    return (
        f"{_term(view)}-month loans of {words.quarter(mature[0].vintage)} \N{EN DASH} "
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
    today, then, total = _sides(_cells(view))
    was, now = today.loans / total, then.loans / total
    return _tile(
        "ct-approved",
        "Approved",
        words.number(was * 100, 1),
        words.number(now * 100, 1),
        "%",
        (was, now),
        words.delta_pp(now - was),
        f"{words.count(then.loans)} of {words.count(total)}",
    )


def bad_rate(view: View) -> Any:
    """Show how many of the approved would have gone bad."""
    today, then, _ = _sides(_cells(view))
    was, now = today.rate, then.rate
    if was is None or now is None:
        raise Nothing("Nobody would be approved")
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
    today, then, _ = _sides(_cells(view))
    was, now = today.expected_usd * LGD, then.expected_usd * LGD
    return _tile(
        "ct-loss",
        "Expected loss, m USD",
        words.number(was / 1e6, 1),
        words.number(now / 1e6, 1),
        "",
        (was, now),
        words.delta_share(now / was - 1) if was else "",
        f"LGD {words.percent(LGD, 0)}, n {words.count(then.loans)}",
    )


def swaps(view: View) -> Any:
    """Show how many would be decided otherwise."""
    cells = _cells(view)
    came, went = cells[(False, True)].loans, cells[(True, False)].loans
    total = sum(each.loans for each in cells.values())
    top = max(came, went, 1)
    return html.Section(
        [
            html.H2("Swaps", className="kpi-label", id="ct-swaps-title"),
            html.Div(
                [
                    html.Span(words.count(came + went), className="kpi-value"),
                    html.Span(f"of {words.count(total)}", className="kpi-unit"),
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
    rows = view.ask(_curve_rows, chosen, as_of).to_pylist()
    today, then, total = _sides(_cells(view))
    was, now = today.rate, then.rate
    if was is None or now is None:
        raise Nothing("Nobody would be approved")
    points, loans, known, bad = [], 0, 0, 0
    for row in rows:
        loans, known, bad = loans + row["loans"], known + row["known"], bad + row["defaults"]
        if known:
            points.append((loans / total, bad / known))
    legend = parts.legend(
        ("ring", "text2", "today"),
        ("dotk", "accent", "then"),
        ("dash", "text2", "the same book, ranked by PD alone"),
    )
    shown = figures.trade_off(
        view.scheme, points, (today.loans / total, was), (then.loans / total, now)
    )
    return parts.chart("ct-curve", shown, legend)


def swap_set(view: View) -> Any:
    """Show the four ways in which today's decision and the other meet."""
    cells = _cells(view)
    total = sum(each.loans for each in cells.values())

    def cell(was: bool, will: bool, word: str) -> Any:  # noqa: FBT001
        each = cells[(was, will)]
        rate = each.rate
        value, unit = words.amount(each.amount_usd)
        if rate is None:
            said: Any = "n 0"
        elif each.known < 30:
            said = f"n {each.known}, too few to tell"
        else:
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
                            f" {words.percent(each.loans / total)}",
                        ]
                    ),
                    html.Span(word, className="r text2"),
                    html.Span(said),
                    html.Span(f"{value} {unit}", className="r text2"),
                ]
            ),
            className="num" if was == will else "num moved",
        )

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
                            cell(True, True, "stays"),  # noqa: FBT003
                            cell(True, False, "swapped out"),  # noqa: FBT003
                        ]
                    ),
                    html.Tr(
                        [
                            html.Th("Today refused", scope="row"),
                            cell(False, True, "swapped in"),  # noqa: FBT003
                            cell(False, False, "stays"),  # noqa: FBT003
                        ]
                    ),
                ]
            ),
        ],
        className="swap",
    )
