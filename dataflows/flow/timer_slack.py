"""Let the main thread wake up late, because it only waits for signals.

The engine's main thread wakes up a thousand times a second. Each time it takes a processor and the
interpreter's lock from the worker threads; when no events arrive, this is all the work there is.
Linux lets each thread say by how much its timers may be late. The main thread may be late, because
a signal can wait. New threads inherit the setting, so the workers reset it.
"""

import ctypes
import sys
from typing import Final

LATE_NANOSECONDS: Final = 20_000_000
"""Nobody notices that a stop begins so much later."""

PROMPT_NANOSECONDS: Final = 50_000
"""What Linux gives a process that says nothing."""

_PR_SET_TIMERSLACK: Final = 29


def may_be_late() -> None:
    """Let timers of this thread, and of threads that it starts, be up to 20 ms late."""
    _set_slack(LATE_NANOSECONDS)


def be_prompt() -> None:
    """Let timers of this thread, and of threads that it starts, be on time."""
    _set_slack(PROMPT_NANOSECONDS)


def _set_slack(nanoseconds: int) -> None:
    if sys.platform == "linux":  # elsewhere timers are not told how late they may be
        ctypes.CDLL(None).prctl(_PR_SET_TIMERSLACK, ctypes.c_ulong(nanoseconds), 0, 0, 0)
