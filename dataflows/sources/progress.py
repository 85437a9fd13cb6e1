"""Show how far a job is, while it runs."""

import sys
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Final, TextIO, TypeVar

import msgspec
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

EVERY_SECONDS: Final = 5.0
BAR_EVERY_SECONDS: Final = 0.1

_Item = TypeVar("_Item")


def seconds_left(share: float | None, elapsed_seconds: float) -> float | None:
    """Return how long the rest takes at the pace so far; ``None`` while nothing can be said."""
    if not share:
        return None
    return elapsed_seconds * (1.0 - min(share, 1.0)) / share


def told(
    items: Iterable[_Item],
    share: Callable[[], float | None],
    *,
    to: TextIO | None = None,
    clock: Callable[[], float] = time.monotonic,
) -> Iterator[_Item]:
    """Hand items on, and tell every five seconds which share is done and how long the rest takes.

    Parameters
    ----------
    share
        How much is done, 0 to 1; ``None`` when unknown.
    to
        Where to; without it, standard error.
    """
    began = said_at = clock()
    for item in items:
        yield item
        now = clock()
        if now - said_at >= EVERY_SECONDS:
            said_at = now
            done = share()
            left = seconds_left(done, now - began)
            if done is not None and left is not None:
                (to or sys.stderr).write(f"{done:.0%} read, about {_clock(left)} left\n")


def _clock(seconds: float) -> str:
    minutes, rest = divmod(int(seconds), 60)
    return f"{minutes:02d}:{rest:02d}"


class JobProgress:
    """Show a job's counts: a bar at a terminal, else a line of JSON every five seconds.

    Parameters
    ----------
    title
        What stands before the bar.
    labels
        What each line begins with.
    rate_of
        The count whose rate is shown.
    """

    def __init__(self, title: str, labels: Mapping[str, str], *, rate_of: str, to: TextIO) -> None:
        self._labels = labels
        self._rate_of = rate_of
        self._to = to
        self._began = self._shown_at = time.monotonic()
        self._bar: Progress | None = None
        if to.isatty():
            self._bar = Progress(
                TextColumn("{task.description}"),
                BarColumn(),
                TextColumn("{task.fields[counts]}"),
                TimeElapsedColumn(),
                console=Console(file=to),
                auto_refresh=False,
            )
            self._bar.add_task(title, total=None, counts="")
            self._bar.start()

    def show(self, counts: Mapping[str, int], share: float | None) -> None:
        """Show the counts, if the last ones are old enough; `share` is done, 0 to 1, if known."""
        now = time.monotonic()
        if now - self._shown_at >= (EVERY_SECONDS if self._bar is None else BAR_EVERY_SECONDS):
            self._shown_at = now
            self._tell(self._figures(counts), share)

    def end(self, counts: Mapping[str, int]) -> dict[str, float]:
        """Complete the bar; return the final counts with the seconds and the rate."""
        figures = self._figures(counts)
        if self._bar is not None:
            self._tell(figures, 1.0)
            self._bar.stop()
        return figures

    def _figures(self, counts: Mapping[str, int]) -> dict[str, float]:
        seconds = time.monotonic() - self._began
        rate = counts[self._rate_of] / max(seconds, 1e-9)
        return {**counts, "seconds": round(seconds, 3), "per_second": round(rate, 1)}

    def _tell(self, figures: Mapping[str, float], share: float | None) -> None:
        if self._bar is None:
            done = {} if share is None else {"share": round(share, 4)}
            line = {**self._labels, **figures, **done}
            self._to.write(msgspec.json.encode(line).decode() + "\n")
            self._to.flush()
            return
        *counts, _, _ = (f"{number:,} {name}" for name, number in figures.items())
        self._bar.update(
            self._bar.task_ids[0],
            total=None if share is None else 1.0,
            completed=share or 0.0,
            counts=f"{', '.join(counts)}, {figures['per_second']:,.0f}/s",
        )
        self._bar.refresh()
