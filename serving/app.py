"""Start the API: ``python -m serving.app``, or ``uvicorn serving.app:create_app --factory``.

`create_app` reads the settings, opens every dependency and assembles the application. `main` also
sets what a factory cannot tell uvicorn: the time that a request may take to arrive, the metrics of
several workers, no ``server`` header. So use `main` in production.
"""

import gc
import os
import shutil
import sys
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import ExitStack, asynccontextmanager
from datetime import UTC, datetime
from functools import partial
from typing import Final

import uvicorn
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.responses import Response

from lakehouse.errors import LakehouseError
from lakehouse.settings.settings import Settings
from lakehouse.telemetry import configure_logging
from lakehouse.terminal import command
from serving.decisions.batching import Scorer
from serving.decisions.challenger_counts import count_challenged
from serving.http.bounded_http import BoundedHttp
from serving.http.docs_page import docs_page
from serving.http.hot_routes import HotRoutes
from serving.http.metrics import MULTIPROCESS
from serving.http.problems import FieldError, Problem, response_to
from serving.http.readiness import Readiness
from serving.http.request_ids import Requests
from serving.openapi import document
from serving.routes.catalogue import catalogue_routes
from serving.routes.decisions import decision_routes
from serving.routes.health import health_routes
from serving.routes.history import dossier_routes
from serving.routes.legacy_score import score_routes
from serving.routes.stored import stored_routes
from serving.wiring import Parts, open_parts

SWITCH_SECONDS: Final = 0.0005
COLLECT_AFTER_OBJECTS: Final = 20_000
GRACE_SECONDS: Final = 20
DESCRIPTION: Final = """Decides loan applications on request, by the same rules as the stream.

Keys: an operator makes one with `python -m serving keys create`. Send it in every request, as
`X-API-Key: KEY` or as `Authorization: Bearer KEY`. Each operation names the scope that it needs.

Bodies are JSON objects in UTF-8, sent as `Content-Type: application/json`. Every answer has the
header `X-Request-Id`; if you send one (1 to 64 letters, digits, `.`, `_`, `-`), it is used.

Refusals: every one is a problem (RFC 9457, `application/problem+json`) with a stable `code`; `type`
leads to the code's meaning, and `errors` names the wrong fields. Quote `request_id` when you ask
about one.

Limits: a key has a rate and a burst. `RateLimit: "key";r=LEFT;t=SECONDS` says how many requests are
left, and in how many seconds all are back. A batch counts as one request.

Send again: after 429 and 503 wait `Retry-After` seconds, then send the same request. 408, 500, a
lost connection and the code `idempotency_key_in_use` may be sent again too. With `record=true` use
the same Idempotency-Key again: the application is then recorded once. Any other refusal comes back
until you change the request.

Storing: `POST /v1/decisions` and `POST /v1/decisions:batch` store nothing unless `record=true`. The
stream stores a recorded application within seconds; until then reading it gives 404. In a path,
percent-encode the slashes of an id.

Lists: a page has at most 100 decisions. While `next` is not null, ask again with `cursor` set to it
and all other parameters unchanged.
"""
WORKER_SECONDS: Final = 120
"""What a worker may take to import and to open what it needs before it is taken for hung."""

_INSTEAD: Final[Mapping[int, tuple[str, str]]] = {
    404: (
        "not_found",
        "there is nothing here; /openapi.json names the paths there are",
    ),
    405: ("method_not_allowed", "this path has other methods; the header Allow names them"),
}


def create_app() -> FastAPI:
    """Return the application that the settings ask for, ready to answer.

    If something cannot be opened, the process ends with one line and the error's exit code.
    """
    stack = ExitStack()
    try:
        settings = Settings.from_env(os.environ)
        configure_logging(to_terminal=sys.stderr.isatty(), level=settings.log_level)
        parts = open_parts(settings, os.environ, stack, now=_utc_now)
        _favour_answers()
    except LakehouseError as error:
        stack.close()
        sys.stderr.write(f"{error.code}: {error}\n")
        raise SystemExit(error.exit_code) from error
    return build(parts, on_end=stack.close)


def build(parts: Parts, *, on_end: Callable[[], object]) -> FastAPI:
    """Put the parts together; `on_end` is called when the server shuts down."""
    scorer = Scorer(
        parts.rules,
        parts.limits,
        now=parts.now,
        after=lambda judged: count_challenged(judged.challengers),
    )
    decisions = decision_routes(scorer, parts.trail, parts.recorder, parts.once)
    readiness = Readiness(parts.checks)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[Mapping[str, str]]:
        try:
            yield {"root_path": parts.root_path}  # for what is refused before it is a request
        finally:
            readiness.close()
            on_end()

    app = FastAPI(
        title="Credit risk monitor",
        version="1",
        description=DESCRIPTION,
        contact={"name": "The operators of this server"},
        license_info={"name": "See the project", "identifier": "LicenseRef-project"},
        lifespan=lifespan,
        openapi_url="/openapi.json" if parts.has_docs else None,
        docs_url=None,  # the framework's page loads its scripts from elsewhere
        redoc_url=None,
        redirect_slashes=False,
        servers=[{"url": parts.root_path or "/", "description": "This server."}],
        middleware=[
            Middleware(Requests, root_path=parts.root_path),
            *parts.cors,
            *parts.middlewares,
            Middleware(HotRoutes, routes=decisions.routes),
        ],
        exception_handlers={
            Problem: _answer_problem,
            HTTPException: _answer_http_exception,
            RequestValidationError: _answer_invalid,
        },
    )
    app.include_router(decisions)
    app.include_router(
        dossier_routes(parts.dossiers, parts.trail)
    )  # before the ids, which may hold slashes
    app.include_router(stored_routes(parts.rules, parts.reads, parts.trail, now=parts.now))
    app.include_router(score_routes(parts.rules, parts.limits, parts.trail, now=parts.now))
    app.include_router(catalogue_routes(parts.rules))
    app.include_router(health_routes(readiness, parts.metrics))
    app.openapi = partial(document, app)  # type: ignore[method-assign]  # FastAPI's own way
    if parts.has_docs:

        async def show(_: Request) -> Response:
            return docs_page(app.openapi(), f"{parts.root_path}/openapi.json")

        app.add_route("/docs", show, methods=["GET"], include_in_schema=False)
    return app


def _favour_answers() -> None:
    """Let no thread and no collection keep the event loop waiting for long."""
    sys.setswitchinterval(SWITCH_SECONDS)
    gc.collect()
    gc.freeze()
    gc.set_threshold(COLLECT_AFTER_OBJECTS)


def _utc_now() -> datetime:
    return datetime.now(UTC)


@command
def main() -> int:
    """Serve until asked to stop, in as many processes as the settings say."""
    settings = Settings.from_env(os.environ)
    if settings.api_workers > 1:
        folder = settings.home / "api-metrics"
        shutil.rmtree(folder, ignore_errors=True)  # a run's figures begin at 0
        folder.mkdir(parents=True)
        os.environ[MULTIPROCESS] = str(folder)
    host, _, port = settings.api_address.rpartition(":")
    uvicorn.run(
        "serving.app:create_app",
        factory=True,
        host=host.strip("[]"),
        port=int(port),
        workers=settings.api_workers,
        http=BoundedHttp,
        loop="uvloop",
        access_log=False,
        log_level="warning",
        server_header=False,
        ws="none",
        proxy_headers=bool(settings.api_trusted_proxies),
        forwarded_allow_ips=settings.api_trusted_proxies,
        timeout_keep_alive=settings.api_keep_alive_seconds,
        timeout_graceful_shutdown=GRACE_SECONDS,
        timeout_worker_healthcheck=WORKER_SECONDS,
    )
    return 0


async def _answer_problem(request: Request, problem: Exception) -> Response:
    if not isinstance(problem, Problem):
        raise problem
    return response_to(problem, request.scope)


async def _answer_http_exception(request: Request, exc: Exception) -> Response:
    if not isinstance(exc, HTTPException):
        raise exc
    code, detail = _INSTEAD.get(exc.status_code, ("invalid_request", "the request is not valid"))
    problem = Problem(exc.status_code, code, detail, headers=exc.headers)
    return response_to(problem, request.scope)


async def _answer_invalid(request: Request, exc: Exception) -> Response:
    if not isinstance(exc, RequestValidationError):
        raise exc
    errors = [
        FieldError(".".join(map(str, error["loc"])), str(error["msg"])) for error in exc.errors()
    ]
    problem = Problem(422, "invalid_request", "the request is not valid", errors=errors)
    return response_to(problem, request.scope)


if __name__ == "__main__":
    sys.exit(main())
