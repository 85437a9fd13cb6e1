"""Decisions read again by id; scoring waits for none of this."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

import msgspec
from fastapi import APIRouter
from starlette.responses import Response

from lakehouse.errors import Unavailable
from lakehouse.silver.reader import CONNECTIONS, DecisionReader
from risk.decision.judge import Rules
from serving.decisions.schemas import stored_answer
from serving.http.paths import id_from
from serving.http.problems import Problem

__all__ = ["Reads", "stored_routes"]

T = TypeVar("T")


class Reads:
    """Silver's decisions, read in threads of their own, at most as many as there are connections.

    Scoring waits for none of them.
    """

    def __init__(self, reader: DecisionReader) -> None:
        self._reader = reader
        self._threads = ThreadPoolExecutor(CONNECTIONS, thread_name_prefix="silver-reads")

    async def of(self, read: Callable[[DecisionReader], T]) -> T:
        """Return what `read` finds.

        Raises
        ------
        Problem
            503 ``silver_unavailable``: silver does not answer; scoring goes on.
        """
        loop = asyncio.get_running_loop()
        try:
            return await loop.run_in_executor(self._threads, read, self._reader)
        except Unavailable as exc:
            raise Problem(
                503, "silver_unavailable", str(exc), headers={"Retry-After": "5"}
            ) from exc

    def close(self) -> None:
        """Begin no read any more."""
        self._threads.shutdown(wait=False, cancel_futures=True)


def stored_routes(rules: Callable[[], Rules], reads: Reads) -> APIRouter:
    """Return the routes of what silver holds."""
    router = APIRouter(tags=["decisions"])

    @router.get("/v1/decisions/{event_id:path}")
    async def read_decision(event_id: str) -> Response:
        """Return the stored decision on an event."""
        row = await reads.of(lambda reader: reader.decision(id_from(event_id)))
        if row is None:
            raise _not_found("event")
        body = msgspec.json.encode(stored_answer(row, rules().policy))
        return Response(body, media_type="application/json")

    @router.get("/v1/applications/{application_id:path}")
    async def read_application(application_id: str) -> Response:
        """Return the stored decisions on an application's events, newest first, 100 at most."""
        rows = await reads.of(lambda reader: reader.decisions_of(id_from(application_id)))
        if not rows:
            raise _not_found("application")
        found = [stored_answer(row, rules().policy) for row in rows]
        body = {"application_id": found[0].application_id, "decisions": found}
        return Response(msgspec.json.encode(body), media_type="application/json")

    return router


def _not_found(what: str) -> Problem:
    """Return the problem of an id under which silver holds nothing."""
    return Problem(
        404,
        "not_found",
        f"silver holds no decision under this {what} id; what was scored without being recorded "
        "is not stored, and what the stream has not read yet is not there yet",
    )
