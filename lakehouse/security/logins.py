"""Make the database users of the services, each a member of only the groups that it needs.

A service reads its connection string from a file. The migration reads the same files, and makes the
users that they name.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Final

import psycopg
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict
from pydantic import SecretStr

from lakehouse.errors import SettingsInvalid
from lakehouse.postgres.connection import transact
from lakehouse.settings.secret import password_of, read_secret, refuse_weak

LOGINS: Final[Mapping[str, tuple[str, ...]]] = {
    "score": ("risk_writer",),
    "api": ("risk_reader", "risk_audit"),
    "ui": ("risk_reader", "risk_ui"),
    "exporter": ("risk_reader",),
    "receiver": ("risk_alerts",),
    # Jobs note their runs in silver.job_runs, which only the writer may.
    "jobs": ("risk_reader", "risk_writer"),
}
"""The groups of `lakehouse.postgres.roles` that each service's user is a member of."""

PREFIX: Final = "silver_dsn_"
"""A service's connection string is the file of this name and the service's."""


def make_logins(dsn: str, folder: Path) -> list[str]:
    """Make or change the users that the files of `folder` name, and return them.

    Their passwords are those of the files, so a changed file changes the password. A user is taken
    out of groups that are not its service's.

    Raises
    ------
    SettingsInvalid
        A file is missing, or names no user, no password or a weak one.
    Denied
        Our user may not make users.
    """
    told = {service: _user_in(folder / f"{PREFIX}{service}") for service in LOGINS}
    users = [user for user, _ in told.values()]
    if len({*users}) < len(users):
        raise SettingsInvalid(
            f"two of the files {folder}/{PREFIX}* name one user: give each its own"
        )

    def make(connection: psycopg.Connection) -> list[str]:
        asked = "select rolname from pg_catalog.pg_roles where rolname = any(%s)"
        known = {row[0] for row in connection.execute(asked, (users,))}
        for service, (user, password) in told.items():
            name = sql.Identifier(user)
            if user not in known:
                connection.execute(sql.SQL("create role {} login").format(name))
            # Hashed here, so that the server's log can never show it.
            hashed = connection.pgconn.encrypt_password(
                password.encode(), user.encode(), b"scram-sha-256"
            ).decode()
            connection.execute(
                sql.SQL("alter role {} with login password {}").format(name, sql.Literal(hashed))
            )
            _put_into(connection, user, LOGINS[service])
        return users

    return transact(dsn, make)


def _put_into(connection: psycopg.Connection, user: str, groups: tuple[str, ...]) -> None:
    ours = {group for each in LOGINS.values() for group in each}
    asked = """
        select pg_catalog.pg_get_userbyid(roleid) from pg_catalog.pg_auth_members
        where pg_catalog.pg_get_userbyid(member) = %s
    """
    held = {row[0] for row in connection.execute(asked, (user,))} & ours
    changes = (
        ("revoke {} from {}", held - {*groups}),
        ("grant {} to {}", {*groups} - held),
    )
    for statement, names in changes:
        for group in sorted(names):
            connection.execute(
                sql.SQL(statement).format(sql.Identifier(group), sql.Identifier(user))
            )


def _user_in(path: Path) -> tuple[str, str]:
    text = SecretStr(read_secret(f"--logins {path.parent}", str(path)))
    password = password_of(text, what=str(path))
    user = str(conninfo_to_dict(text.get_secret_value()).get("user", ""))
    if not (user and password):
        raise SettingsInvalid(
            f"{path} names no user or no password: expected postgresql://USER:PASSWORD@HOST/DATABASE"
        )
    refuse_weak(f"the password in {path}", password)
    return user, password
