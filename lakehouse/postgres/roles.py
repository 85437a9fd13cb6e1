"""The rights of each group of database users in silver, and what the server really grants.

The groups cannot log in. Make a database user a member of the groups that it needs: ``grant
risk_reader, risk_audit to api``. The user that migrates owns the tables and needs no group.
"""

from collections.abc import Iterable, Mapping
from typing import Final, TypeAlias

import psycopg
from psycopg import sql

from lakehouse.errors import Denied
from lakehouse.postgres.connection import transact
from lakehouse.postgres.statements import load_sql

SCHEMA: Final = ""
"""Stands for the schema silver itself among its objects."""

_READ: Final = frozenset({"select"})
_ADD: Final = frozenset({"select", "insert"})
_CHANGE: Final = frozenset({"select", "insert", "update"})
_WORK: Final = frozenset({"select", "insert", "update", "delete"})
_EVERYBODY: Final = {SCHEMA: frozenset({"usage"}), "migrations": _READ}

_GROWING: Final = (
    "decisions",
    "quarantine",
    "duplicates",
    "recoveries",
    "position_losses",
    "reference_sets",
)
_MOVING: Final = (
    "progress",
    "owner",
    "recovery_head",
    "reconciled",
    "reconciled_recoveries",
    "gold_differences",
    "relayed",
    "reference_in_force",
    "job_runs",
)

PRIVILEGES: Final[Mapping[str, Mapping[str, frozenset[str]]]] = {
    # The flow: it adds decisions and moves its position, and can neither delete nor alter a table.
    "risk_writer": _EVERYBODY | dict.fromkeys(_GROWING, _ADD) | dict.fromkeys(_MOVING, _CHANGE),
    # Whoever looks: dashboards, analysts, the API's reads.
    "risk_reader": _EVERYBODY
    | dict.fromkeys(
        (*_GROWING, *_MOVING, "audit_log", "alerts", "dispositions", "erasures"), _READ
    ),
    # The API beside its reads: it checks keys, records what it answered, and works with the
    # idempotency keys, whose day ends.
    "risk_audit": _EVERYBODY | {"api_keys": _READ, "audit_log": _ADD, "idempotency_keys": _WORK},
    # Who takes alerts from Alertmanager: serving.alerts.
    "risk_alerts": _EVERYBODY | {"alerts": _CHANGE},
    # The pages: they read, keep accounts, and record what people decided.
    "risk_ui": _EVERYBODY
    | dict.fromkeys((*_GROWING, *_MOVING, "alerts"), _READ)
    | {"dispositions": _ADD, "audit_log": _ADD, "ui_accounts": _CHANGE},
}
"""Privileges by role and object, as the migrations grant them."""


Matrix: TypeAlias = Mapping[str, Mapping[str, frozenset[str]]]
_Lacking: TypeAlias = tuple[str, str, list[str]]


def granted(dsn: str, roles: Iterable[str] = PRIVILEGES) -> dict[str, dict[str, frozenset[str]]]:
    """Return what the server's catalogue grants the roles, in the form of `PRIVILEGES`.

    Raises
    ------
    Unavailable, Denied, SchemaDiffers
        Silver does not answer, or is not what this code expects.
    """
    return transact(dsn, lambda connection: _granted(connection, roles))


def grant_missing(dsn: str, privileges: Matrix = PRIVILEGES) -> list[str]:
    """Make the roles and grants that the server lacks, and return what was made.

    A dump holds neither the server's roles nor, where they were missing at its restoring, what was
    granted to them. What is granted beyond the matrix is left alone.

    Raises
    ------
    Denied
        Something is missing, and the user may not make it.
    """

    def make(connection: psycopg.Connection) -> list[str]:
        asked = "select rolname from pg_catalog.pg_roles where rolname = any(%s)"
        known = {row[0] for row in connection.execute(asked, (list(privileges),))}
        made = []
        for role in sorted(privileges.keys() - known):
            connection.execute(sql.SQL("create role {} nologin").format(sql.Identifier(role)))
            made.append(f"role {role}")
        lacking = _lacking(connection, privileges)
        for role, name, missing in lacking:
            connection.execute(_grant(role, name, missing))
            made.append(f"{', '.join(missing)} on {name or 'the schema'} to {role}")
        # The server only warns where a user may not grant.
        if lacking and _lacking(connection, privileges):
            raise Denied(
                f"Postgres (silver) lacks grants, and the user of RISK_SILVER_DSN may not make "
                f"them: {'; '.join(made)}; run `python -m lakehouse migrate` as the owner of silver"
            )
        return made

    return transact(dsn, make)


def _lacking(connection: psycopg.Connection, privileges: Matrix) -> list[_Lacking]:
    found = _granted(connection, privileges)
    return [
        (role, name, missing)
        for role, objects in privileges.items()
        for name, wanted in objects.items()
        if (missing := sorted(wanted - found.get(role, {}).get(name, frozenset())))
    ]


def _granted(
    connection: psycopg.Connection, roles: Iterable[str]
) -> dict[str, dict[str, frozenset[str]]]:
    query = load_sql("security/list_privileges").encode()
    found: dict[str, dict[str, frozenset[str]]] = {}
    for role, item, privilege in connection.execute(query, {"roles": list(roles)}).fetchall():
        privileges = found.setdefault(role, {})
        privileges[item] = privileges.get(item, frozenset()) | {privilege}
    return found


def _grant(role: str, name: str, privileges: list[str]) -> sql.Composed:
    to = sql.SQL("schema silver") if name == SCHEMA else sql.Identifier("silver", name)
    return sql.SQL("grant {} on {} to {}").format(
        sql.SQL(", ").join(map(sql.SQL, privileges)), to, sql.Identifier(role)
    )
