"""Show how sending goes: a bar at a terminal, else JSON lines."""

import sys
import time
from collections.abc import Callable
from typing import Final, Protocol

import msgspec
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

JSON_EVERY_SECONDS: Final = 5.0
BAR_EVERY_SECONDS: Final = 0.1


class SendCounts(Protocol):
    """What is counted (`dataflows.send.producer.Outbox`)."""

    sent: int
    delivered: int
    failed: int


class Report(Protocol):
    """Where progress is shown."""

    def show(self, counts: SendCounts, share: float | None) -> None:
        """Show where the sending stands; `share` of it is done, 0 to 1, ``None`` when unknown."""

    def end(self, counts: SendCounts) -> None:
        """Show the final counts."""


def report(to: str) -> Report:
    """Return the report that fits where standard output goes; `to` is the topic's URL."""
    return _Bar(to) if sys.stdout.isatty() else _JsonLines(to)


class _Bar:
    def __init__(self, to: str) -> None:
        self._began = self._shown_at = time.monotonic()
        self._progress = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            TextColumn("{task.fields[counts]}"),
            TimeElapsedColumn(),
            console=Console(),
            auto_refresh=False,
        )
        self._task = self._progress.add_task(f"to {to}", total=None, counts="")
        self._progress.start()

    def show(self, counts: SendCounts, share: float | None) -> None:
        now = time.monotonic()
        if now - self._shown_at < BAR_EVERY_SECONDS:
            return
        self._shown_at = now
        rate = counts.sent / (now - self._began)
        self._progress.update(
            self._task,
            total=None if share is None else 1.0,
            completed=share or 0.0,
            counts=f"{counts.sent:,} sent, {counts.delivered:,} delivered, {rate:,.0f}/s",
        )
        self._progress.refresh()

    def end(self, counts: SendCounts) -> None:
        seconds = time.monotonic() - self._began
        self._progress.update(
            self._task,
            total=1.0,
            completed=1.0,
            counts=f"{counts.sent:,} sent, {counts.delivered:,} delivered, "
            f"{counts.failed:,} failed, {counts.delivered / max(seconds, 1e-9):,.0f}/s",
        )
        self._progress.refresh()
        self._progress.stop()


class _JsonLines:
    def __init__(self, to: str, clock: Callable[[], float] = time.monotonic) -> None:
        self._to = to
        self._clock = clock
        self._began = self._shown_at = clock()

    def show(self, counts: SendCounts, share: float | None) -> None:
        now = self._clock()
        if now - self._shown_at >= JSON_EVERY_SECONDS:
            self._shown_at = now
            self._line("sending", counts, share)

    def end(self, counts: SendCounts) -> None:
        self._line("sent", counts, None)

    def _line(self, event: str, counts: SendCounts, share: float | None) -> None:
        seconds = self._clock() - self._began
        line = {
            "event": event,
            "to": self._to,
            "sent": counts.sent,
            "delivered": counts.delivered,
            "failed": counts.failed,
            "seconds": round(seconds, 3),
            "per_second": round(counts.delivered / max(seconds, 1e-9), 1),
        }
        if share is not None:
            line["share"] = round(share, 4)
        sys.stdout.write(msgspec.json.encode(line).decode() + "\n")
        sys.stdout.flush()
