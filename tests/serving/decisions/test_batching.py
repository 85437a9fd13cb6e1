"""What arrives together is judged together, and nobody notices."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime

import pytest

from risk.contract.application import Limits, Reject
from risk.decision.judge import Rules
from serving.decisions.batching import LARGEST_BATCH, AnsweredBatch, Scorer
from serving.decisions.challenger_counts import count_challenged
from serving.decisions.schemas import Decision
from serving.http.metrics import CHALLENGED
from tests.risk.applications import as_bytes
from tests.serving.api_cases import standing_rules

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
LIMITS = Limits()


def a_scorer(rules: Rules | None = None) -> tuple[Scorer, list[AnsweredBatch]]:
    judged: list[AnsweredBatch] = []
    current = rules or standing_rules()
    return Scorer(lambda: current, LIMITS, now=lambda: NOW, after=judged.append), judged


def batch_sizes(count: int) -> list[int]:
    async def score() -> list[AnsweredBatch]:
        scorer, judged = a_scorer()
        raws = [as_bytes(id=number) for number in range(count)]
        outcomes = await asyncio.gather(*map(scorer.score, raws))
        ids = [each.event_id for each in outcomes if isinstance(each, Decision)]
        assert ids == list(map(str, range(count)))
        return judged

    return [len(each.outcomes) for each in asyncio.run(score())]


@pytest.mark.parametrize(
    ("count", "sizes"), [(1, [1]), (2, [2]), (LARGEST_BATCH, [64]), (LARGEST_BATCH + 1, [64, 1])]
)
def test_what_waits_is_judged_at_once_up_to_64(count: int, sizes: list[int]) -> None:
    assert batch_sizes(count) == sizes


def test_one_alone_does_not_wait_for_company() -> None:
    async def score() -> int:
        scorer, _ = a_scorer()
        outcome = scorer.score(as_bytes())
        turns = 0
        while not outcome.done():
            await asyncio.sleep(0)
            turns += 1
        return turns

    assert asyncio.run(score()) == 2


def test_a_refused_neighbour_changes_nothing() -> None:
    async def score() -> list[object]:
        scorer, _ = a_scorer()
        both = [scorer.score(as_bytes()), scorer.score(b"{")]
        alone = await scorer.score(as_bytes())
        first, second = await asyncio.gather(*both)
        return [first == alone, isinstance(second, Reject)]

    assert asyncio.run(score()) == [True, True]


def test_a_client_that_has_gone_harms_no_other() -> None:
    async def score() -> object:
        scorer, _ = a_scorer()
        gone, stays = scorer.score(as_bytes(id=1)), scorer.score(as_bytes(id=2))
        gone.cancel()
        return await stays

    assert isinstance(asyncio.run(score()), Decision)


def test_rules_that_cannot_be_had_fail_the_requests_and_not_the_server() -> None:
    def none() -> Rules:
        raise LookupError("no rules")

    async def score() -> None:
        scorer = Scorer(none, LIMITS, now=lambda: NOW, after=lambda _: None)
        found = await asyncio.gather(
            scorer.score(as_bytes()), scorer.score(as_bytes()), return_exceptions=True
        )
        assert [type(each) for each in found] == [LookupError, LookupError]

    asyncio.run(score())


def challenged(version: str, outcome: str) -> float:
    return float(CHALLENGED.labels(version, outcome)._value.get())


def test_challengers_score_what_is_decided_and_are_counted() -> None:
    rules = standing_rules(challengers=["shadow-1"])

    async def score() -> tuple[list[AnsweredBatch], list[object]]:
        scorer, judged = a_scorer(rules)
        raws = [as_bytes(id=1), b"{", as_bytes(id=2)]
        return judged, list(await asyncio.gather(*map(scorer.score, raws)))

    judged, outcomes = asyncio.run(score())
    (batch,) = judged
    assert [isinstance(each, Decision) for each in outcomes] == [True, False, True]
    count_challenged(batch.challengers)
    assert (challenged("shadow-1", "scored"), challenged("shadow-1", "failed")) == (2, 0)


def test_a_challenger_that_failed_is_counted_so() -> None:
    count_challenged(['{"mad-1":null,"mad-2":0.5}', None])
    assert (challenged("mad-1", "failed"), challenged("mad-2", "scored")) == (1, 1)
