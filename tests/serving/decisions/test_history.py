"""Stored decisions explained and replayed from the lake; what works is in test_docs."""

from __future__ import annotations

from pathlib import Path

import httpx
import pytest

from tests.serving.api_cases import got, talking_to


def test_what_the_lake_does_not_hold_is_not_found(tmp_path: Path) -> None:
    async def ask(client: httpx.AsyncClient) -> list[httpx.Response]:
        return [
            await client.get("/v1/decisions/none/explanation"),
            await client.post("/v1/decisions/none/replay"),
        ]

    answers = talking_to(ask, lake_uri=str(tmp_path))
    assert [(each.status_code, each.json()["code"]) for each in answers] == [(404, "not_found")] * 2


def test_a_lake_that_does_not_answer_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1")
    monkeypatch.setenv("AWS_ALLOW_HTTP", "true")
    monkeypatch.setenv("AWS_REGION", "us-east-1")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "a-test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "of-this-machine")
    answer = got("/v1/decisions/e1/explanation", lake_uri="s3://nobody/lake")
    assert (answer.status_code, answer.json()["code"]) == (503, "lake_unavailable")
