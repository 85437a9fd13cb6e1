"""Keep alerts that fired in silver, in the form of Alertmanager's webhook (version 4)."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

import msgspec
import psycopg

from lakehouse.postgres.connection import execute, transact

_NOT_ENDED: Final = 1
"""Alertmanager writes the year 1 where an alert has not ended."""


class Alert(msgspec.Struct, frozen=True, rename="camel"):
    """One alert of a notification."""

    status: str
    labels: dict[str, str]
    annotations: dict[str, str]
    starts_at: datetime
    ends_at: datetime
    fingerprint: str


class Notification(msgspec.Struct, frozen=True, rename="camel"):
    """What Alertmanager posts; other fields are left alone."""

    version: str
    alerts: tuple[Alert, ...]


class StoredAlert(msgspec.Struct, frozen=True):
    """An alert as silver keeps it; `ended_at` is null while it fires."""

    fingerprint: str
    began_at: datetime
    ended_at: datetime | None
    name: str
    severity: str
    labels: Mapping[str, str]
    annotations: Mapping[str, str]
    received_at: datetime


def store_alerts(dsn: str, alerts: Sequence[Alert], received_at: datetime) -> None:
    """Keep alerts; one that is sent again is the same row, so a repeated delivery changes nothing.

    Raises
    ------
    Unavailable, Denied, SchemaDiffers
        Silver does not answer, or is not what this code expects.
    """
    rows = [
        StoredAlert(
            fingerprint=alert.fingerprint,
            began_at=alert.starts_at,
            ended_at=None if alert.ends_at.year == _NOT_ENDED else alert.ends_at,
            name=alert.labels.get("alertname", ""),
            severity=alert.labels.get("severity", ""),
            labels=alert.labels,
            annotations=alert.annotations,
            received_at=received_at,
        )
        for alert in alerts
    ]
    parameters = {"alerts": msgspec.json.encode(rows).decode()}
    transact(dsn, lambda connection: execute(connection, "signals/store_alerts", parameters))


def list_alerts(dsn: str, since: datetime) -> list[StoredAlert]:
    """Return the alerts that fire, then those that ended since, the newest first.

    Raises
    ------
    Unavailable, Denied, SchemaDiffers
        Silver does not answer, or is not what this code expects.
    """

    def read(connection: psycopg.Connection) -> list[tuple[Any, ...]]:
        return execute(connection, "signals/list_alerts", {"since": since}).fetchall()

    return [_stored(*row) for row in transact(dsn, read)]


def _stored(
    fingerprint: str,
    began_at: datetime,
    ended_at: datetime | None,
    name: str,
    severity: str,
    labels: str,
    annotations: str,
    received_at: datetime,
) -> StoredAlert:
    said = msgspec.json.decode(labels), msgspec.json.decode(annotations)
    return StoredAlert(fingerprint, began_at, ended_at, name, severity, *said, received_at)
