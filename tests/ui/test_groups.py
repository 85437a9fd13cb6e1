"""A page opens with its cards; what is slow or broken holds up no other."""

import asyncio
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from dash import Input, State

from tests.ui.test_asking import a_desk
from ui import groups
from ui.cards import Card, View
from ui.data.asking import Desk
from ui.groups import groups_of, opened
from ui.page import Page

SAID = {"period": "12m", "viewer": "ada"}


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    with a_desk(tmp_path) as desk:
        yield desk


@pytest.fixture(autouse=True)
def patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let no answer be late because the machine is busy."""
    monkeypatch.setattr(groups, "_PATIENCE_SECONDS", 60.0)


def a_page(*cards: Card) -> Page:
    return Page(path="/some", title="Some", says=lambda _: "what it says", placed=cards)


def as_opened(page: Page, desk: Desk, path: str = "/some") -> tuple[str, dict[str, Any]]:
    """Return a page's text, and what it keeps in the browser by kind and group."""
    shown = asyncio.run(opened(page, desk, path, SAID, "light", number=3))
    return str(shown[0]), {
        f"{kind} {name}": s.data for s in shown[1:] for kind, name in s.id.items()
    }


def test_a_page_opens_with_what_its_cards_show(desk: Desk) -> None:
    text, kept = as_opened(a_page(Card(key="one", draw=lambda _: "what is drawn")), desk)
    assert "what is drawn" in text
    assert "what it says" in text
    assert "skeleton" not in text
    assert kept["late /some 0"]["keys"] == []
    assert kept["tick /some 0"] == 3


def test_what_has_no_answer_in_time_is_owed_and_the_others_are_shown(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    answers = threading.Event()

    def slow(_view: View) -> str:
        answers.wait(20)
        return "late"

    monkeypatch.setattr(groups, "_PATIENCE_SECONDS", 3.0)
    page = a_page(Card(key="slow", draw=slow), Card(key="quick", draw=lambda _: "in time"))
    text, kept = as_opened(page, desk)
    answers.set()
    assert "in time" in text
    assert "skeleton" in text
    assert "slow" in kept["late /some 0"]["keys"]
    assert "quick" not in kept["late /some 0"]["keys"]


def test_a_card_that_breaks_says_so_in_its_own_place(desk: Desk) -> None:
    def broken(_view: View) -> str:
        raise ZeroDivisionError

    page = a_page(Card(key="broken", draw=broken), Card(key="sound", draw=lambda _: "as ever"))
    text, kept = as_opened(page, desk)
    assert "as ever" in text
    assert "This could not be read" in text
    assert kept["late /some 0"]["keys"] == []


def test_a_page_that_is_about_one_thing_opens_with_it(desk: Desk) -> None:
    card = Card(
        key="one", draw=lambda view: f"path {view.more[0]}", inputs=(State("route", "data"),)
    )
    text, kept = as_opened(a_page(card), desk, "/some/thing")
    assert "path /some/thing" in text
    assert kept["more /some 1"] == ["/some/thing"]


def test_cards_with_inputs_of_the_page_wait_until_it_is_open(desk: Desk) -> None:
    cuts = (Input("cuts", "data"),)
    cards = [Card(key=key, draw=lambda _: "drawn", inputs=cuts, waits=True) for key in "ab"]
    page = a_page(*cards)
    assert [len(group.cards) for group in groups_of(page)] == [1, 2]
    text, kept = as_opened(page, desk)
    assert "drawn" not in text
    assert kept["late /some 1"] == {}
