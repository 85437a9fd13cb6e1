"""What viewers with live push cost the flow: events a second without and with them, in turns.

    flock LOCK .venv/bin/python -m tests.bench viewers [EVENTS]

The flow decides simulated events into a home whose Overview five browsers have open. Browsers run
at the lowest priority, since people look from other machines; the server of the pages does not.
"""

import json
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from typing import Any

from playwright.sync_api import sync_playwright

from tests.bench.ui import is_warm, settled, watched
from tests.ui.conftest import CHROMIUM, run, serving
from tests.waiting import until

VIEWERS = 5
TURNS = 3


def decided(home: Path, seed: int, events: int) -> float:
    """Let the flow decide so many events; return how many a second, its start included."""
    began = time.perf_counter()
    run(
        home,
        "bytewax.run",
        "dataflows.score",
        RISK_SOURCE=f"sim://?seed={seed}&limit={events}&rate=1000000",
        RISK_METRICS_ADDRESS="127.0.0.1:0",
    )
    return events / (time.perf_counter() - began)


@contextmanager
def viewers(browser: Any, base: str, count: int) -> Iterator[list[Any]]:
    """Open Overview so many times, each in a browser's context of its own."""
    pages = []
    for _ in range(count):
        context = browser.new_context(viewport={"width": 1280, "height": 900})
        pages.append(watched(context))
        pages[-1].goto(base + "/")
        settled(pages[-1])
    yield pages
    for page in pages:
        page.context.close()


def measure(events: int) -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        home = Path(folder)
        decided(home, 1, events)
        base = next(stack.enter_context(closing(serving(home, RISK_UI_AUTH="off"))))
        until(lambda: is_warm(home), what="warm", seconds=300)
        playwright = stack.enter_context(sync_playwright())
        lowly = home / "chromium"
        lowly.write_text(f'#!/bin/sh\nexec nice -n 19 {CHROMIUM} "$@"\n', encoding="utf-8")
        lowly.chmod(0o755)
        browser = playwright.chromium.launch(executable_path=lowly, args=["--no-sandbox"])
        alone, watched_by = [], []
        for turn in range(TURNS):
            alone.append(decided(home, 10 + turn, events))
            with viewers(browser, base, VIEWERS):
                watched_by.append(decided(home, 20 + turn, events))
            print(round(alone[-1]), round(watched_by[-1]), file=sys.stderr, flush=True)
        browser.close()
    return {
        "alone_per_second": round(statistics.median(alone)),
        "watched_per_second": round(statistics.median(watched_by)),
        "kept": round(statistics.median(w / a for w, a in zip(watched_by, alone, strict=True)), 3),
    }


if __name__ == "__main__":
    print(json.dumps(measure(int(sys.argv[1]) if len(sys.argv) > 1 else 40_000)))
