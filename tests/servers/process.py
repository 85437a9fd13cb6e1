"""A server as a child process that ends with the test run, however that ends."""

import contextlib
import ctypes
import os
import random
import signal
import socket
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

_PR_SET_PDEATHSIG = 1
_LIBC = ctypes.CDLL(None) if sys.platform == "linux" else None
# Below Linux' ephemeral ports, so that no client's socket takes a stopped server's port meanwhile.
_PORTS = range(20_000, 32_000)


class ServerDidNotStart(Exception):
    """The server ended, or stayed silent, instead of answering; the message ends with its log."""


def free_port() -> int:
    """Return a port of 127.0.0.1 that nothing listens on."""
    for port in random.sample(_PORTS, k=200):
        if is_free(port):
            return port
    raise ServerDidNotStart(f"no free port on 127.0.0.1 in {_PORTS}")


def is_free(port: int) -> bool:
    """Say whether nothing listens on a port of 127.0.0.1."""
    with socket.socket() as probe, contextlib.suppress(OSError):
        probe.bind(("127.0.0.1", port))
        return True
    return False


class Server:
    """One server process: started, paused, stopped or killed, and started again as it was.

    Parameters
    ----------
    inherits
        Whether `env` comes on top of this process' environment, or is all of it.
    """

    def __init__(
        self,
        command: Sequence[str],
        *,
        log: Path,
        env: Mapping[str, str] | None = None,
        inherits: bool = True,
        folder: Path | None = None,
    ) -> None:
        self._command = list(command)
        self._log = log
        self._env = {**(os.environ if inherits else {}), **(env or {})}
        self._folder = folder
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def is_running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    @property
    def pid(self) -> int:
        """The process id, for a test that measures or kills it."""
        assert self._process is not None, "the server was not started"
        return self._process.pid

    def start(self) -> None:
        assert not self.is_running, "the server already runs"
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                self._command,
                cwd=self._folder,
                env=self._env,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,  # a Ctrl-C is for pytest, which then stops its servers
                preexec_fn=_die_with_parent,  # noqa: PLW1509 - one system call, no lock
            )

    def stop(self, seconds: float = 15.0) -> None:
        """Ask it to end; kill it when it has not within `seconds`."""
        self.ask_to_end()
        self.end_within(seconds)

    def ask_to_end(self) -> None:
        """Send it SIGTERM, and do not wait."""
        if self._process is not None:
            self.resume()
            self._process.terminate()

    def end_within(self, seconds: float) -> None:
        """Wait for its end; kill it when it has not ended within `seconds`."""
        if self._process is None:
            return
        try:
            self._process.wait(seconds)
        except subprocess.TimeoutExpired:
            self.kill()

    def kill(self) -> None:
        """End it at once, as a power cut would."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()

    def pause(self) -> None:
        """Freeze it: connections stay open, nothing is answered."""
        os.kill(self.pid, signal.SIGSTOP)

    def resume(self) -> None:
        if self.is_running:
            os.kill(self.pid, signal.SIGCONT)

    def failure(self, what: str) -> ServerDidNotStart:
        """Return the error that says `what` went wrong and what the server last wrote."""
        state = "still runs" if self.is_running else "has ended"
        said = self._log.read_text(encoding="utf-8", errors="replace")[-2_000:]
        return ServerDidNotStart(f"{what}; it {state} and last wrote ({self._log}):\n{said}")


def _die_with_parent() -> None:
    if _LIBC is not None:
        _LIBC.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
