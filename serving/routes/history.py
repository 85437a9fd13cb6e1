"""Explain a stored decision, and make it again to compare."""

import msgspec
from fastapi import APIRouter, Request
from starlette.responses import Response

from lakehouse.rules.as_decided import Difference
from risk.explain.explanation import Explanation
from serving.audit.entries import AuditTrail
from serving.decisions.history import Dossiers
from serving.http.described import described, known_query
from serving.http.paths import id_from
from serving.routes.stored import EVENT_ID, answered


class Replay(msgspec.Struct, frozen=True):
    """One decision made again; the first thing that differs, where anything does."""

    event_id: str
    topic: str
    partition: int
    offset: int
    matches: bool
    difference: Difference | None


def dossier_routes(dossiers: Dossiers, trail: AuditTrail) -> APIRouter:
    """Return the routes of the auditor."""
    router = APIRouter(tags=["stored"])

    @router.get(
        "/v1/decisions/{event_id:path}/explanation",
        **described(
            "explain_decision",
            "Explain a stored decision",
            Explanation,
            parameters=[EVENT_ID],
            also=[404, 409],
        ),
    )
    async def read_explanation(request: Request) -> Response:
        """Explain a stored decision: what the policy found, and what the model found."""
        trail.expect_room()
        known_query(request)
        event_id = id_from(request.path_params["event_id"])
        explanation = await dossiers.explanation(event_id)
        trail.read(request.scope, "explained", event_id)
        return answered(explanation)

    @router.post(
        "/v1/decisions/{event_id:path}/replay",
        **described(
            "replay_decision",
            "Make a stored decision again",
            Replay,
            parameters=[EVENT_ID],
            also=[404],
        ),
    )
    async def replay(request: Request) -> Response:
        """Make a stored decision again from its archived bytes, by the versions it names."""
        trail.expect_room()
        known_query(request)
        found = await dossiers.replay(id_from(request.path_params["event_id"]))
        trail.read(request.scope, "replayed", found.event_id)
        return answered(
            Replay(
                event_id=found.event_id,
                topic=found.topic,
                partition=found.part,
                offset=found.off,
                matches=found.matches,
                difference=found.difference,
            )
        )

    return router
