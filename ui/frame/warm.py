"""Ask the default questions of all pages before anybody opens them: at start, and for new data."""

import threading
import time
from collections.abc import Sequence

import structlog

from lakehouse.errors import LakehouseError
from ui.cards import Card, View, render
from ui.data.asking import Desk
from ui.data.filters import PageFilters

_log = structlog.get_logger()


class Warm:
    """Copies the lake into memory once, then asks each card's questions without filters.

    Parameters
    ----------
    first
        Cards to be asked at start and for each new snapshot: those of the page that opens.
    later
        Cards to be asked at start only.
    """

    def __init__(self, desk: Desk, first: Sequence[Card], later: Sequence[Card]) -> None:
        self._desk = desk
        self._first, self._later = first, later
        self._wake = threading.Event()
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._work, name="ui-warm", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def again(self) -> None:
        """Ask for the snapshot that is shown now."""
        self._wake.set()

    def close(self) -> None:
        """End after the question that is being asked."""
        self._ended.set()
        self._wake.set()
        self._thread.join(timeout=30)

    def _work(self) -> None:
        started = time.perf_counter()
        try:
            self._desk.lake.copy()
        except LakehouseError as error:
            _log.warning("lake_not_copied", code=error.code)
        copied = time.perf_counter()
        self._ask([*self._first, *self._later])
        _log.info(
            "pages_warm",
            copied_seconds=round(copied - started, 1),
            asked_seconds=round(time.perf_counter() - copied, 1),
            is_copied=self._desk.lake.is_copied,
        )
        while self._wake.wait() and not self._ended.is_set():
            self._wake.clear()
            self._ask(self._first)

    def _ask(self, cards: Sequence[Card]) -> None:
        number = self._desk.snapshot.number
        for card in cards:
            if self._ended.is_set() or self._desk.snapshot.number != number:
                return
            render(card, View(self._desk, PageFilters(), "light", (None,) * len(card.inputs)))
