"""Background threads that repeat one task; a failure is logged and counted, and they go on."""

import threading
from collections.abc import Callable
from typing import Final

import structlog

from lakehouse.errors import Unavailable
from lakehouse.telemetry import BACKGROUND_FAILURES

_AFTER_FAILURE_SECONDS: Final = 2.0

log = structlog.get_logger()


class Background:
    """A thread that takes turns until it is stopped.

    A turn that fails is logged by the error's type (its text may quote an applicant), counted, and
    followed by the next turn.

    Parameters
    ----------
    name
        Names the thread, its log lines and its metric's label.
    turn
        What it does; may wait for something, if `stop` ends that.
    every_seconds
        The pause before each turn.
    at_end
        Done in the thread after the last turn.
    """

    def __init__(
        self,
        name: str,
        turn: Callable[[], object],
        *,
        every_seconds: float,
        at_end: Callable[[], object] = lambda: None,
    ) -> None:
        self.name = name
        self._turn = turn
        self._every_seconds = every_seconds
        self._at_end = at_end
        self._stopping = threading.Event()
        self._failure = ""
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        BACKGROUND_FAILURES.labels(name)

    def start(self) -> None:
        """Begin to take turns."""
        self._thread.start()

    def stop(self) -> None:
        """Begin no further turn."""
        self._stopping.set()

    def join(self, seconds: float) -> None:
        """Wait so long for the end of the thread, if it was started."""
        if self._thread.ident is not None:
            self._thread.join(seconds)

    def check(self) -> None:
        """Return while the thread lives and its last turn succeeded.

        Raises
        ------
        Unavailable
            It ended, was not started, or its last turn failed.
        """
        if not self._thread.is_alive():
            raise Unavailable(f"the thread {self.name} is not running; restart this process")
        if self._failure:
            raise Unavailable(f"the thread {self.name} failed: {self._failure}; see the log")

    def _run(self) -> None:
        pause = self._every_seconds
        while not self._stopping.wait(pause):
            pause = self._every_seconds if self._succeeds(self._turn) else _AFTER_FAILURE_SECONDS
        self._succeeds(self._at_end)

    def _succeeds(self, work: Callable[[], object]) -> bool:
        try:
            work()
        except Exception as error:  # noqa: BLE001  (whatever it is, the next turn is taken)
            self._failure = type(error).__name__
            BACKGROUND_FAILURES.labels(self.name).inc()
            log.error("background_failed", thread=self.name, error=self._failure)  # noqa: TRY400
            return False
        self._failure = ""
        return True
