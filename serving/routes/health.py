"""Whether the server lives, whether what it leans on answers, and what it counted."""

from __future__ import annotations

from collections.abc import Callable

import msgspec
from fastapi import APIRouter
from starlette.responses import Response

from serving.http.metrics import CONTENT_TYPE
from serving.http.readiness import Readiness

__all__ = ["Health", "health_routes"]


class Health(msgspec.Struct, frozen=True):
    """``ok``, or what is amiss; by dependency where there are any."""

    status: str
    dependencies: dict[str, str] = {}


def health_routes(readiness: Readiness, metrics: Callable[[], bytes]) -> APIRouter:
    """Return the routes of operation."""
    router = APIRouter(tags=["operation"])

    @router.get("/healthz")
    async def live() -> Response:
        """Say that the server answers; it scores, whatever `/readyz` says."""
        return Response(msgspec.json.encode(Health("ok")), media_type="application/json")

    @router.get("/readyz")
    async def ready() -> Response:
        """Say which dependency answers: 503 while one does not."""
        found = await readiness.look()
        is_ready = all(said == "ok" for said in found.values())
        return Response(
            msgspec.json.encode(Health("ok" if is_ready else "degraded", found)),
            status_code=200 if is_ready else 503,
            media_type="application/json",
            headers={"cache-control": "no-store"},
        )

    @router.get("/metrics")
    async def read_metrics() -> Response:
        """Return what was counted, in Prometheus' text form."""
        return Response(metrics(), media_type=CONTENT_TYPE)

    return router
