"""The API in this process, with parts of the test's choice and nothing else in front of it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, TypeVar

import httpx
import msgspec
from fastapi import FastAPI
from starlette.middleware import Middleware

from lakehouse.registry.artefacts import load_model, load_policy
from lakehouse.security.audit_chain import AuditEntry
from lakehouse.silver.idempotency import IdempotencyKeys
from lakehouse.silver.reader import DecisionReader
from lakehouse.silver.reference_tables import shipped
from risk.contract.application import Limits
from risk.decision.judge import Rules
from risk.models.scorecard import Scorecard
from serving.app import build
from serving.audit.entries import AuditTrail
from serving.decisions.history import Dossiers
from serving.decisions.idempotency import Once
from serving.decisions.recording import Recorder
from serving.routes.stored import Reads
from serving.wiring import Parts

T = TypeVar("T")

NOWHERE = "host=127.0.0.1 port=1 dbname=none"


def standing_rules(policy: str = "standard-1", challengers: Iterable[str] = ()) -> Rules:
    """Return the shipped champion and a shipped policy, with challengers by these names."""
    model = load_model()
    assert isinstance(model, Scorecard)
    return Rules(
        model=model,
        policy=load_policy(policy),
        reference=shipped(),
        challengers=tuple(msgspec.structs.replace(model, version=name) for name in challengers),
    )


@dataclass
class Entries:
    """An audit log that keeps what it is told in memory."""

    entries: list[AuditEntry] = field(default_factory=list)
    has_room: bool = True

    def add(self, entries: Iterable[AuditEntry]) -> None:
        self.entries.extend(entries)


def an_api(
    *,
    rules: Rules | None = None,
    log: Entries | None = None,
    dsn: str = NOWHERE,
    lake_uri: str = "nowhere",
    recorder: Recorder | None = None,
    now: Callable[[], datetime] = lambda: datetime.now(UTC),
    checks: Mapping[str, Callable[[], object]] | None = None,
    has_docs: bool = True,
    root_path: str = "",
    cors: tuple[Middleware, ...] = (),
) -> tuple[FastAPI, DecisionReader]:
    """Return the application and what it reads silver with, which the test closes."""
    current = rules or standing_rules()
    reader = DecisionReader(dsn)
    parts = Parts(
        rules=lambda: current,
        limits=Limits(max_bytes=1_048_576),
        now=now,
        reads=Reads(reader),
        dossiers=Dossiers(lake_uri, dsn),
        recorder=recorder,
        once=Once(IdempotencyKeys(dsn)),
        trail=AuditTrail(log or Entries(), now=now),
        checks={"silver": reader.ping} if checks is None else checks,
        middlewares=(),
        metrics=lambda: b"",
        has_docs=has_docs,
        root_path=root_path,
        cors=cors,
    )
    stack = ExitStack()
    stack.callback(reader.close)
    stack.callback(parts.once.close)
    return build(parts, on_end=stack.close), reader


def talking_to(talk: Callable[[httpx.AsyncClient], Awaitable[T]], **parts: Any) -> T:
    """Return what the talk with an application of these parts comes to."""

    async def run() -> T:
        app, reader = an_api(**parts)
        transport = httpx.ASGITransport(app=app, raise_app_exceptions=False)
        try:
            async with httpx.AsyncClient(transport=transport, base_url="http://api") as client:
                return await talk(client)
        finally:
            reader.close()

    return asyncio.run(run())


def posted(body: bytes, path: str = "/v1/decisions", **parts: Any) -> httpx.Response:
    """Return the answer to one body."""
    headers = parts.pop("headers", {})
    return talking_to(lambda client: client.post(path, content=body, headers=headers), **parts)


def got(path: str, **parts: Any) -> httpx.Response:
    """Return the answer to one question."""
    headers = parts.pop("headers", {})
    return talking_to(lambda client: client.get(path, headers=headers), **parts)
