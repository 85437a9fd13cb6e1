"""PgBouncer in transaction mode before the tests' Postgres, as an operator may put it there."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from tests.servers.process import Server, free_port
from tests.waiting import until


@contextmanager
def transaction_pooler(dsn: str, folder: Path, *, settings: str = "") -> Iterator[str]:
    """Yield a connection string that leads through the pooler to the database of `dsn`."""
    program = shutil.which("pgbouncer", path=f"{os.environ.get('PATH', '')}:/usr/sbin")
    if program is None:
        pytest.skip("pgbouncer is not on this machine")
    folder.mkdir()
    port = free_port()
    to = {
        name: value
        for name, value in conninfo_to_dict(dsn).items()
        if name in {"host", "port", "dbname", "user", "password"} and value is not None
    }
    server = " ".join(f"{name}={value}" for name, value in to.items())
    config = folder / "pgbouncer.ini"
    config.write_text(
        f"[databases]\npooled = {server}\n[pgbouncer]\nlisten_addr = 127.0.0.1\n"
        f"listen_port = {port}\npool_mode = transaction\nauth_type = any\nunix_socket_dir =\n"
        f"default_pool_size = 4\n{settings}\n",
        encoding="utf-8",
    )
    command = [program, str(config)]
    if os.geteuid() == 0:  # it refuses to run as root
        for path in (folder, config, *folder.parents[:3]):
            with suppress(PermissionError):
                path.chmod(0o755)
        command[1:1] = ["-u", "nobody"]
    pooled = make_conninfo(
        "", host="127.0.0.1", port=port, dbname="pooled", user="anybody", connect_timeout=5
    )
    pooler = Server(command, log=folder / "pgbouncer.log")
    pooler.start()
    try:
        until(lambda: _answers(pooled), what="PgBouncer answers", seconds=10)
        yield pooled
    finally:
        pooler.kill()


def _answers(dsn: str) -> bool:
    try:
        with psycopg.connect(dsn):
            return True
    except psycopg.OperationalError:
        return False
