"""How much a request may carry and how often a key may ask, to the byte and to the token."""

import gc
import tracemalloc
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.types import Receive, Scope, Send

from serving.access.limits import (
    BATCH_BYTES,
    BODY_BYTES,
    BodyLimit,
    RateLimit,
    TokenBucket,
)
from tests.serving.asgi import a_principal, echo, put


@pytest.mark.parametrize(
    ("path", "most"), [("/v1/decisions", BODY_BYTES), ("/v1/decisions:batch", BATCH_BYTES)]
)
@pytest.mark.parametrize("piece", [1 << 16, 1000])
def test_a_body_passes_up_to_the_limit_and_not_one_byte_beyond(
    path: str, most: int, piece: int
) -> None:
    def pieces(total: int) -> Iterator[bytes]:
        for start in range(0, total, piece):
            yield b"x" * min(piece, total - start)

    passed = put(BodyLimit(echo), path=path, body=pieces(most))
    assert (passed.status, passed.body) == (200, b'{"length": %d, "prefix": null}' % most)
    refused = put(BodyLimit(echo), path=path, body=pieces(most + 1))
    assert (refused.status, refused.problem["code"]) == (413, "body_too_large")
    assert refused.headers["connection"] == "close"


def test_a_body_that_says_it_is_too_long_is_not_read() -> None:
    pieces = iter([b"x", b"y", b"z"])
    headers = [("content-length", str(BODY_BYTES + 1))]
    assert put(BodyLimit(echo), headers=headers, body=pieces).status == 413
    assert next(pieces) == b"y"


def test_an_endless_body_is_left_at_the_first_excess_byte_and_takes_no_memory() -> None:
    given_pieces = 0

    def endless() -> Iterator[bytes]:
        nonlocal given_pieces
        while True:
            given_pieces += 1
            yield b"x" * 1024

    gc.collect()
    tracemalloc.start()
    assert put(BodyLimit(echo), body=endless()).status == 413
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert given_pieces == BODY_BYTES // 1024 + 2  # the piece too many, and one looked ahead
    assert peak < 1 << 20


def test_a_client_that_goes_away_in_the_middle_gets_no_answer() -> None:
    assert put(BodyLimit(echo), body=[b"x"], is_cut=True).status == 0


def test_too_much_at_once_is_put_off_and_what_is_done_makes_room() -> None:
    app = BodyLimit(echo, most_buffered=100)
    busy = put(app, body=[b"x" * 60, b"x" * 60])
    assert (busy.status, busy.headers["retry-after"]) == (503, "1")
    for _ in range(3):
        assert put(app, body=[b"x" * 100]).status == 200


def test_an_answer_that_fails_makes_room_too() -> None:
    async def fail(_scope: Scope, receive: Receive, _send: Send) -> None:
        await receive()
        raise ZeroDivisionError

    app = BodyLimit(fail, most_buffered=100)
    for _ in range(3):
        with pytest.raises(ZeroDivisionError):
            put(app, body=[b"x" * 100])


def test_what_is_no_request_passes_the_limits_by() -> None:
    async def note(scope: Scope, _receive: Receive, _send: Send) -> None:
        seen.append(scope["type"])

    seen: list[str] = []
    for app in (BodyLimit(note), RateLimit(note)):
        coroutine = app({"type": "lifespan"}, None, None)  # type: ignore[arg-type]
        with pytest.raises(StopIteration):
            coroutine.send(None)
    assert seen == ["lifespan", "lifespan"]


rates = st.floats(0.01, 10_000)
waits = st.lists(st.floats(0, 100), min_size=1, max_size=200)


@given(rate=rates, burst=st.integers(1, 1_000), gaps=waits)
def test_never_more_is_granted_than_burst_and_rate_allow(
    rate: float, burst: int, gaps: list[float]
) -> None:
    bucket, at, granted = TokenBucket(rate, burst, at=0.0), 0.0, 0
    for gap in gaps:
        at += gap
        granted += bucket.take(at) == 0.0
        assert granted <= burst + rate * at + 1e-6


@given(rate=rates, burst=st.integers(1, 100), gaps=waits)
def test_who_waits_as_long_as_told_is_granted(rate: float, burst: int, gaps: list[float]) -> None:
    bucket, at = TokenBucket(rate, burst, at=0.0), 0.0
    for gap in gaps:
        at += gap
        wait = bucket.take(at)
        if wait:
            at += wait * (1 + 1e-9) + 1e-9
            assert bucket.take(at) == 0.0


@given(burst=st.integers(1, 100), back=st.floats(0, 1e6))
def test_a_clock_that_goes_back_grants_nothing(burst: int, back: float) -> None:
    bucket = TokenBucket(1.0, burst, at=1e6)
    assert [bucket.take(1e6) for _ in range(burst)] == [0.0] * burst
    assert bucket.take(1e6 - back) > 0


class Clock:
    seconds = 0.0

    def __call__(self) -> float:
        return self.seconds


def test_a_key_may_burst_then_waits_as_long_as_it_is_told() -> None:
    clock = Clock()
    app = RateLimit(echo, clock=clock)
    principal = a_principal(rate_per_second=0.5, burst=2)
    answers = [put(app, principal=principal) for _ in range(3)]
    assert [answer.status for answer in answers] == [200, 200, 429]
    assert answers[2].headers["retry-after"] == "2"
    assert answers[2].problem["code"] == "too_many_requests"
    assert [answer.headers["ratelimit"] for answer in answers] == [
        '"key";r=1;t=2',
        '"key";r=0;t=4',
        '"key";r=0;t=4',
    ]
    assert {answer.headers["ratelimit-policy"] for answer in answers} == {'"key";q=2;w=4'}
    clock.seconds = 2.0
    assert put(app, principal=principal).status == 200


def test_a_key_does_not_use_up_what_another_may() -> None:
    app = RateLimit(echo, clock=Clock())
    first, second = a_principal(burst=1), a_principal("zzzzzzzz", burst=1)
    assert [put(app, principal=each).status for each in (first, first, second)] == [200, 429, 200]


def test_each_of_several_workers_grants_its_part() -> None:
    app = RateLimit(echo, workers=4, clock=Clock())
    answers = [put(app, principal=a_principal(rate_per_second=8.0, burst=8)) for _ in range(3)]
    assert [answer.status for answer in answers] == [200, 200, 429]
    assert answers[0].headers["ratelimit-policy"] == '"key";q=2;w=1'


def test_what_is_open_to_everybody_is_not_limited() -> None:
    app = RateLimit(echo, clock=Clock())
    answers = [put(app) for _ in range(50)]
    assert {answer.status for answer in answers} == {200}
    assert "ratelimit" not in answers[0].headers
