"""What each group of database users may do in silver, and what the server says they may.

The groups cannot log in; a user of the database is made a member of those it needs:
``grant risk_reader, risk_audit to api``. Whoever migrates owns the tables and needs none.
"""

from collections.abc import Mapping
from typing import Final

import psycopg

from lakehouse.postgres.connection import transact
from lakehouse.postgres.statements import load_sql

__all__ = ["PRIVILEGES", "SCHEMA", "granted"]

SCHEMA: Final = ""
"""Stands for the schema silver itself among its objects."""

_READ: Final = frozenset({"select"})
_ADD: Final = frozenset({"select", "insert"})
_CHANGE: Final = frozenset({"select", "insert", "update"})
_WORK: Final = frozenset({"select", "insert", "update", "delete"})
_EVERYBODY: Final = {SCHEMA: frozenset({"usage"}), "migrations": _READ}

_GROWING: Final = ("decisions", "quarantine", "duplicates", "position_losses", "reference_sets")
_MOVING: Final = ("progress", "owner", "reference_in_force", "job_runs")

PRIVILEGES: Final[Mapping[str, Mapping[str, frozenset[str]]]] = {
    # The flow: it adds decisions and moves its position, and can neither delete nor alter a table.
    "risk_writer": _EVERYBODY | dict.fromkeys(_GROWING, _ADD) | dict.fromkeys(_MOVING, _CHANGE),
    # Whoever looks: dashboards, analysts, the API's reads.
    "risk_reader": _EVERYBODY | dict.fromkeys((*_GROWING, *_MOVING, "audit_log", "alerts"), _READ),
    # The API beside its reads: it checks keys, records what it answered, and works with the
    # idempotency keys, whose day ends.
    "risk_audit": _EVERYBODY | {"api_keys": _READ, "audit_log": _ADD, "idempotency_keys": _WORK},
    # Who takes alerts from Alertmanager: serving.alerts.
    "risk_alerts": _EVERYBODY | {"alerts": _CHANGE},
}
"""Privileges by role and object, as migration 0004 grants them."""


def granted(dsn: str) -> dict[str, dict[str, frozenset[str]]]:
    """Return what the server's catalogue grants the roles, in the form of `PRIVILEGES`.

    Raises
    ------
    Unavailable, Denied, SchemaDiffers
        Silver does not answer, or is not what this code expects.
    """

    def read(connection: psycopg.Connection) -> list[tuple[str, str, str]]:
        query = load_sql("security/list_privileges").encode()
        return connection.execute(query, {"roles": list(PRIVILEGES)}).fetchall()

    found: dict[str, dict[str, frozenset[str]]] = {}
    for role, item, privilege in transact(dsn, read):
        privileges = found.setdefault(role, {})
        privileges[item] = privileges.get(item, frozenset()) | {privilege}
    return found
