"""A page: a path, a heading and cards in reading order."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from dash import Dash, html

from ui.cards import Card, View
from ui.data.asking import Desk
from ui.look import parts


def _nothing(_app: Dash, _desk: Desk) -> None:
    """Wire up nothing beside the cards."""


@dataclass(frozen=True, kw_only=True)
class Page:
    """One page.

    Attributes
    ----------
    says
        The line below the title: what is shown, how many, of when.
    placed
        Everything of the page in its order: cards, and components that stand between them.
    wire
        Adds the callbacks that are the page's own.
    is_single
        Whether it is about one thing that its path names: no filters, a heading of its own.
    """

    path: str
    title: str
    says: Callable[[View], str]
    placed: Sequence[Any]
    wire: Callable[[Dash, Desk], None] = _nothing
    foot: str = ""
    is_single: bool = False

    @property
    def cards(self) -> list[Card]:
        """Return the cards, the heading's line included."""
        return [*([] if self.is_single else [self._heading()]), *_cards(self.placed)]

    def layout(self, shown: Mapping[str, Any]) -> Any:
        """Return the page with what its cards show, by key."""
        inside = [_place(each, shown) for each in self.placed]
        return html.Div(
            [
                None if self.is_single else self._head(shown),
                html.Div(inside, className="grid"),
                html.P(self.foot, className="foot") if self.foot else None,
            ],
            className="page single" if self.is_single else "page",
            **{"data-page": self.title},
        )

    def _head(self, shown: Mapping[str, Any]) -> Any:
        heading = _place(self._heading(), shown)
        said = html.Div([html.H1(self.title, className="page-title"), heading])
        return html.Div(said, className="page-head")

    def _heading(self) -> Card:
        name = self.path.strip("/") or "overview"
        return Card(
            key=f"{name}-heading",
            draw=lambda view: html.P(self.says(view), className="page-sub num"),
            height=20,
            is_bare=True,
        )


@dataclass(frozen=True)
class Stack:
    """Cards, and what stands between them, in one place of the grid."""

    css: str
    placed: Sequence[Any]


def _cards(placed: Sequence[Any]) -> list[Card]:
    found: list[Card] = []
    for each in placed:
        if isinstance(each, Card):
            found.append(each)
        elif isinstance(each, Stack):
            found += _cards(each.placed)
    return found


def _place(each: Any, shown: Mapping[str, Any]) -> Any:
    if isinstance(each, Card):
        return each.place(shown[each.key] if each.key in shown else parts.skeleton())
    if isinstance(each, Stack):
        return html.Div([_place(inner, shown) for inner in each.placed], className=each.css)
    return each
