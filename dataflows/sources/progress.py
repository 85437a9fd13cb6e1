"""How far a file has been read, told on standard error while it is."""

import sys
import time
from collections.abc import Callable, Iterable, Iterator
from typing import Final, TextIO, TypeVar

EVERY_SECONDS: Final = 5.0

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
