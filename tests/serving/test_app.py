"""The application as a whole: its problems, its ids, what it keeps to itself, what it survives."""

from __future__ import annotations

import asyncio
import json
import re
import threading
import time
from collections.abc import Iterable

import httpx
import pytest

from lakehouse.errors import Unavailable
from lakehouse.security.audit_chain import AuditEntry
from lakehouse.settings.settings import Settings
from serving.wiring import cors_for
from tests.risk.applications import as_bytes
from tests.serving.api_cases import (
    NOWHERE,
    Entries,
    an_api,
    got,
    posted,
    standing_rules,
    talking_to,
)
from tests.serving.sockets import answer, connect, served


def test_what_is_not_there_is_a_problem() -> None:
    answer = got("/v2/decisions")
    assert answer.status_code == 404
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["code"] == "not_found"


def test_another_method_is_a_problem_that_names_the_methods_there_are() -> None:
    answer = got("/v1/decisions:batch")
    assert (answer.status_code, answer.headers["allow"]) == (405, "POST")
    assert answer.json()["code"] == "method_not_allowed"


@pytest.mark.parametrize(
    ("given", "is_kept"),
    [
        ("abc-1.2_3", True),
        ("a" * 64, True),
        ("a" * 65, False),
        ("", False),
        ("a b", False),
        ("<script>", False),
    ],
)
def test_a_request_keeps_its_id_where_that_is_harmless(given: str, *, is_kept: bool) -> None:
    answer = got("/nowhere", headers={"X-Request-Id": given})
    assert (answer.headers["x-request-id"] == given) is is_kept
    assert answer.json()["request_id"] == answer.headers["x-request-id"]


def test_no_two_requests_share_an_id() -> None:
    async def ask(client: httpx.AsyncClient) -> list[str]:
        answers = [await client.get("/healthz") for _ in range(3)]
        return [answer.headers["x-request-id"] for answer in answers]

    assert len(set(talking_to(ask))) == 3


def test_what_nobody_foresaw_is_a_problem_that_quotes_nobody(
    capsys: pytest.CaptureFixture[str],
) -> None:
    class Failing(Entries):
        def add(self, entries: Iterable[AuditEntry]) -> None:
            raise ValueError(f"{len(list(entries))} for the applicant of 5 Canary Road")

    answer = posted(as_bytes(), log=Failing())
    assert (answer.status_code, answer.json()["code"]) == (500, "internal")
    said = answer.text + str(capsys.readouterr())
    assert "Canary" not in said
    assert "ValueError" in said


def test_the_document_and_its_page_are_there_only_where_they_are_wanted() -> None:
    assert got("/openapi.json").status_code == 200
    for path in ("/openapi.json", "/docs", "/redoc"):
        assert got(path, has_docs=False).status_code == 404


def test_the_page_of_the_document_asks_nobody_else_for_anything() -> None:
    """A browser on a closed network shows it, and nobody outside learns who reads it."""
    answer = got("/docs")
    assert answer.headers["content-security-policy"].startswith("default-src 'none'")
    assert "<script" not in answer.text
    assert not re.search(r"""(?:src|href)=["']?(?:https?:)?//""", answer.text)
    operations = [
        operation["operationId"]
        for item in got("/openapi.json").json()["paths"].values()
        for operation in item.values()
        if isinstance(operation, dict)
    ]
    assert operations
    assert [name for name in operations if f'<section id="{name}">' not in answer.text] == []


def test_a_page_of_another_origin_is_allowed_nothing() -> None:
    async def ask(client: httpx.AsyncClient) -> httpx.Response:
        headers = {"Origin": "https://elsewhere", "Access-Control-Request-Method": "POST"}
        return await client.options("/v1/decisions", headers=headers)

    answer = talking_to(ask)
    assert answer.status_code == 405
    assert not [name for name in answer.headers if name.startswith("access-control")]


def test_with_silver_down_reads_say_so_and_scoring_goes_on() -> None:
    async def ask(client: httpx.AsyncClient) -> list[httpx.Response]:
        read, scored = await asyncio.gather(
            client.get("/v1/decisions/e1"), client.post("/v1/decisions", content=as_bytes())
        )
        return [read, scored, await client.get("/readyz")]

    read, scored, ready = talking_to(ask, dsn=NOWHERE)
    assert (read.status_code, read.json()["code"]) == (503, "silver_unavailable")
    assert scored.status_code == 200
    assert ready.status_code == 503
    assert ready.json()["dependencies"]["silver"] != "ok"


def test_readiness_is_looked_at_once_for_many_questions() -> None:
    looks: list[float] = []

    async def ask(client: httpx.AsyncClient) -> list[httpx.Response]:
        return list(await asyncio.gather(*(client.get("/readyz") for _ in range(10))))

    answers = talking_to(ask, checks={"broker": lambda: looks.append(time.monotonic())})
    assert {answer.status_code for answer in answers} == {200}
    assert len(looks) == 1


def test_a_dependency_that_hangs_is_named_while_scoring_goes_on() -> None:
    hanging = threading.Event()

    async def ask(client: httpx.AsyncClient) -> tuple[httpx.Response, float]:
        asking = asyncio.ensure_future(client.get("/readyz"))
        began = time.perf_counter()
        await client.post("/v1/decisions", content=as_bytes())
        scored_after = time.perf_counter() - began
        try:
            return await asking, scored_after
        finally:
            hanging.set()

    checks = {"silver": hanging.wait, "broker": lambda: None}
    answer, scored_after = talking_to(ask, checks=checks)
    assert answer.json()["dependencies"] == {"silver": "no answer within 2 s", "broker": "ok"}
    assert scored_after < 1.0


def test_nothing_is_decided_that_cannot_be_written_down() -> None:
    answer = posted(as_bytes(), log=Entries(has_room=False))
    assert (answer.status_code, answer.json()["code"]) == (503, "audit_unavailable")


def test_the_policy_and_the_models_in_force_are_shown() -> None:
    rules = standing_rules(challengers=["later-1"])
    assert got("/v1/policies/current", rules=rules).json()["version"] == "standard-1"
    models = got("/v1/models", rules=rules).json()
    assert models["champion"]["sha256"] == rules.model.sha256
    assert [each["version"] for each in models["challengers"]] == ["later-1"]


def test_the_application_ends_what_it_began() -> None:
    app, reader = an_api()

    async def live() -> None:
        async with app.router.lifespan_context(app):
            pass

    asyncio.run(live())
    with pytest.raises(Unavailable, match="PoolClosed"):
        reader.ping()


@pytest.mark.parametrize("path", ["/healthz", "/v1/models", "/v1/decisions/e1", "/nowhere"])
def test_head_is_get_without_its_body(path: str) -> None:
    async def ask(client: httpx.AsyncClient) -> list[httpx.Response]:
        return [await client.get(path), await client.head(path)]

    asked, headed = talking_to(ask)
    assert (headed.status_code, headed.content) == (asked.status_code, b"")
    for name in ("content-type", "content-length"):
        assert headed.headers[name] == asked.headers[name]


@pytest.mark.parametrize("path", ["/risk/v1/models", "/v1/models"])
def test_a_published_prefix_may_be_left_in_front_of_the_path_or_taken_away(path: str) -> None:
    assert got(path, root_path="/risk").status_code == 200
    assert got("/risk/openapi.json", root_path="/risk").json()["servers"][0]["url"] == "/risk"
    assert '"/risk/openapi.json"' in got("/docs", root_path="/risk").text.replace("'", '"')


@pytest.mark.parametrize("said", [b"GET /nowhere HTTP/1.1\r\nhost: h\r\n\r\n", b"nonsense\r\n\r\n"])
def test_a_problems_type_leads_below_the_published_prefix(said: bytes) -> None:
    app, _ = an_api(root_path="/risk")
    with served(app, lifespan="on") as port, connect(port) as client:
        client.sendall(said)
        type_ = json.loads(answer(client).partition(b"\r\n\r\n")[2])["type"]
    assert type_ in ("/risk/problems#not_found", "/risk/problems#invalid_http")
    assert got("/risk/problems", root_path="/risk").status_code == 200


def test_a_page_of_an_allowed_origin_may_ask_and_no_other() -> None:
    cors = cors_for(Settings(api_cors_origins="https://desk.example, https://other.example"))

    async def ask(client: httpx.AsyncClient) -> list[httpx.Response]:
        wanted = {"Access-Control-Request-Method": "POST"}
        return [
            await client.options("/v1/decisions", headers=wanted | {"Origin": origin})
            for origin in ("https://desk.example", "https://elsewhere.example")
        ]

    allowed, refused = talking_to(ask, cors=cors)
    assert allowed.headers["access-control-allow-origin"] == "https://desk.example"
    assert "access-control-allow-origin" not in refused.headers
