"""The page Application: one decision explained in full."""

import asyncio
from typing import Any, Final

from dash import Dash, Input, Output, State, dcc, html, no_update

from lakehouse.errors import LakehouseError
from ui.cards import Card, View
from ui.data.asking import Desk, said_of
from ui.look import parts, words
from ui.page import Page, Stack
from ui.pages.application import evidence, judgement, work
from ui.pages.application.found import event_of, found

_EVENT: Final = (State("route", "data"),)


def _head(view: View) -> Any:
    one = found(view).decision
    return html.Div(
        [
            html.Div(
                [
                    dcc.Link("Watchlist", href="/watchlist" + view.filters.query()),
                    html.Span("\N{SINGLE RIGHT-POINTING ANGLE QUOTATION MARK}"),
                    html.Span("Application"),
                ],
                className="crumb",
            ),
            html.Div(
                [
                    html.H1(one["application_id"], className="page-title num"),
                    html.Span(one["tier"], className=f"tier big {one['tier']}"),
                    parts.tag("joint application", "info") if one["is_joint"] else None,
                    parts.tag(f"event {one['event_id']}")
                    if one["event_id"] != one["application_id"]
                    else None,
                ],
                className="row",
            ),
        ]
    )


def _facts(view: View) -> Any:
    dossier = found(view)
    one = dossier.decision
    why = dossier.explanation
    odds = (1 - one["pd"]) / one["pd"] if one["pd"] else None
    hits = sum(each.is_met for each in why.policy.conditions) if why else None
    total = len(why.policy.conditions) if why else 0
    facts = (
        (
            "Points",
            words.number(one["points"], 0),
            "",
            f"base {words.number(why.model.base_points, 0)}" if why else "",
        ),
        ("PD", words.number(one["pd"] * 100, 1), "%", f"odds {words.number(odds, 1)} to 1"),
        (
            "Amount",
            words.count(one["amount_usd"]),
            "USD",
            f"over {words.count(one['term_months'])} months"
            if one["term_months"]
            else "term missing",
        ),
        (
            "PD \N{MULTIPLICATION SIGN} amount",
            words.count(one["pd"] * one["amount_usd"]),
            "USD",
            f"at 65 % lost {words.count(one['pd'] * one['amount_usd'] * 0.65)}",
        ),
        (
            "Rules hit",
            words.count(hits),
            f"of {total}" if why else "",
            "early warning raised" if one["early_warning_flag"] else "no early warning",
        ),
        ("Decided by", one["model_version"], "", f"with {one['policy_version']}"),
    )
    return html.Section(
        [
            html.H2("In figures", className="sr"),
            *(
                html.Div(
                    [
                        html.Div(name, className="k"),
                        html.Div([value, html.Span(unit, className="kpi-unit")], className="v num"),
                        html.Div(note, className="s num"),
                    ]
                )
                for name, value, unit, note in facts
            ),
        ],
        className="card facts",
    )


def _wire(app: Dash, desk: Desk) -> None:
    """Replay answers in place, and so does the form."""
    work.wire(app, desk)

    @app.callback(
        Output("app-replayed", "children"),
        Input("app-replay", "n_clicks"),
        State("route", "data"),
        prevent_initial_call=True,
    )
    async def replay(clicks: int | None, path: str | None) -> Any:
        event_id = event_of(path)
        if not clicks or not event_id:
            return no_update
        try:
            again, seconds = await asyncio.to_thread(desk.stores.replay, desk.lake, event_id)
        except LakehouseError as error:
            return parts.pill("bad", said_of(error)[1][:120])
        if again is None:
            return parts.pill("bad", "The lake holds no such decision")
        if again.difference is not None:
            return parts.pill("bad", f"Differs: {again.difference.what[:120]}")
        return parts.pill("ok", f"Identical in every stored column, {seconds * 1000:.0f} ms")


def _card(key: str, title: str, note: str, draw: Any, height: int, **more: Any) -> Card:
    return Card(key=key, title=title, note=note, draw=draw, height=height, inputs=_EVENT, **more)


PAGE: Final = Page(
    path="/application",
    title="Application",
    says=lambda _: "",
    is_single=True,
    wire=_wire,
    placed=(
        Stack(
            "row app-head",
            (
                Card(key="ap-head", draw=_head, height=48, is_bare=True, inputs=_EVENT),
                html.Div(
                    [
                        html.Span(id="app-replayed", role="status"),
                        html.Button(
                            [parts.icon("refresh-cw"), "Replay"],
                            id="app-replay",
                            className="btn",
                            type="button",
                            title="Make the decision again from the archived bytes",
                        ),
                    ],
                    className="row end",
                ),
            ),
        ),
        Card(key="ap-facts", draw=_facts, height=88, is_bare=True, inputs=_EVENT),
        Stack(
            "s7 stack",
            (
                _card(
                    "ap-waterfall",
                    "From base to points",
                    "each input's points, what takes most first",
                    evidence.waterfall,
                    380,
                ),
                _card("ap-rules", "Rules", "every rule with its threshold", judgement.rules, 300),
                _card("ap-lineage", "Lineage", "UTC", evidence.lineage, 200),
                _card(
                    "ap-challengers",
                    "Challengers",
                    "PD of the same application; they decide nothing",
                    evidence.challengers,
                    132,
                ),
            ),
        ),
        Stack(
            "s5 stack",
            (
                work.FORM,
                _card(
                    "ap-adverse",
                    "Adverse reasons",
                    "as the applicant is told, weightiest first; from the model, not the rules",
                    judgement.adverse,
                    160,
                ),
                _card("ap-inputs", "Inputs, raw to clean", "", evidence.inputs, 420),
            ),
        ),
    ),
)
