"""A card: a question, a pure drawing of its answer, and a place on a page; one callback each.

Every card has what people expect of a figure: a skeleton of its final height, an error with its
code and a button to ask again, the last answer while the lake does not answer, its rows as CSV, the
SQL behind it, its lineage, and a zoom that survives new data.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import structlog
from dash import Dash, Input, Output, State, dcc, html, no_update

from lakehouse.errors import LakehouseError
from lakehouse.lake.session import Asked
from risk.errors import RiskError
from ui.data.asking import Answer, Desk, off_loop, said_of
from ui.data.filters import Book, PageFilters, parse
from ui.data.questions import book_of
from ui.look import parts, words
from ui.look.tokens import Scheme

_log = structlog.get_logger()


class Nothing(Exception):
    """There is nothing to draw; says what would bring something, or how few there are."""

    def __init__(self, title: str, hint: str | None = None) -> None:
        super().__init__(title)
        self.hint = hint


class Outdated(Exception):
    """The viewer has asked this card for something else meanwhile: nobody waits for the answer."""


@dataclass(slots=True)
class View:
    """What one card is asked to show, and the hand through which it asks.

    Attributes
    ----------
    more
        The values of the card's own inputs, by their place.
    asked
        Grows with each question, for "show SQL".
    is_wanted
        Whether the viewer still waits; looked at before each question.
    """

    desk: Desk
    filters: PageFilters
    scheme: Scheme
    more: tuple[Any, ...] = ()
    asked: list[Asked] = field(default_factory=list)
    stale_since: str | None = None
    is_wanted: Callable[[], bool] = lambda: True

    def ask(self, question: Callable[..., Any], *arguments: Any) -> Any:
        """Return the answer to a question; where it is an old one, the card will say so.

        Raises
        ------
        Outdated
            The same card of the same viewer was asked for something else meanwhile.
        """
        if not self.is_wanted():
            raise Outdated
        answer: Answer[Any] = self.desk.ask(question, *arguments)
        self.asked += answer.asked
        if answer.is_stale:
            self.stale_since = words.stamp(answer.snapshot.seen_at)
        return answer.value

    @property
    def book(self) -> Book:
        """What there is to choose from."""
        return book_of(self.ask)


@dataclass(frozen=True, kw_only=True)
class Card:
    """One card of a page.

    Attributes
    ----------
    key
        Unique in the application.
    draw
        From a view to components: asks its questions and draws the answers.
    is_bare
        Whether `draw` brings its own frame: a verdict, a tile, a line of the head.
    inputs
        What redraws it beside filters, scheme and new data.
    """

    key: str
    draw: Callable[[View], Any]
    title: str = ""
    note: str = ""
    span: int = 12
    height: int = 240
    css: str = ""
    is_bare: bool = False
    has_data: bool = True
    inputs: Sequence[Input | State] = ()

    def place(self) -> Any:
        """Return the card before it has an answer, and what its callback keeps in the browser."""
        kinds = ("tick", "busy", *(("more",) if self.inputs else ()))
        stores = [dcc.Store(id={kind: self.key}) for kind in kinds]
        stores.append(dcc.Store(id=_zoom_of(self.key)))
        css = f"s{self.span} {self.css}".strip()
        if self.is_bare:
            body = html.Div(
                parts.skeleton(),
                id={"body": self.key},
                className="bare",
                style={"minHeight": self.height},
            )
            return html.Div([body, *stores], className=css)
        shown = parts.card(
            self.key,
            self.title,
            self.note,
            height=self.height,
            has_data=self.has_data,
        )
        return html.Div([shown, *stores], className=css)


def _zoom_of(key: str) -> dict[str, str]:
    """Return the id of what a card's chart is zoomed to."""
    return {"graph": key, "part": "zoom"}


def register(app: Dash, desk: Desk, cards: Sequence[Card]) -> None:
    """Give each card its callback."""
    for card in cards:
        _register_one(app, desk, card)


def _register_one(app: Dash, desk: Desk, card: Card) -> None:
    body = Output({"body": card.key}, "children")
    # What a card with inputs was drawn from stays in the page, for "show SQL" and its rows.
    kept = Output({"more": card.key}, "data")

    @app.callback(
        [body, kept] if card.inputs else body,
        Input("filters", "data"),
        Input("scheme", "data"),
        Input({"tick": card.key}, "data"),
        *card.inputs,
        State(_zoom_of(card.key), "data"),
        running=[(Output({"busy": card.key}, "data"), True, False)],
    )
    async def fill(said: Any, scheme: Any, _tick: Any, *more: Any) -> Any:
        nothing = [no_update, no_update] if card.inputs else no_update
        if said is None or scheme is None:
            return nothing
        *inputs, zoom = more
        is_wanted = desk.wanted(said.get("viewer"), card.key)
        view = View(
            desk,
            parse(said),
            "dark" if scheme == "dark" else "light",
            tuple(inputs),
            is_wanted=is_wanted,
        )
        try:
            shown = zoomed(await off_loop(render, card, view), zoom)
        except Outdated:
            return nothing
        return [shown, inputs] if card.inputs else shown


def render(card: Card, view: View) -> Any:
    """Return what a card shows, whatever happens."""
    try:
        shown = card.draw(view)
    except Nothing as nothing:
        return parts.empty(str(nothing), nothing.hint)
    except (LakehouseError, RiskError) as error:
        code, what = said_of(error)
        _log.warning("card_failed", card=card.key, code=code)
        return parts.failed(card.key, code, what)
    return shown if view.stale_since is None else parts.stale(view.stale_since, shown)


def zoomed(shown: Any, zoom: Mapping[str, Any] | None) -> Any:
    """Set the ranges that somebody zoomed to in a card's chart."""
    if zoom:
        for part in shown if isinstance(shown, list) else [shown]:
            figure = getattr(part, "figure", None)
            if figure is not None:
                for axis, bounds in zoom.items():
                    if axis in figure["layout"]:
                        figure["layout"][axis] |= {"range": bounds, "autorange": False}
    return shown
