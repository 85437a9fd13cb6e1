"""Report that the program waits for a store: a counter, and one warning each 30 s.

Retry loops wait up to `RISK_RETRY_SECONDS`. Without the report an operator would see a flow that
stands still, and no reason.
"""

import threading
import time
from collections.abc import Callable
from typing import Final

import structlog
from tenacity import RetryCallState

from lakehouse.telemetry import STORE_RETRIES

SAY_EVERY_SECONDS: Final = 30.0
QUIET_SECONDS: Final = 10.0
"""What passes sooner needs no warning; a start that gives up sooner says so in its own line."""

log = structlog.get_logger()


class Retries:
    """Count failed attempts on one store and log their cause; a `before_sleep` of tenacity.

    Parameters
    ----------
    store
        The metric's label: ``silver``, ``gold_decisions``, ...
    words
        Describes an error without the values that it may quote.
    quiet_seconds
        For so long a wait is not worth a warning.
    clock
        Seconds that never go back.
    """

    def __init__(
        self,
        store: str,
        words: Callable[[BaseException], str],
        *,
        quiet_seconds: float = QUIET_SECONDS,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._quiet_seconds = quiet_seconds
        self._store = store
        self._words = words
        self._clock = clock
        self._lock = threading.Lock()
        self._said_at = -SAY_EVERY_SECONDS

    def __call__(self, state: RetryCallState) -> None:
        """Note the attempt that has just failed."""
        error = state.outcome.exception() if state.outcome is not None else None
        if error is None:
            return
        STORE_RETRIES.labels(self._store, type(error).__name__).inc()
        if (state.seconds_since_start or 0.0) < self._quiet_seconds:
            return
        now = self._clock()
        with self._lock:
            if now - self._said_at < SAY_EVERY_SECONDS:
                return
            self._said_at = now
        log.warning(
            "store_unavailable_retrying",
            store=self._store,
            cause=self._words(error),
            attempt=state.attempt_number,
            waiting_seconds=round(state.seconds_since_start or 0.0, 1),
        )
