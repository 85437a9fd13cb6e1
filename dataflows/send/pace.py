"""Send at an exact rate: event n is due n / rate seconds after the first."""

import math
import sys
import time
from collections.abc import Callable


class Pace:
    """Say how many events are due; late ones are made up for, so the mean rate stays exact.

    Parameters
    ----------
    rate
        Events a second; 0 is without limit.
    clock
        Seconds, monotonic. The first event is due when this is made.
    """

    def __init__(self, rate: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._rate = rate
        self._clock = clock
        self._began = clock()

    def due(self, sent: int) -> int:
        """Return how many events are due beyond those already sent."""
        if self._rate <= 0:
            return sys.maxsize
        elapsed = self._clock() - self._began
        return max(0, math.floor(elapsed * self._rate) + 1 - sent)

    def seconds_to_next(self, sent: int) -> float:
        """Return how long it is until event number `sent`, counted from 0, is due."""
        if self._rate <= 0:
            return 0.0
        return max(0.0, sent / self._rate - (self._clock() - self._began))
