"""Show whether the server and its dependencies answer, its metrics and its documentation."""

from collections.abc import Callable
from html import escape
from typing import Final

import msgspec
from fastapi import APIRouter, Request
from starlette.responses import HTMLResponse, PlainTextResponse, Response

from serving.http.described import described, known_query, reference
from serving.http.metrics import CONTENT_TYPE
from serving.http.problems import CODES
from serving.http.readiness import Readiness


class Health(msgspec.Struct, frozen=True):
    """``ok``, or what is amiss; by dependency where there are any."""

    status: str
    dependencies: dict[str, str] = {}


_READY: Final = described("readyz", "Does all that it needs answer?", Health, is_open=True)
_READY["responses"][503] = {
    "description": "Something does not answer; deciding goes on.",
    "content": {
        "application/json": {
            "schema": reference(Health),
            "example": {"status": "degraded", "dependencies": {"silver": "no answer within 2 s"}},
        }
    },
}
_PROBLEMS: Final = "".join(
    (
        '<!doctype html><html lang="en"><meta charset="utf-8"><title>Problem codes</title>',
        "<h1>Problem codes</h1><dl>",
        *(f'<dt id="{code}"><code>{code}</code><dd>{escape(what)}' for code, what in CODES.items()),
        "</dl></html>",
    )
)


def health_routes(readiness: Readiness, metrics: Callable[[], bytes]) -> APIRouter:
    """Return the routes of operation."""
    router = APIRouter(tags=["operation"])

    @router.get("/healthz", **described("healthz", "Does it answer?", Health, is_open=True))
    async def live(request: Request) -> Response:
        """Say that the server answers; it scores, whatever `/readyz` says."""
        known_query(request)
        return Response(msgspec.json.encode(Health("ok")), media_type="application/json")

    @router.get("/readyz", **_READY)
    async def ready(request: Request) -> Response:
        """Say which dependency answers: 503 while one does not."""
        known_query(request)
        found = await readiness.look()
        is_ready = all(said == "ok" for said in found.values())
        return Response(
            msgspec.json.encode(Health("ok" if is_ready else "degraded", found)),
            status_code=200 if is_ready else 503,
            media_type="application/json",
            headers={"cache-control": "no-store"},
        )

    @router.get(
        "/metrics",
        response_class=PlainTextResponse,
        **described("read_metrics", "Read what was counted", None),
    )
    async def read_metrics(request: Request) -> Response:
        """Return what was counted, in Prometheus' text form."""
        known_query(request)
        return Response(metrics(), media_type=CONTENT_TYPE)

    @router.get("/problems", include_in_schema=False)
    async def read_problems() -> Response:
        """Return the page of all problem codes, where a problem's `type` leads."""
        return HTMLResponse(_PROBLEMS, headers={"cache-control": "max-age=3600"})

    return router
