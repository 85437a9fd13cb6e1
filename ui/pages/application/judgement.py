"""The judgement: every rule, the reasons for the applicant, and what a person decided."""

from typing import Any, Final

from dash import html

from risk.contract.application import Tier
from risk.explain.policy_findings import BandFinding, ConditionFinding, PdFinding
from ui.cards import Nothing, View
from ui.look import parts, words
from ui.pages.application.found import found

_SIGN: Final = {"at_least": "\N{GREATER-THAN OR EQUAL TO}", "above": ">"}


def rules(view: View) -> Any:
    """List every rule: its group, the figure, the threshold, hit or not."""
    one = found(view)
    why = one.explanation
    if why is None:
        raise Nothing("It cannot be explained as it was made", one.not_explained[:160])
    group_of = {
        name: chr(ord("A") + place)
        for place, names in enumerate(_groups(why.policy.early_warning.expression))
        for name in names
    }
    conditions = sorted(why.policy.conditions, key=lambda each: not each.is_met)
    rows = [_condition(each, group_of.get(each.name, "")) for each in conditions]
    rows += [_pd(each) for each in why.policy.pd_rules]
    rows += [_band(each) for each in why.policy.bands]
    groups = sorted(set(group_of.values()))
    said = " and ".join(f"one of {name}" for name in groups)
    raised = "raised" if why.policy.early_warning.is_raised else "not raised"
    also = ", or by PD (P)" if why.policy.pd_rules else ""
    return [
        html.P(
            f"Watchlist: {said} is met ({raised}){also}; E elevates by its band.",
            className="card-note",
        ),
        parts.table(["", "Rule", "Value", "", "Threshold", "Effect"], rows, right=(2, 4, 5)),
    ]


def adverse(view: View) -> Any:
    """List the reasons as the applicant is told them."""
    one = found(view)
    why = one.explanation
    if why is None:
        raise Nothing("It cannot be explained as it was made", one.not_explained[:160])
    if not why.model.reasons:
        raise Nothing("None: the tier is Low")
    points = {each.feature: each.shortfall for each in why.model.contributions}
    said = []
    for known in why.model.reasons:
        short = points.get(known.feature)
        said.append(
            html.Li(
                [
                    html.Div(
                        [html.B(known.sentence), html.Span(known.code, className="code muted")]
                    ),
                    html.Span(
                        f"{words.signed(-short)} points" if short is not None else "",
                        className="pts num",
                    ),
                ]
            )
        )
    return html.Ol(said, className="reasons")


def _groups(expression: str) -> list[list[str]]:
    return [
        [name.strip() for name in part.strip(" ()").split(" or ")]
        for part in expression.split(" and ")
    ]


def _condition(each: ConditionFinding, group: str) -> list[Any]:
    reach = max(each.threshold * 1.7, (each.figure or 0) * 1.1, 1e-9)
    effect = parts.tag("hit", "bad") if each.is_met else parts.tag("not hit")
    return [
        html.Span(group, className="grp"),
        html.Span(each.label, className="" if each.is_met else "text2"),
        _figure(each.figure, each.unit),
        _meter(each.figure, each.threshold, reach, "bad" if each.is_met else ""),
        f"{_SIGN[each.comparison]} {_figure(each.threshold, each.unit)}",
        effect,
    ]


def _pd(each: PdFinding) -> list[Any]:
    level = "bad" if each.tier == Tier.WATCHLIST else "warn"
    return [
        html.Span("P", className="grp"),
        html.Span(each.label, className="" if each.is_met else "text2"),
        words.percent(each.pd),
        _meter(each.pd, each.threshold, each.threshold * 1.7, level if each.is_met else ""),
        f"\N{GREATER-THAN OR EQUAL TO} {words.percent(each.threshold, 0)}",
        parts.tag(f"hit: {each.tier}", level) if each.is_met else parts.tag("not hit"),
    ]


def _band(each: BandFinding) -> list[Any]:
    limit = each.edges[1]
    reach = max(each.edges[2] * 1.3, (each.figure or 0) * 1.1, 1e-9)
    effect = parts.tag("elevates", "warn") if each.elevates else parts.tag("no effect")
    return [
        html.Span("E", className="grp"),
        html.Span(
            [each.label, html.Span(f" {(each.band or 'no band').lower()}", className="muted")]
        ),
        _figure(each.figure, each.unit),
        _meter(each.figure, limit, reach, "warn" if each.elevates else ""),
        f"> {_figure(limit, each.unit)}",
        effect,
    ]


def _meter(value: float | None, threshold: float, reach: float, level: str) -> Any:
    share = min((value or 0.0) / reach, 1.0)
    return html.Span(
        [
            html.I(className=level, style={"width": f"{share * 100:.1f}%"}),
            html.B(style={"left": f"{threshold / reach * 100:.1f}%"}),
        ],
        className="meter",
        **{"aria-hidden": "true"},
    )


def _figure(value: float | None, unit: str) -> str:
    if value is None:
        return "missing"
    text = words.number(value, 0 if value == int(value) else 2)
    return f"{text}%" if unit == "percent" else text
