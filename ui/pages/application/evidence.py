"""The basis of a decision: points by input, challengers, raw and clean inputs, lineage."""

import json
from collections.abc import Mapping
from typing import Any, Final

from dash import html

from risk.contract.columns import APPLICATION_COLUMNS
from risk.models.scorecard import Scorecard
from ui.cards import Nothing, View
from ui.figures import application as figures
from ui.figures.application import Bar
from ui.look import parts, words
from ui.pages.application.found import found

_SHOWN: Final = (
    "fico",
    "amount_usd",
    "term_months",
    "rate_pct",
    "income_usd",
    "dti_pct",
    "utilisation_pct",
    "employment_years",
    "delinquencies_2y",
    "inquiries_6m",
    "public_records",
    "open_accounts",
    "total_accounts",
    "credit_age_years",
    "purpose",
    "home_ownership",
    "state",
)
_SOURCES: Final = {column.name: column.sources for column in APPLICATION_COLUMNS} | {
    "credit_age_years": ("earliest_cr_line",)
}

_JOINT: Final = {"income_usd": "annual_inc_joint", "dti_pct": "dti_joint"}


def waterfall(view: View) -> Any:
    """Draw the way from the base to the points."""
    one = found(view)
    why = one.explanation
    if why is None:
        raise Nothing("It cannot be explained as it was made", one.not_explained[:160])
    bars = [
        Bar(words.input_name(each.feature), _short(each.value), each.points)
        for each in why.model.contributions
    ]
    model = view.ask(view.desk.stores.model, one.decision["model_version"])
    shown = figures.waterfall(view.scheme, why.model.base_points, bars, model.scale.pd)
    legend = parts.legend(("", "watchlist", "takes points"), ("", "low", "adds points"))
    exact = "" if isinstance(model, Scorecard) else " Rounded: the model's steps are finer."
    return [*parts.chart("ap-waterfall", shown, legend), html.P(exact, className="card-note")]


def challengers(view: View) -> Any:
    """Draw what the challengers said of the same application."""
    one = found(view).decision
    said = json.loads(one["challengers"] or "{}")
    others = [(name, pd) for name, pd in said.items() if pd is not None]
    failed = [name for name, pd in said.items() if pd is None]
    if not others:
        raise Nothing("No challenger scored it")
    champion = (one["model_version"], one["pd"])
    shown: list[Any] = parts.chart("ap-challengers", figures.strip(view.scheme, champion, others))
    if failed:
        shown.append(html.P(f"No PD from {', '.join(failed)}.", className="card-note"))
    return shown


def inputs(view: View) -> Any:
    """List the inputs as they came and as they were cleaned, what was noticed marked."""
    one = found(view)
    noticed: dict[str, str] = {}
    for issue in filter(None, one.decision["issues"].split("|")):
        column, _, what = issue.partition(":")
        noticed[column] = what.replace("_", " ")
    rows = []
    for name in _SHOWN:
        value = one.decision.get(name)
        clean: Any = _clean(value)
        if value is None:
            clean = parts.tag("missing", "warn")
        rows.append(
            [
                html.Span(
                    [
                        words.input_name(name),
                        parts.tag("joint", "info")
                        if name in _JOINT and one.decision["is_joint"]
                        else None,
                        parts.tag(noticed[name], "warn") if name in noticed else None,
                    ],
                    className="row nowrap",
                ),
                html.Span(_raw(one.raw, _sources(name, one.decision)), className="mono raw text2"),
                html.Span(
                    [parts.icon("chevron-right"), html.Span("becomes", className="sr")],
                    className="arrow",
                ),
                clean,
            ]
        )
    missing = sum(one.decision.get(name) is None for name in _SHOWN)
    summary = (
        f"{len(one.raw)} fields in {words.count(one.raw_size)} bytes \N{MIDDLE DOT} "
        f"{len(noticed)} issues, {missing} missing"
    )
    return [
        html.P(summary, className="card-note num"),
        parts.table(["Input", "Raw", "", "Clean"], rows, right=(1, 3)),
    ]


def lineage(view: View) -> Any:
    """List where the decision comes from, step by step."""
    one = found(view)
    row = one.decision
    version = dict(view.desk.snapshot.versions).get("decisions")
    steps = (
        (
            "Event",
            row["event_at"],
            _joined(row["topic"], f"partition {row['part']}", f"offset {row['off']}"),
        ),
        (
            "Received",
            one.received_at,
            f"archived raw, {words.count(one.raw_size)} bytes, sha256 {one.raw_sha256[:12]}",
        ),
        (
            "Decided",
            row["decided_at"],
            _joined(
                f"{row['model_version']} {row['model_sha256'][:12]}",
                row["policy_version"],
                f"reference {row['reference_version']}",
                f"contract {row['contract_version']}",
            ),
        ),
        ("Gold", view.desk.lake.committed_at("decisions"), f"decisions, read at version {version}"),
    )
    return html.Ol(
        [
            html.Li(
                [
                    html.Span(className="node"),
                    html.Div(
                        [
                            html.Div(
                                [html.B(name), html.Span(words.stamp(at), className="num")],
                                className="spread",
                            ),
                            html.Div(what, className="mono"),
                        ]
                    ),
                ]
            )
            for name, at, what in steps
        ],
        className="lineage",
    )


def _joined(*parts_of_it: str) -> str:
    return " \N{MIDDLE DOT} ".join(parts_of_it)


def _sources(name: str, decision: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the event's fields that a figure was read from: both applicants' where joint."""
    joint = _JOINT.get(name)
    return (joint,) if joint and decision["is_joint"] else tuple(_SOURCES.get(name, ()))


def _raw(raw: Mapping[str, Any], fields: tuple[str, ...]) -> str:
    given = [raw[field] for field in fields if field in raw]
    if not given:
        return "absent"
    return " \N{EN DASH} ".join(json.dumps(each) for each in given)[:60]


def _clean(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, float):
        return words.number(value, 0 if value == int(value) else 2)
    return str(value).replace("_", " ")


def _short(value: Any) -> str:
    return "missing" if value is None else _clean(value)
