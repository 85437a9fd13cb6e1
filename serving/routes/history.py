"""Why a stored decision is as it is, and whether it comes out the same again."""

from __future__ import annotations

import msgspec
from fastapi import APIRouter
from starlette.responses import Response

from lakehouse.rules.as_decided import Difference
from serving.decisions.history import Dossiers
from serving.http.paths import id_from

__all__ = ["Replay", "dossier_routes"]


class Replay(msgspec.Struct, frozen=True):
    """One decision made again; the first thing that differs, where anything does."""

    event_id: str
    topic: str
    part: int
    off: int
    matches: bool
    difference: Difference | None


def dossier_routes(dossiers: Dossiers) -> APIRouter:
    """Return the routes of the auditor."""
    router = APIRouter(tags=["decisions"])

    @router.get("/v1/decisions/{event_id:path}/explanation")
    async def read_explanation(event_id: str) -> Response:
        """Explain a stored decision: what the policy found, and what the model found."""
        explanation = await dossiers.explanation(id_from(event_id))
        return Response(msgspec.json.encode(explanation), media_type="application/json")

    @router.post("/v1/decisions/{event_id:path}/replay")
    async def replay(event_id: str) -> Response:
        """Make a stored decision again from its archived bytes, by the versions it names."""
        found = await dossiers.replay(id_from(event_id))
        answer = Replay(
            event_id=found.event_id,
            topic=found.topic,
            part=found.part,
            off=found.off,
            matches=found.matches,
            difference=found.difference,
        )
        return Response(msgspec.json.encode(answer), media_type="application/json")

    return router
