"""Ten thousand applications, good and bad: the API says what the stream says, to the last bit."""

from __future__ import annotations

import asyncio
import gzip
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest

from risk.contract.application import Limits
from risk.decision.judge import judge
from tests.faults.poison import neighbours, poison
from tests.risk.simulated import a_simulator
from tests.serving.api_cases import standing_rules, talking_to
from tests.serving.api_server import ApiServer, running_api

LIMITS = Limits(max_bytes=1_048_576)
AT_ONCE = 48


def said_by_the_stream(raws: Sequence[bytes], at: datetime) -> list[dict[str, Any]]:
    """Return verdicts as the flow's own step gets them: one batch, one instant."""
    verdicts = judge(raws, rules=standing_rules(), received_at=at, limits=LIMITS)
    found: dict[int, dict[str, Any]] = {
        reject.row: {"code": reject.code.value, "reason": reject.reason}
        for reject in verdicts.rejects
    }
    names = [name for name in verdicts.decided if name != "row"]
    columns = [verdicts.decided[name].tolist() for name in names]
    for row, values in zip(
        verdicts.decided["row"].tolist(), zip(*columns, strict=True), strict=True
    ):
        found[row] = dict(zip(names, values, strict=True))
    return [found[row] for row in range(len(raws))]


def differs(answer: httpx.Response, verdict: dict[str, Any]) -> bool:
    said = msgspec.json.decode(answer.content)
    if answer.status_code >= 400:
        return bool(said["code"] != verdict.get("code"))
    versions = said["versions"]
    expected = {
        "event_id": said["event_id"],
        "application_id": said["application_id"],
        "pd": said["pd"],
        "points": said["points"],
        "tier": said["tier"],
        "early_warning_flag": said["early_warning_flag"],
        "dti_band": said["bands"]["dti"],
        "util_band": said["bands"]["utilisation"],
        "rate_band": said["bands"]["rate"],
        "reasons": "|".join(reason["code"] for reason in said["reasons"]),
        "model_reasons": "|".join(reason["code"] for reason in said["model_reasons"]) or None,
        "issues": "|".join(said["issues"]),
        "content_hash": int(said["content_hash"]),
        "model_sha256": versions["model_sha256"],
        "reference_version": versions["reference"],
    }
    return any(verdict.get(name) != value for name, value in expected.items())


def assert_alike(raws: Sequence[bytes]) -> int:
    at = datetime.now(UTC)
    expected = said_by_the_stream(raws, at)

    async def ask(client: httpx.AsyncClient) -> list[httpx.Response]:
        answers: list[httpx.Response] = []
        for start in range(0, len(raws), AT_ONCE):
            part = raws[start : start + AT_ONCE]
            answers += await asyncio.gather(
                *(client.post("/v1/decisions", content=raw) for raw in part)
            )
        return answers

    answers = talking_to(ask, now=lambda: at)
    wrong = [
        place
        for place, (answer, verdict) in enumerate(zip(answers, expected, strict=True))
        if differs(answer, verdict)
    ]
    assert wrong == []
    return sum(answer.status_code >= 400 for answer in answers)


def test_ten_thousand_simulated_applications_are_answered_as_the_stream_decides_them() -> None:
    """The simulator's noise is in there: repeats, dialects, gaps, malformed events."""
    assert assert_alike(list(a_simulator().events(0, 10_000))) > 0


def test_whatever_is_sent_is_refused_as_the_stream_refuses_it() -> None:
    raws = [raw for _, raw, _ in poison(1_000) if raw is not None]
    with_good_ones_between = [
        each for pair in zip(raws, neighbours(5_000, len(raws)), strict=True) for each in pair
    ]
    refused = sum(code is not None for _, raw, code in poison(1_000) if raw is not None)
    assert assert_alike(with_good_ones_between) == refused


def test_real_applications_are_answered_as_the_stream_decides_them(shared_data: Path) -> None:
    path = shared_data / "events_reference.jsonl.gz"
    assert_alike(gzip.decompress(path.read_bytes()).splitlines())


@pytest.mark.parametrize("size", [1, 64, 500])
def test_a_batch_answers_each_application_as_if_it_were_alone(size: int) -> None:
    raws = list(a_simulator(seed=3).events(0, 2_000))
    fit = [raw for raw in raws if raw.endswith(b"}") and _is_json(raw)][:size]
    at = datetime.now(UTC)
    expected = said_by_the_stream(fit, at)
    body = b'{"applications": [' + b",".join(fit) + b"]}"

    async def ask(client: httpx.AsyncClient) -> httpx.Response:
        return await client.post("/v1/decisions:batch", content=body)

    results = talking_to(ask, now=lambda: at).json()["results"]
    for result, verdict in zip(results, expected, strict=True):
        if result["status"] == 200:
            assert result["decision"]["pd"] == verdict["pd"]
        else:
            assert result["problem"]["code"] == verdict["code"]


def _is_json(raw: bytes) -> bool:
    try:
        msgspec.json.decode(raw)
    except msgspec.DecodeError:
        return False
    return True


def test_over_a_real_server_the_answers_are_the_same(tmp_path: Path) -> None:
    raws = list(a_simulator(seed=9).events(0, 300))

    async def ask(api: ApiServer) -> list[httpx.Response]:
        headers = {"X-API-Key": api.key}
        async with httpx.AsyncClient(base_url=api.url, headers=headers, timeout=30) as client:
            asking = [client.post("/v1/decisions", content=raw) for raw in raws]
            return list(await asyncio.gather(*asking))

    with running_api(tmp_path / "home", {"RISK_POLICY": "standard-1"}) as api:
        answers = asyncio.run(ask(api))
    expected = said_by_the_stream(raws, datetime.now(UTC))
    assert not [
        1 for answer, verdict in zip(answers, expected, strict=True) if differs(answer, verdict)
    ]
