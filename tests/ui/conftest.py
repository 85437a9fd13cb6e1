"""One seeded lake, one server and one browser for all tests of the pages."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Generator, Iterator
from dataclasses import dataclass, field
from http import HTTPStatus
from pathlib import Path
from typing import Any, Final
from urllib.error import HTTPError, URLError
from urllib.request import urlopen

import pytest
from playwright.sync_api import sync_playwright

from lakehouse.lake.session import Lake
from tests.waiting import until

CHROMIUM: Final = next(
    (found for name in ("chromium", "chromium-browser") if (found := shutil.which(name))), None
)
EVENTS: Final = 6_000
SOURCE: Final = f"sim://?seed=1&limit={EVENTS}&rate=1000000"


PATHS = (
    "/",
    "/watchlist",
    "/vintages",
    "/performance",
    "/drift",
    "/challenger",
    "/cutoffs",
    "/alerts",
    "/quality",
    "/pipeline",
)


def environment(home: Path, **more: str) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("RISK_")}
    return {**kept, "RISK_HOME": str(home), "RISK_METRICS_ADDRESS": "127.0.0.1:1", **more}


def free_port() -> int:
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        return int(listening.getsockname()[1])


def run(home: Path, *command: str, **more: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", *command],
        env=environment(home, **more),
        capture_output=True,
        text=True,
        check=False,
        timeout=240,
    )
    assert done.returncode == 0, done.stderr[-2_000:]


@pytest.fixture(scope="session")
def seeded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with decisions, refused events, a challenger's PDs and outcomes."""
    home = tmp_path_factory.mktemp("pages")
    run(
        home,
        "lakehouse",
        "models",
        "register",
        "lakehouse/shipped/models/boosting-1.json",
        "--reason",
        "seen beside the champion",
    )
    run(home, "lakehouse", "models", "challenge", "boosting-1", "--reason", "seen beside it")
    run(
        home,
        "bytewax.run",
        "dataflows.score",
        RISK_SOURCE=SOURCE,
        RISK_METRICS_ADDRESS="127.0.0.1:0",
    )
    run(home, "dataflows.outcomes", SOURCE)
    return home


def serving(home: Path, **more: str) -> Generator[str, None, None]:
    address = f"127.0.0.1:{free_port()}"
    log = home / "pages.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "ui"],
            env=environment(home, RISK_UI_ADDRESS=address, **more),
            stdout=output,
            stderr=subprocess.STDOUT,
        )

    def answers() -> bool:
        assert process.poll() is None, log.read_text(encoding="utf-8")[-2_000:]
        try:
            urlopen(f"http://{address}/assets/scheme.js", timeout=2).close()
        except HTTPError as refused:
            with refused:
                return refused.code == HTTPStatus.UNAUTHORIZED
        except URLError:
            return False
        return True

    try:
        until(answers, what="so", seconds=60)
        yield f"http://{address}"
    finally:
        process.terminate()
        process.wait(timeout=20)


@pytest.fixture(scope="session")
def site(seeded: Path) -> Iterator[str]:
    yield from serving(seeded, RISK_UI_AUTH="off")


@pytest.fixture(scope="session")
def guarded(seeded: Path) -> Iterator[str]:
    yield from serving(seeded)


@pytest.fixture(scope="session")
def empty_site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    yield from serving(tmp_path_factory.mktemp("empty"), RISK_UI_AUTH="off")


# Not the session's: while Playwright runs, no other test of the process may run an event loop.
@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    if CHROMIUM is None:
        pytest.skip("there is no Chromium on this machine")
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield launched
        launched.close()


@pytest.fixture(scope="module")
def windows(browser: Any) -> dict[str, Any]:
    """The browser's memory of each site: what it has read once, it does not read for each test."""
    del browser
    return {}


@dataclass
class Tab:
    """A page of the browser, and everything it complained of."""

    page: Any
    base: str
    complaints: list[str] = field(default_factory=list)

    def open(self, path: str) -> None:
        self.page.goto(self.base + path)
        self.drawn()

    def follow(self, path: str) -> None:
        """Go to a page by its link in the navigation."""
        link = self.page.locator(f'.nav-link[href="{path}"], .nav-link[href^="{path}?"]')
        before = self.page.query_selector(".page")
        link.click()
        until(lambda: not before.evaluate("each => each.isConnected"), what="left")
        self.drawn()

    def drawn(self) -> None:
        """Wait until every card has an answer and every chart is drawn."""
        until(lambda: bool(self.page.evaluate(_DRAWN)), what="drawn", seconds=90)

    def text(self, selector: str) -> str:
        return str(self.page.evaluate("s => document.querySelector(s)?.innerText ?? ''", selector))

    def search(self) -> str:
        return str(self.page.evaluate("location.search"))


_DRAWN: Final = """() => {
  if (!document.querySelector('.page') || document.querySelector('.skeleton')) return false;
  return [...document.querySelectorAll('.dash-graph')].every(g => g.querySelector('.main-svg'));
}"""
_FIRST: Final = """
if (window === top) localStorage.clear();
window.__broken = [];
document.addEventListener('securitypolicyviolation',
  (e) => window.__broken.push(e.violatedDirective + ' ' + e.blockedURI));
"""


@pytest.fixture
def tab(browser: Any, windows: dict[str, Any], site: str) -> Iterator[Tab]:
    yield from opened(browser, windows, site)


def opened(browser: Any, windows: dict[str, Any], base: str) -> Iterator[Tab]:
    if base not in windows:
        windows[base] = browser.new_context(viewport={"width": 1280, "height": 900})
        windows[base].add_init_script(_FIRST)
    page = windows[base].new_page()
    found = Tab(page, base)

    def console(message: Any) -> None:
        if message.type == "error":
            found.complaints.append(message.text[:300])

    page.on("console", console)
    page.on("pageerror", lambda error: found.complaints.append(str(error)[:300]))
    page.on(
        "request",
        lambda request: (
            None
            if request.url.startswith((base, base.replace("http", "ws"), "data:", "blob:"))
            else found.complaints.append(f"off the origin: {request.url}")
        ),
    )
    yield found
    page.close()


def quiet(tab: Tab) -> None:
    assert tab.page.evaluate("window.__broken") == []
    assert [each for each in tab.complaints if "WebSocket" not in each] == []


@pytest.fixture(scope="session")
def application(seeded: Path) -> str:
    """The path of an application on the watchlist."""
    return first_application(seeded / "lake")


def first_application(lake_folder: Path) -> str:
    lake = Lake(str(lake_folder))
    (row,) = lake.query(
        "select event_id from decisions where tier = 'Watchlist' order by applied_on desc limit 1"
    ).to_pylist()
    lake.close()
    return f"/application/{row['event_id']}"
