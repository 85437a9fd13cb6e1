"""What loading a history shows while it runs: a bar at a terminal, else JSON lines."""

import sys
import time
from collections.abc import Callable
from dataclasses import asdict
from typing import Final

import msgspec
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from dataflows.loading.load import Loaded

_LINE_EVERY_SECONDS: Final = 5.0
_BAR_EVERY_SECONDS: Final = 0.2


class Shown:
    """Progress on standard error, some times a second or a line each five seconds.

    Parameters
    ----------
    share
        How much is done, 0 to 1; ``None`` when unknown.
    """

    def __init__(
        self, topic: str, share: Callable[[], float | None], *, is_terminal: bool | None = None
    ) -> None:
        self._share = share
        self._began = self._shown_at = time.monotonic()
        self._bar: Progress | None = None
        if sys.stderr.isatty() if is_terminal is None else is_terminal:
            self._bar = Progress(
                TextColumn("{task.description}"),
                BarColumn(),
                TextColumn("{task.fields[counts]}"),
                TimeElapsedColumn(),
                console=Console(stderr=True),
                auto_refresh=False,
            )
            self._bar.add_task(topic, total=None, counts="")
            self._bar.start()

    def __call__(self, loaded: Loaded) -> None:
        """Show the counts, if the last ones are old enough."""
        now = time.monotonic()
        every = _LINE_EVERY_SECONDS if self._bar is None else _BAR_EVERY_SECONDS
        if now - self._shown_at >= every:
            self._shown_at = now
            self._show(loaded, self._share())

    def end(self, loaded: Loaded) -> dict[str, float]:
        """Show the final counts; return them, with the seconds and the rate."""
        figures = self._figures(loaded)
        if self._bar is not None:
            self._show(loaded, 1.0)
            self._bar.stop()
        return figures

    def _figures(self, loaded: Loaded) -> dict[str, float]:
        seconds = time.monotonic() - self._began
        return asdict(loaded) | {
            "seconds": round(seconds, 1),
            "per_second": round(loaded.read / max(seconds, 1e-9), 1),
        }

    def _show(self, loaded: Loaded, share: float | None) -> None:
        figures = self._figures(loaded)
        if self._bar is None:
            line = {"event": "loading", **figures}
            if share is not None:
                line["share"] = round(share, 4)
            sys.stderr.write(msgspec.json.encode(line).decode() + "\n")
            sys.stderr.flush()
            return
        self._bar.update(
            self._bar.task_ids[0],
            total=None if share is None else 1.0,
            completed=share or 0.0,
            counts=f"{loaded.read:,} read, {loaded.decided:,} decided, "
            f"{figures['per_second']:,.0f}/s",
        )
        self._bar.refresh()
