"""What pages show when the lake moves, is broken, or stops answering."""

import shutil
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import TimeoutError as NotClickedError

from tests.lakehouse.gold_cases import a_gold_writer, decided_rows
from tests.lakehouse.silver_cases import TOPIC
from tests.ui.conftest import Tab, first_application, opened, quiet, serving
from tests.waiting import until

GRAPH = "document.querySelector('[id*=\"ov-share\"] .js-plotly-plot')"


@pytest.fixture(scope="module")
def moving(seeded: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Path]]:
    """A site of its own over a lake that the test may change."""
    home = tmp_path_factory.mktemp("moving")
    shutil.copytree(seeded / "lake", home / "lake")
    for base in serving(home, RISK_UI_AUTH="off"):
        yield base, home / "lake"


@pytest.fixture
def moving_tab(browser: Any, windows: dict[str, Any], moving: tuple[str, Path]) -> Iterator[Tab]:
    yield from opened(browser, windows, moving[0])


def zoomed_to(tab: Tab) -> Any:
    return tab.page.evaluate(f"{GRAPH}.layout.yaxis.range")


def test_new_data_is_drawn_by_itself_and_leaves_the_zoom(
    moving_tab: Tab, moving: tuple[str, Path]
) -> None:
    moving_tab.open("/?period=all")
    until(lambda: "Gold" in moving_tab.text("#fresh"), what="fed by the websocket", seconds=60)
    before = moving_tab.text(".page-sub")
    moving_tab.page.evaluate(f"Plotly.relayout({GRAPH}, {{'yaxis.range': [0.01, 0.02]}})")
    writer = a_gold_writer(str(moving[1]), "decisions")
    writer.append(TOPIC, 0, 9, decided_rows(range(9)))
    writer.flush()
    until(lambda: moving_tab.text(".page-sub") != before, what="drawn again", seconds=60)
    moving_tab.drawn()
    until(lambda: zoomed_to(moving_tab) == [0.01, 0.02], what="still zoomed", seconds=60)
    moving_tab.page.click("#toggle-scheme")
    until(lambda: zoomed_to(moving_tab) == [0.01, 0.02], what="zoomed in dark too", seconds=60)
    quiet(moving_tab)


def test_a_lake_that_stops_answering_leaves_the_last_figures_pale_and_dated(
    moving_tab: Tab, moving: tuple[str, Path]
) -> None:
    log, away = moving[1] / "decisions" / "_delta_log", moving[1] / "log-away"
    moving_tab.open("/")
    until(lambda: "Gold" in moving_tab.text("#fresh"), what="fed by the websocket", seconds=60)
    log.rename(away)
    log.write_text("this was a folder", encoding="utf-8")
    until(lambda: "does not answer" in moving_tab.text("#fresh"), what="said so", seconds=60)
    until(lambda: "As of" in moving_tab.text(".stale-note"), what="dated", seconds=60)
    assert moving_tab.page.evaluate("document.querySelectorAll('.stale').length") > 3
    log.unlink()
    away.rename(log)
    until(lambda: moving_tab.text(".stale-note") == "", what="fresh again", seconds=60)
    assert "Gold" in moving_tab.text("#fresh")


def test_what_cannot_be_read_is_said_in_its_card_with_a_code_and_a_way_to_ask_again(
    moving_tab: Tab, moving: tuple[str, Path]
) -> None:
    href = first_application(moving[1])
    archive, away = moving[1] / "raw_events", moving[1] / "files-away"
    away.mkdir()
    for file in archive.glob("*.parquet"):
        file.rename(away / file.name)
    moving_tab.open(href)
    failed = moving_tab.text(".state.bad")
    assert "This could not be read" in failed
    assert "unavailable" in failed
    assert "Traceback" not in moving_tab.text("body")
    for file in away.iterdir():
        file.rename(archive / file.name)
    again = moving_tab.page.locator(".state.bad .btn")

    def is_read() -> bool:
        """Ask each failed card again; one that is drawn anew meanwhile loses its button."""
        with suppress(NotClickedError):
            again.first.click(timeout=2_000)
        return bool(again.count() == 0)

    until(is_read, what="read", seconds=60)
    quiet(moving_tab)
