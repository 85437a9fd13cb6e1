"""One application all the way: topic, decision, API, gold, metrics; and one alert."""

from __future__ import annotations

import json
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from typing import Any, Final
from uuid import uuid4

from confluent_kafka import Producer

from lakehouse.signals.alerts import list_alerts
from tests.stack.stack import TOPIC, Stack
from tests.stack.watchers import ask_prometheus, send_alerts
from tests.waiting import until

__all__ = ["check_whole_path", "make_key"]

_SECONDS: Final = 60.0
_EVERY: Final = 0.2
_ALERT: Final = "StackChecked"


def check_whole_path(stack: Stack, say: Callable[[str], object] = print) -> None:
    """Prove each step once, and say how long it took.

    Raises
    ------
    NotInTimeError
        A step did not come to pass within a minute; the message names it.
    """
    application_id = f"stack-{uuid4()}"
    key = make_key(stack, "stack", "score", "decisions:read")
    began = time.monotonic()

    def took(what: str) -> None:
        say(f"  {time.monotonic() - began:5.1f} s  {what}")

    _send(stack, application_id)
    decision = until(
        lambda: _decided(stack, key, application_id),
        what=f"{application_id} decided, and seen through the API",
        seconds=_SECONDS,
        every=_EVERY,
    )
    assert decision is not None
    took(f"the API has the decision: {decision['tier']}, PD {decision['pd']:.4f}")
    until(
        lambda: _rows_in_gold(stack, application_id) == 1,
        what="a row of gold's decisions",
        seconds=_SECONDS,
        every=_EVERY,
    )
    took("gold has its row")
    if "prometheus" in stack.missing:
        say(f"  not checked: metrics ({stack.missing['prometheus']})")
    else:
        until(
            lambda: _is_scraped(stack), what="every target scraped", seconds=_SECONDS, every=_EVERY
        )
        took("Prometheus scraped every target, and counts events")
    if "alertmanager" in stack.missing:
        say(f"  not checked: alerts ({stack.missing['alertmanager']})")
        return
    _deliver_alert(stack)
    took("an alert went through Alertmanager into silver, and was resolved")


def make_key(stack: Stack, name: str, *scopes: str) -> str:
    """Make a key of the API."""
    told = [word for scope in scopes for word in ("--scope", scope)]
    said = stack.run("admin", "python", "-m", "serving", "keys", "create", "--name", name, *told)
    return said.strip()


def an_event(application_id: str) -> dict[str, object]:
    """Return an application as a topic carries it."""
    return {
        "event_id": application_id,
        "event_time": datetime.now(UTC).isoformat(),
        "id": application_id,
        "issue_d": "Jul-2015",
        "loan_amnt": 15_000,
        "annual_inc": 34_221,
        "dti": 31.5,
        "revol_util": "83.2%",
    }


def _send(stack: Stack, application_id: str) -> None:
    producer = Producer({"bootstrap.servers": stack.broker.address})
    producer.produce(TOPIC, json.dumps(an_event(application_id)), key=application_id)
    producer.flush(_SECONDS)


def _decided(stack: Stack, key: str, application_id: str) -> dict[str, Any] | None:
    url = f"{stack.url('api')}/v1/applications/{application_id}"
    request = urllib.request.Request(url, headers={"X-API-Key": key})
    try:
        with urllib.request.urlopen(request, timeout=10) as page:
            decisions = json.load(page)["decisions"]
    except urllib.error.HTTPError as exc:
        # A key is known to the API within 15 s.
        if exc.code in {HTTPStatus.NOT_FOUND, HTTPStatus.UNAUTHORIZED}:
            return None
        raise
    return decisions[0] if decisions else None


def _rows_in_gold(stack: Stack, application_id: str) -> int:
    question = f"select count(*) as n from decisions where application_id = '{application_id}'"
    told = ("python", "-m", "lakehouse", "sql", question, "--format", "json")
    return int(json.loads(stack.run("exporter", *told))[0]["n"])


def _is_scraped(stack: Stack) -> bool:
    url = stack.url("prometheus")
    targets = ask_prometheus(url, "up")
    counted = ask_prometheus(url, "sum(risk_events_read_total)")
    return bool(targets) and all(up for _, up in targets) and sum(n for _, n in counted) > 0


def _deliver_alert(stack: Stack) -> None:
    url, began_at = stack.url("alertmanager"), datetime.now(UTC)
    labels = {"alertname": _ALERT, "severity": "page", "owner": "platform"}
    says = {"summary": "just stack checks that alerts arrive.", "runbook": "docs/operations.md"}
    alert = {"labels": labels, "annotations": says, "startsAt": began_at.isoformat()}

    def states() -> list[bool]:
        stored = list_alerts(stack.owner_dsn, began_at - timedelta(days=1))
        return [each.ended_at is not None for each in stored if each.name == _ALERT]

    until(lambda: _answers(url), what="Alertmanager answering", seconds=_SECONDS, every=_EVERY)
    send_alerts(url, [alert])
    until(lambda: states() == [False], what="an alert in silver", seconds=_SECONDS, every=_EVERY)
    send_alerts(url, [alert | {"endsAt": datetime.now(UTC).isoformat()}])
    until(lambda: states() == [True], what="the alert resolved", seconds=_SECONDS, every=_EVERY)


def _answers(url: str) -> bool:
    try:
        urllib.request.urlopen(f"{url}/-/ready", timeout=2).close()
    except OSError:
        return False
    return True
