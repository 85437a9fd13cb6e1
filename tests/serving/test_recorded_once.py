"""A thousand keys, two workers, a restart: one application a key, and the first answer for ever."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path

import httpx
import pytest

from tests.flow import running_flow, sound_account
from tests.risk.applications import as_bytes
from tests.servers.broker import Broker
from tests.serving.api_server import ApiServer, running_api

KEYS, REUSED = 1_000, 200
CONNECTIONS = 16


def an_application(number: int, **differing: object) -> bytes:
    return as_bytes(id=number, loan_amnt=1_000 + number, **differing)


def recorded(api: ApiServer, bodies: Sequence[bytes]) -> list[httpx.Response]:
    """Return the answers to these bodies, each under the key of its place."""

    async def run() -> list[httpx.Response]:
        limits = httpx.Limits(max_connections=CONNECTIONS)
        async with httpx.AsyncClient(base_url=api.url, limits=limits, timeout=60) as client:

            async def put(place: int, body: bytes) -> httpx.Response:
                headers = {"X-API-Key": api.key, "Idempotency-Key": f"k{place}"}
                path = "/v1/decisions?record=true"
                return await client.post(path, content=body, headers=headers)

            return list(await asyncio.gather(*map(put, range(len(bodies)), bodies)))

    return asyncio.run(run())


@pytest.mark.long
def test_a_retry_gets_the_first_answer_from_any_worker_before_and_after_a_restart(
    tmp_path: Path, broker: Broker, new_topic: Callable[..., str]
) -> None:
    source = f"kafka://{broker.address}/{new_topic()}"
    settings = {"RISK_RECORD_TO": source, "RISK_API_WORKERS": "2"}
    home = tmp_path / "home"
    bodies = [an_application(number) for number in range(KEYS)]
    # The same application as another client writes it, and another application.
    again = [json.dumps(json.loads(body), indent=1).encode() for body in bodies[REUSED:]]
    others = [an_application(number, annual_inc=1) for number in range(REUSED)]
    with running_api(home, settings) as api:
        first = recorded(api, bodies)
    assert Counter(answer.status_code for answer in first) == {200: KEYS}
    with running_api(home, settings) as api:
        retried = recorded(api, others + again)
    refused = [answer.json()["code"] for answer in retried[:REUSED]]
    assert refused == ["idempotency_key_reused"] * REUSED
    assert [answer.content for answer in retried[REUSED:]] == [
        answer.content for answer in first[REUSED:]
    ]
    assert {answer.headers["idempotent-replayed"] for answer in retried[REUSED:]} == {"true"}
    streamed = {"RISK_HOME": str(home), "RISK_SOURCE": source}
    with running_flow(streamed, log=tmp_path / "flow.log") as flow:
        flow.wait_until(
            lambda: flow.total("risk_events_decided_total") >= KEYS, seconds=60, what="stored"
        )
        flow.terminate()
        assert flow.wait(seconds=60) == 0
    (partition,) = sound_account(streamed)["partitions"]
    found = {name: partition[name] for name in ("read", "decided", "duplicates", "conflicts")}
    assert found == {"read": KEYS, "decided": KEYS, "duplicates": 0, "conflicts": 0}
