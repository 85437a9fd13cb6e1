"""What the tests share that fire alerts by their real faults, on the running stack."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from datetime import UTC, datetime, timedelta
from typing import Final

import psycopg
import yaml
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict

from lakehouse.signals.alerts import list_alerts
from tests.project.tree import ROOT
from tests.stack.stack import Stack
from tests.waiting import until

RULES: Final = ROOT / "ops" / "prometheus" / "rules" / "alerts.yml"
RUNBOOKS: Final[dict[str, str]] = {
    rule["alert"]: rule["annotations"]["runbook"]
    for group in yaml.safe_load(RULES.read_text(encoding="utf-8"))["groups"]
    for rule in group["rules"]
}
HASTE: Final = 20
"""Windows and waits are a twentieth of what ships; thresholds are not touched."""

FIRES_WITHIN: Final = 240.0
RESOLVES_WITHIN: Final = 300.0


@contextmanager
def tended(stack: Stack) -> Iterator[None]:
    """Start again what ends, as compose does, as long as the context."""
    over = threading.Event()

    def tend() -> None:
        while not over.wait(0.5):
            stack.tend()

    thread = threading.Thread(target=tend)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


class Watch:
    """What the receiver stored since the fault began."""

    def __init__(self, stack: Stack) -> None:
        self._dsn = stack.owner_dsn
        self._since = datetime.now(UTC)

    def runs(self, name: str) -> list[tuple[str, bool]]:
        """Return the runbook of each firing of an alert, and whether it is over."""
        return [
            (each.annotations["runbook"], each.ended_at is not None)
            for each in list_alerts(self._dsn, self._since - timedelta(minutes=5))
            if each.name == name and (each.ended_at is None or each.ended_at > self._since)
        ]

    def fires(self, *names: str) -> None:
        """Wait until each has reached silver, with its runbook."""
        for name in names:
            until(
                lambda name=name: any(not over for _, over in self.runs(name)),  # type: ignore[misc]
                what=f"{name} in silver",
                seconds=FIRES_WITHIN,
                every=0.5,
            )
            assert {runbook for runbook, _ in self.runs(name)} == {RUNBOOKS[name]}

    def resolves(self, *names: str) -> None:
        """Wait until each is over."""
        for name in names:
            until(
                lambda name=name: all(over for _, over in self.runs(name)),  # type: ignore[misc]
                what=f"{name} resolved",
                seconds=RESOLVES_WITHIN,
                every=0.5,
            )


@contextmanager
def stopped(stack: Stack, *names: str) -> Iterator[None]:
    """Keep services down as long as the context; who tends them leaves them alone."""
    stack.paused.update(names)
    for name in names:
        stack.servers[name].stop()
    try:
        yield
    finally:
        stack.paused.difference_update(names)
    stack.tend()
    stack.wait_until_well(*names)


def name_in_silver(stack: Stack, service: str) -> str:
    """Return the user that a service logs in to Postgres as."""
    return str(conninfo_to_dict(stack.secret(f"silver_dsn_{service}"))["user"])


@contextmanager
def shut_out(stack: Stack, *services: str) -> Iterator[None]:
    """Let Postgres refuse the users of some services."""
    users = [sql.Identifier(name_in_silver(stack, name)) for name in services]
    with psycopg.connect(stack.owner_dsn, autocommit=True) as connection:
        for user in users:
            connection.execute(sql.SQL("alter role {} nologin").format(user))
        ends = "select pg_terminate_backend(pid) from pg_stat_activity where usename = any(%s)"
        connection.execute(ends, ([user.as_string().strip('"') for user in users],))
        try:
            yield
        finally:
            for user in users:
                connection.execute(sql.SQL("alter role {} login").format(user))


@contextmanager
def again_and_again(work: Callable[[], object]) -> Iterator[None]:
    """Do it ten times a second as long as the context."""
    over = threading.Event()

    def do() -> None:
        while not over.wait(0.1):
            with suppress(OSError):
                work()

    threads = [threading.Thread(target=do) for _ in range(3)]
    with ExitStack() as exits:
        for thread in threads:
            thread.start()
            exits.callback(thread.join)
        exits.callback(over.set)
        yield
