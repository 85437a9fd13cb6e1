"""One key is one application: whatever fails, whoever asks, and whenever."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from contextlib import closing

import psycopg
import pytest

from lakehouse.postgres.migrate import migrate
from lakehouse.silver.idempotency import Claim, IdempotencyKeys, Known
from serving.decisions import idempotency
from serving.decisions.idempotency import Once, body_sha256
from serving.http.problems import Problem
from tests.serving.api_cases import NOWHERE

A = Claim("the desk", "k1", body_sha256(b'{"id": 1}'))
B = Claim("the desk", "k1", body_sha256(b'{"id": 2}'))


@pytest.fixture
def silver(postgres: str) -> str:
    migrate(postgres)
    return postgres


@pytest.fixture
def keys(silver: str) -> Iterator[IdempotencyKeys]:
    with closing(IdempotencyKeys(silver)) as found:
        yield found


def ages(silver: str, column: str, by: str) -> None:
    with psycopg.connect(silver) as connection:
        statement = f"update silver.idempotency_keys set {column} = {column} - interval '{by}'"
        connection.execute(statement.encode())


def asked(silver: str, *attempts: Callable[[Once], Awaitable[tuple[bytes, bool]]]) -> list[object]:
    """Return what each attempt, one after the other, comes to."""

    async def run() -> list[object]:
        with closing(Once(IdempotencyKeys(silver))) as once:
            found: list[object] = []
            for attempt in attempts:
                try:
                    found.append(await attempt(once))
                except (Problem, RuntimeError) as error:
                    found.append(getattr(error, "code", "failed"))
            return found

    return asyncio.run(run())


def attempt(
    claim: Claim, answer: bytes = b"first", *, decide: bool = True, record: bool = True
) -> Callable[[Once], Awaitable[tuple[bytes, bool]]]:
    async def decided() -> bytes:
        if not decide:
            raise RuntimeError
        return answer

    async def recorded(found: bytes) -> bytes:
        if not record:
            raise RuntimeError
        return found

    return lambda once: once.answer(claim, decided, recorded)


def test_a_retry_gets_the_first_answer_and_another_body_none(silver: str) -> None:
    other_owner = Claim("the branch", "k1", B.body_sha256)
    attempts = [attempt(A), attempt(A, b"second"), attempt(B, b"third"), attempt(other_owner, b"4")]
    said = asked(silver, *attempts)
    assert said == [(b"first", False), (b"first", True), "idempotency_key_reused", (b"4", False)]


def test_another_process_knows_the_answer(silver: str) -> None:
    assert asked(silver, attempt(A)) == [(b"first", False)]
    assert asked(silver, attempt(A, b"second")) == [(b"first", True)]


def test_what_fails_before_it_has_an_effect_leaves_the_key_free(silver: str) -> None:
    said = asked(silver, attempt(A, decide=False), attempt(B, b"other"))
    assert said == ["failed", (b"other", False)]


def test_what_may_have_reached_the_topic_can_be_tried_again_with_the_same_body_only(
    silver: str,
) -> None:
    said = asked(silver, attempt(A, record=False), attempt(B), attempt(A, b"again"))
    assert said == ["failed", "idempotency_key_reused", (b"again", False)]


def test_an_attempt_whose_process_died_is_taken_over_in_time(
    keys: IdempotencyKeys, silver: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(idempotency, "WAIT_SECONDS", 0.2)
    assert keys.claim(A) is None
    assert asked(silver, attempt(A)) == ["idempotency_key_in_use"]
    ages(silver, "held_until", "1 minute")
    assert asked(silver, attempt(B), attempt(A)) == ["idempotency_key_reused", (b"first", False)]


def test_a_key_is_free_again_after_a_day(keys: IdempotencyKeys, silver: str) -> None:
    asked(silver, attempt(A))
    ages(silver, "claimed_at", "23 hours")
    assert keys.claim(B) == Known(A.body_sha256, b"first")
    ages(silver, "claimed_at", "2 hours")
    assert keys.claim(B) is None


def test_keys_whose_day_is_over_are_removed(silver: str) -> None:
    asked(silver, attempt(A))
    ages(silver, "claimed_at", "25 hours")
    other = Claim("the desk", "k2", A.body_sha256)
    assert asked(silver, attempt(other)) == [(b"first", False)]
    with psycopg.connect(silver) as connection:
        assert connection.execute("select key from silver.idempotency_keys").fetchall() == [("k2",)]


def test_without_silver_nobody_is_answered() -> None:
    assert asked(NOWHERE, attempt(A)) == ["silver_unavailable"]


def test_a_body_is_what_it_says_and_not_how_it_is_written() -> None:
    assert body_sha256(b'{"a": 1, "b": [2]}') == body_sha256(b' {"b":[2],"a":1}')
    assert body_sha256(b'{"a": 1}') != body_sha256(b'{"a": 2}')
    assert len({body_sha256(raw) for raw in (b"{", b"[" * 100_000, b"\xff")}) == 3
