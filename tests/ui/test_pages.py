"""Every page in a real browser: drawn, quiet, accessible, and answering what people do."""

from __future__ import annotations

import re
import zipfile
from collections.abc import Iterator
from datetime import UTC, date, datetime
from importlib.resources import files
from pathlib import Path
from typing import Any

import axe_playwright_python
import pytest

from lakehouse.lake.filters import Grain
from lakehouse.lake.session import Lake
from lakehouse.monitoring.figures import keep_report
from tests.ui.conftest import PATHS, Tab, opened, quiet
from tests.waiting import until

HOVERED = """() => document.querySelector('[id*="ov-by-tier"] .hoverlayer').children.length"""
FIRST_BAR = """() => {
  const bar = document.querySelector('[id*="ov-by-tier"] .barlayer .point path');
  const box = bar && bar.getBoundingClientRect();
  return box && box.width ? [box.x + box.width / 2, box.y + box.height / 2] : null;
}"""


def axe() -> str:
    return (files(axe_playwright_python) / "axe.min.js").read_text(encoding="utf-8")


def violations(tab: Tab) -> list[str]:
    if not tab.page.evaluate("typeof window.axe !== 'undefined'"):
        tab.page.evaluate(axe())
    found: list[Any] = tab.page.evaluate(
        "async () => (await axe.run(document, {resultTypes: ['violations']})).violations"
    )
    return [f"{each['id']}: {each['nodes'][0]['html'][:160]}" for each in found]


@pytest.mark.parametrize("path", PATHS)
def test_a_page_is_drawn_quiet_and_accessible_in_both_schemes_and_widths(
    tab: Tab, path: str
) -> None:
    tab.open(path)
    assert tab.page.evaluate("document.querySelectorAll('.state.bad').length") == 0
    assert violations(tab) == []
    tab.page.click("#toggle-scheme")
    tab.page.set_viewport_size({"width": 1920, "height": 1080})
    tab.drawn()
    assert violations(tab) == []
    quiet(tab)
    wide = tab.page.evaluate("document.documentElement.scrollWidth - innerWidth")
    assert wide <= 0


def test_an_application_is_explained_whole_and_replays_in_place(tab: Tab, application: str) -> None:
    tab.open(application)
    assert "From base to points" in tab.text(".page")
    assert violations(tab) == []
    tab.page.click("#app-replay")
    until(
        lambda: "Identical in every stored column" in tab.text("#app-replayed"),
        what="so",
        seconds=20,
    )
    quiet(tab)


def test_a_disposition_is_kept_with_who_and_shown(tab: Tab, application: str) -> None:
    tab.open(application)
    tab.page.click("text=Decline")
    tab.page.fill("#work-reason", "income cannot be verified")
    tab.page.click("#work-save")
    until(lambda: "Declined (stands)" in tab.text(".work"), what="so", seconds=20)
    tab.follow("/watchlist")
    assert "1 worked through" in tab.text(".page")


def test_filters_go_to_the_url_and_back(tab: Tab) -> None:
    tab.open("/?period=24m&term=36")
    before = tab.text(".page-sub")
    tab.page.click("#clear")
    until(lambda: tab.search() == "", what="so", seconds=30)
    until(lambda: tab.text(".page-sub") != before, what="so", seconds=30)
    tab.page.go_back()
    until(lambda: tab.text(".page-sub") == before, what="so", seconds=30)
    drift = "document.querySelector('.nav-link[href*=drift]').search"
    until(lambda: "period=24m" in str(tab.page.evaluate(drift)), what="carried by the links")


def test_a_click_on_a_month_sets_the_period(tab: Tab) -> None:
    tab.open("/")
    until(lambda: bool(tab.page.evaluate(FIRST_BAR)), what="drawn")

    def pointed_at() -> bool:
        x, y = tab.page.evaluate(FIRST_BAR)  # anew: a chart that is drawn again forgets the pointer
        tab.page.mouse.move(x, y - 3)
        tab.page.mouse.move(x, y)
        return bool(tab.page.evaluate(HOVERED))

    # Plotly takes a click for that of the point it has answered the pointer with.
    until(pointed_at, what="answered")
    tab.page.mouse.click(*tab.page.evaluate(FIRST_BAR))
    month = re.compile(r"\?period=(\d{4}-\d{2}):\1")
    until(lambda: bool(month.match(tab.search())), what="set to that month", seconds=30)


def test_a_row_of_the_watchlist_opens_its_application(tab: Tab) -> None:
    tab.open("/watchlist")
    until(lambda: bool(tab.page.query_selector(".ag-row .linklike")), what="so", seconds=20)
    until(lambda: tab.text(".ag-row .linklike") != "", what="so", seconds=20)
    name = tab.text(".ag-row[row-index='0'] .linklike")
    tab.page.click(".ag-row[row-index='0'] .linklike")
    until(lambda: tab.text("h1").startswith(name), what="so", seconds=20)


def test_a_slider_moves_the_simulation_and_the_url(tab: Tab) -> None:
    tab.open("/cutoffs?cut=20,30,80,2")
    assert "0.0 pp" not in tab.text("[aria-labelledby=ct-approved-title], .kpi")
    tab.page.click("#cut-reset")
    until(lambda: "cut=" not in tab.search(), what="so", seconds=30)


def test_sql_is_shown_for_a_card_and_runs_as_shown(tab: Tab, seeded: Path) -> None:
    tab.open("/")
    tab.page.hover(".card:has(#ov-by-tier-title)")
    tab.page.click("[aria-label='Show the SQL and lineage of Applications by tier']")
    until(lambda: "from chosen(" in tab.text(".drawer pre.sql:last-of-type"), what="so", seconds=20)
    lake = Lake(str(seeded / "lake"))
    for text in tab.page.evaluate(
        "[...document.querySelectorAll('pre.sql')].map(p => p.innerText)"
    ):
        assert lake.query(text).num_rows > 0
    lake.close()


def test_pause_and_light_or_dark_say_what_they_do(tab: Tab) -> None:
    tab.open("/")
    until(lambda: "Gold" in tab.text("#fresh"), what="so", seconds=20)
    tab.page.click("#toggle-pause")
    until(lambda: tab.text("#fresh") == "Paused", what="so", seconds=30)
    tab.page.click("#toggle-scheme")
    dark = "document.documentElement.getAttribute('data-mantine-color-scheme') === 'dark'"
    until(lambda: bool(tab.page.evaluate(dark)), what="so", seconds=30)


def sign_in(page: Any, password: str) -> None:
    page.fill("[name=name]", "admin")
    page.fill("[name=password]", password)
    page.click("button")


@pytest.fixture
def empty_tab(browser: Any, windows: dict[str, Any], empty_site: str) -> Iterator[Tab]:
    yield from opened(browser, windows, empty_site)


@pytest.fixture
def guarded_tab(browser: Any, windows: dict[str, Any], guarded: str) -> Iterator[Tab]:
    yield from opened(browser, windows, guarded)


def test_an_empty_lake_says_which_command_brings_data(empty_tab: Tab) -> None:
    empty_tab.open("/")
    assert "just demo" in empty_tab.text(".page")
    for path in PATHS[1:]:
        empty_tab.follow(path)
        broken = empty_tab.page.evaluate("document.querySelectorAll('.state.bad').length")
        assert broken == 0, path
    quiet(empty_tab)


def test_signing_in_opens_the_pages_and_the_websocket(guarded_tab: Tab, seeded: Path) -> None:
    page = guarded_tab.page
    assert page.goto(guarded_tab.base + "/drift").status == 401
    password = (seeded / "ui-password").read_text(encoding="utf-8").strip()
    sign_in(page, "not the password")
    until(lambda: bool(page.query_selector(".said")), what="refused")
    sign_in(page, password)
    until(lambda: bool(page.query_selector(".page")), what="let in")
    guarded_tab.drawn()
    until(lambda: "Gold" in guarded_tab.text("#fresh"), what="fed by the websocket")


def test_a_candidate_policy_is_saved_with_a_reason(tab: Tab) -> None:
    tab.open("/cutoffs?cut=25,28,75,2")
    tab.page.click("#cut-save")
    until(lambda: "Say why" in tab.text("#cut-said"), what="asked for a reason", seconds=10)
    tab.page.fill("#cut-reason", "what a lower limit would do")
    tab.page.click("#cut-save")
    until(lambda: "Registered as" in tab.text("#cut-said"), what="saved", seconds=20)
    quiet(tab)


def test_a_card_hands_out_the_rows_of_each_of_its_questions(tab: Tab) -> None:
    tab.open("/")
    drawn = tab.page.locator(".card:has(#ov-reasons-title) .main-svg")
    until(lambda: drawn.count() > 0, what="the reasons are drawn", seconds=60)
    with tab.page.expect_download() as waited:
        tab.page.evaluate(
            "document.querySelector('[aria-label=\"Download Reasons as CSV\"]').click()"
        )
    with zipfile.ZipFile(waited.value.path()) as archive:
        heads = [archive.read(name).decode().partition("\n")[0] for name in archive.namelist()]
    assert any("code" in head.split(",") for head in heads), "\n".join(heads)
    assert any("decisions" in head and "first_on" in head for head in heads)


def test_a_report_is_listed_and_opened_in_a_frame_that_reaches_nothing(
    tab: Tab, seeded: Path
) -> None:
    keep_report(
        str(seeded / "lake"),
        b"<!doctype html><title>r</title><p id=said></p><script>"
        b"let reached = 'nothing'; try { reached = parent.document.title } catch (refused) {}"
        b"document.querySelector('#said').textContent = 'drawn, reached ' + reached</script>",
        period=date(2018, 1, 1),
        grain=Grain.MONTH,
        model_version="scorecard-1",
        kind="data_drift.html",
        rows_seen=4_000,
        recorded_at=datetime(2026, 1, 1, tzinfo=UTC),
    )
    tab.open("/drift")
    until(lambda: "Data drift" in tab.text(".page"), what="listed", seconds=60)
    tab.page.click(".card:has(#dr-reports-title) .btn")
    frame = tab.page.frame_locator("iframe.report")
    until(
        lambda: frame.locator("#said").inner_text() == "drawn, reached nothing",
        what="drawn",
        seconds=20,
    )
    quiet(tab)
