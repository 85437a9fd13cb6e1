"""End a run: the source ended, a signal asked for it, or a failure, told in one clear line."""

import os
import signal
import socket
import sys
import threading
from collections.abc import Callable
from types import FrameType
from typing import NoReturn, ParamSpec, TypeVar

from lakehouse.errors import LakehouseError

P = ParamSpec("P")
R = TypeVar("R")

STOP_WITHIN_SECONDS = 15.0


class Lifecycle:
    """The run's two flags: asked to stop, and still reading.

    One instance is shared by the sources, which end when a stop was asked for, and by the gold
    sinks, which wait for their last commit once nothing is read any more.
    """

    def __init__(self) -> None:
        self._stop = threading.Event()
        self._lock = threading.Lock()
        self._reading = 0
        self._closers: list[Callable[[], object]] = []
        self._failure: LakehouseError | None = None
        self._waking: socket.socket | None = None

    @property
    def is_stopping(self) -> bool:
        """Whether the run was asked to stop."""
        return self._stop.is_set()

    @property
    def is_draining(self) -> bool:
        """Whether this process has stopped reading all its partitions."""
        return self._reading == 0

    def reading_begins(self) -> None:
        """Count one more partition that is read."""
        with self._lock:
            self._reading += 1

    def reading_ends(self) -> None:
        """Count one partition less."""
        with self._lock:
            self._reading -= 1

    def stop(self) -> None:
        """Ask the run to end: the sources stop, what was read is stored, exit code 0.

        If a store does not answer, the process ends after 15 seconds with exit code 1. Nothing is
        lost, because positions move only with their data.
        """
        if self._stop.is_set():
            return
        self._stop.set()
        watchdog = threading.Timer(STOP_WITHIN_SECONDS, self._give_up)
        watchdog.daemon = True
        watchdog.start()

    def stop_for(self, failure: LakehouseError) -> None:
        """End because a source failed: what was read before is stored, then its exit code."""
        with self._lock:
            self._failure = self._failure or failure
        self.stop()

    def fail_at_end(self, failure: LakehouseError) -> None:
        """Let a run that has ended by itself end with a failure's line and exit code."""
        with self._lock:
            self._failure = self._failure or failure

    def on_end(self, closer: Callable[[], object]) -> None:
        """Remember what must be closed, last in first out, before the process ends."""
        self._closers.append(closer)

    def close(self) -> None:
        """Close everything that was remembered, once; then report a source's failure, if any.

        Registered with `atexit`, since the engine's command line owns the main function.
        """
        try:
            while self._closers:
                self._closers.pop()()
        finally:
            if self._failure is not None:
                report(self._failure)

    def listen(self) -> None:
        """Let SIGTERM and SIGINT ask for a graceful stop (main thread only).

        Until `begins` is called, such a signal ends the process at once: nothing was read yet, and
        the thread that starts may be within a library that answers no signal for seconds.
        """
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._asked)
        ours, theirs = socket.socketpair()
        theirs.settimeout(0)
        self._waking = theirs
        signal.set_wakeup_fd(theirs.fileno(), warn_on_full_buffer=False)
        threading.Thread(target=self._end_start, args=(ours,), daemon=True).start()

    def begins(self) -> None:
        """Note that the start is over: from now on what was read is stored before the end."""
        if self._waking is not None:
            signal.set_wakeup_fd(-1)
            waking, self._waking = self._waking, None
            waking.close()

    def _end_start(self, woken: socket.socket) -> None:
        with woken:
            number = woken.recv(1)
        if number and self._waking is not None:
            fail("stopped during the start: nothing was read", 0)

    def _asked(self, _number: int, _frame: FrameType | None) -> None:
        self.stop()

    def _give_up(self) -> None:
        fail(
            "stopping: a store did not take the last batch within "
            f"{STOP_WITHIN_SECONDS:.0f} s; nothing is lost, the next start resumes before it",
            1,
        )


def report(error: LakehouseError) -> NoReturn:
    """End the process now with the error's line and exit code."""
    fail(f"{error.code}: {error}", error.exit_code)


def fail(message: str, exit_code: int) -> NoReturn:
    """End the process now, with one line on standard error.

    The engine would turn an exception of a worker thread into a panic with exit code 1. Every store
    keeps its position with its data, so ending at any instant is safe; this prints the line and
    ends with the right exit code.
    """
    sys.stdout.flush()
    sys.stderr.write(message.rstrip("\n") + "\n")
    sys.stderr.flush()
    os._exit(exit_code)


def stopping_on_failure(step: Callable[P, R]) -> Callable[P, R]:
    """Wrap a step so that a failed store ends the process with the failure's own exit code."""

    def guarded(*arguments: P.args, **named: P.kwargs) -> R:
        try:
            return step(*arguments, **named)
        except LakehouseError as error:
            report(error)

    return guarded
