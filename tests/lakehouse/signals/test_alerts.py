"""Alerts arrive as Alertmanager sends them, are kept once, and resolve."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import msgspec
import psycopg
import pytest

from lakehouse.signals.alerts import Notification, list_alerts, store_alerts

AT = datetime(2026, 3, 1, 12, tzinfo=UTC)


def sent(status: str, ends_at: str, fingerprint: str = "5ef77f1f8a3ecf8d") -> Notification:
    """A notification as Alertmanager's documentation shows one."""
    body = {
        "version": "4",
        "groupKey": '{}:{alertname="FlowLagGrowing"}',
        "status": status,
        "receiver": "silver",
        "groupLabels": {"alertname": "FlowLagGrowing"},
        "alerts": [
            {
                "status": status,
                "labels": {"alertname": "FlowLagGrowing", "severity": "page"},
                "annotations": {"summary": "lag grows", "runbook": "docs/runbooks/x.md"},
                "startsAt": "2026-03-01T11:58:00.123Z",
                "endsAt": ends_at,
                "generatorURL": "http://localhost:9090/graph",
                "fingerprint": fingerprint,
            }
        ],
    }
    return msgspec.json.decode(msgspec.json.encode(body), type=Notification)


@pytest.fixture
def dsn(migrated: str) -> str:
    with psycopg.connect(migrated) as connection:
        connection.execute("truncate silver.alerts")
    return migrated


def test_an_alert_that_is_sent_again_is_one_row_and_resolves(dsn: str) -> None:
    firing = sent("firing", "0001-01-01T00:00:00Z")
    for minutes in range(2):
        store_alerts(dsn, firing.alerts, AT + timedelta(minutes=minutes))
    (stored,) = list_alerts(dsn, AT)
    assert (stored.name, stored.severity, stored.ended_at) == ("FlowLagGrowing", "page", None)
    assert stored.annotations["runbook"] == "docs/runbooks/x.md"
    assert stored.received_at == AT + timedelta(minutes=1)
    store_alerts(dsn, sent("resolved", "2026-03-01T12:03:00Z").alerts, AT)
    (stored,) = list_alerts(dsn, AT)
    assert stored.ended_at == AT + timedelta(minutes=3)
    assert list_alerts(dsn, AT + timedelta(hours=1)) == []


def test_those_that_fire_come_first(dsn: str) -> None:
    store_alerts(dsn, sent("resolved", "2026-03-01T12:03:00Z", "a").alerts, AT)
    store_alerts(dsn, sent("firing", "0001-01-01T00:00:00Z", "b").alerts, AT)
    assert [each.fingerprint for each in list_alerts(dsn, AT)] == ["b", "a"]
