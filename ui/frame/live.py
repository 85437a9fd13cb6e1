"""Live data: one watcher for all viewers, and a push to each, never faster than pages are drawn.

The watcher looks at the lake while somebody views the pages. The snapshot that pages ask advances
slowly enough that drawing it for all viewers takes a small part of the machine; the rest is for the
flow that makes the data.
"""

import asyncio
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final

import structlog
from dash import Dash, ctx, set_props

from lakehouse.errors import LakehouseError
from ui.data.asking import Desk
from ui.look import words

_log = structlog.get_logger()

LOOK_SECONDS: Final = 2.0
FASTEST_SECONDS: Final = 5.0
_SHARE: Final = 0.05
"""How much of the time may go into answering what a new snapshot makes pages ask again."""
_FRESH_SECONDS: Final = 20.0
_LATE_SECONDS: Final = 60.0


@dataclass(slots=True)
class _Seen:
    """What was seen last."""

    number: int = 0
    snapshot: int = 0
    committed_at: datetime | None = None
    foot: str = ""
    is_reachable: bool = True


class Watch:
    """Looks at the lake while somebody watches."""

    def __init__(
        self,
        desk: Desk,
        *,
        now: Callable[[], datetime],
        foot: Callable[[], str],
        is_new: Callable[[], None],
    ) -> None:
        self._desk = desk
        self._now = now
        self._foot = foot
        self._is_new = is_new
        self._viewers = 0
        self._lock = threading.Lock()
        self._wake = threading.Event()
        self._ended = threading.Event()
        self._seen = _Seen(1, desk.snapshot.number, _committed_at(desk), foot())
        self._thread = threading.Thread(target=self._look, name="ui-watch", daemon=True)

    def start(self) -> None:
        """Begin to look."""
        self._thread.start()

    def close(self) -> None:
        """Look no more."""
        self._ended.set()
        self._wake.set()
        self._thread.join(timeout=10)

    def join(self) -> None:
        """Count one viewer more."""
        with self._lock:
            self._viewers += 1
        self._wake.set()

    def leave(self) -> None:
        """Count one viewer less."""
        with self._lock:
            self._viewers -= 1

    @property
    def number(self) -> int:
        """Which state of the data is shown; it rises whenever pages have to be drawn again."""
        return self._seen.number

    def pulse(self) -> Mapping[str, Any]:
        """Return what the header shows and which snapshot pages are asked of."""
        seen = self._seen
        said, level = "No data yet", "idle"
        if not seen.is_reachable:
            said, level = "The lake does not answer", "bad"
        elif seen.committed_at is not None:
            seconds = (self._now() - seen.committed_at).total_seconds()
            said = f"Gold {words.age(seconds)} old"
            level = "ok" if seconds <= _FRESH_SECONDS else "warn"
            level = "bad" if seconds > _LATE_SECONDS else level
        return {"number": seen.number, "said": said, "level": level, "versions": seen.foot}

    def _look(self) -> None:
        advanced = 0.0
        while not self._ended.is_set():
            with self._lock:
                idle = self._viewers <= 0
            self._wake.wait(timeout=None if idle else LOOK_SECONDS)
            self._wake.clear()
            if self._ended.is_set():
                return
            pace = max(FASTEST_SECONDS, self._desk.take_seconds() / _SHARE)
            if time.monotonic() - advanced >= pace:
                advanced = time.monotonic()
                self._advance()

    def _advance(self) -> None:
        seen = self._seen
        try:
            snapshot = self._desk.look_again()
            committed_at = seen.committed_at
            if snapshot.number != seen.snapshot or committed_at is None:
                committed_at = self._desk.lake.committed_at("decisions")
        except LakehouseError as error:
            _log.warning("lake_not_seen", code=error.code)
            number = seen.number + seen.is_reachable
            self._seen = replace(seen, number=number, is_reachable=False)
            return
        is_other = snapshot.number != seen.snapshot or not seen.is_reachable
        self._seen = _Seen(seen.number + is_other, snapshot.number, committed_at, self._foot())
        if snapshot.number != seen.snapshot:
            self._is_new()


def _committed_at(desk: Desk) -> datetime | None:
    try:
        return desk.lake.committed_at("decisions")
    except LakehouseError:
        return None


def register(app: Dash, watch: Watch) -> None:
    """Push to every page that is open, once a second at most, and only what has changed."""

    @app.callback(websocket=True, persistent=True)
    async def push() -> None:
        socket = ctx.websocket
        watch.join()
        last: Mapping[str, Any] | None = None
        try:
            while socket is not None and not socket.is_shutdown:
                pulse = watch.pulse()
                if pulse != last:
                    set_props("pulse", {"data": pulse})
                    last = pulse
                await asyncio.sleep(1)
        finally:
            watch.leave()
