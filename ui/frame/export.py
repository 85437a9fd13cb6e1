"""Show the SQL behind a card and its lineage, and export its rows as CSV."""

import io
import zipfile
from collections.abc import Mapping, Sequence
from typing import Any

from dash import ALL, Dash, Input, Output, State, dcc, html, no_update

from lakehouse.errors import LakehouseError
from lakehouse.lake.answers import write
from lakehouse.lake.literal import as_typed
from lakehouse.lake.session import Asked
from ui.cards import Card, View, render
from ui.data.asking import Desk, off_loop
from ui.data.filters import parse
from ui.groups import groups_of
from ui.look import words
from ui.page import Page


def register(app: Dash, desk: Desk, pages: Sequence[Page]) -> None:
    """Let every card show its SQL and hand out its rows."""
    known = {card.key: card for page in pages for card in page.cards}
    groups = {
        card.key: group.name for page in pages for group in groups_of(page) for card in group.cards
    }

    def drawn_from(card: Card, more: Sequence[Any], ids: Sequence[Mapping[str, str]]) -> Any:
        """Return the inputs from which a card was drawn: a clicked cell, sliders, a path."""
        held = dict(zip((each["more"] for each in ids), more, strict=True))
        return tuple(held.get(groups[card.key]) or (None,) * len(card.inputs))

    @app.callback(
        Output("drawer", "opened"),
        Output("drawer", "title"),
        Output("drawer-body", "children"),
        Input("asked-sql", "data"),
        State("filters", "data"),
        State({"more": ALL}, "data"),
        State({"more": ALL}, "id"),
        prevent_initial_call=True,
    )
    async def show(asked: Mapping[str, str] | None, said: Any, more: Any, ids: Any) -> Any:
        card = known.get(asked["card"]) if asked else None
        if card is None:
            return no_update, no_update, no_update
        found = await off_loop(_asked, card, desk, said, drawn_from(card, more, ids))
        return True, f"{card.title or 'Figure'}: where it comes from", _explained(found, desk)

    @app.callback(
        Output("download", "data"),
        Input("asked-csv", "data"),
        State("filters", "data"),
        State({"more": ALL}, "data"),
        State({"more": ALL}, "id"),
        prevent_initial_call=True,
    )
    async def download(asked: Mapping[str, str] | None, said: Any, more: Any, ids: Any) -> Any:
        card = known.get(asked["card"]) if asked else None
        if card is None:
            return no_update
        answers = await off_loop(_rows, card, desk, said, drawn_from(card, more, ids))
        return no_update if not answers else _file(card.key, answers)


def _asked(card: Card, desk: Desk, said: Any, more: tuple[Any, ...]) -> list[Asked]:
    view = View(desk, parse(said), "light", more)
    render(card, view)
    once: dict[str, Asked] = {
        as_typed(each.statement, each.parameters): each for each in view.asked
    }
    return list(once.values())


def _rows(card: Card, desk: Desk, said: Any, more: tuple[Any, ...]) -> list[str]:
    """Return the rows of each question of a card as CSV."""
    answers = []
    for each in _asked(card, desk, said, more):
        text = io.StringIO(newline="")
        try:
            write(desk.lake.query(each.statement, each.parameters), text, "csv")
        except LakehouseError:
            continue
        answers.append(text.getvalue())
    return answers


def _file(key: str, answers: Sequence[str]) -> Any:
    """Return one answer as a CSV file, several as an archive, numbered as "show SQL" shows them."""
    if len(answers) == 1:
        return dcc.send_string(answers[0], f"{key}.csv")
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for number, text in enumerate(answers, start=1):
            archive.writestr(f"{key}-{number}.csv", text)
    return dcc.send_bytes(packed.getvalue(), f"{key}.zip")


def _explained(asked: Sequence[Asked], desk: Desk) -> list[Any]:
    shown: list[Any] = [
        html.P(
            "Each question runs as it stands in `python -m lakehouse sql`.", className="card-note"
        )
    ]
    for number, each in enumerate(asked, start=1):
        text = as_typed(each.statement, each.parameters)
        shown += [
            html.Div(
                [
                    html.H3(f"{number}. {words.number(each.seconds * 1000, 0)} ms"),
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
