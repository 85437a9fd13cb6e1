"""A card: a question, a pure drawing of its answer, and a place on a page.

Every card has what people expect of a figure: a skeleton of its final height, an error with its
code and a button to ask again, the last answer while the lake does not answer, its rows as CSV, the
SQL behind it, its lineage, and a zoom that survives new data.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import structlog
from dash import Input, State, dcc, html

from lakehouse.errors import LakehouseError
from lakehouse.lake.session import Asked
from risk.errors import RiskError
from ui.data.asking import Answer, Desk, said_of
from ui.data.filters import Book, PageFilters
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
    waits
        Whether its inputs are said by the page itself once it is open, so that it is not drawn
        before.
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
    inputs: tuple[Input | State, ...] = ()
    waits: bool = False

    def place(self, shown: Any) -> Any:
        """Return the card with what it shows."""
        css = f"s{self.span} {self.css}".strip()
        body = {
            "children": shown,
            "id": {"body": self.key},
            "style": {"minHeight": self.height},
        }
        placed = (
            html.Div(className="bare", **body)
            if self.is_bare
            else parts.card(self.key, self.title, self.note, body, has_data=self.has_data)
        )
        zoom = [dcc.Store(id=zoom_of(self.key))] if self.has_zoom else []
        return html.Div([placed, *zoom], className=css)

    @property
    def has_zoom(self) -> bool:
        """Whether it may show a chart."""
        return not self.is_bare


def zoom_of(key: str) -> dict[str, str]:
    """Return the id of what a card's chart is zoomed to."""
    return {"graph": key, "part": "zoom"}


def render(card: Card, view: View) -> Any:
    """Return what a card shows, whatever happens."""
    try:
        shown = card.draw(view)
    except Nothing as nothing:
        return _framed(card, parts.empty(str(nothing), nothing.hint))
    except (LakehouseError, RiskError) as error:
        code, what = said_of(error)
        _log.warning("card_failed", card=card.key, code=code)
        return _framed(card, parts.failed(card.key, code, what))
    return shown if view.stale_since is None else parts.stale(view.stale_since, shown)


def _framed(card: Card, state: Any) -> Any:
    """Return a state with the frame and title that the card's own drawing would have brought."""
    if not (card.is_bare and card.title):
        return state
    return html.Section([html.H2(card.title, className="kpi-label"), state], className="card")
