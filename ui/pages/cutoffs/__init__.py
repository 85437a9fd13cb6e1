"""The page Cut-offs: the effect of other limits over all known history."""

import asyncio
from typing import Any, Final

from dash import ClientsideFunction, Dash, Input, Output, State, dcc, html, no_update

from lakehouse.errors import LakehouseError
from lakehouse.rules.candidate import save_candidate
from risk.errors import RiskError
from ui.access.who import current_user
from ui.cards import Card
from ui.data.asking import Desk, said_of
from ui.look import parts
from ui.page import Page, Stack
from ui.pages.cutoffs import answers
from ui.pages.cutoffs.controls import CONTROLS, KEYS, thresholds_of

_CUTS: Final = (Input("cuts", "data"),)


def _wire(app: Dash, desk: Desk) -> None:
    """Sliders, numbers, reset and the URL say the same; saving registers a candidate."""
    app.clientside_callback(
        ClientsideFunction("ui", "cuts"),
        Output("cuts", "data"),
        Output("url", "search", allow_duplicate=True),
        *(Output(f"cut-{key}", "value") for key in KEYS),
        *(Output(f"cut-{key}-n", "value") for key in KEYS),
        Input("cut-reset", "n_clicks"),
        *(Input(f"cut-{key}", "value") for key in KEYS),
        *(Input(f"cut-{key}-n", "value") for key in KEYS),
        State("cuts", "data"),
        State("url", "search"),
        prevent_initial_call="initial_duplicate",
    )

    @app.callback(
        Output("cut-said", "children"),
        Output("cut-reason", "value"),
        Input("cut-save", "n_clicks"),
        State("cuts", "data"),
        State("cut-reason", "value"),
        prevent_initial_call=True,
    )
    async def save(clicks: int | None, cuts: Any, reason: str | None) -> Any:
        if not clicks:
            return no_update, no_update
        user = current_user()
        if not user.may_write:
            return parts.pill("bad", "Your account may look, not save"), no_update
        if len((reason or "").strip()) < 3:
            return parts.pill("bad", "Say why, in three characters or more"), no_update
        try:
            version = await asyncio.to_thread(
                save_candidate,
                desk.stores.lake_uri,
                desk.stores.policy_version,
                thresholds_of(cuts),
                reason=str(reason).strip()[:200],
                by=user.name,
                at=desk.now(),
            )
        except (LakehouseError, RiskError) as error:
            return parts.pill("bad", said_of(error)[1][:160]), no_update
        return parts.pill("ok", f"Registered as {version}"), ""


PAGE: Final = Page(
    path="/cutoffs",
    title="Cut-offs",
    says=answers.says,
    wire=_wire,
    placed=(
        dcc.Store(id="cuts"),
        html.Div(
            [
                parts.icon("info"),
                (
                    "Over accepted loans only: nobody knows what the refused would have paid. "
                    "Looser limits than the lender's own cannot be judged here."
                ),
            ],
            className="banner",
        ),
        html.Div(CONTROLS, className="s4"),
        Stack(
            "s8 stack",
            (
                Stack(
                    "grid",
                    tuple(
                        Card(
                            key=key,
                            draw=draw,
                            title=title,
                            span=3,
                            height=128,
                            is_bare=True,
                            inputs=_CUTS,
                            waits=True,
                        )
                        for key, title, draw in (
                            ("ct-approved", "Approved", answers.approved),
                            ("ct-bad", "Bad rate", answers.bad_rate),
                            ("ct-loss", "Expected loss", answers.loss),
                            ("ct-swaps", "Swaps", answers.swaps),
                        )
                    ),
                ),
                Card(
                    key="ct-curve",
                    draw=answers.curve,
                    title="Trade-off",
                    note="bad rate of the loans whose term has run out; bars: 95 % interval",
                    height=390,
                    inputs=_CUTS,
                    waits=True,
                ),
            ),
        ),
        Card(
            key="ct-swap",
            draw=answers.swap_set,
            title="Swap set",
            note="who would be decided otherwise",
            height=170,
            inputs=_CUTS,
            waits=True,
        ),
    ),
)
