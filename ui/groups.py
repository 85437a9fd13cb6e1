"""Cards that are drawn again together: one request asks for all of them.

A page opens with what its cards show already in it. What has no answer in time is owed: the browser
asks for it once more, and that request waits. So a page costs two requests at most, and one slow
card holds up no other.
"""

import asyncio
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import structlog
from dash import Dash, Input, Output, State, dcc, no_update

from ui.cards import Card, Outdated, View, render, zoom_of
from ui.data.asking import Desk, off_loop
from ui.data.filters import parse
from ui.look import parts
from ui.page import Page

_PATIENCE_SECONDS: Final = 0.4
"""How long an answer is waited for before the others are shown without it."""

_log = structlog.get_logger()


@dataclass(frozen=True)
class CardGroup:
    """Cards of a page that the same inputs draw again."""

    name: str
    cards: tuple[Card, ...]

    @property
    def inputs(self) -> Sequence[Input | State]:
        """What draws them again beside filters, scheme and new data."""
        return self.cards[0].inputs

    @property
    def waits(self) -> bool:
        """Whether they are drawn only once the page is open."""
        return self.cards[0].waits

    def stores(self, number: int, late: Mapping[str, Any], more: Sequence[Any]) -> list[Any]:
        """Return what the group keeps in the browser, as a page opens with it.

        ``tick`` is the number of the data that is shown, ``busy`` says whether an answer is waited
        for, ``late`` what had none in time, ``owed`` what is asked for once more, and ``more`` what
        the cards were drawn from: "show SQL" and their rows ask the same again.
        """
        kept = {"tick": number, "busy": False, "late": late, "owed": None, "more": more}
        return [dcc.Store(id={kind: self.name}, data=data) for kind, data in kept.items()]


def groups_of(page: Page) -> list[CardGroup]:
    """Return the groups of a page's cards."""
    by: dict[Any, list[Card]] = {}
    for card in page.cards:
        by.setdefault((card.inputs, card.waits), []).append(card)
    return [
        CardGroup(f"{page.path} {place}", tuple(cards)) for place, cards in enumerate(by.values())
    ]


@dataclass(frozen=True)
class _Asked:
    """What the browser says when it asks for cards."""

    said: Mapping[str, Any]
    scheme: str
    more: Sequence[Any] = ()
    zooms: Mapping[str, Any] | None = None


async def opened(
    page: Page, desk: Desk, path: str, said: Mapping[str, Any], scheme: str, *, number: int
) -> Any:
    """Return a page with its cards, as far as their answers come in time."""
    asked = {
        group: _Asked(said, scheme, _known(group, path))
        for group in groups_of(page)
        if not group.waits
    }
    found = await asyncio.gather(
        *(_drawn(group.cards, desk, each, _PATIENCE_SECONDS) for group, each in asked.items())
    )
    shown = {key: each for part in found for key, each in part.items()}
    stores = [
        store
        for group, each in asked.items()
        for store in group.stores(number, _late(group, shown, each), each.more)
    ]
    stores += [s for group in groups_of(page) if group.waits for s in group.stores(number, {}, [])]
    return [page.layout(shown), *stores]


def _known(group: CardGroup, path: str) -> list[Any]:
    """Return what a group's inputs say when a page opens: nothing but its path."""
    return [path if each.component_id == "route" else None for each in group.inputs]


def register(app: Dash, desk: Desk, page: Page) -> None:
    """Give each group of a page its callbacks."""
    for group in groups_of(page):
        _register_one(app, desk, group)


def _register_one(app: Dash, desk: Desk, group: CardGroup) -> None:
    keys = [card.key for card in group.cards]
    common: dict[str, Any] = {
        "more": list(group.inputs),
        "zooms": {
            card.key: State(zoom_of(card.key), "data") for card in group.cards if card.has_zoom
        },
    }

    @app.callback(
        output={
            "bodies": [Output({"body": key}, "children") for key in keys],
            "more": Output({"more": group.name}, "data"),
            "late": Output({"late": group.name}, "data"),
        },
        inputs={
            "said": Input("filters", "data"),
            "scheme": Input("scheme", "data"),
            "tick": Input({"tick": group.name}, "data"),
            **common,
        },
        running=[(Output({"busy": group.name}, "data"), True, False)],
        prevent_initial_call=not group.waits,
    )
    async def fill(said: Any, scheme: Any, tick: Any, more: Any, zooms: Any) -> Any:
        del tick
        if said is None or scheme is None:
            return {"bodies": [no_update] * len(keys), "more": no_update, "late": no_update}
        asked = _Asked(said, scheme, more, zooms)
        shown = await _drawn(group.cards, desk, asked, _PATIENCE_SECONDS)
        return {
            "bodies": [shown.get(key, no_update) for key in keys],
            "more": more,
            "late": _late(group, shown, asked),
        }

    @app.callback(
        output=[Output({"body": key}, "children", allow_duplicate=True) for key in keys],
        inputs={
            "owed": Input({"owed": group.name}, "data"),
            "said": State("filters", "data"),
            "scheme": State("scheme", "data"),
            "more": [State(each.component_id, each.component_property) for each in group.inputs],
            "zooms": common["zooms"],
        },
        prevent_initial_call=True,
    )
    async def rest(owed: Any, said: Any, scheme: Any, more: Any, zooms: Any) -> Any:
        asked = _Asked(said, scheme, more, zooms)
        cards = [card for card in group.cards if card.key in (owed or ())]
        shown = await _drawn(cards, desk, asked, None)
        return [shown.get(key, no_update) for key in keys]


def _late(group: CardGroup, shown: Collection[str], asked: _Asked) -> dict[str, Any]:
    """Return what is owed, and of which choices: who has changed them meanwhile is owed it all."""
    return {
        "keys": [card.key for card in group.cards if card.key not in shown],
        "all": [card.key for card in group.cards],
        "said": asked.said,
        "scheme": asked.scheme,
    }


async def _drawn(
    cards: Sequence[Card], desk: Desk, asked: _Asked, patience: float | None
) -> dict[str, Any]:
    """Return what each card shows, by key, of those that are drawn in time and still waited for."""
    viewer, filters = asked.said.get("viewer"), parse(asked.said)
    drawing: dict[str, tuple[asyncio.Future[Any], Callable[[], bool]]] = {}
    for card in cards:
        is_wanted = desk.wanted(viewer, card.key)
        view = View(
            desk,
            filters,
            "dark" if asked.scheme == "dark" else "light",
            tuple(asked.more),
            is_wanted=is_wanted,
        )
        drawing[card.key] = asyncio.ensure_future(off_loop(_attempt, card, view)), is_wanted
    if drawing:
        await asyncio.wait([each for each, _ in drawing.values()], timeout=patience)
    return {
        key: _zoomed(each.result(), (asked.zooms or {}).get(key))
        for key, (each, is_wanted) in drawing.items()
        if each.done() and is_wanted() and each.result() is not no_update
    }


def _attempt(card: Card, view: View) -> Any:
    """Return what a card shows; what is wrong with one leaves the others as they are."""
    try:
        return render(card, view)
    except Outdated:
        return no_update
    except Exception:  # noqa: BLE001 - a fault of the page's own, said in its card
        _log.exception("card_broken", card=card.key)
        return parts.failed(card.key, "internal", "The page's own code failed; the log says where")


def _zoomed(shown: Any, zoom: Mapping[str, Any] | None) -> Any:
    """Set the ranges that somebody zoomed to in a card's chart."""
    if zoom:
        for part in shown if isinstance(shown, list) else [shown]:
            figure = getattr(part, "figure", None)
            if figure is not None:
                for axis, bounds in zoom.items():
                    if axis in figure["layout"]:
                        figure["layout"][axis] |= {"range": bounds, "autorange": False}
    return shown
