"""Dispositions of the application: a form, and the earlier ones."""

import asyncio
from datetime import date
from typing import Any, Final

import dash_mantine_components as dmc
from dash import Dash, Input, Output, State, dcc, html, no_update

from lakehouse.errors import LakehouseError
from lakehouse.people.dispositions import Disposition
from ui.access.who import current_user
from ui.cards import Card, View
from ui.data.asking import Desk, said_of
from ui.look import parts, words
from ui.page import Stack
from ui.pages.application.found import event_of, found

_WORDS: Final = {"approve": "Approved", "decline": "Declined", "refer": "Referred"}
_LEVELS: Final = {"approve": "ok", "decline": "bad", "refer": "warn"}


def _history(view: View) -> Any:
    """List what was decided, the newest first; that one stands."""
    one = found(view).decision
    done = view.desk.stores.dispositions_of(one["application_id"])
    if not done:
        return html.P("Nobody has decided yet.", className="card-note")
    today = view.desk.now().date()
    items = []
    for place, each in enumerate(done):
        expired = each.expires_on is not None and each.expires_on < today
        state = "" if place else " (expired)" if expired else " (stands)"
        until = f", until {each.expires_on}" if each.expires_on else ""
        items.append(
            html.Li(
                html.Div(
                    [
                        html.Span(className=f"dot {_LEVELS[each.disposition]}"),
                        html.Span(
                            [
                                html.B(_WORDS[each.disposition] + state),
                                html.Span(each.reason, className="muted"),
                                html.Span(each.note, className="muted") if each.note else None,
                            ]
                        ),
                        html.Span(
                            f"{each.decided_by}, {words.stamp(each.decided_at)}{until}",
                            className="muted num",
                        ),
                    ],
                    className="line",
                )
            )
        )
    return html.Ul(items, className="rows")


FORM: Final = Stack(
    "card work",
    (
        html.Div(
            html.Div(
                [
                    html.H2("Disposition", className="card-title"),
                    html.P(
                        "what a person decides, and why; kept with who and when, and audited",
                        className="card-note",
                    ),
                ]
            ),
            className="card-head",
        ),
        dcc.Store(id="work-saved"),
        Card(
            key="ap-work",
            draw=_history,
            height=20,
            is_bare=True,
            inputs=(State("route", "data"), Input("work-saved", "data")),
        ),
        html.Div(
            [
                dmc.SegmentedControl(
                    id="work-kind",
                    data=[
                        {"value": "approve", "label": "Approve"},
                        {"value": "decline", "label": "Decline"},
                        {"value": "refer", "label": "Refer"},
                    ],
                    value="refer",
                    size="xs",
                    fullWidth=True,
                ),
                dmc.TextInput(
                    id="work-reason",
                    placeholder="Reason, 3 to 200 characters",
                    size="xs",
                    **{"aria-label": "Reason"},
                ),
                dmc.Textarea(
                    id="work-note",
                    placeholder="Note (optional)",
                    size="xs",
                    minRows=1,
                    autosize=True,
                    **{"aria-label": "Note"},
                ),
                html.Div(
                    [
                        html.Label(
                            [
                                "stands until",
                                dcc.Input(id="work-until", type="date", className="input"),
                            ],
                            className="row muted note",
                        ),
                        html.Button(
                            "Save", id="work-save", className="btn primary end", type="button"
                        ),
                    ],
                    className="row",
                ),
                html.Div(id="work-said", role="status"),
            ],
            className="work-form",
        ),
    ),
)


def wire(app: Dash, desk: Desk) -> None:
    """Save what the form says."""

    @app.callback(
        Output("work-said", "children"),
        Output("work-saved", "data"),
        Output("work-reason", "value"),
        Output("work-note", "value"),
        Input("work-save", "n_clicks"),
        State("route", "data"),
        State("work-kind", "value"),
        State("work-reason", "value"),
        State("work-note", "value"),
        State("work-until", "value"),
        prevent_initial_call=True,
    )
    async def save(
        clicks: int | None, path: str | None, kind: Any, reason: str, note: str, until: str
    ) -> Any:
        event_id = event_of(path)
        if not clicks or event_id is None:
            return no_update, no_update, no_update, no_update
        user = current_user()
        if not user.may_write:
            refused = parts.pill("bad", "Your account may look, not decide")
            return refused, no_update, no_update, no_update
        try:
            made = await asyncio.to_thread(
                _save, desk, event_id, kind, reason or "", note or "", until, user.name
            )
        except (LakehouseError, ValueError) as error:
            said = said_of(error)[1] if isinstance(error, LakehouseError) else str(error)
            return parts.pill("bad", said[:160]), no_update, no_update, no_update
        return parts.pill("ok", "Saved"), made, "", ""


def _save(
    desk: Desk, event_id: str, kind: Any, reason: str, note: str, until: str, user: str
) -> str:
    one = desk.ask(desk.stores.dossier, event_id).value.decision
    now = desk.now()
    desk.stores.dispose(
        Disposition(
            application_id=one["application_id"],
            event_id=one["event_id"],
            tier=one["tier"],
            disposition=kind,
            reason=reason.strip(),
            note=note.strip(),
            expires_on=date.fromisoformat(until) if until else None,
            decided_by=user,
            decided_at=now,
        )
    )
    return now.isoformat()
