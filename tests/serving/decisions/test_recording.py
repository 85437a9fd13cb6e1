"""An application that is recorded is in the topic once, as it came, and the answer says where."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from typing import Any

import httpx
import pytest
from confluent_kafka import Consumer, Message, TopicPartition

from lakehouse.kafka.client import client_configuration
from lakehouse.postgres.migrate import migrate
from lakehouse.settings.settings import Settings
from lakehouse.silver.idempotency import Claim
from serving.decisions.recording import Recorder, identified
from serving.http.problems import Problem
from tests.risk.applications import as_bytes
from tests.servers.broker import Broker
from tests.servers.process import free_port
from tests.serving.api_cases import posted, talking_to

RECORD = "/v1/decisions?record=true"
A_CLAIM = Claim("desk", "k1", b"of its body")


@pytest.fixture
def silver(postgres: str) -> str:
    migrate(postgres)
    return postgres


@contextmanager
def a_recorder(servers: str, topic: str) -> Iterator[Recorder]:
    recorder = Recorder(client_configuration(Settings(), servers), topic)
    with closing(recorder):
        yield recorder


def recorded(body: bytes, key: str = "k1", **parts: Any) -> httpx.Response:
    return posted(body, RECORD, headers={"Idempotency-Key": key}, **parts)


def messages(broker: Broker, topic: str, count: int) -> list[Message]:
    consumer = Consumer({"bootstrap.servers": broker.address, "group.id": topic})
    try:
        consumer.assign([TopicPartition(topic, 0, 0)])
        return consumer.consume(count, timeout=20)
    finally:
        consumer.close()


def test_the_bytes_go_into_the_topic_as_they_came(
    broker: Broker, new_topic: Callable[..., str], silver: str
) -> None:
    topic, body = new_topic(), as_bytes(event_id="e7")
    with a_recorder(broker.address, topic) as recorder:
        answer = recorded(body, recorder=recorder, dsn=silver).json()
    (message,) = messages(broker, topic, 1)
    assert answer["recorded"] == {"topic": topic, "partition": 0, "offset": message.offset()}
    assert (message.value(), message.key()) == (body, b"53595000")
    assert message.headers() == [("idempotency-key", b"k1")]


def test_the_same_key_gets_the_first_answer_and_nothing_new_is_produced(
    broker: Broker, new_topic: Callable[..., str], silver: str
) -> None:
    topic = new_topic()

    async def twice(client: httpx.AsyncClient) -> list[httpx.Response]:
        headers = {"Idempotency-Key": "k1"}
        asking = [client.post(RECORD, content=as_bytes(), headers=headers) for _ in range(2)]
        together = list(await asyncio.gather(*asking))
        again = await client.post(RECORD, content=as_bytes(), headers=headers)
        other = await client.post(RECORD, content=as_bytes(id=2), headers=headers)
        new = await client.post(RECORD, content=as_bytes(id=2), headers={"Idempotency-Key": "k2"})
        return [*together, again, other, new]

    with a_recorder(broker.address, topic) as recorder:
        first, second, again, other, new = talking_to(twice, recorder=recorder, dsn=silver)
    assert first.content == second.content == again.content
    replayed = [answer.headers.get("idempotent-replayed") for answer in (first, second, again)]
    assert sorted(map(str, replayed)) == ["None", "true", "true"]
    assert (other.status_code, other.json()["code"]) == (409, "idempotency_key_reused")
    assert new.json()["recorded"]["offset"] == first.json()["recorded"]["offset"] + 1


def test_a_refused_application_is_not_recorded(
    broker: Broker, new_topic: Callable[..., str], silver: str
) -> None:
    topic = new_topic()
    with a_recorder(broker.address, topic) as recorder:
        assert recorded(as_bytes(loan_amnt=-1), recorder=recorder, dsn=silver).status_code == 422
        recorded(as_bytes(event_id="good"), recorder=recorder, dsn=silver)
    (message,) = messages(broker, topic, 1)
    assert b"good" in (message.value() or b"")


def test_without_a_broker_the_answer_says_so_within_five_seconds(silver: str) -> None:
    began = time.monotonic()
    with a_recorder(f"127.0.0.1:{free_port()}", "t") as recorder:
        answer = recorded(as_bytes(), recorder=recorder, dsn=silver)
        took = time.monotonic() - began
    assert (answer.status_code, answer.json()["code"]) == (503, "recording_unavailable")
    assert took < 5


def test_without_a_topic_nothing_is_silently_dropped() -> None:
    answer = recorded(as_bytes())
    assert (answer.status_code, answer.json()["code"]) == (409, "recording_unavailable")


def test_recording_wants_a_key(broker: Broker, new_topic: Callable[..., str], silver: str) -> None:
    with a_recorder(broker.address, new_topic()) as recorder:
        for key in ("", "x" * 129, "a\tb"):
            answer = recorded(as_bytes(), key, recorder=recorder, dsn=silver)
            assert (answer.status_code, answer.json()["code"]) == (422, "idempotency_key_invalid")


@pytest.mark.parametrize(
    ("query", "status"), [("false", 200), ("maybe", 422), ("true&record=true", 422)]
)
def test_only_true_and_false_are_understood(query: str, status: int) -> None:
    assert posted(as_bytes(), f"/v1/decisions?record={query}").status_code == status


def test_a_batch_is_recorded_once_and_what_is_refused_is_not(
    broker: Broker, new_topic: Callable[..., str], silver: str
) -> None:
    topic = new_topic()
    body = b'{"applications": [%s, {"id": NaN}, %s]}' % (as_bytes(id=1), as_bytes(id=2))

    async def twice(client: httpx.AsyncClient) -> list[httpx.Response]:
        path, headers = "/v1/decisions:batch?record=true", {"Idempotency-Key": "k1"}
        return [await client.post(path, content=body, headers=headers) for _ in range(2)]

    with a_recorder(broker.address, topic) as recorder:
        first, again = talking_to(twice, recorder=recorder, dsn=silver)
    assert first.content == again.content
    results = first.json()["results"]
    assert [(each["index"], each["status"]) for each in results] == [(0, 200), (1, 400), (2, 200)]
    places = [results[place]["decision"]["recorded"]["offset"] for place in (0, 2)]
    assert sorted(places) == [0, 1]
    ids = {json.loads(message.value() or b"")["event_id"] for message in messages(broker, topic, 2)}
    assert ids == {results[place]["decision"]["event_id"] for place in (0, 2)}


def test_without_silver_nothing_is_recorded(broker: Broker, new_topic: Callable[..., str]) -> None:
    with a_recorder(broker.address, new_topic()) as recorder:
        answer = recorded(as_bytes(), recorder=recorder)
    assert (answer.status_code, answer.json()["code"]) == (503, "silver_unavailable")


def test_an_event_without_an_id_gets_the_keys_and_keeps_its_bytes() -> None:
    event = identified(as_bytes(), A_CLAIM)
    assert event.endswith(as_bytes()[1:])
    assert event == identified(as_bytes(), A_CLAIM)
    ids = {
        json.loads(identified(as_bytes(), Claim(owner, key, body), place))["event_id"]
        for owner in ("desk", "branch")
        for key in ("k1", "k2")
        for body in (b"1", b"2")
        for place in (0, 1)
    }
    assert len(ids) == 16


@pytest.mark.parametrize("raw", [as_bytes(event_id="e1"), b"{", b"[]", b"\xff", b"[" * 100_000])
def test_an_event_with_an_id_and_what_is_no_event_stay_as_they_are(raw: bytes) -> None:
    assert identified(raw, A_CLAIM) == raw


def test_an_empty_event_gets_an_id_too() -> None:
    assert json.loads(identified(b" { } ", A_CLAIM)).keys() == {"event_id"}


def test_an_id_that_is_null_is_refused_rather_than_doubled() -> None:
    with pytest.raises(Problem, match="event_id: expected"):
        identified(as_bytes(event_id=None), A_CLAIM)
