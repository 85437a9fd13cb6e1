"""The process that owns an embedded Postgres: it starts, restarts and stops the server.

`lakehouse.embedded.server` runs it as a program, detached from the terminal, once per folder. It
holds ``supervisor.lock`` as long as it lives. Every process that uses the server holds
``users.lock`` as a shared lock. Once no process does (all closed it or were killed), the supervisor
gets the exclusive lock and shuts the server down. A process that comes next waits for that lock, so
no process meets a server that is stopping.

It imports only the standard library, so it starts fast and needs little memory.
"""

import contextlib
import ctypes
import fcntl
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import IO, Final

from lakehouse.embedded.cluster import CannotStart, Cluster, settle

READY: Final = "ready"

_START_SECONDS: Final = 120.0  # includes recovery after a crash
_STOP_SECONDS: Final = 30.0
_START_ATTEMPTS: Final = 20
_ATTEMPT_PAUSE_SECONDS: Final = 0.25
_AGAIN_SECONDS: Final = 2.0
_POLL_SECONDS: Final = 0.01
_WATCH_SECONDS: Final = 0.05
_LOG_BYTES: Final = 16 << 20
_PR_SET_PDEATHSIG: Final = 1

_CONFIGURATION: Final = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "max_connections": "50",
    # One writer a worker and a few readers: memory is better left to the flow.
    "shared_buffers": "64MB",
    "work_mem": "16MB",
    "io_method": "sync",
    "max_parallel_workers_per_gather": "0",
    "jit": "off",
    "synchronous_commit": "on",
    # A checkpoint every few minutes, not every few seconds, at 30,000 rows/s.
    "max_wal_size": "2GB",
    "checkpoint_timeout": "15min",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    # A failed statement and its context hold an applicant's data.
    "log_min_error_statement": "panic",
    "log_error_verbosity": "terse",
    "log_checkpoints": "off",
    "log_timezone": "UTC",
    "timezone": "UTC",
}


class Server:
    """One Postgres over one cluster, as a child of this process."""

    def __init__(self, cluster: Cluster, folder: Path) -> None:
        self._cluster = cluster
        self._log = folder / "log" / "postgres.log"
        self._port_file = folder / "port"
        self._process: subprocess.Popen[bytes] | None = None
        self.port = 0

    def start(self) -> None:
        """Start the server and return once it takes connections, on the last run's port if free.

        Raises
        ------
        CannotStart
            It ended by itself again and again, or does not come up; with the last line of its log.
        """
        evict_leftover(self._cluster.data)
        for _ in range(_START_ATTEMPTS):
            self.port = _free_port(self._port_file)
            self._process = self._launch()
            if self._is_up(self._process):
                _remember(self._port_file, self.port)
                return
            if self.is_running():
                self.stop()
                break
            time.sleep(_ATTEMPT_PAUSE_SECONDS)
        raise CannotStart(f"Postgres does not start: {self._last_words()}")

    def is_running(self) -> bool:
        """Say whether the server is still there."""
        return self._process is not None and self._process.poll() is None

    def stop(self) -> None:
        """Shut down: roll back what is open, write what is dirty, end; abruptly after a while."""
        if self._process is None:
            return
        self._process.send_signal(signal.SIGINT)
        try:
            self._process.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.send_signal(signal.SIGQUIT)
            self._process.wait()

    def _launch(self) -> subprocess.Popen[bytes]:
        cluster = self._cluster
        configuration = {**_CONFIGURATION, "port": str(self.port)}
        flags = [flag for pair in configuration.items() for flag in ("-c", "=".join(pair))]
        with cluster.account.lent(cluster.data) as ((data,), options), _open_log(self._log) as log:
            return subprocess.Popen(
                [str(cluster.programs / "postgres"), "-D", data, *flags],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd="/",
                preexec_fn=_end_with_parent,  # noqa: PLW1509 - there is no other thread
                **options,
            )

    def _is_up(self, process: subprocess.Popen[bytes]) -> bool:
        pid_file = self._cluster.data / "postmaster.pid"

        def says_ready() -> bool:
            with contextlib.suppress(FileNotFoundError):
                lines = pid_file.read_text(encoding="utf-8").split("\n")
                return lines[0] == str(process.pid) and READY in lines[-2].split()
            return False

        _until(lambda: process.poll() is not None or says_ready(), _START_SECONDS)
        return process.poll() is None and says_ready()

    def _last_words(self) -> str:
        lines = self._log.read_text(encoding="utf-8", errors="replace").splitlines()
        return next((line for line in reversed(lines) if "FATAL" in line), f"see {self._log}")


def supervise(folder: Path, package: Path, announce: Callable[[str], None]) -> None:
    """Serve the cluster of `folder` until nobody uses it; `announce` READY once one can connect.

    Raises
    ------
    CannotStart
        The server did not come up, or did not stay up.
    """
    endings: list[int] = []
    signal.signal(signal.SIGTERM, lambda number, _: endings.append(number))
    server = Server(settle(folder, package), folder)
    state = folder / "state.json"
    # Once it is held exclusively it is kept until the server and its state are gone.
    with (folder / "users.lock").open() as users:
        try:
            server.start()
            _publish(state, {"port": server.port})
            announce(READY)
            _keep_up(server, state, lambda: bool(endings) or _is_unused(users))
        finally:
            server.stop()
            state.unlink(missing_ok=True)


def _keep_up(server: Server, state: Path, is_over: Callable[[], bool]) -> None:
    """Start the server again whenever it ended by itself, until it is over.

    The obstacle may be temporary, such as a full disk; the users of the server wait for its end.
    """
    while not is_over():
        if server.is_running():
            time.sleep(_WATCH_SECONDS)
            continue
        try:
            server.start()
            _publish(state, {"port": server.port})
        except (CannotStart, OSError) as exc:
            with contextlib.suppress(OSError):  # nor is there room for these words
                sys.stderr.write(f"{exc}; trying again\n")
            server.stop()
            _until(is_over, _AGAIN_SECONDS)


def evict_leftover(data: Path) -> None:
    """Stop a server whose supervisor was killed; drop the pid file of a machine that crashed.

    A pid file whose process is dead is left to Postgres, which looks for surviving backends too.
    What Postgres cannot tell is that another process got the number after the machine restarted.
    """
    pid_file = data / "postmaster.pid"
    try:
        pid = int(pid_file.read_text(encoding="utf-8").split()[0])
        os.kill(pid, 0)
    except (FileNotFoundError, ProcessLookupError, PermissionError, IndexError, ValueError):
        return
    if not _serves(pid, data):
        pid_file.unlink()
        return
    os.kill(pid, signal.SIGINT)
    if not _until(lambda: not _serves(pid, data), _STOP_SECONDS):
        raise CannotStart(f"a Postgres left over from an earlier run, pid {pid}, does not stop")


def _serves(pid: int, data: Path) -> bool:
    if Path("/proc/self").exists():
        try:
            return Path(f"/proc/{pid}/cwd").samefile(data)
        except OSError:
            return False
    command = ["/bin/ps", "-o", "command=", "-p", str(pid)]
    return str(data) in subprocess.run(command, capture_output=True, text=True, check=False).stdout


def _is_unused(users: IO[str]) -> bool:
    try:
        fcntl.flock(users, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _end_with_parent() -> None:
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGINT)


def _free_port(remembered: Path) -> int:
    for port in (_last_port(remembered), 0):
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(("127.0.0.1", port))
            return int(probe.getsockname()[1])
    raise CannotStart("no port is free on 127.0.0.1")


def _last_port(remembered: Path) -> int:
    """Return the port of the last run; 0 if there was none, or no room to write it down."""
    text = remembered.read_text(encoding="utf-8").strip() if remembered.exists() else ""
    return int(text or 0)


def _remember(remembered: Path, port: int) -> None:
    if _last_port(remembered) != port:
        remembered.write_text(f"{port}\n", encoding="utf-8")


def _open_log(path: Path) -> IO[bytes]:
    path.parent.mkdir(exist_ok=True)
    if path.exists() and path.stat().st_size > _LOG_BYTES:
        path.replace(path.with_suffix(".log.1"))
    return path.open("ab")


def _publish(path: Path, state: dict[str, int]) -> None:
    draft = path.with_suffix(".draft")
    draft.write_text(json.dumps(state), encoding="utf-8")
    draft.replace(path)


def _until(holds: Callable[[], bool], seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > deadline:
            return False
        time.sleep(_POLL_SECONDS)
    return True


def main() -> int:
    """Run detached, given ``FOLDER PACKAGE FD``; says READY, or why not, to the file descriptor."""
    folder, package, heard_on = Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3])
    if os.fork():
        return 0
    os.chdir("/")
    listener = os.fdopen(heard_on, "w")

    def announce(what: str) -> None:
        with contextlib.suppress(BrokenPipeError), listener:
            listener.write(what)

    try:
        supervise(folder, package, announce)
    except (CannotStart, OSError) as exc:
        if listener.closed:
            raise
        announce(str(exc))
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
