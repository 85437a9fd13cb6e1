"""Events that are poison, or of another schema."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import psycopg

from tests.faults.poison import neighbours, poison
from tests.faults.suite.scene import Scene
from tests.faults.suite.table import row
from tests.ledger import send
from tests.risk.applications import an_event

LARGE = {"max.message.bytes": str(16 << 20)}


def refused(scene: Scene) -> int:
    with psycopg.connect(scene.dsn) as connection:
        asked = b"select count(*) from silver.quarantine"
        return int(connection.execute(asked).fetchall()[0][0])


for _share, _short in ((0.01, False), (0.5, True), (1.0, False)):

    @row(
        f"poison-{_share:.0%}".replace("%", "-percent"),
        f"{_share:.0%} of 4,000 events are poison",
        "the process never exits; each quarantined once; good rows of the same batch land",
        short=_short,
    )
    def poisoned(scene: Scene, share: float = _share) -> str:
        scene.topic(config=LARGE)
        kinds = [value for _, value, code in poison(1_000) if code and len(value or b"") < 200_000]
        good = iter(neighbours(100_000, 4_000))
        events, bad = [], 0
        for number in range(4_000):
            is_bad = int((number + 1) * share) > int(number * share)
            bad += is_bad
            events.append(kinds[number % len(kinds)] if is_bad else next(good))
        scene.ledger.acknowledged |= send(scene.settings["RISK_SOURCE"], events).acknowledged
        with scene.flow() as flow:
            scene.finish(flow)
        assert refused(scene) == bad, f"{refused(scene)} of {bad} quarantined"
        return f"{bad:,} quarantined; {scene.exact()}"


CHANGES: dict[str, tuple[Any, bool]] = {
    "an optional field added": (lambda event: event | {"new_field": {"deep": [1]}}, True),
    "an optional field removed": (lambda event: without(event, "emp_length"), True),
    "an integer widened": (lambda event: event | {"id": 2**40 + int(event["id"])}, True),
    "a type changed": (lambda event: event | {"dti": {"value": 3}}, False),
    "a required field renamed": (
        lambda event: without(event, "loan_amnt") | {"amount": 1.0},
        False,
    ),
}


@row(
    "schema",
    "schema: optional field added, removed, integer widened; type changed, field renamed",
    "the first three flow on, the rest is quarantined; ledger exact",
    short=True,
)
def schema(scene: Scene) -> str:
    scene.topic()
    now = datetime.now(UTC).isoformat()
    events = [an_event(id=200_000 + number, event_time=now) for number in range(600)]
    wanted, changed = 0, []
    for number, event in enumerate(events):
        change, flows_on = [*CHANGES.values()][number % len(CHANGES)]
        changed.append(json.dumps(change(event)).encode())
        wanted += not flows_on
    scene.ledger.acknowledged |= send(scene.settings["RISK_SOURCE"], changed).acknowledged
    with scene.flow() as flow:
        scene.finish(flow)
    found = refused(scene)
    assert found == wanted, f"{found} quarantined, expected {wanted}"
    return f"{len(events) - found} decided, {found} quarantined; {scene.exact()}"


def without(event: dict[str, Any], field: str) -> dict[str, Any]:
    return {name: value for name, value in event.items() if name != field}
