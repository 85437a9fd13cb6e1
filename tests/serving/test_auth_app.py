"""The whole application behind its gate: every route declared, every answer on the record."""

import asyncio
import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from fastapi.routing import iter_route_contexts

from lakehouse.postgres.migrate import migrate
from lakehouse.security.audit_verify import verify
from serving.access.keys import Scope, Terms, create_key
from serving.access.scopes import SCOPES
from serving.app import create_app
from tests.lakehouse.silver_cases import ask
from tests.risk.applications import an_event

AT = datetime(2026, 11, 22, 9, 30, tzinfo=UTC)
PEPPER = "a pepper of thirty-two characters"
CANARIES = [f"canary{number:02}zq" for number in range(50)]
Ask = Callable[..., list[httpx.Response]]


@pytest.fixture
def key(postgres: str) -> str:
    migrate(postgres)
    terms = Terms(name="the desk", scopes=[Scope.SCORE])
    return create_key(postgres, PEPPER.encode(), terms, at=AT, by="somebody")


@pytest.fixture
def app(key: str, postgres: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> FastAPI:
    assert key
    monkeypatch.setenv("RISK_HOME", str(tmp_path))
    monkeypatch.setenv("RISK_SILVER_DSN", postgres)
    monkeypatch.setenv("RISK_API_PEPPER", PEPPER)
    monkeypatch.setenv("RISK_API_DOCS", "on")
    return create_app()


@pytest.fixture
def ask_app(app: FastAPI) -> Ask:
    """Put requests to the application in process, then shut it down."""

    async def put(requests: list[httpx.Request]) -> list[httpx.Response]:
        async with (
            app.router.lifespan_context(app),
            httpx.AsyncClient(transport=httpx.ASGITransport(app)) as client,
        ):
            return [await client.send(request) for request in requests]

    return lambda *requests: asyncio.run(put(list(requests)))


def post(key: str, event: dict[str, Any] | bytes, **headers: str) -> httpx.Request:
    content = event if isinstance(event, bytes) else json.dumps(event).encode()
    shown = {"authorization": f"Bearer {key}", **headers}
    return httpx.Request("POST", "http://api/v1/decisions", headers=shown, content=content)


def test_every_route_is_declared_with_its_scope(app: FastAPI, ask_app: Ask) -> None:
    routed = {
        (method, str(route.path).replace(":path", ""))
        for route in iter_route_contexts(app.routes)
        for method in route.methods or ()
        if method != "HEAD"
    }
    assert routed == set(SCOPES)
    assert ask_app() == []  # but shuts it down


def test_a_decision_is_on_the_record_with_its_key_its_versions_and_its_input(
    key: str, postgres: str, ask_app: Ask
) -> None:
    (answer,) = ask_app(post(key, an_event(event_id="e1")))
    assert answer.status_code == 200
    (actor, action, subject, details) = ask(
        postgres, "select actor, action, subject, details from silver.audit_log order by seq"
    )[-1]
    assert (actor, action, subject) == (key[4:12], "decided", "e1")
    recorded, answered = json.loads(details), answer.json()
    assert recorded["versions"] == answered["versions"]
    assert (recorded["pd"], recorded["tier"]) == (
        answered["pd"],
        answered["tier"],
    )
    assert len(bytes.fromhex(recorded["input_sha256"])) == 32
    assert verify(postgres).first_broken is None


def test_fifty_canaries_are_in_no_log_no_audit_row_and_no_error(
    key: str, postgres: str, ask_app: Ask, capfd: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    bad_keys = (key[:-1] + "~", "crm_", key)
    requests = []
    for number, canary in enumerate(CANARIES):
        told = {"user-agent": canary, "x-request-id": f"{canary}!", "referer": canary}
        free_text = dict.fromkeys(("emp_title", "title", "desc", "zip_code", canary), canary)
        requests += [
            post(key, an_event(event_id=f"e{number}", **free_text), **told),
            post(key, an_event(loan_amnt=canary, **free_text), **told),
            post(key, an_event(term=canary, issue_d=canary, purpose=canary), **told),
            post(key, f'{{"id": "{canary}", "loan_amnt": {canary}'.encode(), **told),
            post(bad_keys[number % 2], an_event(**free_text), **told),
            httpx.Request("GET", f"http://api/v1/models/{canary}", headers={"x-api-key": key}),
        ]
    answers = ask_app(*requests)
    errors = [f"{each.headers}{each.text}" for each in answers if each.status_code >= 400]
    assert len(errors) >= 4 * len(CANARIES)
    assert [each.status_code for each in answers if each.status_code >= 500] == []
    rows = ask(postgres, "select a::text from silver.audit_log as a")
    assert len(rows) >= 4 * len(CANARIES)
    written = [path.read_text() for path in tmp_path.rglob("*.jsonl")]
    places = {"errors": errors, "rows": rows, "logs": capfd.readouterr(), "files": written}
    found = {name: [c for c in CANARIES if c in str(place)] for name, place in places.items()}
    assert found == {"errors": [], "rows": [], "logs": [], "files": []}
