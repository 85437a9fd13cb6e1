"""The desk: one answer for everybody who asks the same, an old one when the lake is out."""

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from lakehouse.errors import Unavailable
from lakehouse.lake import book
from lakehouse.lake.copied import CopiedLake
from lakehouse.lake.session import Lake
from lakehouse.settings.settings import Settings
from tests.lakehouse.gold_cases import a_gold_writer, decided_rows
from tests.lakehouse.silver_cases import TOPIC
from ui.cards import Card, Nothing, Outdated, View, render
from ui.data.asking import Desk
from ui.data.filters import PageFilters
from ui.data.questions import Stores

NOW = datetime(2026, 1, 2, tzinfo=UTC)


def decide(home: Path, first: int, until: int) -> None:
    writer = a_gold_writer(str(home / "lake"), "decisions")
    writer.append(TOPIC, 0, until, decided_rows(range(first, until)))
    writer.flush()


@contextmanager
def a_desk(home: Path) -> Iterator[Desk]:
    """Yield a desk over three decisions."""
    decide(home, 0, 3)
    settings = Settings.from_env({"RISK_HOME": str(home)})
    lake = CopiedLake(settings.lake_uri, memory_mb=200)
    yield Desk(lake, Stores(settings, "", now=lambda: NOW), now=lambda: NOW)
    lake.close()


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    with a_desk(tmp_path) as desk:
        yield desk


def decisions(desk: Desk) -> int:
    return int(desk.ask(book.extent).value["decisions"][0].as_py())


def test_who_asks_the_same_at_once_waits_for_the_one_answer(desk: Desk) -> None:
    asked: list[str] = []
    gate = threading.Event()

    def slow(_lake: Lake, name: str) -> str:
        asked.append(name)
        gate.wait(10)
        return name.upper()

    with ThreadPoolExecutor(4) as pool:
        waiting = [pool.submit(desk.ask, slow, "a") for _ in range(4)]
        gate.set()
        assert {each.result().value for each in waiting} == {"A"}
    assert asked == ["a"]


def test_an_answer_is_of_the_snapshot_that_is_shown(desk: Desk, tmp_path: Path) -> None:
    assert decisions(desk) == 3
    decide(tmp_path, 3, 5)
    assert decisions(desk) == 3
    before = desk.snapshot.number
    assert desk.look_again().number == before + 1
    assert decisions(desk) == 5
    assert desk.look_again().number == before + 1


def test_while_the_lake_is_out_answers_are_marked_as_old(desk: Desk, tmp_path: Path) -> None:
    assert not desk.ask(book.extent).is_stale
    log, away = tmp_path / "lake" / "decisions" / "_delta_log", tmp_path / "away"
    log.rename(away)
    log.write_text("this was a folder", encoding="utf-8")
    with pytest.raises(Unavailable):
        desk.look_again()
    assert desk.ask(book.extent).is_stale
    log.unlink()
    away.rename(log)
    desk.look_again()
    assert not desk.ask(book.extent).is_stale


def test_a_question_that_fails_is_answered_by_the_last_answer(desk: Desk, tmp_path: Path) -> None:
    fails = False

    def question(_lake: Lake) -> int:
        if fails:
            raise Unavailable("the store does not answer")
        return 7

    assert desk.ask(question).value == 7
    fails = True
    decide(tmp_path, 3, 4)
    desk.look_again()
    old = desk.ask(question)
    assert (old.value, old.is_stale) == (7, True)


def test_what_a_viewer_no_longer_waits_for_is_not_asked(desk: Desk) -> None:
    first, other = desk.wanted("ada", "card"), desk.wanted("bob", "card")
    second = desk.wanted("ada", "card")
    assert (first(), second(), other()) == (False, True, True)
    view = View(desk, PageFilters(), "light", is_wanted=first)
    with pytest.raises(Outdated):
        view.ask(book.extent)
    assert view.asked == []


@pytest.mark.parametrize(
    ("raised", "said"),
    [
        (Nothing("No data yet", "just demo"), "No data yet"),
        (Unavailable("the store does not answer"), "unavailable"),
    ],
)
def test_a_card_says_what_happened_in_its_own_place(
    desk: Desk, raised: Exception, said: str
) -> None:
    def draw(_view: View) -> Any:
        raise raised

    shown = render(Card(key="card", draw=draw), View(desk, PageFilters(), "light"))
    assert said in str(shown)
