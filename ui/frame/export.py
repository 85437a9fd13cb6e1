"""The SQL behind a card, its lineage, and its rows as CSV."""

import asyncio
import io
from collections.abc import Mapping, Sequence
from typing import Any

from dash import ALL, Dash, Input, Output, State, ctx, dcc, html, no_update

from lakehouse.errors import LakehouseError
from lakehouse.lake.answers import write
from lakehouse.lake.literal import as_typed
from lakehouse.lake.session import Asked
from ui.cards import Card, View, render
from ui.data.asking import Desk
from ui.data.filters import parse
from ui.look import words


def register(app: Dash, desk: Desk, cards: Sequence[Card]) -> None:
    """Let every card show its SQL and hand out its rows."""
    known = {card.key: card for card in cards}

    @app.callback(
        Output("drawer", "opened"),
        Output("drawer", "title"),
        Output("drawer-body", "children"),
        Input({"sql": ALL}, "n_clicks"),
        State("filters", "data"),
        State("route", "data"),
        prevent_initial_call=True,
    )
    async def show(clicks: Sequence[int | None], said: Any, path: Any) -> Any:
        card = _clicked(clicks, "sql", known)
        if card is None:
            return no_update, no_update, no_update
        asked = await asyncio.to_thread(_asked, card, desk, said, path)
        return True, f"{card.title or 'Figure'}: where it comes from", _explained(asked, desk)

    @app.callback(
        Output("download", "data"),
        Input({"csv": ALL}, "n_clicks"),
        State("filters", "data"),
        State("route", "data"),
        prevent_initial_call=True,
    )
    async def download(clicks: Sequence[int | None], said: Any, path: Any) -> Any:
        card = _clicked(clicks, "csv", known)
        if card is None:
            return no_update
        text = await asyncio.to_thread(_rows, card, desk, said, path)
        return no_update if text is None else dcc.send_string(text, f"{card.key}.csv")


def _clicked(clicks: Sequence[int | None], kind: str, known: Mapping[str, Card]) -> Card | None:
    which = ctx.triggered_id
    return known.get(which[kind]) if any(clicks) and which else None


def _asked(card: Card, desk: Desk, said: Any, path: Any) -> list[Asked]:
    more = tuple(path if each.component_id == "route" else None for each in card.inputs)
    view = View(desk, parse(said), "light", more)
    render(card, view)
    once: dict[str, Asked] = {
        as_typed(each.statement, each.parameters): each for each in view.asked
    }
    return list(once.values())


def _rows(card: Card, desk: Desk, said: Any, path: Any) -> str | None:
    asked = [each for each in _asked(card, desk, said, path) if "extent" not in each.statement]
    if not asked:
        return None
    main = asked[0]
    try:
        answer = desk.lake.query(main.statement, main.parameters)
    except LakehouseError:
        return None
    text = io.StringIO(newline="")
    write(answer, text, "csv")
    return text.getvalue()


def _explained(asked: Sequence[Asked], desk: Desk) -> list[Any]:
    shown: list[Any] = [
        html.P(
            "Each question runs as it stands in `python -m lakehouse sql`.", className="card-note"
        )
    ]
    for each in asked:
        text = as_typed(each.statement, each.parameters)
        shown += [
            html.Div(
                [
                    html.H3(f"{words.number(each.seconds * 1000, 0)} ms"),
                    dcc.Clipboard(
                        content=text, className="tool plain end", title="Copy this question"
                    ),
                ],
                className="row",
            ),
            html.Pre(text, className="sql", tabIndex=0),
        ]
    versions = desk.snapshot.versions
    shown.append(html.H3("Lineage"))
    shown.append(
        html.P(
            f"Read at {words.stamp(desk.snapshot.seen_at)} UTC from "
            + ", ".join(f"{name} version {version}" for name, version in versions)
            + ".",
            className="card-note",
        )
    )
    return shown
