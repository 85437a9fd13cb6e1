"""The pages over a large lake: paint, filters, each card against a bare scan, memory, import.

    flock LOCK .venv/bin/python -m tests.bench ui URI [--no-cards]

Starts the pages over the lake with a silver of their own, opens every page in headless Chromium
and changes its filters: each choice is one that nobody made before, so nothing is answered from
memory. A page is drawn when every card has answered and nothing on it changes any more. A bare scan
is DuckDB's own Parquet reader taking the minimum of each column that the card's SQL names, in turns
with the card, which is asked alone, nothing kept, of the copy that the pages keep.
"""

import contextlib
import json
import re
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import duckdb
from playwright.sync_api import sync_playwright

from lakehouse.gold.tables import VIEWS
from lakehouse.lake.copied import COPIED, CopiedLake
from lakehouse.settings.settings import Settings
from tests.bench.lake import bare_scan, timed
from tests.ui.conftest import CHROMIUM, environment, serving
from tests.waiting import until
from ui.app import PAGES
from ui.cards import View, render
from ui.data.asking import Desk
from ui.data.filters import PageFilters
from ui.data.questions import Stores

TURNS = 3
PATHS = [page.path for page in PAGES if not page.is_single]
STATES = ["CA", "NY", "TX", "FL", "IL", "NJ", "PA", "OH", "GA", "VA", "NC", "MI", "MD", "AZ", "MA"]
CHANGES: list[dict[str, Any]] = [
    *({"state": [state]} for state in STATES),
    {"term": ["60"]},
    {"period": "24m"},
    {"period": "6m", "purpose": ["car"]},
    {"period": "all"},
    {"compare": "previous"},
]
"""What is chosen in turn on Overview; the other pages get the first few."""
FEW = 4

WATCHED = """() => {
  window.__asked = 0; window.__last = 0;
  const fetched = window.fetch;
  window.fetch = async (...args) => {
    const is_card = String(args[0]?.url ?? args[0]).includes('_dash-update-component');
    if (is_card) window.__asked += 1;
    try { return await fetched(...args); }
    finally {
      if (is_card) setTimeout(() => { window.__asked -= 1; window.__last = performance.now(); }, 0);
    }
  };
  new MutationObserver((all) => {
    const isOnPage = ({target}) => (target.parentElement || target).closest?.('#main');
    if (all.some(isOnPage)) window.__last = performance.now();
  }).observe(document, {subtree: true, childList: true, attributes: true, characterData: true});
}"""
SETTLED = """() => window.__asked === 0 && performance.now() - window.__last > 250 &&
  document.querySelector('.page') && !document.querySelector('.skeleton')"""
PAINT = "() => performance.getEntriesByName('first-contentful-paint')[0]?.startTime ?? 0"


def settled(page: Any) -> float:
    """Wait until nothing on the page changes any more; return since when, milliseconds."""
    until(lambda: bool(page.evaluate(SETTLED)), what="drawn", seconds=120)
    return float(page.evaluate("() => window.__last"))


def watched(context: Any) -> Any:
    """Return a page that counts what its cards ask."""
    page = context.new_page()
    page.add_init_script(f"({WATCHED})()")
    return page


def opened(browser: Any, base: str, path: str) -> dict[str, float]:
    """Open a page in a browser that knows nothing."""
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    page = watched(context)
    page.goto(base + path)
    drawn = settled(page)
    painted = float(page.evaluate(PAINT))
    context.close()
    return {"frame": round(painted / 1e3, 2), "drawn": round(drawn / 1e3, 2)}


def changed(browser: Any, base: str, path: str, changes: list[dict[str, Any]]) -> list[float]:
    """Change the filters of an open page; return the seconds until it is drawn."""
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    page = watched(context)
    page.goto(base + path)
    settled(page)
    page.click("#toggle-pause")
    found = []
    for change in changes:
        began = float(
            page.evaluate(
                """change => {
                  const at = performance.now();
                  for (const [name, value] of Object.entries(change))
                    dash_clientside.set_props({filter: name}, {value});
                  return at;
                }""",
                change,
            )
        )
        until(partial(asked_since, page, began), what="asked")
        found.append((settled(page) - began) / 1e3)
    context.close()
    return found


def asked_since(page: Any, began: float) -> bool:
    return bool(page.evaluate("at => window.__last > at", began))


def p95(seconds: list[float]) -> float:
    return statistics.quantiles(seconds, n=20, method="inclusive")[-1]


def in_browser(base: str) -> dict[str, Any]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        pages: dict[str, Any] = {}
        for path in PATHS:
            turns = [opened(browser, base, path) for _ in range(TURNS)]
            pages[path] = {
                name: statistics.median(each[name] for each in turns) for name in turns[0]
            }
            seconds = changed(browser, base, path, CHANGES if path == "/" else CHANGES[:FEW])
            pages[path]["filter_p95"] = round(p95(seconds), 2)
            pages[path]["filter_median"] = round(statistics.median(seconds), 2)
            print(path, pages[path], file=sys.stderr, flush=True)
        browser.close()
    return pages


def peak_mb(process: int) -> float:
    status = Path(f"/proc/{process}/status").read_text(encoding="utf-8")
    found = re.search(r"VmHWM:\s+(\d+) kB", status)
    return int(found[1]) / 1e3 if found else 0.0


def pages_process(address: str) -> int:
    """Return the process that was started to serve an address."""
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            said = (entry / "environ").read_bytes() + (entry / "cmdline").read_bytes()
        except OSError:
            continue
        if f"RISK_UI_ADDRESS={address}\0".encode() in said and b"-m\0ui\0" in said:
            return int(entry.name)
    return 0


@contextmanager
def silver_only(uri: str) -> Iterator[tuple[Path, dict[str, str]]]:
    """Yield a home for silver alone, and the settings that name the lake."""
    with tempfile.TemporaryDirectory() as folder:
        yield Path(folder), {"RISK_LAKE_URI": uri, "RISK_UI_AUTH": "off"}


def columns_of(statements: list[str]) -> str:
    """Return the columns that questions name, as `bare_scan` takes them."""
    text = "\n".join(statements)
    reads_loans, reads_outcomes = "loans(" in text, "outcomes" in text
    own, others = COPIED
    named = [name for name in VIEWS[own].names if re.search(rf"\b{name}\b", text)]
    named += [name for name in ("applied_on",) if "chosen(" in text or reads_loans]
    named += [name for name in ("event_id", "application_id") if reads_loans]
    known = [n for n in VIEWS[others].names if reads_outcomes and n not in {"source", "outcome"}]
    listed = " ".join(dict.fromkeys(named))
    return f"{listed} {others}: {' '.join(known)}" if known else listed


def cards(uri: str, home: Path) -> dict[str, Any]:
    """Ask each card alone, nothing kept, in turns with the scan of its columns."""
    settings = Settings.from_env(environment(home, RISK_LAKE_URI=uri))
    connection = duckdb.connect(config={"threads": 2})
    found: dict[str, Any] = {}
    with ExitStack() as stack:
        lake = CopiedLake(settings.lake_uri, memory_mb=400)
        stack.callback(lake.close)
        copying = timed(lake.copy)
        stores = Stores(settings, "", now=lambda: datetime.now(UTC))
        for page in PAGES:
            for card in () if page.is_single else page.cards:
                asked, scanned, columns = [], [], ""
                for _ in range(TURNS):
                    desk = Desk(lake, stores, now=lambda: datetime.now(UTC))
                    view = View(desk, PageFilters(), "light", (None,) * len(card.inputs))
                    began = time.perf_counter()
                    try:
                        render(card, view)
                    except Exception as error:  # noqa: BLE001 - it needs a silver
                        print(card.key, type(error).__name__, file=sys.stderr)
                        break
                    asked.append(time.perf_counter() - began)
                    columns = columns_of([each.statement for each in view.asked])
                    scanned.append(timed(partial(bare_scan, connection, uri, columns)))
                if asked and columns:
                    seconds, scan = statistics.median(asked), statistics.median(scanned)
                    found[card.key] = {
                        "seconds": round(seconds, 3),
                        "scan": round(scan, 3),
                        "ratio": round(seconds / scan, 1),
                    }
                    print(card.key, found[card.key], file=sys.stderr, flush=True)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3
    return {"copy_seconds": round(copying, 1), "peak_mb": round(peak), "cards": found}


def imported() -> float:
    """Return how many seconds it takes to start Python and import the pages."""
    command = [sys.executable, "-c", "import ui.app"]
    return statistics.median(
        timed(lambda: subprocess.run(command, check=True)) for _ in range(TURNS)
    )


def is_warm(home: Path) -> bool:
    return "pages_warm" in (home / "pages.log").read_text(encoding="utf-8", errors="replace")


def measure(uri: str, *, with_cards: bool) -> dict[str, Any]:
    found: dict[str, Any] = {"import_seconds": round(imported(), 2)}
    with silver_only(uri) as (home, settings), ExitStack() as stack:
        began = time.perf_counter()
        served = stack.enter_context(contextlib.closing(serving(home, **settings)))
        base = next(served)
        found["serving_after_seconds"] = round(time.perf_counter() - began, 1)
        until(lambda: is_warm(home), what="warm", seconds=300)
        found["warm_after_seconds"] = round(time.perf_counter() - began, 1)
        process = pages_process(base.removeprefix("http://"))
        found["pages"] = in_browser(base)
        found["peak_mb"] = round(peak_mb(process))
        if with_cards:
            found["asked"] = cards(uri, home)
    return found


if __name__ == "__main__":
    print(json.dumps(measure(sys.argv[1], with_cards="--no-cards" not in sys.argv)))
